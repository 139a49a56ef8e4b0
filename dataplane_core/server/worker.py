"""Serve requests with gunicorn's threaded worker, on plain and TLS listeners at once.

gunicorn has one switch for TLS, which would make every listener speak it, Unix sockets too. So TLS
is begun here, for each connection by its listener. This is the one module that depends on the class
of the worker. Requests that are no HTTP are answered in JSON, like all others.
"""

import errno
import json
import logging
import signal
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ
from typing import Any

from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import TConn, ThreadWorker

from dataplane_core.server.connections import PlainSocket, adopt, describe_connection, wrap
from dataplane_core.server.process import take_endings
from dataplane_core.server.requests import LimitedParser, RequestBody
from dataplane_core.server.state import ServerState
from dataplane_core.server.tls import TlsContexts

log = logging.getLogger("dataplane.server")

_FIRST_BYTES = 10.0  # seconds in which a new connection has to begin its first request
_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_STATUS = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
}

_OUR_FAULT = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)  # type: ignore[attr-defined]


class ClientConnection(TConn):
    """The connection of one client, from its acceptance to its end."""

    contexts: TlsContexts | None = None

    def init(self) -> None:
        """Shake hands on a TLS listener; a thread of the pool calls this once for a connection."""
        if self.initialized:
            return
        self.initialized = True
        self.sock.setblocking(True)
        if isinstance(self.sock, PlainSocket) and self.sock.listener == "https":
            assert self.contexts is not None
            self.sock = wrap(self.sock, self.contexts.current())
        self.parser = LimitedParser(self.cfg, self.sock, self.client)


class Worker(ThreadWorker):
    """Serves requests in threads; a connection takes a thread once it has sent something."""

    SIGNALS = [number for number in ThreadWorker.SIGNALS if number != signal.SIGHUP]
    """Signals that are set to their default at the start; SIGHUP is the master's business."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        state: ServerState = self.app.state  # type: ignore[attr-defined]
        self._contexts: TlsContexts | None = state.contexts
        self._timeouts = state.timeouts
        self._schemes = {
            id(listener): scheme
            for listener, scheme in zip(self.sockets, state.listeners.schemes(), strict=False)
        }

    def init_signals(self) -> None:
        """Take the signals over from the master, with those that came since the fork."""
        super().init_signals()
        take_endings()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Make the pool, with a name for its threads that debuggers show."""
        return ThreadPoolExecutor(self.cfg.threads, thread_name_prefix="request")

    def accept(self, listener: Any) -> None:
        """Take a new connection and wait for its first bytes without a thread."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in _NO_DESCRIPTORS:
                log.error("no connection can be accepted: %s", error.strerror)
                time.sleep(0.1)
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        scheme = self._schemes.get(id(listener), "http")
        client = adopt(accepted, scheme, self._timeouts[scheme])
        connection = ClientConnection(self.cfg, client, address, listener.getsockname())
        connection.contexts = self._contexts
        connection.timeout = time.monotonic() + _FIRST_BYTES
        self.nr_conns += 1
        self.pending_conns.append(connection)
        wake = partial(self.on_pending_socket_readable, connection)
        self.poller.register(client, EVENT_READ, wake)

    def murder_pending(self) -> None:
        """Close connections that were too slow to begin a request, and all when the worker ends."""
        if not self.alive:
            for connection in self.pending_conns:
                connection.timeout = 0.0
        super().murder_pending()

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Serve one request under its connection's scheme."""
        listener = getattr(conn.sock, "listener", "http")
        req.scheme = "https" if listener == "https" else "http"
        return bool(super().handle_request(req, conn))

    def load_wsgi(self) -> None:
        """Give the application what is known of the connection, and a body with one failure."""
        super().load_wsgi()
        application = self.wsgi

        def described(environ: dict[str, Any], start_response: Any) -> Any:
            describe_connection(environ)
            environ["wsgi.input"] = RequestBody(environ["wsgi.input"])
            return application(environ, start_response)

        self.wsgi = described  # type: ignore[assignment]

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Log a request that failed outside of the application, and answer it in JSON.

        Nothing of the request is repeated: it may hold a password.
        """
        if isinstance(exc, ssl.SSLError | OSError):
            log.info("a client was not served: %s", getattr(exc, "reason", None) or exc.strerror)
            return
        foreseen = isinstance(exc, errors.ParseException) and not isinstance(exc, _OUR_FAULT)
        default = HTTPStatus.BAD_REQUEST if foreseen else HTTPStatus.INTERNAL_SERVER_ERROR
        status = next((s for kind, s in _STATUS.items() if isinstance(exc, kind)), default)
        if foreseen:
            log.info("a request was refused: %s", type(exc).__name__)
            message = f"the request is not HTTP as this server takes it: {status.phrase}"
        else:
            log.error("a request failed", exc_info=exc)
            message = "the request failed for an unforeseen reason; the log has it"
        try:
            util.write_nonblock(client, _answer(status, message))
        except OSError:
            log.debug("the client was gone before its answer")


def _answer(status: HTTPStatus, message: str) -> bytes:
    """Return a whole answer that ends the connection."""
    body = json.dumps({"code": int(status), "message": message}).encode()
    head = (
        f"HTTP/1.1 {int(status)} {status.phrase}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body
