"""What the connections of one worker share."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import field
from socket import socket
from typing import TYPE_CHECKING, Any, Protocol

from dataplane_core.dataclass import dataclass
from dataplane_core.feeds import Feed, LaterAnswer
from dataplane_core.server.access_log import AccessLog
from dataplane_core.server.answer_memory import AnswerMemory
from dataplane_core.server.body_budget import BodyBudget
from dataplane_core.server.client_limits import ClientLimits
from dataplane_core.server.client_sources import ClientSources
from dataplane_core.server.head_buffer import HeadLimits
from dataplane_core.server.listen_addresses import ListenerTimeouts
from dataplane_core.server.loop import EventLoop
from dataplane_core.server.thread_pool import Task, ThreadPool

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from dataplane_core.server.body_framing import BodyFraming
    from dataplane_core.server.request_body import RequestBody
    from dataplane_core.server.request_head import RequestHead
    from dataplane_core.server.tls import TlsContexts

log = logging.getLogger("dataplane.server")

_UNFINISHED = 16 << 20  # bytes of requests that are not whole, of all connections
_BODIES = 64 << 20  # bytes of long bodies, unless a setting says
_UNSENT = 64 << 20  # bytes of answers that clients have not taken
_LITTLE = 1 << 14  # bytes of one request that nobody looks at
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
    contexts: "TlsContexts | None"


class Closable(Protocol):
    """A connection of which nothing but its end is asked."""

    def close(self) -> None:
        """End the connection."""


class OpenConnection(Protocol):
    """The connection of one client, as the loop and the thread of a request see it.

    `deadline` is when the loop calls `expire`; it is infinite while a thread serves a request.
    `since` is when the loop began to wait for the next request. `rest` are bytes that came after
    the request that is served. `certificate` is the client's, DER, where one was verified.
    """

    serving: "Serving"
    listener: ServedListener
    peer: object
    certificate: bytes | None
    deadline: float
    since: float
    rest: bytes

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request is there, and none is served."""

    @property
    def unfinished(self) -> int:
        """The bytes of a request that are held until it is whole."""

    @property
    def is_waiting(self) -> bool:
        """Whether the loop waits for a request, of which some may be there."""

    def expire(self) -> None:
        """Act on a client that was too slow."""

    def close(self) -> None:
        """End the connection."""

    def give_way(self) -> bool:
        """End the connection, unless a thread has it; tell whether it was ended."""

    def end_stream(self) -> None:
        """End an answer that goes on."""

    def stream(self, feed: Feed) -> None:
        """Let the loop send what a feed gives; the thread must not touch the connection then."""

    def wait_for_answer(self, later: LaterAnswer, give: Task) -> None:
        """Let the loop hold the connection until `give` can answer; the thread is done with it."""

    def end_wait(self) -> None:
        """Have an answer that is to come later given now, with what is known."""

    def send(self, data: bytes) -> None:
        """Send bytes of an answer, from a thread; raises `ClientGoneError`."""

    def wait_for_body(self, head: "RequestHead", body: "RequestBody", most: int) -> None:
        """Let the loop gather a body that the application wants; the thread is done with it."""

    def give_back(self, keeps: bool, framing: "BodyFraming | None") -> None:
        """Give the connection back to the loop, from a thread that must not touch it any more.

        `framing` is that of a body of which the rest may still be to come.
        """


class ClientGoneError(ConnectionError):
    """A client that takes no more of its answer."""


@dataclass(slots=True)
class Serving:
    """One worker's loop, threads, application, limits, memory and open connections.

    `keep_alive` is for how many seconds an idle connection is kept, 0 for one request only;
    `stopping`: connections end with their next answer. `on_closed` is called by the thread that has
    closed a connection. `unsent` are the bytes of answers that the loop still has to send, and
    `sending` the connections that they are for, the one that has had them for longest first.
    `body_folder` is for long bodies; None: where the system has temporary files. `later` are the
    connections whose answers are still to come, the one that has waited for longest first: the loop
    alone knows them.
    """

    loop: EventLoop
    pool: ThreadPool
    application: "WSGIApplication"
    limits: HeadLimits
    most_connections: int
    keep_alive: float
    memory: AnswerMemory
    access_log: AccessLog
    clients: ClientLimits = ClientLimits()
    sources: ClientSources = field(default_factory=lambda: ClientSources(0))
    bodies: BodyBudget = field(default_factory=lambda: BodyBudget(_BODIES))
    body_folder: str | None = None
    stopping: bool = False
    connections: dict[int, OpenConnection] = field(default_factory=dict)
    on_closed: Callable[[], None] = lambda: None
    unsent: int = 0
    sending: dict[Closable, None] = field(default_factory=dict)
    later: "dict[OpenConnection, None]" = field(default_factory=dict)
    _next_look: float = 0.0
    _waiting: int = 0  # threads that wait for clients to take answers
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def full(self) -> bool:
        """Whether no further connection is accepted."""
        return len(self.connections) >= self.most_connections

    @property
    def keeps(self) -> bool:
        """Whether connections are kept after an answer."""
        return self.keep_alive > 0 and not self.stopping and not self.full

    def end_slow(self) -> float:
        """Act on clients that were too slow; return in how many seconds to look again."""
        now = time.monotonic()
        if now < self._next_look:
            return self._next_look - now
        soonest = now + _LONGEST
        for connection in tuple(self.connections.values()):
            if connection.deadline <= now:
                _expire(connection)
            soonest = min(soonest, connection.deadline)
        self._next_look = max(soonest, now + _SHORTEST)
        return self._next_look - now

    def limit_unfinished(self, grown: int) -> None:
        """Close the connection that holds most of a request, if all hold too much together.

        `grown` are the bytes that the one holds which asks for this.
        """
        if grown <= _LITTLE:
            return
        sizes = [(one.unfinished, one) for one in tuple(self.connections.values())]
        if sum(size for size, _ in sizes) > _UNFINISHED:
            max(sizes, key=lambda pair: pair[0])[1].close()

    def limit_unsent(self) -> None:
        """Close those who have had an answer to take for longest, if all leave too much of them."""
        while self.unsent > _UNSENT and self.sending:
            next(iter(self.sending)).close()

    def wait_to_send(self, send: Callable[[], None]) -> None:
        """Send from a thread what a client is slow to take.

        Raises `ClientGoneError` where so many threads do that others would get none.
        """
        with self._lock:
            if self._waiting >= max(1, self.pool.size // 2):
                raise ClientGoneError("too many clients are slow to take their answers")
            self._waiting += 1
        try:
            send()
        finally:
            with self._lock:
                self._waiting -= 1

    def end_streams(self) -> None:
        """End the answers that go on, and have those given that are to come later."""
        for connection in tuple(self.connections.values()):
            connection.end_stream()
        for connection in tuple(self.later):
            connection.end_wait()

    def end_longest_wait(self) -> None:
        """Have an answer given now that is to come later: others find no place."""
        for connection in tuple(self.later)[:1]:
            connection.end_wait()

    def end_idle(self) -> None:
        """Close the connections on which nothing of a request has come."""
        for connection in tuple(self.connections.values()):
            if connection.is_idle:
                connection.give_way()


def _expire(connection: OpenConnection) -> None:
    try:
        connection.expire()
    except Exception:
        log.exception("a connection was given up")
        connection.close()
