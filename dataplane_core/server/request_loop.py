"""Serve the requests of one process: an event loop, and threads for the application."""

import math
import sys
import time
from collections.abc import Callable, Iterable
from socket import socket

from dataplane_core.server.acceptor import Acceptor
from dataplane_core.server.access_log import AccessLog
from dataplane_core.server.answer_memory import AnswerMemory
from dataplane_core.server.body_budget import BodyBudget
from dataplane_core.server.client_limits import limits_of, possible_connections
from dataplane_core.server.client_sources import ClientSources
from dataplane_core.server.head_buffer import HeadLimits
from dataplane_core.server.loop import EventLoop, drained
from dataplane_core.server.serving import ServedListener, Serving
from dataplane_core.server.state import ServerState
from dataplane_core.server.thread_pool import ThreadPool
from dataplane_core.server.wsgi_environ import listener_environ
from dataplane_core.settings import Settings
from dataplane_core.text.heap import tidy

_HEADER_FIELDS = 128
_CONNECTIONS = 1000  # of each process, where the settings set no limit
_REQUEST_LINE = 8190  # bytes
_SMALLEST_HEADERS = 1024  # bytes; no client could do with less
_LOOK_AT_END = 0.1  # seconds between two looks at what is left
_LINGER = 2.0
"""Seconds in which an idle connection is kept at the end: its client may be sending a request."""
_SWITCH = 0.0001  # seconds that a thread may compute while the loop waits
_LULL = 0.2
"""How long no request is under way in a lull."""
_SHARE = 200
"""At most one part of so many of the time goes into tidying, which takes some milliseconds."""


def graceful_seconds(settings: Settings) -> int:
    """Return how many seconds requests that are under way may take to end."""
    return math.ceil(settings.dataplaneapi.graceful_timeout)


class RequestLoop:
    """Serves requests; a connection takes a thread while the application works on a request.

    `sockets` listen, each with its scheme. `place` is that of this process among the counts of
    connections. Bytes that come on the descriptor `wakes` wake the loop up.
    """

    def __init__(
        self,
        state: ServerState,
        sockets: Iterable[tuple[socket, str]],
        place: int,
        wakes: int,
    ) -> None:
        self._state, self._sockets, self._place = state, sockets, place
        self._wakes = wakes

    def run(self, lives: Callable[[], bool], seconds_to_end: Callable[[], float]) -> None:
        """Serve while `lives` says so, which is asked each second and whenever the loop wakes up.

        Requests that are under way at the end have `seconds_to_end`, in which `lives` is asked too.
        """
        sys.setswitchinterval(_SWITCH)
        loop = EventLoop()
        loop.watch(self._wakes, drained(self._wakes))
        serving = self._make_serving(loop)
        acceptor = Acceptor(serving, self._listeners(), self._state.counts, self._place)
        acceptor.start()
        lull, pool = Lull(tidy), serving.pool
        while lives():
            loop.step(min(serving.end_slow(), lull.look(pool.submitted, pool.is_busy)))
        serving.stopping = True
        acceptor.stop()
        serving.end_streams()
        _finish(serving, lives, seconds_to_end)

    def _make_serving(self, loop: EventLoop) -> Serving:
        settings = self._state.settings
        server, own = settings.dataplaneapi, settings.dataplane
        limit = server.listen_limit + (server.tls.tls_listen_limit if server.listen_limit else 0)
        keep_alive = max(1, round(server.cleanup_timeout)) if server.keep_alive else 0
        wanted = math.ceil(limit / own.workers) if limit else _CONNECTIONS
        connections = possible_connections(wanted, own.threads)
        clients = limits_of(settings, connections)
        return Serving(
            loop=loop,
            pool=ThreadPool(own.threads),
            application=self._state.served.wsgi,
            limits=HeadLimits(
                _REQUEST_LINE, _HEADER_FIELDS, max(_SMALLEST_HEADERS, server.max_header_size)
            ),
            most_connections=connections,
            keep_alive=keep_alive,
            memory=AnswerMemory(own.cache_size // 2),  # the loop's half
            access_log=AccessLog(),
            clients=clients,
            sources=ClientSources(clients.connections),
            bodies=BodyBudget(max(own.bodies_limit, own.body_limit)),
            body_folder=settings.state_dir,
        )

    def _listeners(self) -> tuple[ServedListener, ...]:
        state = self._state
        return tuple(
            ServedListener(
                socket=opened,
                scheme=scheme,
                timeouts=state.timeouts[scheme],
                environ=listener_environ(
                    scheme, opened.getsockname(), state.settings.dataplane.workers
                ),
                contexts=state.contexts if scheme == "https" else None,
            )
            for opened, scheme in self._sockets
        )


def _finish(
    serving: Serving, lives: Callable[[], bool], seconds_to_end: Callable[[], float]
) -> None:
    """Let requests under way end, within the time that they are given."""
    start = now = time.monotonic()
    while serving.connections and now < start + seconds_to_end():
        lives()
        serving.loop.step(min(serving.end_slow(), _LOOK_AT_END))
        now = time.monotonic()
        if now >= start + _LINGER:
            serving.end_idle()
    for connection in tuple(serving.connections.values()):
        connection.close()
    serving.pool.end()
    serving.access_log.close(_LINGER)
    serving.loop.close()


class Lull:
    """A moment without a request, after the start or after some requests: it is for tidying."""

    def __init__(self, tidy: Callable[[], None]) -> None:
        self._tidy = tidy
        self._tidied = -1  # the count when it was tidied
        self._last = -1
        self._since = math.inf
        self._earliest = -math.inf  # when to tidy again, at most

    def look(self, count: int, is_busy: bool) -> float:
        """Tidy if it is time; return in how many seconds to look again.

        `count` are the requests until now; `is_busy` tells whether one of them is under way.
        """
        if count == self._tidied:
            return math.inf
        now = time.monotonic()
        if is_busy or count != self._last:
            self._last, self._since = count, now
        left = max(self._since + _LULL, self._earliest) - now
        if left > 0:
            return left
        self._tidied = count
        self._tidy()
        end = time.monotonic()
        self._earliest = end + (end - now) * _SHARE
        return math.inf
