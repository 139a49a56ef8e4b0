"""Read at once what a member looks at again and again, instead of one key after the other.

A store that does so answers as any other. While a thread is `at_once`, what it has read there the
last time is read in one request, and is answered from that: all of one moment. The first write of
the thread ends that, so that nothing is read that is older than what it has written itself.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from dataplane_plugins.fleet.stores import Condition, Entry, Glance, Hold, KeyValueStore, Listing

_ONCE = "chunks/", "revisions/", "rollouts/"
"""Places whose values are looked at once."""
_MOST = 32


class _Mine(threading.local):
    """What one thread sees, and what it has read: keys, and prefixes of lists."""

    seen: Glance | None = None
    keys: dict[str, None]
    prefixes: dict[str, None]

    def __init__(self) -> None:
        self.keys, self.prefixes = {}, {}


class GlancingStore:
    """A store, and what the threads that use it have seen of it just now."""

    def __init__(self, store: KeyValueStore) -> None:
        self._store = store
        self._mine = _Mine()
        self.largest, self.most = store.largest, store.most

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Read at once what this thread has read in such a body before."""
        mine = self._mine
        if mine.seen is not None:
            yield
            return
        keys, prefixes = list(mine.keys)[:_MOST], list(mine.prefixes)[:_MOST]
        mine.keys, mine.prefixes = {}, {}
        empty = Glance({}, {})
        mine.seen = self._store.read(keys, prefixes) if keys or prefixes else empty
        try:
            yield
        finally:
            mine.seen = None

    @property
    def is_at_once(self) -> bool:
        """Whether this thread may be answered with what was read some moments before."""
        return self._mine.seen is not None

    def look_again(self) -> None:
        """Read everything anew in the rest of such a body."""
        self._mine.seen = None

    def get(self, key: str) -> Entry | None:
        """Return an entry."""
        mine = self._mine
        if mine.seen is None or key.startswith(_ONCE):
            return self._store.get(key)
        mine.keys[key] = None
        return mine.seen.entries[key] if key in mine.seen.entries else self._store.get(key)

    def list(self, prefix: str, names_only: bool = False) -> Listing:
        """Return all entries whose keys begin so."""
        mine = self._mine
        if mine.seen is None or names_only or prefix.startswith(_ONCE):
            return self._store.list(prefix, names_only)
        mine.prefixes[prefix] = None
        known = mine.seen.listings.get(prefix)
        return self._store.list(prefix) if known is None else known

    def read(self, keys: Sequence[str], prefixes: Sequence[str] = ()) -> Glance:
        """Return some entries, and lists."""
        return self._store.read(keys, prefixes)

    def transact(
        self,
        conditions: Sequence[Condition],
        puts: Mapping[str, bytes],
        deletes: Sequence[str] = (),
    ) -> bool:
        """Write all or nothing."""
        self.look_again()
        return self._store.transact(conditions, puts, deletes)

    def wait(self, prefix: str, mark: int, seconds: float) -> int:
        """Wait for a change."""
        return self._store.wait(prefix, mark, seconds)

    def hold(self, key: str, value: bytes, seconds: int) -> Hold | None:
        """Put a key that vanishes."""
        self.look_again()
        return self._store.hold(key, value, seconds)

    def close(self) -> None:
        """Close the connections."""
        self._store.close()
