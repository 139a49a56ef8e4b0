"""Follow the connection of one client, from its acceptance to its end.

It belongs either to the loop, where nothing blocks (handshake, heads, short bodies, the end), or to
one thread while a request is served. What the loop does next with it is `react`.
"""

import io
import logging
import math
import socket
import ssl
import time
from collections.abc import Callable
from functools import partial

from dataplane_core.server import client_socket
from dataplane_core.server.body_framing import (
    BadFramingError,
    BodyFraming,
    ChunkedFraming,
    LengthFraming,
)
from dataplane_core.server.exchange import serve
from dataplane_core.server.head_buffer import HeadBuffer
from dataplane_core.server.loop import READ, WRITE
from dataplane_core.server.refusals import RefusedRequest
from dataplane_core.server.request_body import StreamedBody
from dataplane_core.server.request_head import CHUNKED, RequestHead, parse_head
from dataplane_core.server.serving import ClientGoneError, ServedListener, Serving

log = logging.getLogger("dataplane.server")

_FIRST_BYTES = 10.0  # seconds in which a new connection has to begin its first request
_SHORT_BODY = 1 << 16  # bytes; such bodies are waited for without a thread
_END = 2.0  # seconds for a client to close its side after the last answer
_SKIP = 5.0  # seconds for the rest of a body that nobody has read
_DROPPED = 1 << 20  # bytes that are read and dropped, after the last answer or before the next head
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection:
    """One client's connection (see `OpenConnection`)."""

    __slots__ = (
        *("certificate", "deadline", "listener", "peer", "react", "rest", "serving", "since"),
        *("_body", "_descriptor", "_dropped", "_framing", "_head", "_heads", "_socket"),
    )

    def __init__(
        self, serving: Serving, listener: ServedListener, accepted: socket.socket, peer: object
    ) -> None:
        client_socket.prepare(accepted, listener.timeouts)
        if listener.contexts is not None:
            accepted = listener.contexts.current().wrap_socket(
                accepted, server_side=True, do_handshake_on_connect=False
            )
        self.serving, self.listener, self.peer = serving, listener, peer
        self.certificate: bytes | None = None
        self.rest = b""
        self.since = time.monotonic()
        self.deadline = self.since + _FIRST_BYTES
        self._socket, self._descriptor = accepted, accepted.fileno()
        self._heads = HeadBuffer(serving.limits)
        self._head: RequestHead | None = None  # of a request whose short body is gathered
        self._body = bytearray()
        self._framing: BodyFraming | None = None  # of a body of which the rest is dropped
        self._dropped = 0
        self.react: Callable[[int], None] = (
            self._on_head if listener.contexts is None else self._on_handshake
        )
        serving.connections[self._descriptor] = self
        serving.loop.watch(self._descriptor, self)

    # What the loop does.

    def _on_handshake(self, events: int) -> None:
        assert isinstance(self._socket, ssl.SSLSocket)
        try:
            self._socket.do_handshake()
        except ssl.SSLWantReadError:
            self.serving.loop.change(self._descriptor, READ)
        except ssl.SSLWantWriteError:
            self.serving.loop.change(self._descriptor, WRITE)
        except OSError as error:
            reason = getattr(error, "reason", None) or error.strerror
            log.info("a client was not served: %s", reason)
            self.close()
        else:
            self.serving.loop.change(self._descriptor, READ)
            self.certificate = self._socket.getpeercert(True)
            self.deadline = time.monotonic() + _FIRST_BYTES
            self.react = self._on_head
            self._on_head(events)

    def _on_head(self, events: int) -> None:
        while self.react == self._on_head:
            data = self._read()
            if data is None:
                return
            if not data:
                self.close()
                return
            self._take(data)
            if not self._has_more():
                return

    def _on_body(self, events: int) -> None:
        assert self._head is not None
        while True:
            data = self._read()
            if data is None:
                return
            self._body += data
            if not data:
                self._break_off(self._head)
                return
            if len(self._body) >= self._head.length:
                self._serve_short(self._head, bytes(self._body))
                return
            if not self._has_more():
                return

    def _on_end(self, events: int) -> None:
        """Wait for the client to close its side too: only then it has surely read its answer."""
        data = self._read()
        if data is not None:
            self._dropped += len(data)
            if not data or self._dropped > _DROPPED:
                self.close()

    def _on_skipped(self, events: int) -> None:
        data = self._read()
        if data is not None:
            self._skip(data)

    def expire(self) -> None:
        """Act on a client that was too slow."""
        if self.react == self._on_body:
            assert self._head is not None
            self._break_off(self._head)
        else:
            self.close()

    def fail(self) -> None:
        """Close the connection after a fault."""
        self.close()

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request is there, and none is served."""
        return self.react in (self._on_head, self._on_handshake) and not self._heads

    @property
    def is_waiting(self) -> bool:
        """Whether the loop waits for a request, of which some may be there."""
        return self.react in (self._on_head, self._on_handshake, self._on_body)

    def close(self) -> None:
        """End the connection."""
        if self._descriptor < 0:
            return
        serving, descriptor = self.serving, self._descriptor
        self._descriptor = -1  # the number may be another connection's soon
        serving.connections.pop(descriptor, None)
        serving.loop.forget(descriptor)
        self.react = _nothing
        self.deadline = math.inf
        self._socket.close()
        serving.on_closed()

    def _read(self) -> bytes | None:
        """Return what has come: None for nothing yet, b"" at the end."""
        try:
            data = self._socket.recv(client_socket.PIECE)
        except client_socket.RETRY:
            return None
        except OSError:
            return b""
        if self.react != self._on_end and self.react != self._on_skipped:
            read = self.listener.timeouts.read
            self.deadline = math.inf if read is None else time.monotonic() + read
        return data

    def _has_more(self) -> bool:
        """Return whether TLS has bytes that the descriptor does not show."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def _take(self, data: bytes) -> None:
        """Take bytes of the next request."""
        try:
            raw = self._heads.feed(data)
            if raw is None:
                return
            head = parse_head(raw)
        except RefusedRequest as refused:
            self._refuse(refused)
            return
        self.since = time.monotonic()
        self._begin(head, self._heads.rest)

    def _begin(self, head: RequestHead, rest: bytes) -> None:
        """Have a request served, once its body is there if it is a short one."""
        if head.length == 0:
            self.rest = rest
            self._hand_over(head, io.BytesIO())
        elif 0 < head.length <= _SHORT_BODY and not head.continues:
            if len(rest) >= head.length:
                self._serve_short(head, rest)
            else:
                self._head, self._body = head, bytearray(rest)
                self.react = self._on_body
        else:
            receive = partial(client_socket.receive, self._socket, self.listener.timeouts.read)
            self._stream(head, rest, receive)

    def _serve_short(self, head: RequestHead, data: bytes) -> None:
        self.rest = data[head.length :]
        self._hand_over(head, io.BytesIO(data[: head.length]))

    def _break_off(self, head: RequestHead) -> None:
        """Have a request served whose body will not come; the application says so."""
        self._stream(head, bytes(self._body), lambda: b"")

    def _stream(self, head: RequestHead, first: bytes, receive: Callable[[], bytes]) -> None:
        framing = (
            ChunkedFraming(self.serving.limits.fields_bytes)
            if head.length == CHUNKED
            else LengthFraming(head.length)
        )
        begin = partial(self.send, _CONTINUE) if head.continues else _begin_nothing
        self._hand_over(head, StreamedBody(framing, first, receive, begin))

    def _hand_over(self, head: RequestHead, body: object) -> None:
        """Give the connection to a thread."""
        self._head, self._body = None, bytearray()
        self.react = _nothing
        self.deadline = math.inf
        self.serving.loop.pause(self._descriptor)
        self.serving.pool.submit(partial(serve, self, head, body))

    def _refuse(self, refused: RefusedRequest) -> None:
        """Answer what is no request, and end the connection."""
        log.info("a request was refused: %s", refused)
        try:
            self._socket.send(refused.answer())
        except OSError:
            log.debug("the client was gone before its answer")
        self._end()

    def _skip(self, data: bytes) -> None:
        """Drop bytes of a body that nobody has read, up to the next request."""
        framing = self._framing
        assert framing is not None
        self._dropped += len(data)
        try:
            framing.feed(data)
        except BadFramingError:
            data = b""
        if not data or self._dropped > _DROPPED:
            self.close()
        elif framing.done:
            self._framing = None
            self.rest = framing.rest
            self._next()

    def _next(self) -> None:
        """Wait for the next request, or take what has come of it already."""
        data, self.rest = self.rest, b""
        self.since = time.monotonic()
        self.deadline = self.since + self.serving.keep_alive
        self.react = self._on_head
        if data:
            self._take(data)
        if self._has_more():
            self._on_head(READ)

    def _end(self) -> None:
        """Send no more, and wait until the client has read everything."""
        self._dropped = 0
        self.react = self._on_end
        self.deadline = time.monotonic() + _END
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.close()

    # What a thread does that serves a request.

    def send(self, data: bytes) -> None:
        """Send bytes of an answer, from a thread; raises `ClientGoneError`."""
        try:
            client_socket.send(self._socket, data, self.listener.timeouts.write)
        except OSError as error:
            raise ClientGoneError(*error.args) from None

    def give_back(self, keeps: bool, framing: BodyFraming | None) -> None:
        """Give the connection back to the loop, from a thread that must not touch it any more.

        `framing` is that of a body of which the rest may still be to come.
        """
        loop = self.serving.loop
        if not keeps:
            self._end()
            if self.react != _nothing:
                loop.resume(self._descriptor)
        elif framing is not None and not framing.done:
            loop.call(partial(self._resume_skipping, framing), self)
        elif self.rest or self._has_more():
            loop.call(self._resume, self)
        else:
            self._next()
            loop.resume(self._descriptor)

    def _resume(self) -> None:
        self.serving.loop.resume(self._descriptor)
        self._next()

    def _resume_skipping(self, framing: BodyFraming) -> None:
        self._framing, self._dropped = framing, 0
        self.react = self._on_skipped
        self.deadline = time.monotonic() + _SKIP
        self.serving.loop.resume(self._descriptor)
        data, self.rest = self.rest, b""
        if data:
            self._skip(data)


def _nothing(events: int) -> None:
    """Do nothing: a thread has the connection, or it is closed."""


def _begin_nothing() -> None:
    """Do nothing: the client sends its body unasked."""
