"""Keep texts and files in the store of a fleet in pieces, so that a small change costs little.

A content is cut where a line says so by its own bytes: whoever changes a line changes one piece, or
two, wherever the line stands, and all other pieces are there already. The names of the pieces are
a text of their own, which is kept in the same way until one piece is left: its name, with the
number of such layers in front, is the address of the content.
"""

import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from dataplane_core.plugin import DataplaneError
from dataplane_plugins.fleet.records.sealing import FleetKey, Forged
from dataplane_plugins.fleet.stores import Condition, Entry, KeyValueStore, Undecided

LEAST, MOST = 2 << 10, 128 << 10
"""Bytes that a piece has, but for the last one of a content."""

_ENDS = 128
"""One line among as many is the last one of its piece."""
_MOST_LAYERS = 8
_MOST_PUT, _MOST_BYTES = 32, 256 << 10
_MOST_READ = 16
_MOST_KNOWN = 100_000
_CACHE_BYTES = 16 << 20
_MOST_HERE = 8
PLACE, COLLECTED = "chunks/", "control/collected"


class MissingContent(DataplaneError):
    """A part of a content is not in the store."""

    status = 503


def pieces_of(data: bytes) -> Iterator[bytes]:
    """Cut a content where its lines say so."""
    start, end, size = 0, 0, len(data)
    while end < size:
        found = data.find(b"\n", end, start + MOST)
        line, end = end, (found + 1 if found >= 0 else min(start + MOST, size))
        if end - start >= LEAST and (
            end - start >= MOST or zlib.crc32(data[line:end]) % _ENDS == 0
        ):
            yield data[start:end]
            start = end
    if start < size:
        yield data[start:]


