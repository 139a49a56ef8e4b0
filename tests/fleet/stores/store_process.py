"""A member of a real store: a process that can be stopped and killed, with its log beside its data."""

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.harness.waiting import PATIENCE


class StoreProcess:
    """A process of a store; started again, it has its data."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self.folder = name, folder
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, command: Sequence[str]) -> None:
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(PATIENCE)
