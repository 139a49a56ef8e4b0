"""Send an answer that goes on: in the loop, what a feed gives. No thread waits for the client."""

import logging
import math
import select
import socket
import time
from functools import partial

from dataplane_core.feeds import Feed
from dataplane_core.server import client_socket
from dataplane_core.server.loop import READ, WRITE
from dataplane_core.server.serving import ServedListener, Serving
from dataplane_core.server.transport import Transport

log = logging.getLogger("dataplane.server")

_PATIENCE = 30.0  # seconds for a client to take something of what waits for it
_SENT_BY_CLIENT = 1 << 16  # bytes that a client may send while its answer goes on
_GONE = select.EPOLLHUP | select.EPOLLERR


class Streaming(Transport):
    """A connection whose answer may go on; a `Sink` for the feed then.

    The thread of the feed alone writes `_pushed` then, the loop alone `_taken`.
    """

    __slots__ = ("_feed", "_finishes", "_pushed", "_taken")

    def __init__(
        self, serving: Serving, listener: ServedListener, accepted: socket.socket, peer: object
    ) -> None:
        super().__init__(serving, listener, accepted, peer)
        self._feed: Feed | None = None
        self._finishes = False
        self._pushed = self._taken = 0

    def stream(self, feed: Feed) -> None:
        """Let the loop send what a feed gives; the thread must not touch the connection then."""
        self.serving.loop.call(partial(self._begin_stream, feed), self)

    @property
    def unsent(self) -> int:
        """The bytes that the client has not taken yet."""
        return self._pushed - self._taken

    def push(self, data: bytes) -> None:
        """Have bytes sent soon, from the thread of the feed."""
        self._pushed += len(data)
        self.serving.loop.call(partial(self._send_more, data), self)

    def finish(self) -> None:
        """End the answer once all of it is sent, from the thread of the feed."""
        self.serving.loop.call(self._finish, self)

    def end_stream(self) -> None:
        """End the answer now, if it goes on: the server stops."""
        if self._feed is not None and self.react == self._on_stream:
            self._end_answer()

    def close(self) -> None:
        """End the connection, and the feed."""
        super().close()
        self._release()

    def _begin_stream(self, feed: Feed) -> None:
        self._feed, self._dropped = feed, 0
        self.react = self._on_stream
        self.serving.loop.resume(self._descriptor, READ)
        if self.serving.stopping:
            self._end_answer()
            return
        if self._output:  # of the head
            self._pushed = sum(map(len, self._output))
            self._push_out()
        if self._feed is not None:  # the client may be gone
            feed.attach(self)

    def _on_stream(self, events: int) -> None:
        """Send more, or look whether the client is gone; what it sends is dropped."""
        if events & WRITE:
            self._push_out()
        if events & (READ | _GONE) and self._descriptor >= 0:
            data = self._receive()
            if data is not None:
                self._dropped += len(data)
                if not data or self._dropped > _SENT_BY_CLIENT:
                    self.close()

    def _send_more(self, data: bytes) -> None:
        if self._feed is None:
            return
        waits = bool(self._output)
        self._output.append(memoryview(data))
        if not waits:
            self._push_out()

    def _finish(self) -> None:
        if self._feed is not None:
            self._finishes = True
            if not self._output:
                self._end_answer()

    def _push_out(self) -> None:
        """Send what the client takes now; a client that takes nothing for long is dropped."""
        before = sum(map(len, self._output))
        try:
            client_socket.send(self._socket, self._output, None, len(self._output))
        except OSError:
            self.close()
            return
        left = sum(map(len, self._output))
        self._taken += before - left
        if not left and self._finishes:
            self._end_answer()
            return
        self.serving.loop.change(self._descriptor, READ | WRITE if left else READ)
        if not left:
            self.deadline = math.inf
        elif left < before or self.deadline == math.inf:
            patience = min(_PATIENCE, self.listener.timeouts.write or _PATIENCE)
            self.deadline = time.monotonic() + patience

    def _end_answer(self) -> None:
        """End the answer in good order, or at once where the client has not taken all of it."""
        self._release()
        if self._output:
            self.close()
        else:
            self._end()

    def _release(self) -> None:
        feed, self._feed = self._feed, None
        if feed is not None:
            try:
                feed.close()
            except Exception:
                log.exception("a feed could not be closed")
