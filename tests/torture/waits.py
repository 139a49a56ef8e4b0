"""Kill a server, HAProxy or both, and fill the disk, while a version waits for its confirmation.

The real processes: a server with its workers, HAProxy with its master, and a disk of their own. What
must be so afterwards: the former text is in the file within the time and 2 s, counted from the end of
the time or from the restart, whichever is later; and HAProxy runs it.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.binaries import installed
from dataplane_core.haproxy.runtime_client import RuntimeClient
from dataplane_core.store.failpoints import NAMES
from tests.harness.haproxy import HaproxyProcess
from tests.harness.server import ApiServer
from tests.harness.waiting import until
from tests.torture.shares import share

SECONDS = 2
MOST_LATE = 2.0
_BALLAST = "ballast"
SKELETON = """\
global
  stats socket {folder}/haproxy.sock level admin

defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s

backend be1
  server old 192.0.2.1:80
"""
_BACKENDS = "/v3/services/haproxy/configuration/backends"
_SERVERS = f"{_BACKENDS}/be1/servers"
_NEW = {"name": "new", "address": "192.0.2.2", "port": 80}
_WRITTEN = ("replaced", "directory-synced", "done-recorded", "followed")
_COMMIT = NAMES[: NAMES.index("followed") + 1]
WHO = ("server", "haproxy", "both", "nobody")


@dataclass(frozen=True)
class Case:
    """Who dies, at which failpoint and visit of it (empty: while the version waits), on what disk.

    On a full one there is room again when the server is started, or when the time is over where it lives:
    a server does not start without room.
    """

    who: str
    failpoint: str = ""
    full: bool = False

    def __str__(self) -> str:
        disk = ", full disk" if self.full else ""
        return f"{self.who} at {self.failpoint or 'the wait'}{disk}"


def cases() -> Iterator[Case]:
    """All of them: the end of the commit, the wait, and all of the commit that takes it back."""
    points = ["", *_WRITTEN, *(f"{name}:2" for name in _COMMIT)]
    for full in (False, True):
        for point in points:
            for who in WHO:
                lives = who in ("haproxy", "nobody")
                if not (lives and point) and (who != "nobody" or full):
                    yield Case(who, point, full)


@dataclass(frozen=True)
class Verdict:
    """How long after the end of its time, or the restart, the version was gone."""

    late: float
    problem: str = ""


class Trial:
    """One case in a folder of its own, which may be a small disk."""

    def __init__(self, folder: Path, program: str, case: Case) -> None:
        self._folder, self._case = folder, case
        self._configuration = folder / "haproxy.cfg"
        self._configuration.write_text(SKELETON.format(folder=folder))
        self._former = self._configuration.read_text()
        self._haproxy = HaproxyProcess(program, self._configuration, folder)
        self._settings = {
            "haproxy": {
                "haproxy_bin": program,
                "master_runtime": str(self._haproxy.master),
                "reload": {
                    "reload_cmd": "", "restart_cmd": "", "validate_cmd": "", "reload_delay": 0.05,
                },
            },
            # A worker counts the visits of a failpoint for itself.
            "dataplane": {"workers": 1 if ":" in case.failpoint else 2},
        }  # fmt: skip

    def run(self) -> Verdict:
        """Let a version wait, kill, start again, and see when the former one is back."""
        with self._processes() as server:
            self._suffer(server)
            killed = self._kill(server)
            if self._case.full:
                self._fill()
            restarted = self._start_again(server, killed)
            until(self._is_back, self._told)
            late = time.time() - max(self._end, restarted)
            until(lambda: "new" not in self._running(), self._told)
            return Verdict(late, self._problem())

    @contextmanager
    def _processes(self) -> Iterator[ApiServer]:
        environ = {"DATAPLANE_FAILPOINT": self._case.failpoint} if self._case.failpoint else None
        server = ApiServer(self._configuration, self._folder, self._settings, environ=environ)
        with self._haproxy:
            server.start()
            try:
                yield server
            finally:
                server.kill()

    def _suffer(self, server: ApiServer) -> None:
        """Make the change; wait for the worker to die at the failpoint where there is one."""
        client = server.client("v3")
        version, point = client.version(), self._case.failpoint
        dies = point != "" and not point.endswith(":2")
        try:
            # A server is added by commands; only what needs a reload comes by the last failpoint.
            change = (_BACKENDS, {"name": "new"}) if "followed" in point else (_SERVERS, _NEW)
            done = client.call("POST", *change, version=version, confirm_within=f"{SECONDS}s")
            # Where a worker dies before it answers, the client asks once more.
            assert done.status in (201, 202) or (dies and done.status == 409), done.body
        except OSError:
            assert dies, "the worker died before its time"
        self._end = time.time() + SECONDS
        if point:
            until(lambda: b"exited with code 137" in server.log.read_bytes())

    def _kill(self, server: ApiServer) -> bool:
        if self._case.who in ("server", "both"):
            server.kill()
        if self._case.who in ("haproxy", "both"):
            assert self._haproxy.process is not None
            os.killpg(self._haproxy.process.pid, signal.SIGKILL)
            self._haproxy.process.wait()
            return True
        return False

    def _fill(self) -> None:
        """Leave no room on the disk but what the server has reserved, be it dead or not."""
        until((self._folder / "state" / "reserve").exists)
        fill(self._folder)

    def _start_again(self, server: ApiServer, haproxy_is_dead: bool) -> float:
        if haproxy_is_dead:
            self._haproxy.__enter__()
        if self._case.who in ("haproxy", "nobody"):
            return time.time()
        server.environ.pop("DATAPLANE_FAILPOINT", None)
        server.start()
        return time.time()

    def _is_back(self) -> bool:
        text = self._configuration.read_text()
        return text.partition("\n")[2] == self._former

    def _running(self) -> str:
        client = RuntimeClient(SocketAddress(path=str(self._folder / "haproxy.sock")))
        states = client.command("show servers state be1")
        return " ".join(line.split()[3] for line in states.splitlines()[2:] if line.strip())

    def _problem(self) -> str:
        return "" if self._is_back() else "the former text is gone again"

    def _told(self) -> str:
        return self._configuration.read_text() + (self._folder / "server.log").read_text()[-3000:]


@contextmanager
def small_disk(folder: Path, size: str = "24m") -> Iterator[Path]:
    """Mount a disk; only root can."""
    folder.mkdir(exist_ok=True)
    subprocess.check_call(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)])
    try:
        yield folder
    finally:
        subprocess.check_call(["umount", "-l", str(folder)])


def fill(folder: Path) -> None:
    """Leave no room on a disk."""
    with (folder / _BALLAST).open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def run_all(most: int = 0, seed: int = 0) -> int:
    """Try all cases, or so many, each on a disk of its own; 1 where a version stayed too long."""
    program, bad, slowest = str(installed()["2.8"]), 0, 0.0
    with tempfile.TemporaryDirectory(prefix="dataplane-confirm-") as folder:
        for number, case in enumerate(share(cases(), most, seed)):
            with small_disk(Path(folder) / str(number)) as place:
                try:
                    verdict = Trial(place, program, case).run()
                except (AssertionError, RuntimeError) as error:
                    verdict = Verdict(0.0, str(error))
            late = verdict.late > MOST_LATE
            bad += bool(verdict.problem or late)
            slowest = max(slowest, verdict.late)
            print(f"{case}: {verdict.problem or f'{verdict.late:.2f} s late'}", flush=True)
    print(f"{number + 1} cases, {bad} bad; the latest {slowest:.2f} s after its time")
    return int(bad > 0)
