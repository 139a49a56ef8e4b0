"""One connection to HAProxy's Runtime API: a line goes out, an answer comes back, in bounded time.

`end` is a moment of `time.monotonic` throughout. Management Guide, section 9.3.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dataplane_core.errors import RuntimeFailed, RuntimeTimeout
from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.timeouts import DEADLINE

ANSWER_LIMIT = 256 << 20
"""Most bytes of one answer; a longer one is taken for a fault."""

NOTHING = "HAProxy ended the connection without an answer"
"""An answer without any byte means a fault: every answer ends with an empty line, but a master just
closes the connection to a worker that died."""
BROKEN_OFF = "HAProxy's answer broke off"

FLOW = 256 << 10
"""Bytes a second below which an answer drips; HAProxy writes a hundred times as fast."""


@contextmanager
def connection_errors(address: SocketAddress) -> Iterator[None]:
    """Turn a failure of a connection into `RuntimeTimeout` or `RuntimeFailed` with its address."""
    try:
        yield
    except OSError as error:
        raise failure_of(error, address) from error


def failure_of(error: OSError, address: SocketAddress) -> RuntimeFailed:
    """Return what a failure of a connection means."""
    if isinstance(error, TimeoutError):
        return RuntimeTimeout(f"HAProxy did not answer in time at {address}")
    return RuntimeFailed(f"HAProxy's runtime socket {address} broke off: {error.strerror or error}")


def send_on(connection: socket.socket, lines: bytes, end: float) -> None:
    """Send lines on a connection that stays open."""
    connection.settimeout(max(0.01, end - time.monotonic()))
    connection.sendall(lines)


def send(connection: socket.socket, line: bytes, end: float) -> None:
    """Send one line, and end our half of the connection."""
    send_on(connection, line + b"\n", end)
    connection.shutdown(socket.SHUT_WR)  # without it a master keeps the connection open


def receive(connection: socket.socket, end: float) -> bytes:
    """Return the next bytes of an answer, none at its end; raises `TimeoutError` at `end`."""
    connection.settimeout(max(0.001, end - time.monotonic()))
    return connection.recv(1 << 16)


def pieces(connection: socket.socket, seconds: float, most: float) -> Iterator[bytes]:
    """Yield an answer of any length in pieces, as it comes.

    An answer that flows comes whole, however long it takes; one that drips ends as silence does,
    with `TimeoutError`. `seconds` are at hand for waiting. Every wait uses some of them up, and
    every piece gives back the time that it takes at the rate `FLOW`, up to `most` seconds at hand.
    What the caller does between two pieces does not count.
    """
    size, last = 0, b""
    while True:
        asked = time.monotonic()
        chunk = receive(connection, asked + seconds)
        if not chunk:
            if not size:
                raise RuntimeFailed(NOTHING)
            if not is_whole(last):
                raise RuntimeFailed(BROKEN_OFF)
            return
        last = (last + chunk)[-2:] if size else chunk[-2:]
        seconds = min(most, seconds - (time.monotonic() - asked) + len(chunk) / FLOW)
        if seconds <= 0:
            raise TimeoutError
        size += len(chunk)
        if size > ANSWER_LIMIT:
            raise RuntimeFailed("HAProxy's answer does not end")
        yield chunk


def is_whole(end: bytes) -> bool:
    """Return whether an answer that ends with these two bytes has come to its end.

    Behind every answer stands an empty line, and one without words is that line alone.
    """
    return end in (b"\n\n", b"\n")


def _is_removal(line: bytes, answer: bytearray) -> bool:
    """Return whether HAProxy 2.6 says what became of a server: in one line, and none behind it."""
    return b"del server " in line and answer.endswith(b"\n") and answer.count(b"\n") == 1


def exchange(
    connection: socket.socket,
    line: bytes,
    address: SocketAddress,
    end: float,
    probe: Callable[[], object] | None = None,
) -> str:
    """Send one line and return its whole answer, without the empty line that ends it.

    `probe` is called in each silence of `DEADLINE` seconds; it raises to end the wait. Raises
    `TimeoutError` at `end`, and `RuntimeFailed` for an answer that is empty or does not end.
    """
    answer = bytearray()
    send(connection, line, end)
    while chunk := _next_bytes(connection, end, probe):
        answer += chunk
        if len(answer) > ANSWER_LIMIT:
            raise RuntimeFailed(f"HAProxy's answer at {address} does not end")
        if time.monotonic() > end:
            raise TimeoutError
    if not answer:
        raise RuntimeFailed(f"{NOTHING} at {address}")
    if not is_whole(bytes(answer[-2:])) and not _is_removal(line, answer):
        raise RuntimeFailed(f"{BROKEN_OFF} at {address}")
    return answer.decode("utf-8", "surrogateescape").rstrip("\n")


def _next_bytes(
    connection: socket.socket, end: float, probe: Callable[[], object] | None
) -> bytes:
    """Return what `receive` returns, and call `probe` in each silence."""
    if probe is None:
        return receive(connection, end)
    while True:
        try:
            return receive(connection, min(end, time.monotonic() + DEADLINE))
        except TimeoutError:
            if time.monotonic() >= end:
                raise
            probe()
