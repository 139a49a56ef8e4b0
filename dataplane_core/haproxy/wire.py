"""One connection to HAProxy's Runtime API: a line goes out, an answer comes in, until `end`.

Times are those of `time.monotonic`. Management Guide, section 9.3.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dataplane_core.errors import RuntimeFailed, RuntimeTimeout
from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.timeouts import DEADLINE

ANSWER_LIMIT = 256 << 20
"""Bytes of one answer; more is taken for a fault."""

# Every answer has an end, an empty line; a master closes the connection to a worker that died.
_NOTHING = "HAProxy ended the connection without an answer"

FLOW = 256 << 10
"""Bytes a second below which an answer drips. HAProxy writes a hundred times as fast."""


@contextmanager
def connection_named(address: SocketAddress) -> Iterator[None]:
    """Say of a failing connection which one it is."""
    try:
        yield
    except TimeoutError as error:
        raise RuntimeTimeout(f"HAProxy did not answer in time at {address}") from error
    except OSError as error:
        reason = error.strerror or error
        raise RuntimeFailed(f"HAProxy's runtime socket {address} broke off: {reason}") from error


def send(connection: socket.socket, line: bytes, end: float) -> None:
    """Send one command, and say that nothing follows it."""
    connection.settimeout(max(0.01, end - time.monotonic()))
    connection.sendall(line + b"\n")
    connection.shutdown(socket.SHUT_WR)  # a master keeps the connection open otherwise


def receive(connection: socket.socket, end: float) -> bytes:
    """The next bytes of an answer, none at its end; `TimeoutError` at the time `end`."""
    connection.settimeout(max(0.001, end - time.monotonic()))
    return connection.recv(1 << 16)


def pieces(connection: socket.socket, seconds: float, most: float) -> Iterator[bytes]:
    """An answer of any length as it comes; `TimeoutError` once `seconds` were waited for nothing.

    All waits draw on them together, and what arrives pays the time back that it takes at `FLOW`,
    up to `most` seconds at hand: an answer that flows comes whole, one that drips ends as silence
    does. What the caller does between two pieces does not count.
    """
    size = 0
    while True:
        asked = time.monotonic()
        chunk = receive(connection, asked + seconds)
        if not chunk:
            if not size:
                raise RuntimeFailed(_NOTHING)
            return
        seconds = min(most, seconds - (time.monotonic() - asked) + len(chunk) / FLOW)
        if seconds <= 0:
            raise TimeoutError
        size += len(chunk)
        if size > ANSWER_LIMIT:
            raise RuntimeFailed("HAProxy's answer does not end")
        yield chunk


def _attend(connection: socket.socket, end: float, lives: Callable[[], object]) -> bytes:
    while True:
        try:
            return receive(connection, min(end, time.monotonic() + DEADLINE))
        except TimeoutError:
            if time.monotonic() >= end:
                raise
            lives()


def exchange(
    connection: socket.socket,
    line: bytes,
    address: SocketAddress,
    end: float,
    lives: Callable[[], object] | None = None,
) -> str:
    """One command and its whole answer; `lives` is called in silence and raises to end it."""
    answer = bytearray()
    send(connection, line, end)
    while chunk := receive(connection, end) if lives is None else _attend(connection, end, lives):
        answer += chunk
        if len(answer) > ANSWER_LIMIT:
            raise RuntimeFailed(f"HAProxy's answer at {address} does not end")
        if time.monotonic() > end:
            raise TimeoutError
    if not answer:
        raise RuntimeFailed(f"{_NOTHING} at {address}")
    return answer.decode("utf-8", "surrogateescape").rstrip("\n")
