"""Measure a file: its size, how long its first answer takes, how much memory it needs.

The time is that from the start of the process to the first 200 on a list of backends, with a
password, of a file that has been started before; beside it, in turn, stands `python -c "import
falcon"` of the Python that measures. The memory is the proportional set size (PSS) of all processes
of the server as the kernel tells it (/proc/PID/smaps_rollup), once they are at rest after that
answer, and once more after an edit.
"""

import argparse
import base64
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

MEBIBYTES, TIMES_IMPORT = 30.0, 4.0
"""The limits: memory of the smallest set with one worker, and times that Falcon takes to import."""
_PATIENCE = 60.0
_QUIET = 0.7  # seconds without processor time
_IMPORT = [sys.executable, "-c", "import falcon"]
_BACKENDS = "/v3/services/haproxy/configuration/backends"
_CONFIGURATION = """\
global

userlist controller
  user admin insecure-password admin

defaults
  mode http
  timeout client 10s
  timeout connect 10s
  timeout server 10s

backend shop
  server one 127.0.0.1:8081
"""


@dataclass
class Measured:
    """What was measured: bytes, seconds, MiB; times of rounds stand in turn."""

    size: int = 0
    first_start: float = 0.0
    answers: list[float] = field(default_factory=list)
    imports: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    edited: list[float] = field(default_factory=list)

    @property
    def times_import(self) -> float:
        """The median of the ratios of both times, round by round."""
        pairs = zip(self.answers, self.imports, strict=True)
        return statistics.median(answer / imported for answer, imported in pairs)

    @property
    def holds(self) -> bool:
        """Whether both limits hold."""
        return statistics.median(self.idle) <= MEBIBYTES and self.times_import <= TIMES_IMPORT


class Server:
    """A file that serves, on a folder and a port of its own."""

    def __init__(self, command: Sequence[str], folder: Path, environ: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._log = folder / "measure.log"
        given = {"DATAPLANE_FOLDER": str(folder), "HOST": "127.0.0.1", "PORT": str(self.port)}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "serve"], stdout=log, stderr=log, env={**os.environ, **given, **environ}
            )
        token = base64.b64encode(b"admin:admin").decode()
        self._headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: str | None = None) -> int:
        """Return the status of an answer; 0 where there is none yet."""
        if self._process.poll() is not None:
            raise RuntimeError(f"the server has ended:\n{self._log.read_text()[-2000:]}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        try:
            connection.request(method, path, body, self._headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except OSError:
            return 0
        finally:
            connection.close()

    def memory(self) -> float:
        """Return the MiB of all processes, once none of them has anything to do."""
        end, before = time.monotonic() + _PATIENCE, -1
        while (now := sum(map(_ticks, self._family()))) != before and time.monotonic() < end:
            before = now
            time.sleep(_QUIET)
        return sum(map(_pss, self._family())) / 1024

    def end(self) -> None:
        """End it, and wait for that."""
        self._process.terminate()
        self._process.wait(_PATIENCE)

    def _family(self) -> list[int]:
        found = [self._process.pid]
        for one in found:
            with suppress(OSError):
                for task in Path(f"/proc/{one}/task").iterdir():
                    found += map(int, (task / "children").read_text().split())
        return found


def measured(
    command: Sequence[str], rounds: int = 5, environ: dict[str, str] | None = None
) -> Measured:
    """Return what was measured of a file, or of another command of the server."""
    found = Measured()
    with suppress(OSError):
        found.size = Path(command[0]).stat().st_size
    with tempfile.TemporaryDirectory(prefix="appliance-measured-") as place:
        folder = Path(place)
        for number in range(rounds + 1):
            (folder / "haproxy.cfg").write_text(_CONFIGURATION, "utf-8")
            spent = _one_round(command, folder, environ or {}, found, number > 0)
            if number == 0:
                found.first_start = spent
            else:
                found.answers.append(spent)
                found.imports.append(_timed_import())
    return found


def _one_round(
    command: Sequence[str], folder: Path, environ: dict[str, str], found: Measured, counts: bool
) -> float:
    """Start, ask and end a server; return the seconds until its first answer."""
    start = time.perf_counter()
    server = Server(command, folder, environ)
    try:
        while server.ask("GET", _BACKENDS) != 200:
            if time.perf_counter() - start > _PATIENCE:
                raise RuntimeError("the server does not answer with 200")
            time.sleep(0.001)
        spent = time.perf_counter() - start
        if counts:
            found.idle.append(server.memory())
            body = json.dumps({"name": "news"})
            server.ask("GET", f"{_BACKENDS}/shop/servers")
            server.ask("POST", f"{_BACKENDS}?version=1", body)
            found.edited.append(server.memory())
        return spent
    finally:
        server.end()


def _timed_import() -> float:
    start = time.perf_counter()
    subprocess.run(_IMPORT, check=True)
    return time.perf_counter() - start


def _ticks(process: int) -> int:
    with suppress(OSError):
        stat = Path(f"/proc/{process}/stat").read_text("utf-8", "replace")
        return sum(map(int, stat.rsplit(")", 1)[1].split()[11:13]))
    return 0


def _pss(process: int) -> int:
    """Return the KiB of a process."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def main(words: Sequence[str]) -> int:
    """Measure a file, print what was found, and return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(
        prog="contrib/appliance measure", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("file", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args(words)
    if not shutil.which(str(given.file.resolve())):
        print(f"{given.file} is no program", file=sys.stderr)
        return 2
    found = measured([str(given.file.resolve())], given.rounds)
    memory = statistics.median(found.idle)
    print(f"size                 {found.size / (1 << 20):.1f} MiB")
    print(f"very first answer    {found.first_start * 1000:.0f} ms")
    print(
        f"first answer         {statistics.median(found.answers) * 1000:.0f} ms, "
        f"{found.times_import:.1f} times `import falcon`, at most {TIMES_IMPORT:g}"
    )
    print(f"memory at rest       {memory:.1f} MiB, at most {MEBIBYTES:g}")
    print(f"memory after an edit {statistics.median(found.edited):.1f} MiB")
    return int(not found.holds)
