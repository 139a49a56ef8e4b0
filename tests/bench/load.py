"""Load: the same request again and again over some connections, by wrk or by a client of our own.

wrk takes little of the processors that the server needs, and is used where it is installed. The own
client knows of each request how long it has waited, also of those that are never answered.
"""

import base64
import math
import multiprocessing
import re
import select
import shutil
import socket
import subprocess
import tempfile
import time
from array import array
from dataclasses import dataclass

CONNECTIONS = 16
PROCESSES = 2
PATIENCE = 60.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_DONE = """\
done = function(summary, latency, requests)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("done %d %d %d\\n", summary.requests, summary.duration, failed))
end
"""


@dataclass(frozen=True)
class Load:
    """What came of a round: requests, and the milliseconds in which 99 of 100 were answered."""

    requests: int
    seconds: float
    p99: float = math.nan

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def request(path: str, credentials: str, method: str = "GET", body: bytes = b"") -> bytes:
    """A request with a password, as bytes."""
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: {basic(credentials)}"]
    head.append("Accept: application/json")
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode() + body


def basic(credentials: str) -> str:
    return "Basic " + base64.b64encode(credentials.encode()).decode()


class Connection:
    """One kept connection: ask, then take until the answer is whole."""

    def __init__(self, port: int, sent: bytes = b"") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = sent
        self.asked = 0.0
        self.answer = b""
        self._left = -1

    def ask(self) -> None:
        self.asked = time.perf_counter()
        self.socket.sendall(self.sent)

    def take(self) -> bool:
        """Read what has come; whether that completes the answer."""
        part = self.socket.recv(1 << 18)
        if not part:
            raise RuntimeError("the server closed the connection")
        if self._left < 0:
            self.answer += part
            end = self.answer.find(b"\r\n\r\n")
            if end < 0:
                return False
            found = _LENGTH.search(self.answer, 0, end + 2)
            left = end + 4 + int(found[1] if found else 0) - len(self.answer)
        else:
            left = self._left - len(part)
        self._left = left if left > 0 else -1
        return left <= 0

    def exchange(self, sent: bytes) -> bytes:
        """Ask something else once; the head of the answer and what came of its body with it."""
        self.answer = b""
        self.socket.sendall(sent)
        while not self.take():
            pass
        return self.answer


def whole_answer(port: int, sent: bytes) -> tuple[list[str], bytes]:
    """The lines of the head, and the body, that a request is answered with."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as asked:
        asked.sendall(sent)
        told = b""
        while b"\r\n\r\n" not in told:
            told += _some(asked)
        head, _, body = told.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        assert length is not None, head
        while len(body) < int(length[1]):
            body += _some(asked)
    return head.decode("latin-1").split("\r\n"), body


def _some(asked: socket.socket) -> bytes:
    part = asked.recv(1 << 18)
    if not part:
        raise RuntimeError("the server closed the connection")
    return part


def generator() -> str:
    """What makes the load, in words for a page."""
    if shutil.which("wrk") is None:
        return "a client of our own"
    told = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    return " ".join(told.split()[:2])


def load(port: int, path: str, credentials: str, connections: int, seconds: float) -> Load:
    """Ask for one path without a pause: with wrk where it is installed."""
    if shutil.which("wrk"):
        return by_wrk(port, path, credentials, connections, seconds)
    return by_own_client(port, path, credentials, connections, seconds)


def by_wrk(port: int, path: str, credentials: str, connections: int, seconds: float) -> Load:
    """Ask with wrk, which measures in whole seconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_DONE)
        script.flush()
        told = subprocess.run(
            [
                *("wrk", f"-t{min(PROCESSES, connections)}", f"-c{connections}"),
                *(f"-d{max(1, round(seconds))}s", f"--timeout={PATIENCE:.0f}s", "-s", script.name),
                *("-H", f"Authorization: {basic(credentials)}", "-H", "Accept: application/json"),
                f"http://127.0.0.1:{port}{path}",
            ],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    line = next(line for line in told.splitlines() if line.startswith("done "))
    requests, microseconds, failed = map(int, line.split()[1:])
    if not requests and seconds < PATIENCE:
        return by_wrk(port, path, credentials, connections, max(1, seconds) * 4)
    if failed or not requests:
        raise RuntimeError(f"{path}: {failed} of {requests} requests failed")
    return Load(requests, microseconds / 1e6)


def by_own_client(port: int, path: str, credentials: str, connections: int, seconds: float) -> Load:
    """Ask with a client of our own; an answer that is still missing has taken what it has waited."""
    context = multiprocessing.get_context("fork")
    results: multiprocessing.Queue[bytes] = context.Queue()
    processes = min(PROCESSES, connections)
    arguments = (port, request(path, credentials), connections // processes, seconds, results)
    workers = [context.Process(target=_work, args=arguments) for _ in range(processes)]
    for worker in workers:
        worker.start()
    spent = array("d")
    told = [results.get(timeout=seconds + 2 * PATIENCE) for _ in workers]
    for worker in workers:
        worker.join()
    if b"" in told:
        raise RuntimeError(f"{path}: requests failed")
    for part in told:
        spent.frombytes(part)
    answered = len(spent) - connections
    ordered = sorted(spent)
    return Load(answered, seconds, ordered[math.ceil(len(ordered) * 0.99) - 1] * 1000)


def _work(
    port: int,
    sent: bytes,
    connections: int,
    seconds: float,
    results: "multiprocessing.Queue[bytes]",
) -> None:
    spent = b""
    try:
        spent = _waited([Connection(port, sent) for _ in range(connections)], seconds).tobytes()
    finally:
        results.put(spent)


def _waited(connections: list[Connection], seconds: float) -> "array[float]":
    """Ask over all connections; the seconds of each answer, and of each that is missing at the end."""
    asked = {one.socket.fileno(): one for one in connections}
    polled, spent = select.epoll(), array("d")
    for number, one in asked.items():
        polled.register(number, select.EPOLLIN)
        one.ask()
    end = time.perf_counter() + seconds
    while (now := time.perf_counter()) < end:
        for number, _ in polled.poll(end - now):
            one = asked[number]
            if one.take():
                if not one.answer.startswith(b"HTTP/1.1 200"):
                    raise RuntimeError(f"instead of 200: {one.answer[:200]!r}")
                one.answer = b""
                spent.append(time.perf_counter() - one.asked)
                one.ask()
    now = time.perf_counter()
    spent.extend(now - one.asked for one in asked.values())
    return spent
