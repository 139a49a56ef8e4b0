"""Give the events of all workers to the streams of this one: one thread, while there are streams.

The thread looks ten times a second for the number of the newest event, which costs some
microseconds, and reads what is new once for all streams that are as far as each other.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from weakref import WeakSet

from dataplane_core.plugin import (
    CollectedFeed,
    DataplaneError,
    EventTable,
    Outage,
    Sink,
    State,
    TooMany,
)
from dataplane_plugins.changes.events.listening import Listening
from dataplane_plugins.changes.events.wire_format import (
    BEGINNING,
    HEARTBEAT,
    chosen,
    gap,
    one_event,
)

log = logging.getLogger(__name__)

TICK = 0.1  # seconds between two looks for new events
BEAT = 15.0  # seconds after which a stream without events shows that it lives
LOOK = 1.0  # seconds after which it is looked whether who follows still may
LIFE = 3600.0
"""Seconds of a stream: the client comes again, and shows that it still may."""
_MOST_UNSENT = 1 << 16
_REST = 1.0  # seconds after a fault of the state

MayGoOn = Callable[[], bool]

_Page = list[tuple[int, str, bytes]]


class EventFeed:
    """The events that follow on one, for one client; a feed, and a WSGI iterable.

    `position` is the number of the last event that the client has. With `follows` false it ends
    behind the newest one. It ends, too, once `may_go_on` says that the client has no right to it.
    """

    def __init__(
        self, hub: "EventHub", position: int, kinds: frozenset[str], follows: bool,
        may_go_on: MayGoOn,
    ) -> None:  # fmt: skip
        self._hub = hub
        self.position = position
        self._kinds, self._follows = kinds, follows
        self._sink: Sink | None = None
        self._may_go_on = may_go_on
        self._looked = time.monotonic()
        self._ends = self._looked + LIFE
        self._beat = 0.0

    def attach(self, sink: Sink) -> None:
        """Begin to push events."""
        self._sink = sink
        self._hub.begin(self)

    def close(self) -> None:
        """Push no more."""
        self._sink = None
        self._hub.end(self)

    def __iter__(self) -> CollectedFeed:
        """Return the events for a server that knows no feeds: its thread waits for them."""
        return CollectedFeed(self)

    def advance(self, newest: int, pages: dict[int, _Page]) -> bool:
        """Push what is new, if the client has taken what came before; called by the hub alone.

        Returns whether the next events may be pushed at once.
        """
        sink, now = self._sink, time.monotonic()
        if sink is None or sink.unsent > _MOST_UNSENT:
            return False
        if now - self._looked >= LOOK:
            self._looked = now
            if not self._may_go_on():
                self.finish()
                return False
        data = b"" if self._beat else BEGINNING
        if self.position > newest:  # of another state
            data += gap(newest + 1, self.position)
            self.position = 0
        if self.position < newest:
            data += self._next(pages)
        if not data and now - self._beat > BEAT:
            data = HEARTBEAT
        if data:
            self._beat = now
            sink.push(data)
        if now > self._ends or not self._follows and self.position >= newest:
            self.finish()
        return self.position < newest

    def finish(self) -> None:
        """End the answer once all of it is sent; the sink closes the feed then."""
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.finish()

    def _next(self, pages: dict[int, _Page]) -> bytes:
        page = pages.get(self.position)
        if page is None:
            page = pages[self.position] = self._hub.page(self.position)
        if not page:
            return b""
        lost = gap(self.position + 1, page[0][0] - 1) if page[0][0] > self.position + 1 else b""
        self.position = page[-1][0]
        return lost + chosen(((kind, data) for _, kind, data in page), self._kinds)


class EventHub:
    """The streams of one worker, of which there are at most `limit`."""

    def __init__(self, events: EventTable, state: State, limit: int) -> None:
        self._events, self._limit = events, limit
        self.listening = Listening(state.path("listening.lock"))
        self._lock = threading.Lock()
        self._open: WeakSet[EventFeed] = WeakSet()  # a request may fail before its answer
        self._fed: set[EventFeed] = set()
        self._runs = False

    def open(
        self, position: int | None, kinds: frozenset[str] = frozenset(), follows: bool = True,
        may_go_on: MayGoOn = lambda: True,
    ) -> EventFeed:  # fmt: skip
        """Return a feed of what follows on an event, or of what is to come; raises `TooMany`."""
        if position is None:
            position = self._events.newest()
        feed = EventFeed(self, position, kinds, follows, may_go_on)
        with self._lock:
            if len(self._open) >= self._limit:
                raise TooMany(
                    f"{self._limit} streams of events are open in this process: close one, or "
                    "raise dataplane.event_streams"
                )
            self._open.add(feed)
        return feed

    def begin(self, feed: EventFeed) -> None:
        """Push events to a feed from now on."""
        with self._lock:
            self._fed.add(feed)
            if self._runs:
                return
            threading.Thread(target=self._run, name="events", daemon=True).start()
            self._runs = True  # not if the system has no thread to give now

    def end(self, feed: EventFeed) -> None:
        """Forget a feed."""
        with self._lock:
            self._open.discard(feed)
            self._fed.discard(feed)

    def page(self, position: int) -> _Page:
        """Return the next events, each with its number, its kind, and as it is sent."""
        return [(one.id, one.kind, one_event(one)) for one in self._events.after(position)]

    def _run(self) -> None:
        handle, outage = -1, Outage(log, "events cannot be read", "events can be read again")
        try:
            while self._has_more():
                try:
                    handle = self.listening.begin() if handle < 0 else handle
                    goes_on = self._advance()
                except Exception as error:
                    outage.note(error)
                    time.sleep(_REST)
                else:
                    outage.over()
                    time.sleep(0 if goes_on else TICK)
        finally:
            if handle >= 0:
                os.close(handle)

    def _has_more(self) -> bool:
        with self._lock:
            self._runs = bool(self._fed)
            return self._runs

    def _advance(self) -> bool:
        with self._lock:
            feeds = tuple(self._fed)
        newest, pages, goes_on = self._events.newest(), dict[int, _Page](), False
        for feed in feeds:
            try:
                goes_on = feed.advance(newest, pages) or goes_on
            except DataplaneError:
                raise
            except Exception:
                log.exception("a stream of events is given up")
                feed.finish()
        return goes_on
