"""Bound what caches hold in a process, all of them together: what was put in first goes first."""

from collections.abc import Callable, Hashable
from functools import partial
from itertools import count
from math import inf
from threading import RLock
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from weakref import WeakSet, ref

from dataplane_core.text.heap import give_back

Value = TypeVar("Value")

DEFAULT_LIMIT = 4 << 20
BYTES_FOR_A_CHARACTER = 50
"""What the lines of a section, and what is read of them, take for each character of their text."""
BYTES_FOR_A_SECTION = 600
"""What a section takes besides, however short it is, and what is noted of it here."""


class CacheBudget:
    """How many bytes caches may hold together, and these caches.

    A cache that nobody uses any more counts no longer, with all that is in it. `sections` are those
    that are cut into lines, and read.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self.limit = limit
        self.numbers = count()
        self.lock = RLock()
        self._dropped = 0  # bytes since memory was given back
        self._caches: WeakSet[BudgetedCache[Any]] = WeakSet()
        self._most = 0  # bytes that all caches hold at most: what is put in is added
        self.sections = ReadSections(self)

    @property
    def size(self) -> int:
        """The bytes that all caches hold, without what they spare."""
        with self.lock:
            return sum(cache.counted for cache in self._caches)

    def add(self, cache: "BudgetedCache[Any]") -> None:
        """Count what is put into a cache from now on."""
        with self.lock:  # another thread may be going through the caches
            self._caches.add(cache)

    def shrink(self, grown: int) -> None:
        """Drop what was put in first, until all caches together are within the limit.

        `grown` are the bytes that count since something was put in. All caches are counted only
        where they can hold too much.
        """
        with self.lock:
            self._most += grown
            if self._most <= self.limit:
                return
            left = before = self.size
            while left > self.limit:
                first = min(self._caches, key=BudgetedCache.first_number)
                held = first.counted
                if not first.drop_first():
                    break
                left += first.counted - held
            self._most = left
            self._dropped += before - left
            is_much = self._dropped > self.limit
            self._dropped = 0 if is_much else self._dropped
        if is_much:
            give_back()


class _Entry(NamedTuple, Generic[Value]):
    number: int
    size: int
    value: Value


class BudgetedCache(Generic[Value]):
    """Values by any key, each with its size; they are kept as long as the budget has room.

    The last ones of a cache, as many as it `spares`, stay, however large they are, and count for
    nothing.
    `dropped` is called with a value for which there was no room.
    """

    __slots__ = ("__weakref__", "_dropped", "_entries", "_spares", "budget", "size")

    def __init__(
        self,
        budget: CacheBudget,
        dropped: Callable[[Value], object] = lambda value: None,
        spares: int = 0,
    ) -> None:
        self.budget = budget
        self._spares = spares
        self.size = 0
        self._entries: dict[Hashable, _Entry[Value]] = {}
        self._dropped = dropped

    def get(self, key: Hashable) -> Value | None:
        """Return what is kept under `key`; None without it."""
        entry = self._entries.get(key)
        return None if entry is None else entry.value

    def size_of(self, key: Hashable) -> int:
        """Return the size with which something was put in; 0 without it."""
        entry = self._entries.get(key)
        return 0 if entry is None else entry.size

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Keep a value, as the newest."""
        with self.budget.lock:
            if not self._entries:
                self.budget.add(self)
            held = self.counted
            self.pop(key)
            self._entries[key] = _Entry(next(self.budget.numbers), size, value)
            self.size += size
            self.budget.shrink(self.counted - held)

    def pop(self, key: Hashable) -> Value | None:
        """Take a value out; None without it."""
        with self.budget.lock:
            entry = self._entries.pop(key, None)
            if entry is None:
                return None
            self.size -= entry.size
            return entry.value

    @property
    def counted(self) -> int:
        """The bytes that count for the budget."""
        # Nothing is made between the steps: a collection of garbage could take entries out.
        newest, spared = reversed(self._entries.values()), 0
        for _ in range(self._spares):
            one = next(newest, None)
            spared += 0 if one is None else one.size
        return self.size - spared

    def first_number(self) -> float:
        """Return the number of what was put in first: it is lower for what is older."""
        first = next(iter(self._entries.values()), None)
        return inf if first is None or len(self._entries) <= self._spares else first.number

    def drop_first(self) -> bool:
        """Drop what was put in first; return whether there was anything to drop."""
        # Entries can go at any moment: a section that nobody uses any more takes its own along.
        first = next(iter(self._entries), None)
        if first is None or len(self._entries) <= self._spares:
            return False
        value = self.pop(first)
        if value is not None:
            self._dropped(value)
        return True

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries


class Forgetful(Protocol):
    """Something that has more in memory than it needs to have it all again."""

    def forget(self) -> None:
        """Drop what can be made again."""


class ReadSections:
    """The sections that are read: the ones read first forget it when the budget has no room.

    None of them is kept alive by that. The two that were read last stay as they are, so that the
    lines of a large one are not cut for every look at it, nor those of two that are compared.
    """

    def __init__(self, budget: CacheBudget) -> None:
        self._cache: BudgetedCache[ref[Forgetful]] = BudgetedCache(budget, _forget, spares=2)

    def note(self, section: Forgetful, characters: int, length: int) -> None:
        """Count that some more of the `length` characters of a section's text were read."""
        key = id(section)
        known = self._cache.get(key)
        if known is not None and known() is section:
            characters += (self._cache.size_of(key) - BYTES_FOR_A_SECTION) // BYTES_FOR_A_CHARACTER
        gone: Callable[[object], object] = partial(_gone, ref(self._cache), key)
        one = known if known is not None and known() is section else ref(section, gone)
        size = min(characters, length) * BYTES_FOR_A_CHARACTER + BYTES_FOR_A_SECTION
        self._cache.put(key, one, size)


def _forget(section: "ref[Forgetful]") -> None:
    found = section()
    if found is not None:
        found.forget()


def _gone(cache: "ref[BudgetedCache[ref[Forgetful]]]", key: int, _: object) -> None:
    known = cache()
    if known is not None:
        known.pop(key)
