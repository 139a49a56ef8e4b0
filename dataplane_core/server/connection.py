"""Follow the connection of one client through its requests, from its acceptance to its end.

It belongs either to the loop, where nothing blocks (handshake, heads, short bodies, the end), or to
one thread while a request is served.
"""

import io
import logging
import socket
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
from dataplane_core.server.loop import READ
from dataplane_core.server.refusals import RefusedRequest
from dataplane_core.server.request_body import StreamedBody
from dataplane_core.server.request_head import CHUNKED, RequestHead, parse_head
from dataplane_core.server.serving import ClientGoneError, ServedListener, Serving
from dataplane_core.server.transport import Transport

log = logging.getLogger("dataplane.server")

_SHORT_BODY = 1 << 16  # bytes; such bodies are waited for without a thread
_SKIP = 5.0  # seconds for the rest of a body that nobody has read
_SKIPPED = 1 << 20  # bytes of it
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection(Transport):
    """One client's connection (see `OpenConnection`)."""

    __slots__ = ("_body", "_framing", "_head", "_heads", "rest")

    def __init__(
        self, serving: Serving, listener: ServedListener, accepted: socket.socket, peer: object
    ) -> None:
        super().__init__(serving, listener, accepted, peer)
        self.rest = b""
        self._heads = HeadBuffer(serving.limits)
        self._head: RequestHead | None = None  # of a request whose short body is gathered
        self._body = bytearray()
        self._framing: BodyFraming | None = None  # of a body of which the rest is dropped
        serving.connections[self._descriptor] = self
        serving.loop.watch(self._descriptor, self)

    def _on_bytes(self, events: int) -> None:
        """Take what a client sends of the next request."""
        while self.react == self._on_bytes:
            data = self._receive_request()
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
            data = self._receive_request()
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

    def _on_skipped(self, events: int) -> None:
        data = self._receive()
        if data is not None:
            self._skip(data)

    def expire(self) -> None:
        """Act on a client that was too slow."""
        if self.react == self._on_body:
            assert self._head is not None
            self._break_off(self._head)
        else:
            self.close()

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request is there, and none is served."""
        return self.react in (self._on_bytes, self._on_handshake) and not self._heads

    @property
    def is_waiting(self) -> bool:
        """Whether the loop waits for a request, of which some may be there."""
        return self.react in (self._on_bytes, self._on_handshake, self._on_body)

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
        self._leave_to_others()
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
        if not data or self._dropped > _SKIPPED:
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
        self.react = self._on_bytes
        if data:
            self._take(data)
        if self._has_more():
            self._on_bytes(READ)

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
            if self._end():
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


def _begin_nothing() -> None:
    """Do nothing: the client sends its body unasked."""
