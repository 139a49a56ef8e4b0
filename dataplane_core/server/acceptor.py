"""Accept connections, within the limit for them, and evenly among the workers."""

import errno
import logging
import time
from collections.abc import Callable

from dataplane_core.server.connection import Connection
from dataplane_core.server.connection_counts import ConnectionCounts
from dataplane_core.server.serving import ServedListener, Serving

log = logging.getLogger("dataplane.server")

_TRANSIENT = (
    *(errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EINTR, errno.EPROTO),
    *(errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ETIMEDOUT),
)
_FOR_OTHERS = 0.002  # seconds in which a worker with fewer connections may accept first,
_LONGEST = 10  # times the difference, and this many times at most
_UNTIL_POSSIBLE = 0.1  # seconds after a failure, such as too many open descriptors
_LEFT_IN_QUEUE = 128  # connections that are accepted at the end
_SLOW = 1.0  # seconds without a whole request, after which a connection may give way to a new one


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
        if self._serving.full and not self._drop_slowest():
            self._rest(None)
            return
        self._accept_one(listener)

    def _accept_one(self, listener: ServedListener) -> bool:
        try:
            accepted, peer = listener.socket.accept()
        except OSError as error:
            if error.errno not in _TRANSIENT:
                log.error("no connection can be accepted: %s", error.strerror)
                self._rest(_UNTIL_POSSIBLE)
            return False
        try:
            Connection(self._serving, listener, accepted, peer)
        except OSError as error:
            accepted.close()
            log.info("a client was not served: %s", error.strerror)
        self._tell()
        return True

    def _drop_slowest(self) -> bool:
        """Close the connection that has been waited for longest, where one has been for long."""
        waiting = [one for one in tuple(self._serving.connections.values()) if one.is_waiting]
        if not waiting:
            return False
        slowest = min(waiting, key=lambda one: one.since)
        if time.monotonic() - slowest.since < _SLOW:
            return False
        slowest.close()
        return True

    def _rest(self, seconds: float | None) -> None:
        """Accept nothing for some time, or until a connection has ended."""
        if self._accepts:
            self._accepts = False
            for listener in self._listeners:
                self._serving.loop.pause(listener.socket.fileno())
        self._serving.loop.later(_SLOW if seconds is None else seconds, self._resume)

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
