"""A client that costs little: the same request again and again over a few connections."""

import base64
import multiprocessing
import socket
import time

PROCESSES, CONNECTIONS = 2, 8


def request(path: str, credentials: str) -> bytes:
    """A GET with a password, as bytes."""
    token = base64.b64encode(credentials.encode()).decode()
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {token}\r\n"
    return f"{head}Accept: application/json\r\n\r\n".encode()


class Connection:
    """One keep-alive connection; every answer has to be as long as the first."""

    def __init__(self, port: int, sent: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = sent
        self.ask()
        self.buffer = bytearray(1 << 16)
        self.length = self._first()

    def ask(self) -> None:
        self.socket.sendall(self.sent)

    def take(self) -> None:
        """Read one answer."""
        left, view = self.length, memoryview(self.buffer)
        start = True
        while left:
            count = self.socket.recv_into(view, min(left, len(view)))
            if not count or (start and not self.buffer.startswith(b"HTTP/1.1 200")):
                raise RuntimeError(f"instead of 200: {bytes(self.buffer[: max(count, 0)])[:200]!r}")
            start = False
            left -= count

    def _first(self) -> int:
        told = b""
        while b"\r\n\r\n" not in told:
            part = self.socket.recv(1 << 16)
            if not part:
                raise RuntimeError("the server closed the connection")
            told += part
        head, body = told.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"instead of 200: {told[:300]!r}")
        lines = [line.split(b":", 1) for line in head.split(b"\r\n")[1:]]
        length = next(int(value) for name, value in lines if name.lower() == b"content-length")
        while len(body) < length:
            body += self.socket.recv(1 << 16)
        return len(head) + 4 + length


def _work(port: int, sent: bytes, seconds: float, counted: "multiprocessing.Queue[int]") -> None:
    connections = [Connection(port, sent) for _ in range(CONNECTIONS)]
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for connection in connections:
            connection.ask()
        for connection in connections:
            connection.take()
        count += CONNECTIONS
    counted.put(count)


def rate(port: int, path: str, credentials: str, seconds: float) -> float:
    """Requests a second that the server on `port` answers."""
    context = multiprocessing.get_context("fork")
    counted: multiprocessing.Queue[int] = context.Queue()
    arguments = (port, request(path, credentials), seconds, counted)
    workers = [context.Process(target=_work, args=arguments) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    total = sum(counted.get(timeout=seconds + 60) for _ in workers)
    for worker in workers:
        worker.join()
    return total / seconds
