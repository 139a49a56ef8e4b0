"""The traffic of the last hour: samples in two files that all workers read, each of half of it.

One worker takes a sample every ten seconds, from when somebody first looks until an hour after the
last look. The files are not synced: they are as good as memory, and are shared like it.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataplane_core.plugin import DataplaneError, Runtime, Services
from dataplane_plugins.page.traffic_rows import (
    BACKENDS,
    COLUMNS,
    FRONTENDS,
    PROXIES_COMMAND,
    SERVERS,
    SERVERS_COMMAND,
    rows_of,
)

log = logging.getLogger(__name__)

PERIOD = 10.0  # seconds between two samples
HOUR = 3600.0
_HALF = 1800.0
_SHARE = 200  # a sample costs at most one part in this of a processor
_COUNT_AGAIN = 60  # samples after which it is looked whether there are fewer servers by now
_MOST_SERVERS = 2000  # of more servers only their backends are sampled
_NAMES = ("traffic-a.jsonl", "traffic-b.jsonl")
_LOOKED = "traffic-looked"
_BEGIN, _END = b'{"time":', b"}}\n"

TAKEN = {
    FRONTENDS: ("req_rate", "scur", "hrsp_5xx", "bout"),
    BACKENDS: ("rate", "scur", "hrsp_5xx", "rtime"),
    SERVERS: ("rate", "scur", "hrsp_5xx", "rtime"),
}
"""What a sample has of each kind of row, in this order."""


class SampleFiles:
    """The two files: one is written, and the other one holds what came before."""

    def __init__(self, folder: Path) -> None:
        self._paths = [folder / name for name in _NAMES]
        self._looked = folder / _LOOKED

    def note_look(self) -> None:
        """Note that somebody looks."""
        handle = os.open(self._looked, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.utime(handle)
        finally:
            os.close(handle)

    def is_wanted(self) -> bool:
        """Return whether somebody has looked within the last hour."""
        try:
            return abs(time.time() - self._looked.stat().st_mtime) < HOUR
        except OSError:
            return False

    def add(self, sample: dict[str, Any]) -> None:
        """Add a sample; begin the other file anew once this one has half an hour."""
        now = sample["time"] / 1000
        for path in self._paths:
            if _first_time(path) > now + PERIOD:  # the clock was wrong: it would never be old
                path.unlink(missing_ok=True)
        path = max(self._paths, key=_first_time)
        if now - _first_time(path) > _HALF:
            path = min(self._paths, key=_first_time)
            path.unlink(missing_ok=True)
        data = json.dumps(sample, separators=(",", ":")).encode() + b"\n"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(handle).st_size
            if os.write(handle, data) < len(data):  # the disk is full
                os.ftruncate(handle, size)
        finally:
            os.close(handle)

    def series(self, kind: str, name: str) -> dict[str, Any]:
        """Return the times (milliseconds since 1970) and each value's numbers, null in gaps."""
        oldest = (time.time() - HOUR) * 1000
        times: list[int] = []
        rows: list[list[Any]] = []
        nothing = [None] * len(TAKEN[kind])
        for path in sorted(self._paths, key=_first_time):
            for moment, line in _samples(path):
                if moment >= oldest:
                    times.append(moment)
                    rows.append(_row(line, kind, name) or nothing)
        columns = {column: [row[at] for row in rows] for at, column in enumerate(TAKEN[kind])}
        return {"times": times, "values": columns}


def _first_time(path: Path) -> float:
    """Return when a file's first sample was taken, in seconds; 0 where there is none."""
    first = next(_samples(path), None)
    return first[0] / 1000 if first else 0.0


def _samples(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the time of each sample, in milliseconds, and its line."""
    try:
        with path.open("rb") as file:
            for line in file:
                moment = line[len(_BEGIN) : line.find(b",")]
                # another line is being written, or was cut
                if line.startswith(_BEGIN) and line.endswith(_END) and moment.isdigit():
                    yield int(moment), line
    except OSError:
        return


def _row(line: bytes, kind: str, name: str) -> list[Any] | None:
    """Return one row of a sample; to make objects of thousands of others would take very long."""
    begin = line.find(b'"%b":{' % kind.encode())
    end, key = line.find(b"}", begin), b"%b:[" % json.dumps(name).encode()
    at = max(line.find(sign + key, begin, end) for sign in (b"{", b","))
    if at < 0:
        return None
    values: list[Any] = json.loads(line[at + len(key) : line.find(b"]", at) + 1])
    return values


class Sampler:
    """Takes samples; servers are asked for only while they are not too many to keep."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._without_servers = 0  # how many samples more are taken without them

    def take(self) -> dict[str, Any]:
        """Return a sample; raises `DataplaneError` where HAProxy does not answer."""
        sample: dict[str, Any] = {"time": int(time.time() * 1000), **{kind: {} for kind in TAKEN}}
        self._read(PROXIES_COMMAND, sample)
        self._without_servers -= 1
        if self._without_servers < 0:
            self._read(SERVERS_COMMAND, sample)
            if len(sample[SERVERS]) > _MOST_SERVERS:
                sample[SERVERS] = {}
                self._without_servers = _COUNT_AGAIN
        return sample

    def _read(self, command: str, sample: dict[str, Any]) -> None:
        places = {kind: [COLUMNS[kind].index(one) for one in TAKEN[kind]] for kind in TAKEN}
        answer = self._runtime.processes()[0].dump(command).decode("utf-8", "replace")
        for kind, proxy, server, _, values in rows_of(answer):
            name = f"{proxy}/{server}" if kind == SERVERS else proxy
            sample[kind][name] = [values[at] for at in places[kind]]


def sample_while_wanted(services: Services, stop: threading.Event) -> None:
    """Take samples while somebody has looked within the last hour, until `stop` is set."""
    files, sampler = SampleFiles(services.state.path(".")), Sampler(services.runtime)
    rest = PERIOD
    while not stop.wait(rest):
        if not files.is_wanted():
            continue
        began = time.monotonic()
        try:
            files.add(sampler.take())
        except (DataplaneError, OSError) as error:
            log.debug("no sample of the traffic: %s", error)
        rest = max(PERIOD, _SHARE * (time.monotonic() - began))
