"""Stand-ins for HAProxy that fail in each way there is, and what every call of the Runtime API answers then.

A socket that is closed, silent, slow, endless or odd: none of that is a fault of this server (500), nobody
waits for longer than the settings say, and the configuration can be changed meanwhile.
"""

import random
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataplane_core.haproxy.kept import QUESTION
from tests.harness.server import ApiServer, Client
from tests.torture.shares import share

Way = Callable[["Double", socket.socket], None]
STATE = b"Name: HAProxy\nPid: 1\nStopping: 0\n"
_TIMEOUT = 0.2
_MOMENT = 0.05
_HARD = frozenset({502, 503, 504})
"""What is said where HAProxy gives no whole answer."""


class Double(AbstractContextManager["Double"]):
    """A Unix socket that treats each connection in one way."""

    def __init__(self, path: Path, way: Way) -> None:
        self._path, self._way = path, way
        self.over = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> "Double":
        self._path.unlink(missing_ok=True)
        self._listener.bind(str(self._path))
        self._listener.listen(64)
        self._listener.settimeout(0.05)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._thread.join()
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _serve(self) -> None:
        while not self.over.is_set():
            with suppress(TimeoutError):
                connection, _ = self._listener.accept()
                threading.Thread(target=self._treat, args=(connection,), daemon=True).start()

    def _treat(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(10)
            self._way(self, connection)


def closes(double: Double, connection: socket.socket) -> None:
    """Close each connection as soon as it is there."""


def dies(double: Double, connection: socket.socket) -> None:
    """Read the command, and end, as a worker that is killed."""
    connection.recv(1 << 16)


def resets(double: Double, connection: socket.socket) -> None:
    """Close with the command unread: the peer gets a reset."""
    double.over.wait(_MOMENT)


def is_deaf(double: Double, connection: socket.socket) -> None:
    """Never read and never answer."""
    double.over.wait()


def drips(double: Double, connection: socket.socket) -> None:
    """Send a byte now and then, for ever."""
    connection.recv(1 << 16)
    while not double.over.wait(_MOMENT):
        connection.sendall(b"x")


def floods(double: Double, connection: socket.socket) -> None:
    """Send without an end, as fast as it is taken."""
    connection.recv(1 << 16)
    while not double.over.is_set():
        connection.sendall(b"# a line of some length, again and again\n" * 1000)


def cuts(double: Double, connection: socket.socket) -> None:
    """Break off in the middle of a line."""
    connection.recv(1 << 16)
    connection.sendall(b"1\n# be_id be_name srv_id srv_name srv_addr\n3 be 1 s1 127.0")


def answering(text: bytes) -> Way:
    """Answer each command with the same, in the form that HAProxy's answers have."""

    def way(double: Double, connection: socket.socket) -> None:
        prompt = b""
        with connection.makefile("rb") as lines:
            for line in lines:
                command = line.rstrip(b"\n")
                is_setup = command == b"prompt" or command.startswith(b"set timeout cli")
                prompt = b"> " if command == b"prompt" else prompt
                answer = b"" if is_setup else STATE if command == QUESTION else text
                answer += b"\n" if answer and not answer.endswith(b"\n") else b""
                connection.sendall(answer + b"\n" + prompt)
                if not prompt:
                    return

    return way


HARD: dict[str, Way] = {
    "accepts and closes": closes, "dies with the command": dies, "resets": resets, "is deaf": is_deaf,
    "drips": drips, "floods": floods, "cuts": cuts,
}  # fmt: skip
"""Ways in which no whole answer comes: 502, 503 or 504 for every call."""
ODD: dict[str, Way] = {
    "a level that is too low": answering(b"Permission denied\n"),
    "another program": answering(b"Unknown command: 'x', but maybe one of the following ones is a better match:\n  help\n"),
    "nothing but success": answering(b""),
    "bytes at random": answering(random.Random(17).randbytes(4000).replace(b"\n", b"")),
    "lines at random": answering(random.Random(18).randbytes(4000)),
    "an error of SQL": answering(b"ERROR 1064 (42000): You have an error\n" * 50),
    "numbers without an end": answering(b"9" * 5000 + b"\n"),
    "a line of a megabyte": answering(b"x" * (1 << 20) + b"\n"),
    "headings alone": answering(b"1\n# be_id be_name srv_id srv_name\n"),
    "rows without headings": answering(b"3 be 1 s1 127.0.0.1 2 0 10 10 6\n" * 3),
}  # fmt: skip
"""Answers that are no answers: anything but 500."""


@dataclass(frozen=True)
class Told:
    """What all calls were answered in one way of failing."""

    way: str
    statuses: Counter[int]
    slowest: float
    problems: list[str]

    def __str__(self) -> str:
        shown = ", ".join(f"{count} × {status}" for status, count in sorted(self.statuses.items()))
        return f"| {self.way} | {shown} | {self.slowest:.2f} s |"


def try_way(api: Any, calls: Sequence[Any], sent: Callable[..., Any], way: str, folder: Path) -> Told:
    """Ask all calls of the Runtime API while its socket fails in one way."""
    statuses: Counter[int] = Counter()
    slowest, problems = 0.0, []
    with Double(folder / "worker.sock", {**HARD, **ODD}[way]):
        for call in calls:
            begun = time.monotonic()
            answer = sent(api, call)
            slowest = max(slowest, time.monotonic() - begun)
            statuses[answer.status_code] += 1
            quotes = "HAProxy says: " in answer.text  # a stream, whose first bytes are no answer
            hard = way in HARD and answer.status_code not in _HARD and not quotes
            if answer.status_code == 500 or hard:
                problems.append(f"{way}, {call[0]} {call[1]}: {answer.status_code} {answer.text[:200]}")
    return Told(way, statuses, slowest, problems)


ROW = b"#<PID> <type> <reloads> <uptime> <version>\n7 master %d [failed: 0] 0d00h12m56s 3.2.0\n# workers\n"
MASTERS: dict[str, Callable[[], Way]] = {
    "a master without a worker": lambda: answering(ROW % 1),
    "a master that is deaf": lambda: is_deaf,
    "a reload that is never answered": lambda: _master(lambda double, connection: double.over.wait()),
    "a master that dies with the reload": lambda: _master(lambda double, connection: None),
    "an answer that is cut": lambda: _master(lambda double, connection: connection.sendall(b"Succ")),
    "an answer of something else": lambda: _master(lambda double, connection: connection.sendall(b"\xff\x00what\n")),
    "an answer without an end": lambda: _master(floods),
    "a failure without a word": lambda: _master(lambda double, connection: connection.sendall(b"Success=0\n")),
}
"""Masters that a reload is asked of."""


def _master(at_reload: Callable[[Double, socket.socket], object]) -> Way:
    """A master that shows its processes, and treats `reload` in some way."""

    def way(double: Double, connection: socket.socket) -> None:
        command = connection.recv(1 << 16)
        if command.startswith(b"reload"):
            at_reload(double, connection)
        elif command.startswith(b"show proc"):
            connection.sendall(ROW % 1 + b"9 worker 0 0d00h02m03s 3.2.0\n\n")
        else:
            connection.sendall(b"Unknown command\n\n")

    return way


@contextmanager
def served_by(master: str, folder: Path) -> Iterator[Client]:
    """A server whose HAProxy is reloaded over the socket of such a master."""
    (folder / "haproxy.cfg").write_text("global\n\ndefaults\n  mode http\n\nbackend be\n")
    socket_path = folder / "master.sock"
    reload = {"reload_cmd": "", "restart_cmd": "", "reload_delay": 0.05}
    settings = {
        "haproxy": {"master_runtime": str(socket_path), "reload": reload},
        "dataplane": {"reload_timeout": 2, "runtime_timeout": _TIMEOUT},
    }
    with Double(socket_path, MASTERS[master]()):
        server = ApiServer(folder / "haproxy.cfg", folder / "server", settings)
        with server:
            yield server.client()


def try_master(master: str, folder: Path) -> Told:
    """Have a change loaded at once by a master that fails: the answer has a reason, and says what the file holds."""
    problems: list[str] = []
    statuses: Counter[int] = Counter()
    with served_by(master, folder) as client:
        begun = time.monotonic()
        body = {"name": "s1", "address": "192.0.2.1", "port": 80}
        path = "/v2/services/haproxy/configuration/servers"
        answer = client.call("POST", path, body, backend="be", version=1, force_reload="true")
        took = time.monotonic() - begun
        statuses[answer.status] += 1
        there = "server s1" in (folder / "haproxy.cfg").read_text()
        reads = client.call("GET", path, backend="be")
        if answer.status not in (400, 503) or len(answer.json["message"]) < 20:
            problems.append(f"{master}: {answer.status} {answer.body!r}")
        if reads.status != 200 or bool(reads.data) != there:
            problems.append(f"{master}: the file and the interface differ")
        said = answer.json["message"]
        if there == ("holds the former text" in said):
            problems.append(f"{master}: the server is{'' if there else ' not'} there, and the answer says {said}")
    return Told(master, statuses, took, problems)


def run_all(most: int = 0, seed: int = 0) -> int:
    """Try all ways, or so many, with all calls, and print them as a table; 1 where one answer was wrong."""
    from tests.runtime import test_failures as known  # its table of calls names every route
    from tests.runtime.support import Api, prepare

    calls = (*known.CALLS, *known.NEWER_CALLS)
    told: list[Told] = []
    for way in share((*HARD, *ODD), most, seed):
        with tempfile.TemporaryDirectory(prefix="dataplane-double-") as folder:
            prepare(Path(folder))
            api = Api(Path(folder), dataplane__runtime_timeout=_TIMEOUT)
            told.append(try_way(api, calls, known.sent, way, Path(folder)))
            known.configure(api)
    for master in MASTERS:
        with tempfile.TemporaryDirectory(prefix="dataplane-double-") as folder:
            told.append(try_master(master, Path(folder)))
    problems = [problem for one in told for problem in one.problems]
    print("| HAProxy | answers | slowest |\n| --- | --- | --: |", *told, sep="\n")
    count = sum(sum(one.statuses.values()) for one in told)
    print(*problems, f"{len(told)} ways, {count} calls, {len(problems)} bad", sep="\n")
    return int(bool(problems))
