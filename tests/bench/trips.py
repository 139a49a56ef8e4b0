"""What a request costs on its way through our code, compared with other revisions in the same run.

Calls, the files they enter, and calls of the store that lead to a floor above it are the same in
every run; times are compared pair by pair, each revision in a process of its own.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import files, walk
from tests.bench.run import Run
from tests.bench.systems import PLAIN
from tests.bench.tables import Row, Table, quartiles
from tests.harness.floors import heights
from tests.harness.haproxy import HaproxyProcess
from tests.harness.recorded import TOP
from tests.harness.server import free_port, merged, quiet_settings

HERE = "this revision"
SOCKET = "global\n  stats socket {folder}/worker.sock level admin\n"
_WARM_UP = 3
_HEADS = ["trip", "revision", "calls", "files", "store → above", "store → api", "CPU (ms)", "CPU", "wall"]  # fmt: skip


@dataclass(frozen=True)
class Walked:
    """What a trip took: calls of our code, files entered, and calls between modules.

    `below_store` are the calls into each package that the store waits for.
    """

    calls: int
    files: int
    pairs: list[tuple[str, str, int]]
    below_store: dict[str, int]

    @property
    def upstairs(self) -> int:
        """Calls of the store that lead to a higher floor of the core, or to a plugin."""
        height = heights()
        store = height["store"]
        from_store = (pair for pair in self.pairs if pair[0].startswith(walk.STORE))
        return sum(n for _, called, n in from_store if height.get(called.split(".")[1], 0) > store)

    @property
    def into_api(self) -> int:
        """Calls into the HTTP interface that the store waits for."""
        return self.below_store.get("api", 0) + self.below_store.get("app", 0)


class Tree:
    """A process that walks trips in one tree of the sources; a context manager."""

    def __init__(
        self, sources: Path, folder: Path, haproxy: str = "", size: files.Size = files.SMALL
    ) -> None:
        self.sources, self.folder, self.haproxy, self.size = sources, folder, haproxy, size
        self._running = ExitStack()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Tree":
        self.folder.mkdir(parents=True)
        configuration, settings = self.folder / "haproxy.cfg", self.folder / "settings.yaml"
        text = files.configuration(self.size, free_port())
        configuration.write_text(
            text.replace("global\n", SOCKET.format(folder=self.folder)), "utf-8"
        )
        settings.write_text(json.dumps(self._settings(configuration)), "utf-8")  # JSON is YAML
        if self.haproxy:
            self._running.enter_context(HaproxyProcess(self.haproxy, configuration, self.folder))
        process = subprocess.Popen(
            [sys.executable, walk.__file__, str(configuration), str(settings)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(self.sources)},
        )  # fmt: skip
        self._process = self._running.enter_context(process)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()  # the end of its work
        self._running.close()

    def _settings(self, configuration: Path) -> dict[str, Any]:
        name, password = PLAIN.split(":")
        users = [{"name": name, "password": password, "insecure": True}]
        own = {"dataplaneapi": {"user": users}, "haproxy": {"reload": {"reload_delay": 3600}}}
        return merged(quiet_settings(configuration, self.folder, free_port()), own)

    def counted(self, trip: str) -> Walked:
        """Walk a trip until what is made once is there; what it takes then."""
        for _ in range(_WARM_UP):
            self._ask(trip, "time")
        told = self._ask(trip, "count")
        pairs = [(caller, called, count) for caller, called, count in told["pairs"]]
        return Walked(told["calls"], told["files"], pairs, told["below_store"])

    def timed(self, trip: str) -> tuple[float, float]:
        """Milliseconds of the clock and of the processor that one walk takes."""
        told = self._ask(trip, "time")
        return told["wall"], told["cpu"]

    def _ask(self, trip: str, measure: str) -> dict[str, Any]:
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps([trip, measure]) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, f"{trip} failed in {self.sources}"
        told: dict[str, Any] = json.loads(line)
        return told


@contextmanager
def trees(run: Run) -> Iterator[dict[str, Tree]]:
    """A walking process of this tree, and one of each revision, by their names."""
    sources = {HERE: TOP, **{name: run.sources(name) for name in run.against}}
    with ExitStack() as started:
        yield {
            name: started.enter_context(Tree(tree, run.new_folder(), run.haproxy))
            for name, tree in sources.items()
        }


def trips(run: Run) -> list[Table]:
    """Each trip through each revision: its calls, and its times as ratios of ours."""
    table = Table("Trips of a request", _HEADS)
    with trees(run) as walking:
        for trip in walk.TRIPS:
            walked = {name: tree.counted(trip) for name, tree in walking.items()}
            times: list[dict[str, tuple[float, float]]] = []
            for number in range(max(5, run.effort.calls)):
                order = list(walking) if number % 2 else list(walking)[::-1]
                times.append({name: walking[name].timed(trip) for name in order})
            for name, one in walked.items():
                table.rows.append(Row(cells(trip, name, one, times)))
    return [table]


def cells(
    trip: str, name: str, walked: Walked, times: list[dict[str, tuple[float, float]]]
) -> list[str]:
    """One line of the table: quartiles of the ratios to this revision, pair by pair."""
    counts = [str(walked.calls), str(walked.files), str(walked.upstairs), str(walked.into_api)]
    spent = statistics.median(one[name][1] for one in times)
    ratios = ["1", "1"]
    if name != HERE:
        ratios = [
            quartiles([one[name][kind] / one[HERE][kind] for one in times]) for kind in (1, 0)
        ]
    return [trip, name, *counts, f"{spent:.2f}", *ratios]
