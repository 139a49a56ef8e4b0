"""Follow the connection of one client through its requests, from its acceptance to its end.

It belongs either to the loop, where nothing blocks (handshake, heads, short bodies, the end), or to
one thread while a request is served.
"""

import io
import logging
import math
import socket
import time
from functools import partial

from dataplane_core.feeds import LaterAnswer
from dataplane_core.logs.request_id import choose_request_id
from dataplane_core.server import client_socket
from dataplane_core.server.answer_memory import ID_FIELD, Heads, RememberedAnswer
from dataplane_core.server.body_framing import BodyFraming
from dataplane_core.server.body_gathering import BodyGathering
from dataplane_core.server.exchange import serve
from dataplane_core.server.head_buffer import HeadBuffer
from dataplane_core.server.loop import GONE, READ, WRITE
from dataplane_core.server.refusals import RefusedRequest
from dataplane_core.server.request_body import RequestBody
from dataplane_core.server.request_head import RequestHead, parse_head
from dataplane_core.server.serving import ClientGoneError, ServedListener, Serving
from dataplane_core.server.thread_pool import Task

log = logging.getLogger("dataplane.server")

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_PARTS_LEFT = 8  # of an answer, which the client has not taken yet


class Connection(BodyGathering):
    """One client's connection (see `OpenConnection`)."""

    __slots__ = ("_begun", "_heads", "_known", "_later")

    def __init__(
        self, serving: Serving, listener: ServedListener, accepted: socket.socket, peer: object
    ) -> None:
        super().__init__(serving, listener, accepted, peer)
        self._heads = HeadBuffer(serving.limits)
        self._begun = 0.0  # when the first byte of a head came
        self._known = Heads()
        self._later: LaterAnswer | None = None  # while its connection is the loop's
        if not self._is_tls:
            self._greet()
        serving.loop.watch(self._descriptor, self)
        serving.connections[self._descriptor] = self
        serving.sources.add(self._source, self._descriptor, self)

    def _on_bytes(self, events: int) -> None:
        """Take what a client sends of the next request.

        A request that came before, byte by byte, is not even parsed where its answer still holds.
        """
        while True:
            data = self._receive()
            if data is None:
                return
            known = None if self._heads.begun else self._known.of(data)
            if known is None or not self._repeat(known.answer, known.keeps, None):
                if not data:
                    self.close()
                    return
                self._give_head_time()
                self._take(data)
            if self.react != self._on_bytes or not self._has_more():
                return

    def _greet(self) -> None:
        self._known = self.serving.memory.heads(self.listener.scheme, self.certificate)

    def _give_head_time(self) -> None:
        """Let a client have time for its next bytes, and a limited one for the whole head."""
        limit = self.serving.clients.head
        if not self._heads.begun:
            self._begun = time.monotonic()
        self._give_time(self._begun + limit if limit else math.inf)

    def expire(self) -> None:
        """Act on a client that was too slow."""
        if self.react == self._on_body:
            self._gather(b"")
        else:
            self.close()

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request is there, and none is served."""
        return self.react in (self._on_bytes, self._on_handshake) and not self._heads.partial

    @property
    def unfinished(self) -> int:
        """The bytes of a request that are held in memory until it is whole."""
        return len(self._heads.partial) + super().unfinished

    @property
    def is_waiting(self) -> bool:
        """Whether the loop waits for a request, of which some may be there."""
        return self.react in (self._on_bytes, self._on_handshake, self._on_body)

    def _take(self, data: bytes) -> None:
        """Take bytes of the next requests, up to one that needs more than the memory."""
        while data:
            try:
                raw = self._heads.feed(data)
                if raw is None:
                    self.serving.limit_unfinished(self.unfinished)
                    return
                head = parse_head(raw)
            except RefusedRequest as refused:
                self._refuse(refused)
                return
            data = self._heads.rest
            answer = self.serving.memory.find(head, self.listener.scheme, self.certificate)
            if answer is None or not self._repeat(answer, head.keeps, head):
                self._begin(head, data)
                return
            if self.react != self._on_bytes:
                self.rest = data
                return
            self._begun = time.monotonic()

    def _repeat(self, answer: RememberedAnswer, keeps: bool, head: RequestHead | None) -> bool:
        """Give an answer again, if it holds; `head` is for one that may have an identifier."""
        serving = self.serving
        lines = serving.access_log
        if lines.is_behind or not serving.memory.holds(answer):
            return False
        started = time.monotonic() if lines.wanted else 0.0
        given = head.fields.get(ID_FIELD) if head is not None else None
        request_id = choose_request_id(given).encode()
        self._send_now(*answer.parts(keeps and serving.keeps, request_id), keeps and serving.keeps)
        if lines.wanted:
            took = time.monotonic() - started
            lines.put(answer.record(self.peer, given, request_id.decode(), took))
        return True

    def _hand_over(self, head: RequestHead, body: io.BytesIO | RequestBody) -> None:
        """Give the connection to a thread, and the request that is held no longer."""
        self._head = self._body = None
        self._leave_to_others()
        self.serving.loop.pause(self._descriptor)
        self.serving.pool.submit(partial(serve, self, head, body), head.method not in _READS)

    def _next(self) -> None:
        """Wait for the next request, or take what has come of it already.

        What nobody has read of a body comes first.
        """
        data, self.rest = self.rest, b""
        self.since = time.monotonic()
        if self._framing is not None:
            self._skip_rest(data)
            return
        self._begun = self.since
        self.react, self.deadline = self._on_bytes, self.since + self.serving.keep_alive
        if data:
            self._take(data)
        if self.react == self._on_bytes and self._has_more():
            self._on_bytes(READ)

    def close(self) -> None:
        """End the connection, and wait for no answer."""
        super().close()
        later, self._later = self._later, None
        if later is not None:
            self.serving.later.pop(self, None)
            later.close()

    def end_wait(self) -> None:
        """Have an answer that is to come later given now, with what is known."""
        if self._later is not None:
            self._later.close()

    def _await(self, later: LaterAnswer) -> None:
        """Hold the connection until its answer is ready; what comes meanwhile is read then."""
        if self._descriptor < 0:
            return
        self._later = later
        self.serving.later[self] = None
        self.react = self._on_gone
        self.serving.loop.resume(self._descriptor, GONE)
        if self.serving.stopping:
            self.end_wait()

    def _on_gone(self, events: int) -> None:
        """Wait no longer for the answer: the client has gone away, or says nothing more."""
        self.end_wait()

    def _give_later(self, give: Task) -> None:
        """Have a thread give the answer that was waited for."""
        if self._later is None:
            return
        self._later = None
        self.serving.later.pop(self, None)
        self._leave_to_others()
        self.serving.loop.pause(self._descriptor)
        self.serving.pool.submit(give)

    # What a thread does that serves a request.

    def wait_for_answer(self, later: LaterAnswer, give: Task) -> None:
        """Let the loop hold the connection until `give` can answer; the thread is done with it."""
        call = self.serving.loop.call
        call(partial(self._await, later), self)
        later.attach(partial(call, partial(self._give_later, give), self))

    def send(self, data: bytes) -> None:
        """Send bytes of an answer, from a thread; raises `ClientGoneError`.

        A client that is slow to take them costs no thread: the loop sends what is left. It is
        waited for in the midst of an answer of many parts, by no more than half of the threads.
        """
        output, serving = self._output, self.serving
        output.append(memoryview(data))
        try:
            client_socket.send(self._socket, output, None, len(output))
            if len(output) > _PARTS_LEFT:
                serving.wait_to_send(self._send_parts)
        except OSError as error:
            raise ClientGoneError(*error.args) from None

    def _send_parts(self) -> None:
        client_socket.send(self._socket, self._output, self.listener.timeouts.write, _PARTS_LEFT)

    def give_back(self, keeps: bool, framing: BodyFraming | None) -> None:
        """Give the connection back to the loop, from a thread that must not touch it any more.

        `framing` is that of a body of which the rest may still be to come.
        """
        loop = self.serving.loop
        if keeps and framing is not None and not framing.done:
            self._framing, self._dropped = framing, 0
        if self._output:
            loop.call(partial(self._resume_output, keeps), self)
        elif not keeps:
            if self._end():
                loop.resume(self._descriptor)
        elif self._framing is not None or self.rest or self._has_more():
            loop.call(self._resume, self)
        else:
            self._next()
            loop.resume(self._descriptor)

    def _resume(self) -> None:
        self.serving.loop.resume(self._descriptor)
        self._next()

    def _resume_output(self, keeps: bool) -> None:
        self._keeps = keeps
        self._expect_output()
        self.serving.loop.resume(self._descriptor, WRITE)
        self.serving.limit_unsent()
