"""What a fleet needs of a key-value store, whichever it is.

All of it is level-triggered: whoever is woken reads again. A key is words with `/` between them; a
store has a prefix of its own, below which all its keys are, and which none of them tells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Protocol

from dataplane_core.plugin import dataclass

ABSENT = 0
"""The mark of a condition that asks for no such key."""
LONGEST_KEY = 400
"""Bytes of a key, without the store's prefix."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with its value; `mark` changes with every write of it, and grows."""

    key: str
    value: bytes
    mark: int


@dataclass(frozen=True, slots=True)
class Condition:
    """That a key has this mark, or is absent where the mark is 0."""

    key: str
    mark: int = ABSENT


@dataclass(frozen=True, slots=True)
class Listing:
    """The entries below a prefix, by key, and the mark behind which one waits for changes."""

    entries: tuple[Entry, ...]
    mark: int


@dataclass(frozen=True, slots=True)
class Glance:
    """What was read at once: entries by their keys, None where there is none, and lists."""

    entries: Mapping[str, Entry | None]
    listings: Mapping[str, Listing]


@dataclass(frozen=True, slots=True)
class Credentials:
    """How a store is told who asks: a user and password, or a token; paths of files for TLS."""

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    ca: str = ""
    certificate: str = ""
    key: str = ""


class StoreError(Exception):
    """A store did not do what it was asked for; `reason` is for people, and holds no secret."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StoreUnreachable(StoreError):
    """No member of the store answered, or none could: nothing has been written."""


class Undecided(StoreError):
    """The answer to a write is lost: what was to be written may be there, now or soon."""


class StoreRefused(StoreError):
    """The store does not want to: no right, no space, too large. Nothing has been written."""


class Hold(Protocol):
    """A key that is there as long as it is renewed.

    A transaction with `Condition(hold.key, hold.mark)` is one that only the holder can make.
    """

    key: str
    mark: int

    def renew(self) -> bool:
        """Keep the key for as many seconds again; False once it is lost, for good."""
        ...

    def release(self) -> None:
        """Take the key away, if it is still this hold's."""
        ...


class KeyValueStore(Protocol):
    """A store in which writes have one order; every method may raise a `StoreError`.

    It may be used by many threads, and after a fork by the child. No method but `wait` takes longer
    than a few seconds for each member of the store.
    """

    largest: int
    """Bytes that the keys and values of one transaction may have together."""
    most: int
    """Conditions, puts and deletes that one transaction may have together."""

    def get(self, key: str) -> Entry | None:
        """Return an entry, as the last write that was acknowledged to anybody left it."""
        ...

    def list(self, prefix: str, names_only: bool = False) -> Listing:
        """Return all entries whose keys begin so, of one moment, in the order of their bytes.

        With `names_only` they have no values and no marks.
        """
        ...

    def read(self, keys: Sequence[str], prefixes: Sequence[str] = ()) -> Glance:
        """Return some entries, and lists: in one request, and of one moment, where that can be."""
        ...

    def transact(
        self,
        conditions: Sequence[Condition],
        puts: Mapping[str, bytes],
        deletes: Sequence[str] = (),
    ) -> bool:
        """Write all or nothing: False where a condition does not hold, and nothing is written.

        Raises `Undecided` where the answer is lost, and any other error where nothing is written.
        No key may be put and deleted in one.
        """
        ...

    def wait(self, prefix: str, mark: int, seconds: float) -> int:
        """Return as soon as something whose key begins so has changed behind `mark`.

        The answer is the mark to go on from. It differs from `mark` where there may be something to
        read; that is so at once with 0, or where the store does not know what was since. It is
        `mark` itself when the time is over, or when `close` is called. A member that falls silent
        is noticed after fifteen seconds at most.
        """
        ...

    def hold(self, key: str, value: bytes, seconds: int) -> Hold | None:
        """Put a key that vanishes so many seconds after its renewal; None where it is there.

        Some stores take ten seconds at least, or up to twice as long to take the key away.
        """
        ...

    def close(self) -> None:
        """Close the connections; the store can still be used, and makes new ones."""
        ...


def check_transaction(
    store: KeyValueStore,
    conditions: Sequence[Condition],
    puts: Mapping[str, bytes],
    deletes: Sequence[str],
) -> None:
    """Refuse what a store cannot write at once, and what has no meaning."""
    both = sorted(set(puts) & set(deletes))
    if both:
        raise ValueError(f"{both[0]!r} is put and deleted in one transaction")
    if len(conditions) + len(puts) + len(deletes) > store.most:
        raise StoreRefused(f"a transaction has {store.most} parts at most")
    size = sum(len(key.encode()) + len(value) for key, value in puts.items())
    if size > store.largest:
        raise StoreRefused(f"a transaction of {size} bytes is larger than {store.largest}")


def read_in_turn(store: KeyValueStore, keys: Sequence[str], prefixes: Sequence[str]) -> Glance:
    """Return what `read` does, by a request for each."""
    listings = {one: store.list(one) for one in prefixes}
    return Glance({one: store.get(one) for one in keys}, listings)


def is_kept(store: KeyValueStore, hold: Hold) -> bool:
    """Tell whether the key of a hold is as it was put: another may have deleted it meanwhile."""
    entry = store.get(hold.key)
    return entry is not None and entry.mark == hold.mark


def check_key(key: str) -> str:
    """Return a key that every store takes as it is; raises ValueError for another one."""
    words = key.split("/")
    if any(word in ("", ".", "..") or not word.isprintable() for word in words):
        raise ValueError(f"{key!r} is no key: it must be printable words with / between them")
    if len(key.encode()) > LONGEST_KEY:
        raise ValueError(f"{key[:40]!r}… is no key: it must have {LONGEST_KEY} bytes at most")
    return key
