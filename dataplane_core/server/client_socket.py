"""Accept, read and write the sockets of clients, which never block; threads wait beside them."""

import errno
import select
import socket
import time

from dataplane_core.server.listen_addresses import ListenerTimeouts

_KEEP_ALIVE_OPTIONS = ("TCP_KEEPIDLE", "TCP_KEEPINTVL")
PIECE = 65536  # bytes that a thread reads at once
TURN = 16384  # bytes that the loop reads before others have their turn: a record of TLS
_WITHOUT_TLS: tuple[type[OSError], ...] = (BlockingIOError, InterruptedError)
RETRY = _WITHOUT_TLS
"""What an operation raises that has to be tried again later; more once TLS is served."""


def expect_tls() -> None:
    """Retry what TLS wants to have tried again, too; a server without it loads no OpenSSL."""
    global RETRY
    from ssl import SSLWantReadError, SSLWantWriteError

    RETRY = (*_WITHOUT_TLS, SSLWantReadError, SSLWantWriteError)


def prepare(accepted: socket.socket, timeouts: ListenerTimeouts) -> None:
    """Set the options of a socket that was just accepted."""
    accepted.setblocking(False)
    if accepted.family == socket.AF_UNIX:
        return
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if timeouts.keep_alive:
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name in _KEEP_ALIVE_OPTIONS:
            seconds = min(max(1, round(timeouts.keep_alive)), 32767)
            accepted.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)


def receive(client: socket.socket, seconds: float | None) -> bytes:
    """Return the next bytes of a client, b"" at their end.

    Waits for them. Raises `ConnectionResetError` when they do not come in time.
    """
    while True:
        try:
            return client.recv(PIECE)
        except RETRY as busy:
            if not _wait(client, busy, select.POLLIN, seconds):
                raise ConnectionResetError(
                    errno.ECONNRESET, "the client sent nothing more"
                ) from None


def send(
    client: socket.socket, pieces: list[memoryview], seconds: float | None, may_be_left: int
) -> None:
    """Send pieces, and remove from the list what the client has taken.

    Waits for a client that takes nothing while more than `may_be_left` pieces are left. Raises
    `ConnectionResetError` when it does not take them within `seconds`.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    while pieces:
        try:
            pieces[0] = pieces[0][client.send(pieces[0]) :]
            if not pieces[0]:
                del pieces[0]
        except RETRY as busy:
            if len(pieces) <= may_be_left:
                return
            remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not _wait(client, busy, select.POLLOUT, remaining):
                raise ConnectionResetError(
                    errno.ECONNRESET, "the client takes nothing more"
                ) from None


def _wait(client: socket.socket, busy: Exception, event: int, seconds: float | None) -> bool:
    """Wait until the operation can be tried again; TLS may have to read before it can write."""
    if not isinstance(busy, _WITHOUT_TLS):
        from ssl import SSLWantReadError

        event = select.POLLIN if isinstance(busy, SSLWantReadError) else select.POLLOUT
    poll = select.poll()
    poll.register(client, event)
    return bool(poll.poll(None if seconds is None else seconds * 1000))
