"""Answers that go on, or come later: what an application and a server agree upon.

None of them holds a thread.

The application answers with an object that is a WSGI iterable and a `Feed`, and puts it into the
request's environment under `FEED` too. A server that knows this sends the head of the answer, gives
the feed a `Sink`, and sends what comes there for as long as the client stays. Any other server
iterates, in a thread of its own.

A server that knows of answers that come later has a function in the environment under `LATER`. The
application calls it with a `LaterAnswer`, and answers nothing yet: the server asks that for the
answer when it is ready. Without the function the application waits.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Protocol

FEED = "dataplane.feed"
"""The key of a request's environment under which a feed stands."""

LATER = "dataplane.later"
"""The key of a request's environment under which a server has what takes a `LaterAnswer`."""


class LaterAnswer(Protocol):
    """An answer to a request that was carried out: it waits for something else."""

    def attach(self, ready: Callable[[], None]) -> None:
        """Have `ready` called, once and from any thread, when it can be given; never waits."""

    def close(self) -> None:
        """Be ready now, with what is known: the server ends."""

    def __call__(self) -> Iterable[bytes]:
        """Call the `start_response` of the request, and return the body."""


class Sink(Protocol):
    """Where a feed puts what is to be sent to one client; it may be used from any one thread."""

    @property
    def unsent(self) -> int:
        """The bytes that the client has not taken yet."""

    def push(self, data: bytes) -> None:
        """Have bytes sent soon; never waits."""

    def finish(self) -> None:
        """End the answer once all of it is sent."""


class Feed(Protocol):
    """What an answer goes on with."""

    def attach(self, sink: Sink) -> None:
        """Begin to push what there is to a sink; never waits."""

    def close(self) -> None:
        """Push no more: the client is gone, or the server ends."""


class CollectedFeed:
    """What a feed pushes, one part after another; whoever iterates waits."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._changed = threading.Condition()
        self._data = b""
        self._ended = False
        feed.attach(self)

    @property
    def unsent(self) -> int:
        """The bytes that were not taken yet."""
        return len(self._data)

    def push(self, data: bytes) -> None:
        """Take bytes of the feed."""
        with self._changed:
            self._data += data
            self._changed.notify()

    def finish(self) -> None:
        """Take the end of the feed."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def __iter__(self) -> "CollectedFeed":
        return self

    def __next__(self) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._data or self._ended)
            data, self._data = self._data, b""
        if not data:
            self._feed.close()
            raise StopIteration
        return data
