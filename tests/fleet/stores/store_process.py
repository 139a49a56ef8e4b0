"""A member of a real store: a process that can be stopped and killed, with its log beside its data."""

import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.harness.waiting import PATIENCE


@dataclass(frozen=True)
class Place:
    """Where a process runs: its address, and its network namespace, none for the machine's own."""

    host: str = "127.0.0.1"
    namespace: str = ""

    def command(self, words: Sequence[str]) -> list[str]:
        """A command that runs there."""
        return ["ip", "netns", "exec", self.namespace, *words] if self.namespace else [*words]


HERE = Place()


class StoreProcess:
    """A process of a store; started again, it has its data."""

    def __init__(self, folder: Path, name: str, place: Place = HERE) -> None:
        self.name, self.folder, self.place, self.host = name, folder, place, place.host
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, command: Sequence[str]) -> None:
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(self.place.command(command), stdout=log, stderr=log)

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(PATIENCE)
