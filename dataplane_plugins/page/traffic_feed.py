"""What HAProxy does now, for the pages that look at it: one look for all viewers of a worker.

A viewer gets a whole picture first, and then what has changed. Between two looks the hub rests for
at least `SHARE` times as long as the last one took, so that looking costs at most one part in
`SHARE` of a processor, however many proxies and servers there are. For a viewer that comes the rest
is shorter, but never below `LEAST` times as long.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakSet

from dataplane_core.plugin import CollectedFeed, DataplaneError, Runtime, Sink, TooMany, to_json
from dataplane_plugins.page.traffic_rows import (
    BACKENDS,
    COLUMNS,
    FRONTENDS,
    PROXIES_COMMAND,
    SERVERS,
    SERVERS_COMMAND,
    keep_moments,
    rows_of,
    statuses_of,
)

log = logging.getLogger(__name__)

PERIOD = 2.0  # seconds between two looks
SHARE = 100
LEAST = 10
LIFE = 3600.0  # seconds of a stream: the client comes again, and shows that it still may
ALL = "*"
_COUNTED = ("servers", "not_up")
"""Columns of a backend that HAProxy does not say: they are counted."""
_FINE = ("UP", "no check")
_MOST_UNSENT = 1 << 20
_COUNT_EVERY = 10.0  # seconds between two counts of all servers

Picture = dict[str, dict[str, list[Any]]]
"""Values by kind and name; servers are named by backend and server, with a slash between."""


class TrafficFeed:
    """The stream of one viewer; `servers` is the backend whose servers it shows, `*` for all.

    It ends once `may_go_on` says that the viewer has no right to it any more.
    """

    def __init__(self, hub: "TrafficHub", servers: str, may_go_on: Callable[[], bool]) -> None:
        self._hub, self.servers, self._may_go_on = hub, servers, may_go_on
        self._sink: Sink | None = None
        self._ends = time.monotonic() + LIFE
        self._is_behind = True

    def attach(self, sink: Sink) -> None:
        """Begin to push pictures."""
        self._sink = sink
        self._hub.begin(self)

    def close(self) -> None:
        """Push no more."""
        self._sink = None
        self._hub.end(self)

    def __iter__(self) -> CollectedFeed:
        """Return the pictures for a server that knows no feeds: its thread waits for them."""
        return CollectedFeed(self)

    def show(self, look: "Look") -> None:
        """Push what has changed, or all of it to a viewer that has not got all before."""
        sink = self._sink
        if sink is None:
            return
        if time.monotonic() > self._ends or not self._may_go_on():
            self._sink = None
            sink.finish()
            return
        if sink.unsent > _MOST_UNSENT:
            self._is_behind = True
            return
        sink.push(look.whole() if self._is_behind else look.changed())
        self._is_behind = False


class Look:
    """One look at HAProxy, as it is sent: made once for all viewers of the same servers."""

    def __init__(self, picture: Picture, before: Picture | None, away: str = "") -> None:
        self._picture, self._before, self._away = picture, before, away
        self._time = int(time.time() * 1000)
        self._made: dict[bool, bytes] = {}

    def whole(self) -> bytes:
        """Return the whole picture as an event."""
        columns = {**COLUMNS, BACKENDS: (*COLUMNS[BACKENDS], *_COUNTED)}
        return self._event(True, {"whole": True, "columns": columns, **self._picture})

    def changed(self) -> bytes:
        """Return what differs from the look before as an event; names that are gone are null."""
        before = self._before
        if before is None or before.keys() != self._picture.keys():
            return self.whole()
        changes = {kind: _changes(before[kind], rows) for kind, rows in self._picture.items()}
        return self._event(False, changes)

    def _event(self, is_whole: bool, values: dict[str, Any]) -> bytes:
        if is_whole not in self._made:
            away = {"away": self._away} if self._away else {}
            data = to_json({"time": self._time, **away, **values})
            self._made[is_whole] = b"event: traffic\ndata: " + data + b"\n\n"
        return self._made[is_whole]


def _changes(before: dict[str, list[Any]], now: dict[str, list[Any]]) -> dict[str, Any]:
    gone: dict[str, Any] = dict.fromkeys(before.keys() - now.keys())
    return {name: row for name, row in now.items() if before.get(name) != row} | gone


class ServerCounts:
    """How many servers each backend has, and how many of them are not up; counted now and then."""

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {}
        self._next = 0.0

    def refresh(self, read: Callable[[], Iterable[tuple[str, str]]]) -> None:
        """Count anew, if the last count is old for what it costs."""
        began = time.monotonic()
        if began < self._next:
            return
        counts: dict[str, list[int]] = {}
        for backend, status in read():
            count = counts.setdefault(backend, [0, 0])
            count[0] += 1
            count[1] += not status.startswith(_FINE)
        self._counts = counts
        now = time.monotonic()
        self._next = now + max(_COUNT_EVERY, SHARE * (now - began))

    def of(self, backend: str) -> list[int]:
        """Return the number of a backend's servers, and of those that are not up."""
        return self._counts.get(backend, [0, 0])


