"""Wait for descriptors, moments and calls of other threads, and act on each; a fault ends none.

Everything here belongs to one thread, but for `call`, `pause` and `resume`.
"""

import heapq
import itertools
import logging
import os
import select
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

log = logging.getLogger("dataplane.server")

READ, WRITE, GONE = select.EPOLLIN, select.EPOLLOUT, select.EPOLLRDHUP
_EVENTS = 256  # that are taken at once
_PAUSE = 0.1  # seconds after a fault of the loop itself, which could come again at once


class Source(Protocol):
    """Acts when its descriptor is ready."""

    @property
    def react(self) -> Callable[[int], None]:
        """What is called with the events of the descriptor."""

    def fail(self) -> None:
        """Let go of everything after an exception in `react`, which is logged."""


class EventLoop:
    """Watches descriptors with epoll."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._sources: dict[int, Source] = {}
        self._calls: deque[tuple[Callable[[], None], Source | None]] = deque()
        self._moments: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._wake_up = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.watch(self._wake_up, _Drained(self._wake_up))

    def watch(self, descriptor: int, source: Source, events: int = READ) -> None:
        """Let a source act when its descriptor is ready."""
        self._epoll.register(descriptor, events)
        self._sources[descriptor] = source

    def change(self, descriptor: int, events: int) -> None:
        """Wait for other events of a descriptor."""
        self._epoll.modify(descriptor, events)

    def pause(self, descriptor: int) -> None:
        """Wait for nothing of a descriptor, until `resume`."""
        self._epoll.unregister(descriptor)

    def resume(self, descriptor: int, events: int = READ) -> None:
        """Wait for events of a paused descriptor again; the last thing that another thread does."""
        self._epoll.register(descriptor, events)

    def forget(self, descriptor: int) -> None:
        """Remove a source, before its descriptor is closed.

        A child process that has just been forked keeps what is closed here open for a moment.
        """
        self._sources.pop(descriptor, None)
        with suppress(OSError):  # it may be paused
            self._epoll.unregister(descriptor)

    def call(self, function: Callable[[], None], source: Source | None = None) -> None:
        """Have the loop call a function soon, from any thread; `source` fails if that does."""
        self._calls.append((function, source))
        os.eventfd_write(self._wake_up, 1)

    def later(self, seconds: float, function: Callable[[], None]) -> None:
        """Have the loop call a function after some time."""
        moment = (time.monotonic() + seconds, next(self._numbers), function)
        heapq.heappush(self._moments, moment)

    def step(self, wait: float) -> None:
        """Wait until something is to be done, at most `wait` seconds, and do it."""
        try:
            if self._moments:
                wait = min(max(self._moments[0][0] - time.monotonic(), 0.0), wait)
            for descriptor, events in self._epoll.poll(wait, _EVENTS):
                source = self._sources.get(descriptor)
                if source is None:  # it has gone since these events were taken
                    with suppress(OSError):
                        self._epoll.unregister(descriptor)
                    continue
                try:
                    source.react(events)
                except Exception:
                    _give_up(source)
            while self._calls:
                _contain(*self._calls.popleft())
            while self._moments and self._moments[0][0] <= time.monotonic():
                _contain(heapq.heappop(self._moments)[2], None)
        except Exception:
            log.exception("the loop goes on after a fault of its own")
            time.sleep(_PAUSE)

    def close(self) -> None:
        """Give the loop's own descriptors back."""
        self._epoll.close()
        os.close(self._wake_up)


def _contain(function: Callable[[], None], source: Source | None) -> None:
    try:
        function()
    except Exception:
        _give_up(source)


def _give_up(source: Source | None) -> None:
    log.exception("the loop goes on without what failed")
    if source is not None:
        try:
            source.fail()
        except Exception:
            log.exception("a connection could not be closed")


class _Drained:
    """A descriptor that only wakes the loop up."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def react(self, events: int) -> None:
        """Read what has come."""
        with suppress(BlockingIOError):
            os.read(self._descriptor, 4096)

    def fail(self) -> None:
        """Stay: without it the loop would not wake up."""


def drained(descriptor: int) -> Source:
    """Return a source that reads and drops what comes, for a descriptor that wakes the loop up."""
    return _Drained(descriptor)
