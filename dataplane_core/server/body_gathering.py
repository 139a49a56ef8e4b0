"""Gather the bodies of requests in the loop: while one comes, its client has no thread.

A short body is waited for at once. Whether a long one, or one whose client waits to be told to go
on, is wanted at all, the application says: it is asked without the body, and answers where it
refuses the request for what stands in its head. Else it is asked once more when all is there.
"""

import io
import logging
import math
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus

from dataplane_core.server.body_framing import (
    BadFramingError,
    BodyFraming,
    ChunkedFraming,
    LengthFraming,
)
from dataplane_core.server.loop import READ
from dataplane_core.server.refusals import RefusedRequest
from dataplane_core.server.request_body import BudgetSpentError, RequestBody
from dataplane_core.server.request_head import CHUNKED, RequestHead
from dataplane_core.server.serving import ServedListener, Serving
from dataplane_core.server.streaming import Streaming

log = logging.getLogger("dataplane.server")

_SHORT_BODY = 1 << 16  # bytes; such bodies are waited for before the application is asked
_SLOWEST = 1 << 14  # bytes, each of which give a body a second more
_SKIP = 5.0  # seconds for the rest of a body that nobody has read
_SKIPPED = 1 << 20  # bytes of it
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_AGAIN = 1  # seconds after which there may be room for a body again


class BodyGathering(Streaming):
    """A connection that takes bodies in."""

    __slots__ = ("_body", "_framing", "_head", "_most", "rest")

    def __init__(
        self, serving: Serving, listener: ServedListener, accepted: socket.socket, peer: object
    ) -> None:
        super().__init__(serving, listener, accepted, peer)
        self.rest = b""
        self._head: RequestHead | None = None  # of a request whose body is gathered
        self._body: RequestBody | None = None  # of that request
        self._most = 0  # bytes of it that are taken
        self._framing: BodyFraming | None = None  # of a body that is dropped

    def close(self) -> None:
        """End the connection, and let go of a body that has not come as a whole."""
        super().close()
        body, self._body = self._body, None
        if body is not None:
            body.close()

    def wait_for_body(self, head: RequestHead, body: RequestBody, most: int) -> None:
        """Let the loop gather a body that the application wants; the thread is done with it."""
        self.serving.loop.call(partial(self._gather_wanted, head, body, most), self)

    @property
    def unfinished(self) -> int:
        """The bytes of a request that are held in memory until it is whole."""
        return len(self._body.held) if self._body is not None else 0

    def _begin(self, head: RequestHead, rest: bytes) -> None:
        """Have a request served, once its body is there, or as much of it as is waited for."""
        self.since = time.monotonic()
        if head.length == 0:
            self.rest = rest
            self._hand_over(head, io.BytesIO())
            return
        serving = self.serving
        framing: BodyFraming = (
            ChunkedFraming(serving.limits.fields_bytes)
            if head.length == CHUNKED
            else LengthFraming(head.length)
        )
        body = RequestBody(framing, rest, serving.bodies, serving.body_folder)
        if head.continues or head.length > _SHORT_BODY:
            self._hand_over(head, body)
            return
        self._expect_body(head, body, _SHORT_BODY)  # most clients send it right behind the head

    def _gather_wanted(self, head: RequestHead, body: RequestBody, most: int) -> None:
        """Begin to gather a body for which the application was asked."""
        self._body, self._most = body, most
        self.serving.loop.resume(self._descriptor)
        self.since = time.monotonic()
        if not self._is_held(body.want):
            return
        if head.continues:
            with suppress(OSError):  # a client that takes nothing sends nothing either
                self._socket.send(_CONTINUE)
        self._expect_body(head, body, most)

    def _expect_body(self, head: RequestHead, body: RequestBody, most: int) -> None:
        self._head, self._body, self._most = head, body, most
        self.react = self._on_body
        self._give_body_time()
        self._on_body(READ)

    def _on_body(self, events: int) -> None:
        """Take bytes of a body: the first ones, or what has come."""
        while self.react == self._on_body and self._body is not None:
            data: bytes | None = self._body.first
            if data:
                self._body.first = b""
            else:
                data = self._receive()
            if data is None:
                return
            self._gather(data)
            if not self._has_more():
                return

    def _give_body_time(self) -> None:
        """Let a client have time for its next bytes, and a limited one for all of them."""
        body, limit = self._body, self.serving.clients.body
        assert body is not None
        end = self.since + limit + body.size / _SLOWEST if limit else math.inf
        self._give_time(end)

    def _gather(self, data: bytes) -> None:
        """Take bytes of a body, none at its early end.

        Have the request served if that is all.
        """
        head, body = self._head, self._body
        assert head is not None and body is not None
        try:
            if not self._is_held(partial(body.add, body.framing.feed(data))):
                return
        except BadFramingError:
            data = b""
        if body.framing.done:
            self._hand_over_whole(head, body)
        elif not data:
            self._hand_over_cut(head, body)  # the application says that it broke off
        elif body.size > self._most and not body.is_wanted:
            self._hand_over(head, body)
        elif body.size > self._most:
            self._hand_over_cut(head, body)  # the application says that it is too large
        else:
            self._give_body_time()
            self.serving.limit_unfinished(self.unfinished)

    def _is_held(self, hold: Callable[[], None]) -> bool:
        """Hold bytes of a body; False where there is no room, and the request is refused."""
        try:
            hold()
        except BudgetSpentError:
            self._refuse(_no_room())
            return False
        except OSError as error:
            self._refuse(_no_disk(error))
            return False
        return True

    def _hand_over_whole(self, head: RequestHead, body: RequestBody) -> None:
        if body.is_wanted:
            body.rewind()
            self._hand_over(head, body)
        else:
            self.rest = body.framing.rest
            self._hand_over(head, io.BytesIO(body.held))

    def _hand_over_cut(self, head: RequestHead, body: RequestBody) -> None:
        """Have a request served of whose body nothing more is read."""
        body.failed = True
        if body.is_wanted:
            body.rewind()
        self._hand_over(head, body)

    def _hand_over(self, head: RequestHead, body: io.BytesIO | RequestBody) -> None:
        """Give the connection to a thread, and the request that is held no longer."""
        raise NotImplementedError

    def _refuse(self, refused: RefusedRequest) -> None:
        """Answer what is no request, or has no room, and end the connection."""
        log.info("a request was refused: %s", refused)
        body, self._body = self._body, None
        if body is not None:
            body.close()
        with suppress(OSError):
            self._socket.send(refused.answer())
        if self._end() and body is not None:
            self._dropped = -self._most  # a client that still sends reads the answer afterwards

    def _on_skipped(self, events: int) -> None:
        if (data := self._receive()) is not None:
            self._skip(data)

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
            self._framing, self.rest = None, framing.rest
            self._next()

    def _skip_rest(self, data: bytes) -> None:
        """Wait for the end of a body that nobody has read, of which `data` has come."""
        self.react, self.deadline = self._on_skipped, self.since + _SKIP
        if data:
            self._skip(data)


def _no_room() -> RefusedRequest:
    message = "the bodies of all requests together are larger than this server takes at once"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return RefusedRequest("no room for its body", status, message, _AGAIN)


def _no_disk(error: OSError) -> RefusedRequest:
    message = "the server has no space left to hold the body"
    reason = f"no space for its body: {error.strerror}"
    return RefusedRequest(reason, HTTPStatus.INSUFFICIENT_STORAGE, message)