class TrafficHub:
    """The streams of one worker, of which there are at most `limit`."""

    def __init__(self, runtime: Runtime, limit: int) -> None:
        self._runtime, self._limit = runtime, limit
        self._lock = threading.Lock()
        self._open: WeakSet[TrafficFeed] = WeakSet()  # a request may fail before its answer
        self._fed: set[TrafficFeed] = set()
        self._last: dict[str, Picture] = {}
        self._answers: dict[str, Picture] = {}
        self._numbers: dict[str, str] = {}
        self._counts = ServerCounts()
        self._runs = False
        self._woken = threading.Event()

    def open(
        self, servers: str, may_go_on: Callable[[], bool] = lambda: True
    ) -> TrafficFeed:
        """Return a stream; raises `TooMany`."""
        feed = TrafficFeed(self, servers, may_go_on)
        with self._lock:
            if len(self._open) >= self._limit:
                raise TooMany(
                    f"{self._limit} streams of traffic are open in this process: close one, or "
                    "raise dataplane.event_streams"
                )
            self._open.add(feed)
        return feed

    def begin(self, feed: TrafficFeed) -> None:
        """Show pictures to a feed from now on."""
        with self._lock:
            self._fed.add(feed)
            self._woken.set()
            if not self._runs:
                threading.Thread(target=self._run, name="traffic", daemon=True).start()
                self._runs = True

    def end(self, feed: TrafficFeed) -> None:
        """Forget a feed."""
        with self._lock:
            self._open.discard(feed)
            self._fed.discard(feed)

    def _run(self) -> None:
        while self._has_more():
            self._woken.clear()
            began = time.monotonic()
            try:
                self._show()
            except Exception:
                log.exception("the traffic cannot be shown")
            cost = time.monotonic() - began
            time.sleep(LEAST * cost)  # somebody may come again and again
            self._woken.wait(max(PERIOD, SHARE * cost) - LEAST * cost)

    def _has_more(self) -> bool:
        with self._lock:
            self._runs = bool(self._fed)
            if not self._runs:
                self._last.clear()
                self._answers.clear()
            return self._runs

    def _show(self) -> None:
        with self._lock:
            feeds = tuple(self._fed)
        wanted = {feed.servers for feed in feeds}
        looks = self._looks(wanted)
        for feed in feeds:
            if feed.servers in looks:
                self._show_to(feed, looks[feed.servers])
        self._last = {key: one for key, one in self._last.items() if key in wanted}

    def _show_to(self, feed: TrafficFeed, look: Look) -> None:
        try:
            feed.show(look)
        except DataplaneError as error:  # of the state, which knows whether a session still is one
            log.warning("a viewer of the traffic gets no picture: %s", error)
        except Exception:
            log.exception("a viewer of the traffic gets no picture")

    def _looks(self, wanted: set[str]) -> dict[str, Look]:
        """Look at HAProxy once for the proxies, and once for each choice of servers."""
        try:
            proxies = self._read(PROXIES_COMMAND)
            self._counts.refresh(lambda: statuses_of(self._ask(SERVERS_COMMAND)))
            for name, values in proxies[BACKENDS].items():
                values.extend(self._counts.of(name))
            looks = {}
            for key in wanted:
                picture = {**proxies, SERVERS: self._servers(key)}
                looks[key] = Look(picture, self._last.get(key))
                self._last[key] = picture
        except DataplaneError as error:
            nothing: Picture = {FRONTENDS: {}, BACKENDS: {}, SERVERS: {}}
            return {key: Look(self._last.pop(key, nothing), None, str(error)) for key in wanted}
        return looks

    def _servers(self, key: str) -> dict[str, list[Any]]:
        number = "-1" if key == ALL else self._numbers.get(key)
        return self._read(f"show stat {number} 4 -1")[SERVERS] if key and number else {}

    def _read(self, command: str) -> Picture:
        picture: Picture = {FRONTENDS: {}, BACKENDS: {}, SERVERS: {}}
        for kind, proxy, server, number, values in rows_of(self._ask(command)):
            picture[kind][f"{proxy}/{server}" if kind == SERVERS else proxy] = values
            if kind == BACKENDS:
                self._numbers[proxy] = number
        former = self._answers.get(command, {})
        for kind, rows in picture.items():
            keep_moments(kind, rows, former.get(kind, {}), time.time())
        self._answers[command] = picture
        return picture

    def _ask(self, command: str) -> str:
        return self._runtime.processes()[0].dump(command).decode("utf-8", "replace")
