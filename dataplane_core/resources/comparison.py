"""Tell in which objects two configurations differ: sections, rows, and what belongs to neither.

What is the same is not read: sections that both documents share, and in others the lines with which
both begin and end. Rows without a name are matched by what they say, so that one that comes in
front of others is one object more, and no other object is another. Comments that are no metadata,
blanks and the order of lines of different collections are no object: the text alone has them.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from dataplane_core.errors import Reference
from dataplane_core.resources.alignment import matched, out_of_order
from dataplane_core.resources.locate import shown_names
from dataplane_core.resources.object_changes import (
    Change,
    End,
    ObjectChange,
    Side,
    changed,
    row_changes,
    top_changes,
)
from dataplane_core.resources.objects import Read, SectionKind
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document, Section
from dataplane_core.text.matching import changed_lines
from dataplane_core.text.splice import common_end, common_start

_Pair = tuple[Side | None, Side | None]


class _Step(NamedTuple):
    """A section that differs, before and after; `moved` is whether it stands elsewhere."""

    old: Side | None
    new: Side | None
    moved: bool


class Compared(NamedTuple):
    """The first changes of two documents.

    `left_out` is the number of sections that differ and whose changes are not all among these;
    `is_cut` is whether the last of these is of such a section. `sections` are then the first that
    differ: one that both documents have is known by its kind and name alone, as what differs may be
    rows.
    """

    changes: list[ObjectChange]
    left_out: int = 0
    is_cut: bool = False
    sections: Sequence[tuple[Reference, Change]] = ()


MOST_TOLD = 5000
"""Changes of two documents that are told; of those that are many more, the first."""
MOST_CHANGED_LINES = 2 * MOST_TOLD
"""A section in which more lines differ is not read where only the first changes are wanted."""


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


def compare_first(
    registry: Registry,
    before: Document,
    after: Document,
    kinds: dict[str, SectionKind] | None = None,
    most: int = MOST_TOLD,
) -> Compared:
    """Return the first changes that `compare` finds, `most` of them; the rest is not read."""
    return _Comparison(registry, before, after, {} if kinds is None else kinds).first(most)


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
        yield from self._top()
        for step in self._steps():
            yield from self._section_changes(step)

    def first(self, most: int) -> Compared:
        """Return the first changes, in order."""
        found = [*self._top()]
        steps, left_out, is_cut = self._steps(), 0, False
        for at, step in enumerate(steps):
            room = most - len(found)
            if room <= 0:
                left_out += len(steps) - at
                break
            if step.old and step.new and _is_much(step.old.section, step.new.section):
                left_out += 1
                continue
            some = [*islice(self._section_changes(step, most), most + 1)]
            is_cut = len(some) > room
            left_out += is_cut
            found += some[:room]
        sections = [self._section(step) for step in steps[:most]] if left_out else []
        return Compared(found, left_out, is_cut, sections)

    def _section(self, step: _Step) -> tuple[Reference, Change]:
        """Return which section differs, without a look inside it."""
        side = step.new or step.old
        assert side is not None
        kind = self._kind(side.section.kind)
        change: Change = "moved" if step.moved else "changed"
        if step.old is None or step.new is None:
            change = "deleted" if step.new is None else "created"
        name = kind.owner.name if change != "changed" and kind.owner is not None else ""
        return Reference(name, kind.kind, side.name), change

    def _top(self) -> Iterator[ObjectChange]:
        before, after = self._documents
        if before.preamble != after.preamble:
            yield from top_changes(before.preamble, after.preamble)

    def _steps(self) -> list[_Step]:
        """Return the sections that differ: those that are gone first, the others in order."""
        pairs = [*self._pairs()]
        steps = [_Step(old, new, False) for old, new in pairs if new is None]
        stay = [(old.place, new.place) for old, new in pairs if old and new]
        moved = out_of_order(sorted(stay))
        for old, new in sorted(pairs, key=lambda pair: pair[1].place if pair[1] else -1):
            if new is not None:
                is_moved = old is not None and (old.place, new.place) in moved
                if old is None or is_moved or old.section.text != new.section.text:
                    steps.append(_Step(old, new, is_moved))
        return steps

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
        for key in [*groups]:
            kind, (gone, come) = key[0], groups.pop(key)
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

    def _joined(self, kind: str, side: int) -> Side | None:
        document = self._documents[side]
        found = document.joined(kind)
        places = (at for at, one in enumerate(document.sections) if one.kind == kind)
        return None if found is None else Side(found, found.name, next(places))

    def _side(self, side: int, place: int) -> Side:
        document, names = self._documents[side], self._names[side]
        section = document.sections[place]
        prefix = self._kind(section.kind).prefix
        if not section.name and prefix is not None and id(section) not in names:
            shown = shown_names(document, section.kind, prefix)
            names.update((id(one), name) for name, one in shown)
        return Side(section, names.get(id(section), section.name), place)

    def _section_changes(
        self, step: _Step, most: int = sys.maxsize
    ) -> Iterator[ObjectChange]:
        """Yield the change of a section, if any, and those of the rows in it.

        Of one that has come or gone, at least `most` rows are told where there are as many.
        """
        old, new, moved = step
        some = new or old
        assert some is not None
        kind = self._kind(some.section.kind)
        reads = _read_both(kind, old, new, most)
        own = not (old and new) or any(read.others for read in reads) or moved
        if old and new and old.section.header.raw != new.section.header.raw:
            own = True
        name = kind.owner.name if kind.owner is not None else ""
        if own:
            ends = (
                side and End(
                    Reference(name, kind.kind, side.name),
                    kind.section(side.section, side.name),
                    side.place,
                )
                for side in (old, new)
            )
            yield from changed(next(ends), next(ends), moved=moved)
        gone, come = (read.rows for read in reads)
        for rows in kind.rows.values():
            if rows.name in gone or rows.name in come:
                found = gone.get(rows.name, ()), come.get(rows.name, ())
                yield from row_changes(kind, rows, (old, new), found)


def _is_much(old: Section, new: Section) -> bool:
    """Return whether too many lines of two sections differ."""
    return sum(changed_lines(old.text, new.text, MOST_CHANGED_LINES // 2)) > MOST_CHANGED_LINES


def _keys(sections: Sequence[Section]) -> list[tuple[str, str]]:
    return [(section.kind, section.name) for section in sections]


def _read_both(
    kind: SectionKind, old: Side | None, new: Side | None, most: int
) -> tuple[Read, Read]:
    """Return what stands on the lines in which two sections differ; of one alone, `most` rows."""
    most = most if old is None or new is None else sys.maxsize
    gone, come = ([line.raw for line in side.section.lines] if side else [] for side in (old, new))
    start = common_start(gone, come)
    end = common_end(gone, come, start)
    old_read, new_read = (
        kind.read(side.section, range(start, len(raws) - end), most) if side else Read({}, False)
        for side, raws in ((old, gone), (new, come))
    )
    return old_read, new_read
