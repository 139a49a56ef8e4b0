"""What differs between two documents: objects, and which rows of a section are which."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Reference
from dataplane_core.grammar import Row
from dataplane_core.resources.alignment import Matches, align, is_same, out_of_order
from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.extra_props import UNMANAGED
from dataplane_core.resources.locate import row_name
from dataplane_core.resources.objects import SectionKind
from dataplane_core.text import Section

Change = Literal["created", "changed", "deleted", "moved"]
TOP = Reference("", "", "")
"""Stands for the text in front of the first section."""


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """An object that a change has made, changed, removed, or put in another place.

    `reference` is how it is known after the change; a deleted one, how it was known before.
    `former` is how it was known before, where that is another name or index. `before` and `after`
    are all that it says, as flat values, None where it does not exist; one that has `moved` may
    say something else, too. `places` are those before and after among the rows of its collection
    in the section, or among the sections of the file.
    """

    reference: Reference
    change: Change
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    places: tuple[int | None, int | None] = (None, None)
    former: Reference | None = None


class Side(NamedTuple):
    """A section on one side: itself, the name that clients know, its place in the file."""

    section: Section
    name: str
    place: int


class End(NamedTuple):
    """An object on one side: how it is known, what it says, its place among its like."""

    reference: Reference
    values: Mapping[str, Any]
    place: int


def top_changes(before: str, after: str) -> Iterator[ObjectChange]:
    """Yield what is another in front of the first section: lines, be they comments or not."""
    old, new = ([line.strip() for line in text.split("\n")] for text in (before, after))
    if (lines := [*filter(None, old)]) != (others := [*filter(None, new)]):
        values = ({UNMANAGED.name: found} if found else {} for found in (lines, others))
        yield ObjectChange(TOP, "changed", next(values), next(values))


def row_changes(
    kind: SectionKind,
    rows: RowCollection,
    sides: tuple[Side | None, Side | None],
    found: Sequence[Sequence[Row]],
) -> Iterator[ObjectChange]:
    """Yield the changes of the rows of one collection in one section."""
    old, new = (
        [] if side is None else _ends(kind, rows, side, some)
        for side, some in zip(sides, found, strict=True)
    )
    if rows.key:
        pairs = _by_name(old, new)
    else:
        pairs = align([one.values for one in old], [one.values for one in new])
    moved = out_of_order([(one, at) for one, at in pairs if one is not None and at is not None])
    for one, at in sorted(pairs, key=lambda pair: -1 if pair[1] is None else pair[1]):
        ends = None if one is None else old[one], None if at is None else new[at]
        yield from changed(*ends, moved=(one, at) in moved)


def _ends(
    kind: SectionKind, rows: RowCollection, side: Side, found: Sequence[Row]
) -> list[End]:
    """Return rows of one side, given in a run, with what they are known by and what they say."""
    if not found:
        return []
    ends = []
    for place, row in enumerate(found, _place(rows, side.section, found[0].at)):
        key = place if rows.indexed else row_name(rows, row)
        reference = Reference(rows.name, kind.kind, side.name, key)
        ends.append(End(reference, kind.row(rows, row), place))
    return ends


def _place(rows: RowCollection, section: Section, at: int) -> int:
    """Return how many rows stand above a line.

    Those with a name need not be read for that: lines that begin as they do are counted.
    """
    if rows.indexed:
        return rows.table.index_at(section, at)
    words = rows.table.heads.first_words
    above = 0
    for line in section.lines[:at]:
        above += not words.isdisjoint(line.raw.split(None, 1)[:1])
    return above


def _by_name(old: Sequence[End], new: Sequence[End]) -> Matches:
    """Return which named rows are which; of equal names the first is the first."""
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for at in reversed(range(len(old))):
        places[old[at].reference.key].append(at)
    pairs: Matches = []
    for at, one in enumerate(new):
        known = places.get(one.reference.key)
        pairs.append((known.pop() if known else None, at))
    left = sorted(at for some in places.values() for at in some)
    return [*pairs, *((at, None) for at in left)]


def changed(old: End | None, new: End | None, *, moved: bool) -> Iterator[ObjectChange]:
    """Yield how an object differs between the two sides, each None where it is not there."""
    if old is None or new is None:
        if new is not None:
            yield ObjectChange(new.reference, "created", None, new.values, (None, new.place))
        elif old is not None:
            yield ObjectChange(old.reference, "deleted", old.values, None, (old.place, None))
    elif moved or not is_same(old.values, new.values):
        former = None if old.reference == new.reference else old.reference
        change: Change = "moved" if moved else "changed"
        places = old.place, new.place
        yield ObjectChange(new.reference, change, old.values, new.values, places, former)
