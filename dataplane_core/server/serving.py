"""What the connections of one worker share."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import socket
from typing import TYPE_CHECKING, Any

from dataplane_core.server.head_buffer import HeadLimits
from dataplane_core.server.listener_timeouts import ListenerTimeouts
from dataplane_core.server.loop import EventLoop
from dataplane_core.server.thread_pool import ThreadPool
from dataplane_core.server.tls import TlsContexts

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from dataplane_core.server.connection import Connection

_SHORTEST, _LONGEST = 0.1, 1.0  # seconds between two looks at clients that may be too slow


@dataclass(frozen=True, slots=True)
class ServedListener:
    """One listening socket: its scheme, how long its connections wait, what its requests share.

    `contexts` is there for TLS.
    """

    socket: socket
    scheme: str
    timeouts: ListenerTimeouts
    environ: dict[str, Any]
    contexts: TlsContexts | None


@dataclass(slots=True)
class Serving:
    """One worker's loop, threads, application, limits and open connections.

    `keep_alive` is for how many seconds an idle connection is kept, 0 for one request only;
    `stopping`: connections end with their next answer. `on_closed` is called by the thread that has
    closed a connection.
    """

    loop: EventLoop
    pool: ThreadPool
    application: "WSGIApplication"
    limits: HeadLimits
    most_connections: int
    keep_alive: float
    stopping: bool = False
    connections: "dict[int, Connection]" = field(default_factory=dict)
    on_closed: Callable[[], None] = lambda: None
    _next_look: float = 0.0

    @property
    def full(self) -> bool:
        """Whether no further connection is accepted."""
        return len(self.connections) >= self.most_connections

    def end_slow(self) -> float:
        """Act on clients that were too slow; return in how many seconds to look again."""
        now = time.monotonic()
        if now < self._next_look:
            return self._next_look - now
        soonest = now + _LONGEST
        for connection in tuple(self.connections.values()):
            if connection.deadline <= now:
                connection.expire()
            soonest = min(soonest, connection.deadline)
        self._next_look = max(soonest, now + _SHORTEST)
        return self._next_look - now

    def end_idle(self) -> None:
        """Close the connections on which nothing of a request has come."""
        for connection in tuple(self.connections.values()):
            if connection.is_idle:
                connection.close()
