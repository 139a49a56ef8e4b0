"""Give every accepted connection its listener's timeouts, TLS where it belongs, and an origin."""

import errno
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from dataplane_core.settings import Settings

_KEEP_ALIVE_OPTIONS = ("TCP_KEEPIDLE", "TCP_KEEPINTVL")


@dataclass(frozen=True, slots=True)
class ListenerTimeouts:
    """How long the connections of one listener wait, in seconds.

    `read` is for the next bytes of a client, `write` for a client to take bytes (None: no limit),
    `keep_alive` for the first probe of TCP on a silent connection (0: no probes).
    """

    read: float | None
    write: float | None
    keep_alive: float


def timeouts_of(settings: Settings, scheme: str) -> ListenerTimeouts:
    """Return the timeouts of a listener: those of `tls` for https where they are set."""
    server, tls = settings.dataplaneapi, settings.dataplaneapi.tls
    read, write, keep_alive = server.read_timeout, server.write_timeout, server.keep_alive
    if scheme == "https":
        read = tls.tls_read_timeout or read
        write = tls.tls_write_timeout or write
        keep_alive = tls.tls_keep_alive or keep_alive
    return ListenerTimeouts(read or None, write or None, keep_alive)


class _TimedSocket(socket.socket):
    """A socket whose waits are bounded; a wait that is too long becomes a `ConnectionResetError`.

    To gunicorn a slow client looks like one that went away.
    """

    listener = "http"
    timeouts = ListenerTimeouts(None, None, 0.0)

    def setblocking(self, flag: bool) -> None:
        self.settimeout(self.timeouts.read if flag else 0.0)

    def recv(self, *arguments: Any, **named: Any) -> bytes:
        try:
            return super().recv(*arguments, **named)
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the client sent nothing more") from None

    def sendall(self, *arguments: Any, **named: Any) -> None:
        before = self.gettimeout()
        if before != 0.0:
            self.settimeout(self.timeouts.write)
        try:
            super().sendall(*arguments, **named)
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the client takes nothing more") from None
        finally:
            if self.fileno() >= 0:
                self.settimeout(before)


class PlainSocket(_TimedSocket):
    """A connection of a plain or Unix listener, and a TLS one before its handshake."""


class TlsSocket(_TimedSocket, ssl.SSLSocket):
    """A connection of the TLS listener."""

    listener = "https"

    def client_certificate(self) -> bytes | None:
        """Return the certificate that the client has shown and that was verified, DER."""
        return self.getpeercert(True)


def adopt(accepted: socket.socket, listener: str, timeouts: ListenerTimeouts) -> PlainSocket:
    """Turn a socket that was just accepted into one of ours, with the listener's timeouts."""
    made = PlainSocket(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
    made.listener, made.timeouts = listener, timeouts
    if made.family != socket.AF_UNIX and timeouts.keep_alive:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name in _KEEP_ALIVE_OPTIONS:
            seconds = min(max(1, round(timeouts.keep_alive)), 32767)
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)
    return made


def wrap(plain: PlainSocket, context: ssl.SSLContext) -> TlsSocket:
    """Shake hands over TLS; raises `OSError` when the client cannot, will not or is too slow."""
    context.sslsocket_class = TlsSocket
    timeouts = plain.timeouts
    made = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
    assert isinstance(made, TlsSocket)
    made.timeouts = timeouts
    made.setblocking(True)
    try:
        made.do_handshake()
    except TimeoutError:
        raise ConnectionResetError(errno.ECONNRESET, "the client ended no handshake") from None
    return made


def describe_connection(environ: dict[str, Any]) -> None:
    """Put what is known of a request's connection into its WSGI environment.

    `dataplane.listener` is `http`, `https` or `unix`; `dataplane.certificate` is the client's
    certificate, DER, where one was verified. A connection of another server than ours adds nothing.
    """
    connection = environ.get("gunicorn.socket")
    if isinstance(connection, _TimedSocket):
        environ["dataplane.listener"] = connection.listener
        environ["wsgi.url_scheme"] = "https" if connection.listener == "https" else "http"
        if isinstance(connection, TlsSocket):
            environ["dataplane.certificate"] = connection.client_certificate()
