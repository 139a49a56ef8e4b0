"""Tell in which objects two configurations differ: sections, rows, and what belongs to neither.

What is the same is not read: sections that both documents share, and in others the lines with which
both begin and end. Rows without a name are matched by what they say, so that one that comes in
front of others is one object more, and no other object is another. Comments that are no metadata,
blanks and the order of lines of different collections are no object: the text alone has them.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Reference
from dataplane_core.grammar import Row
from dataplane_core.resources.alignment import Matches, align, is_same, matched, out_of_order
from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.extra_props import UNMANAGED
from dataplane_core.resources.locate import row_name, shown_names
from dataplane_core.resources.objects import Read, SectionKind
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document, Section
from dataplane_core.text.splice import common_end, common_start

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


class _Side(NamedTuple):
    """A section on one side: itself, the name that clients know, its place in the file."""

    section: Section
    name: str
    place: int


class _End(NamedTuple):
    """An object on one side: how it is known, what it says, its place among its like."""

    reference: Reference
    values: Mapping[str, Any]
    place: int


_Pair = tuple[_Side | None, _Side | None]


def compare(
    registry: Registry,
    before: Document,
    after: Document,
    kinds: dict[str, SectionKind] | None = None,
) -> list[ObjectChange]:
    """Return the objects in which two documents differ.

    Those that are gone come first, the others in the order of the file, a section in front of its
    rows. Who compares often hands in one dictionary of `kinds`: what is known of the registry then
    stays in it.
    """
    return [*_Comparison(registry, before, after, {} if kinds is None else kinds).changes()]


class _Comparison:
    """Two documents that are compared."""

    def __init__(
        self,
        registry: Registry,
        before: Document,
        after: Document,
        kinds: dict[str, SectionKind],
    ) -> None:
        self._registry = registry
        self._documents = before, after
        self._kinds = kinds
        self._names: tuple[dict[int, str], dict[int, str]] = {}, {}

    def changes(self) -> Iterator[ObjectChange]:
        """Yield the changes in order."""
        before, after = self._documents
        if before.preamble != after.preamble:
            yield from _top(before.preamble, after.preamble)
        pairs = [*self._pairs()]
        for old, new in pairs:
            if old is not None and new is None:
                yield from self._section_changes(old, None, moved=False)
        stay = [(old.place, new.place) for old, new in pairs if old and new]
        moved = out_of_order(sorted(stay))
        for old, new in sorted(pairs, key=lambda pair: pair[1].place if pair[1] else -1):
            if new is not None:
                is_moved = old is not None and (old.place, new.place) in moved
                yield from self._section_changes(old, new, moved=is_moved)

    def _kind(self, kind: str) -> SectionKind:
        if kind not in self._kinds:
            self._kinds[kind] = SectionKind(self._registry, kind)
        return self._kinds[kind]

    def _pairs(self) -> Iterator[_Pair]:
        """Yield the sections that may differ, each with the one that it was before."""
        olds, news = (document.sections for document in self._documents)
        if _keys(olds) == _keys(news):
            yield from self._in_place(olds, news)
            return
        start = common_start(olds, news)
        end = common_end(olds, news, start)
        groups: defaultdict[tuple[str, str], tuple[list[int], list[int]]] = defaultdict(
            lambda: ([], [])
        )
        for side, sections in enumerate((olds, news)):
            for place in range(start, len(sections) - end):
                section = sections[place]
                joined = self._kind(section.kind).is_joined
                groups[section.kind, "" if joined else section.name][side].append(place)
        for (kind, _), (gone, come) in groups.items():
            if self._kind(kind).is_joined:
                yield self._joined(kind, 0), self._joined(kind, 1)
                continue
            texts = [olds[at].text for at in gone], [news[at].text for at in come]
            for one, other in matched(*texts):
                yield (
                    None if one is None else self._side(0, gone[one]),
                    None if other is None else self._side(1, come[other]),
                )

    def _in_place(self, olds: Sequence[Section], news: Sequence[Section]) -> Iterator[_Pair]:
        """Yield the sections that differ where none has come, gone or moved, as nearly always."""
        joined = set[str]()
        for at, (old, new) in enumerate(zip(olds, news, strict=True)):
            if old is new or old.text == new.text:
                continue
            if not self._kind(new.kind).is_joined:
                yield self._side(0, at), self._side(1, at)
            elif new.kind not in joined:
                joined.add(new.kind)
                yield self._joined(new.kind, 0), self._joined(new.kind, 1)

    def _joined(self, kind: str, side: int) -> _Side | None:
        document = self._documents[side]
        found = document.joined(kind)
        places = (at for at, one in enumerate(document.sections) if one.kind == kind)
        return None if found is None else _Side(found, found.name, next(places))

    def _side(self, side: int, place: int) -> _Side:
        document, names = self._documents[side], self._names[side]
        section = document.sections[place]
        prefix = self._kind(section.kind).prefix
        if not section.name and prefix is not None and id(section) not in names:
            shown = shown_names(document, section.kind, prefix)
            names.update((id(one), name) for name, one in shown)
        return _Side(section, names.get(id(section), section.name), place)

    def _section_changes(
        self, old: _Side | None, new: _Side | None, *, moved: bool
    ) -> Iterator[ObjectChange]:
        """Yield the change of a section, if any, and those of the rows in it."""
        if not moved and old and new and old.section.text == new.section.text:
            return
        some = new or old
        assert some is not None
        kind = self._kind(some.section.kind)
        reads = _read_both(kind, old, new)
        own = not (old and new) or any(read.others for read in reads) or moved
        if old and new and old.section.header.raw != new.section.header.raw:
            own = True
        name = kind.owner.name if kind.owner is not None else ""
        if own:
            ends = (
                side and _End(
                    Reference(name, kind.kind, side.name),
                    kind.section(side.section, side.name),
                    side.place,
                )
                for side in (old, new)
            )
            yield from _changed(next(ends), next(ends), moved=moved)
        gone, come = (read.rows for read in reads)
        for rows in kind.rows.values():
            if rows.name in gone or rows.name in come:
                found = gone.get(rows.name, ()), come.get(rows.name, ())
                yield from _row_changes(kind, rows, (old, new), found)


def _keys(sections: Sequence[Section]) -> list[tuple[str, str]]:
    return [(section.kind, section.name) for section in sections]


def _top(before: str, after: str) -> Iterator[ObjectChange]:
    """Yield what is another in front of the first section: lines, be they comments or not."""
    old, new = ([line.strip() for line in text.split("\n")] for text in (before, after))
    if (lines := [*filter(None, old)]) != (others := [*filter(None, new)]):
        values = ({UNMANAGED.name: found} if found else {} for found in (lines, others))
        yield ObjectChange(TOP, "changed", next(values), next(values))


def _read_both(kind: SectionKind, old: _Side | None, new: _Side | None) -> tuple[Read, Read]:
    """Return what stands on the lines in which two sections differ."""
    gone, come = ([line.raw for line in side.section.lines] if side else [] for side in (old, new))
    start = common_start(gone, come)
    end = common_end(gone, come, start)
    old_read, new_read = (
        kind.read(side.section, range(start, len(raws) - end)) if side else Read({}, False)
        for side, raws in ((old, gone), (new, come))
    )
    return old_read, new_read


def _row_changes(
    kind: SectionKind,
    rows: RowCollection,
    sides: tuple[_Side | None, _Side | None],
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
        yield from _changed(*ends, moved=(one, at) in moved)


def _ends(
    kind: SectionKind, rows: RowCollection, side: _Side, found: Sequence[Row]
) -> list[_End]:
    """Return rows of one side, given in a run, with what they are known by and what they say."""
    if not found:
        return []
    ends = []
    for place, row in enumerate(found, _place(rows, side.section, found[0].at)):
        key = place if rows.indexed else row_name(rows, row)
        reference = Reference(rows.name, kind.kind, side.name, key)
        ends.append(_End(reference, kind.row(rows, row), place))
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


def _by_name(old: Sequence[_End], new: Sequence[_End]) -> Matches:
    """Return which named rows are which; of equal names the first is the first."""
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for at, one in enumerate(old):
        places[one.reference.key].append(at)
    pairs: Matches = []
    for at, one in enumerate(new):
        known = places[one.reference.key]
        pairs.append((known.pop(0) if known else None, at))
    return [*pairs, *((at, None) for some in places.values() for at in some)]


def _changed(old: _End | None, new: _End | None, *, moved: bool) -> Iterator[ObjectChange]:
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