class Chunks:
    """The contents of a fleet."""

    def __init__(self, store: KeyValueStore, key: FleetKey) -> None:
        self._store = store
        self._key = key
        self._known: dict[str, None] = {}
        self._cache: dict[str, bytes] = {}
        self._cached = 0
        self._collected = 0, b""
        self._here: dict[str, bytes] = {}
        self._own, self._lock = threading.local(), threading.Lock()

    def put(self, data: bytes) -> str:
        """Keep a content; return its address. What is in the store already is not sent.

        Whoever makes a record with the address gives the `conditions` with it.
        """
        self._look()
        layers = self._layers(data)
        self._keep({name: piece for layer in layers for name, piece in layer})
        return _address(layers)

    def address(self, data: bytes) -> str:
        """Return the address that a content has, or would have."""
        return _address(self._layers(data))

    def keep_here(self, data: bytes) -> str:
        """Keep a content in this process alone, of those the last ones; return its address."""
        address, packed = self.address(data), zlib.compress(data)
        with self._lock:
            self._here[address] = packed
            while len(self._here) > _MOST_HERE:
                del self._here[next(iter(self._here))]
        return address

    def is_here(self, address: str) -> bool:
        """Tell whether this process has a content that the store may lack."""
        return address in self._here

    def _layers(self, data: bytes) -> list[list[tuple[str, bytes]]]:
        """Return the pieces of a content, then those of their names, until one is left."""
        layers = []
        while True:
            pieces = [*pieces_of(data)] or [b""]
            layers.append([(self._key.name(piece), piece) for piece in pieces])
            if len(pieces) == 1:
                return layers
            data = "\n".join([*(name for name, _ in layers[-1]), ""]).encode()

    def get(self, address: str) -> bytes:
        """Return the content with an address; raises `MissingContent` and `Forged`."""
        if (packed := self._here.get(address)) is not None:
            return zlib.decompress(packed)
        if not address[:1].isdecimal() or int(address[0]) > _MOST_LAYERS:
            raise Forged(f"{address[:40]!r} is no address of a content")
        names = [address[1:]]
        for _ in range(int(address[0])):
            names = b"".join(self._pieces(names)).decode("ascii", "replace").splitlines()
        return b"".join(self._pieces(names))

    def names(self, address: str) -> Iterator[str]:
        """Yield the names of all pieces of a content, those of its layers included."""
        names = [address[1:]]
        for _ in range(int(address[0])):
            yield from names
            names = b"".join(self._pieces(names)).decode("ascii", "replace").splitlines()
        yield from names

    def begin(self) -> None:
        """Begin a record: what this thread has put before is of another, which came to nothing."""
        self._own.mark = None

    def mend(self, data: bytes) -> int:
        """Put anew what of a content is not in the store, or is something else; return how much."""
        wanted = {name: piece for layer in self._layers(data) for name, piece in layer}
        mended = 0
        for name, piece in wanted.items():
            place = _place(name)
            entry = self._store.get(place)
            with suppress(Forged, MissingContent):
                self._opened(name, entry)
                continue
            sealed = self._key.seal(zlib.compress(piece), place)
            mark = 0 if entry is None else entry.mark
            mended += self._store.transact([Condition(place, mark)], {place: sealed})
        return mended

    def conditions(self) -> tuple[Condition, ...]:
        """Return that nothing was removed since this thread has put what its record names."""
        mark = getattr(self._own, "mark", None)
        self._own.mark = None
        return () if mark is None else (Condition(COLLECTED, mark),)

    def doubt(self) -> None:
        """Take no content for kept any more: the store is as it was some time ago."""
        with self._lock:
            self._known.clear()

    def forget(self) -> None:
        """Have nobody take a content for kept that was put before: the store may have lost it."""
        self._store.transact([], {COLLECTED: str(time.time()).encode()})

    def _look(self) -> None:
        """Take nothing for kept any more where somebody has removed contents."""
        entry = self._store.get(COLLECTED)
        mark, said = (entry.mark, entry.value) if entry is not None else (0, b"")
        if (mark, said) != self._collected:
            self.doubt()
            self._collected = mark, said
        if getattr(self._own, "mark", None) is None:
            self._own.mark = mark

    def _keep(self, pieces: dict[str, bytes]) -> None:
        missing = {name: piece for name, piece in pieces.items() if name not in self._known}
        for batch in self._batches(missing.items()):
            self._put_missing(batch)
        self._learn(missing)

    def _batches(self, pieces: Iterable[tuple[str, bytes]]) -> Iterator[dict[str, bytes]]:
        """Pack and seal pieces, as many at a time as one request may have."""
        batch: dict[str, bytes] = {}
        size = 0
        for name, piece in pieces:
            sealed = self._key.seal(zlib.compress(piece), _place(name))
            if batch and (len(batch) == _MOST_PUT or size + len(sealed) > _MOST_BYTES):
                yield batch
                batch, size = {}, 0
            batch[_place(name)] = sealed
            size += len(sealed)
        if batch:
            yield batch

    def _put_missing(self, batch: dict[str, bytes]) -> None:
        """Put pieces that are not there; most of the time none of them is.

        A piece is what its name says whoever puts it, so that a lost answer needs no certainty.
        """
        with suppress(Undecided):
            if self._store.transact([Condition(place) for place in batch], batch):
                return
        for place, sealed in batch.items():
            with suppress(Undecided):
                self._store.transact([Condition(place)], {place: sealed})
                continue
            self._store.transact([Condition(place)], {place: sealed})

    def _pieces(self, names: Sequence[str]) -> Iterator[bytes]:
        """Return pieces; those of the newest contents are in memory, packed.

        The others are read some at a time: who was away for long lacks many.
        """
        kept = {name: self._cache.get(name) for name in dict.fromkeys(names)}
        packed = {name: one for name, one in kept.items() if one is not None}
        missing = [name for name, one in kept.items() if one is None]
        for start in range(0, len(missing), _MOST_READ):
            some = missing[start : start + _MOST_READ]
            entries = self._store.read([_place(name) for name in some]).entries
            packed.update({name: self._opened(name, entries[_place(name)]) for name in some})
        return (zlib.decompress(packed[name]) for name in names)

    def _opened(self, name: str, entry: Entry | None) -> bytes:
        """Return a piece from the store, packed, and remember it."""
        if entry is None:
            raise MissingContent(
                f"the store of the fleet lacks a part of a content ({name}): `dataplane fleet "
                "mend`, on a member that has the newest version, puts it there again"
            )
        place = _place(name)
        packed = self._key.open(entry.value, place)
        try:
            piece = zlib.decompress(packed)
        except zlib.error:
            raise Forged(f"{place} cannot be read") from None
        if self._key.name(piece) != name:
            raise Forged(f"{place} holds another content")
        self._learn([name])
        self._remember(name, packed)
        return packed

    def _remember(self, name: str, packed: bytes) -> None:
        with self._lock:  # two threads may have read the same
            self._cached += len(packed) - len(self._cache.pop(name, b""))
            self._cache[name] = packed
            while self._cached > _CACHE_BYTES:
                self._cached -= len(self._cache.pop(next(iter(self._cache))))

    def _learn(self, names: Iterable[str]) -> None:
        with self._lock:
            self._known.update(dict.fromkeys(names))
            while len(self._known) > _MOST_KNOWN:
                del self._known[next(iter(self._known))]


def _address(layers: list[list[tuple[str, bytes]]]) -> str:
    return f"{len(layers) - 1}{layers[-1][0][0]}"


def _place(name: str) -> str:
    return f"{PLACE}{name}"
