"""Remove from the store what no member needs any more: old revisions, and contents that none names.

The newest revisions stay, and what overlays are made of. A content goes when nobody has named it in
two looks with a while between them: who is about to name one has put it just now. That it goes is
noted in the same step, and a revision whose contents were put before that is not written.
"""

import time
from collections.abc import Iterable, Iterator, Sequence

from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.records.chunks import COLLECTED, PLACE, MissingContent
from dataplane_plugins.fleet.records.revisions import REVISIONS
from dataplane_plugins.fleet.records.sealing import Forged
from dataplane_plugins.fleet.rollouts.overlays import Overlays
from dataplane_plugins.fleet.rollouts.rollouts import PAST
from dataplane_plugins.fleet.stores import Condition, Hold

KEPT = 500
"""Revisions that stay."""
BETWEEN_SECONDS = 600.0


class Collector:
    """Looks for what can go, while its member leads."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._store = member.store
        self._overlays = Overlays(member)
        self._names: dict[str, frozenset[str]] = {}
        self._unnamed: frozenset[str] = frozenset()
        self._looked = time.monotonic()

    def is_due(self) -> bool:
        """Tell whether the last look was long enough ago."""
        return time.monotonic() - self._looked >= BETWEEN_SECONDS

    def collect(self, hold: Hold | None = None) -> int:
        """Remove what can go; return how many keys did. Raises `StoreError`, and `Forged`."""
        self._looked = time.monotonic()
        head = self._member.revisions.newest()
        if head is None:
            return 0
        last = head.number - KEPT
        gone = [*self._old(REVISIONS, last), *self._old(PAST, last)]
        self._remove(gone, hold)
        named = frozenset(self._named(range(max(1, last + 1), head.number + 1)))
        there = {one.key for one in self._store.list(PLACE, names_only=True).entries}
        unnamed = frozenset(there - named)
        contents = sorted(unnamed & self._unnamed)
        self._unnamed = unnamed
        self._remove(contents, hold, notes=True)
        return len(gone) + len(contents)

    def _old(self, prefix: str, last: int) -> Iterator[str]:
        for one in self._store.list(prefix, names_only=True).entries:
            number = one.key.removeprefix(prefix)
            if number.isdecimal() and int(number) <= last:
                yield one.key

    def _named(self, numbers: Iterable[int]) -> Iterator[str]:
        """Yield the keys of all pieces that kept revisions and overlays are made of."""
        known, self._names = self._names, {}
        for number in numbers:
            revision = self._member.revisions.get(number)
            if revision is None:
                continue
            yield from self._pieces(revision.text, known)
            yield from self._pieces(revision.files, known)
            for address in self._member.revisions.files(revision.files).values():
                yield from self._pieces(address, known)
        for address in self._overlays.contents():
            yield from self._pieces(address, known)

    def _pieces(self, address: str, known: dict[str, frozenset[str]]) -> frozenset[str]:
        """Return the keys of the pieces of a content; those of a broken one stay unknown."""
        if address not in self._names:
            found = known.get(address)
            if found is None:
                try:
                    names = self._member.revisions.chunks.names(address)
                    found = frozenset(f"{PLACE}{name}" for name in names)
                except (MissingContent, Forged) as error:
                    self._member.services.log.error("fleet: %s", error)
                    found = frozenset()
            self._names[address] = found
        return self._names[address]

    def _remove(self, keys: Sequence[str], hold: Hold | None, *, notes: bool = False) -> None:
        """Remove keys, as many at a time as the store takes, while this member leads."""
        conditions = [] if hold is None else [Condition(hold.key, hold.mark)]
        size = self._store.most - 2
        for some in (keys[start : start + size] for start in range(0, len(keys), size)):
            moment = str(time.time()).encode()
            puts = {COLLECTED: moment} if notes else {}
            if not self._store.transact(conditions, puts, some):
                return
