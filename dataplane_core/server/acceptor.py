"""Accept connections, within the limit for them, and evenly among the workers."""

import errno
import logging
import time
from collections.abc import Callable

from dataplane_core.server.client_sources import source_of
from dataplane_core.server.connection import Connection
from dataplane_core.server.connection_counts import ConnectionCounts
from dataplane_core.server.refusals import refuse_connection
from dataplane_core.server.serving import ServedListener, Serving

log = logging.getLogger("dataplane.server")

_TRANSIENT = (
    *(errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EINTR, errno.EPROTO),
    *(errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ETIMEDOUT),
)
_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)
_FOR_OTHERS = 0.002  # seconds in which a worker with fewer connections may accept first,
_LONGEST = 10  # times the difference, and this many times at most
_UNTIL_POSSIBLE = 0.1  # seconds after a failure, such as too many open descriptors
_LEFT_IN_QUEUE = 128  # connections that are accepted at the end
_LOOK = 1.0  # seconds until a look for a connection that gives way to a new one
_BETWEEN = 10.0  # seconds between two lines of the log about the same failure


class Acceptor:
    """Accepts one connection at a time, so that what was accepted before is served meanwhile."""

    def __init__(
        self,
        serving: Serving,
        listeners: tuple[ServedListener, ...],
        counts: ConnectionCounts,
        place: int,
    ) -> None:
        self._serving, self._listeners = serving, listeners
        self._counts, self._place = counts, place
        self._accepts = False
        self._waited = 0  # times that the others could have accepted what waits now
        self._next_line = 0.0  # when the log is told of a failure again
        serving.on_closed = self._closed

    def start(self) -> None:
        """Begin to accept."""
        for listener in self._listeners:
            listener.socket.setblocking(False)
            self._serving.loop.watch(listener.socket.fileno(), _Queue(self, listener))
        self._accepts = True
        self._tell()

    def stop(self) -> None:
        """Accept what waits, then close the listeners in this process."""
        for listener in self._listeners:
            if self._accepts:
                self._serving.loop.pause(listener.socket.fileno())
            self._serving.loop.forget(listener.socket.fileno())
            for _ in range(_LEFT_IN_QUEUE):
                if self._serving.full or not self._accept_one(listener):
                    break
            listener.socket.close()
        self._accepts = False
        self._listeners = ()
        self._counts.leave(self._place)

    def accept(self, listener: ServedListener) -> None:
        """Accept a connection, unless another worker should."""
        more = len(self._serving.connections) - self._counts.fewest()
        if self._waited < min(more, _LONGEST):
            self._waited += 1
            self._rest(_FOR_OTHERS)
            return
        self._waited = 0
        if self._serving.full and not self._serving.sources.drop_slowest():
            self._serving.end_longest_wait()
            self._rest(None)
            return
        self._accept_one(listener)

    def _accept_one(self, listener: ServedListener) -> bool:
        try:
            accepted, peer = listener.socket.accept()
        except OSError as error:
            if error.errno not in _TRANSIENT:
                self._fail(error)
            return False
        if not self._serving.sources.make_room(source_of(peer)):
            refuse_connection(accepted, listener.contexts is None)
            log.info("a client was not served: its address has too many connections")
            return True
        try:
            Connection(self._serving, listener, accepted, peer)
        except OSError as error:
            accepted.close()
            log.info("a client was not served: %s", error.strerror)
        self._tell()
        return True

    def _fail(self, error: OSError) -> None:
        """Rest for a moment, and let who is slow give way where descriptors are what lacks."""
        if time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _BETWEEN
            log.error("no connection can be accepted: %s", error.strerror)
        if error.errno in _NO_DESCRIPTORS:
            self._serving.sources.drop_slowest()
        self._rest(_UNTIL_POSSIBLE)

    def _rest(self, seconds: float | None) -> None:
        """Accept nothing for some time, or until a connection has ended."""
        if self._accepts:
            self._accepts = False
            for listener in self._listeners:
                self._serving.loop.pause(listener.socket.fileno())
        self._serving.loop.later(_LOOK if seconds is None else seconds, self._resume)

    def _resume(self) -> None:
        if not self._accepts and self._listeners:
            self._accepts = True
            for listener in self._listeners:
                self._serving.loop.resume(listener.socket.fileno())

    def _closed(self) -> None:
        self._tell()
        if not self._accepts:  # the loop may wait for a place, or at the end for the last one
            self._serving.loop.call(self._resume)

    def _tell(self) -> None:
        if self._listeners:
            self._counts.tell(self._place, len(self._serving.connections))


class _Queue:
    """The queue of connections of one listener."""

    def __init__(self, acceptor: Acceptor, listener: ServedListener) -> None:
        self._acceptor, self._listener = acceptor, listener
        self.react: Callable[[int], None] = self._accept

    def _accept(self, events: int) -> None:
        self._acceptor.accept(self._listener)

    def fail(self) -> None:
        """Go on: without the listener nobody would be served."""
