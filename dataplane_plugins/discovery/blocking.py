"""Noticing changes at once: Consul's blocking queries (HTTP API, "Blocking Queries").

A blocking query is answered once the index of what it asks for has moved. One for each service
would tell the most, but take as many connections as there are services, and an agent grants 200 to
a client (`http_max_conns_per_client`). So there are two at most, however many services there are:

* `/v1/catalog/services` moves whenever an instance comes, changes or goes, but not with checks;
* `/v1/health/state/any` moves with any check. It is asked only where checks count, and tells of a
  change only when the state of one has changed: the output of checks changes all the time.

Neither says which service it was, so all are looked at afterwards, over a connection that is kept.
What moves neither, such as the address of a node, is seen at the look that is due anyway.
"""

import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

LEAST_PERIOD = 0.2
"""Least seconds between two answers of one query, because changes come in swarms."""

_LONGEST_WAIT = 60.0
_LOOK_SECONDS = 0.5


class Asked(Protocol):
    """Asks Consul over a connection; each query has a client of its own."""

    def get(
        self, path: str, query: Mapping[str, object] = ..., wait: float = ...
    ) -> tuple[Any, int]:
        """Return the decoded answer and its index, 0 for none; take at most `wait` seconds."""

    def end(self) -> None:
        """Make a `get` in another thread fail at once."""

    def close(self) -> None:
        """Close the connection."""


Gist = TypeVar("Gist", bound=Hashable)


class Query(Generic[Gist]):
    """A blocking query that is asked time and again.

    `gist(answer)` returns the part of an answer whose change counts; it raises `SourceFailed` for
    an answer of an unknown form. `seen` is that part of the last answer. With `by_index` another
    index counts as a change, too.
    """

    def __init__(
        self,
        client: Asked,
        path: str,
        gist: Callable[[Any], Gist],
        query: Mapping[str, object] | None = None,
        by_index: bool = False,
    ) -> None:
        self.client, self.path, self.query = client, path, query or {}
        self.gist, self.by_index = gist, by_index
        self.seen: Gist | None = None
        self.last = 0
        self.index = 0

    def ask(self, wait: float) -> tuple[bool, bool]:
        """Ask once, for at most `wait` seconds; return whether it changed, and whether it blocks.

        The index is begun anew when it goes backwards; one of 0 never blocks.
        """
        query, seconds = self.query, 0.0
        if self.index:
            query, seconds = {**query, "index": self.index, "wait": f"{wait:g}s"}, wait
        answer, new = self.client.get(self.path, query, seconds)
        seen = self.gist(answer)
        changed = seen != self.seen or (self.by_index and new != self.last)
        backwards = new < self.index
        self.seen, self.last = seen, new
        self.index = 0 if backwards else new
        return changed, new > 0


class Changes:
    """Waits for changes of any of some queries, between `with` and its end.

    `period` is how long to wait without one, in seconds.
    """

    def __init__(self, queries: Sequence[Query[Any]], period: float) -> None:
        self.queries, self.period = queries, period
        self.over = threading.Event()
        self.bell = threading.Event()
        self.failure: Exception | None = None

    def __enter__(self) -> "Changes":
        for query in self.queries:
            name = f"{threading.current_thread().name} {query.path}"
            threading.Thread(target=self._follow, args=(query,), name=name, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.over.set()
        for query in self.queries:
            query.client.end()

    def wait(self, stop: threading.Event) -> bool:
        """Wait for a change, or the end of the period; false once `stop` is set.

        Raises what a query has failed with.
        """
        end = time.monotonic() + self.period
        while not stop.is_set():
            left = end - time.monotonic()
            rung = self.bell.wait(min(_LOOK_SECONDS, left) if left > 0 else _LOOK_SECONDS)
            self.bell.clear()
            if self.failure is not None:
                raise self.failure
            known = all(query.seen is not None for query in self.queries)
            if known and (rung or time.monotonic() >= end):
                return True
        return False

    def _follow(self, query: Query[Any]) -> None:
        wait = min(self.period, _LONGEST_WAIT)
        try:
            while not self.over.is_set():
                changed, blocks = query.ask(wait)
                if changed:
                    self.bell.set()
                self.over.wait(LEAST_PERIOD if blocks else wait)
        except Exception as error:  # raised again by `wait`
            self.failure = error
        finally:
            self.bell.set()
            query.client.close()
