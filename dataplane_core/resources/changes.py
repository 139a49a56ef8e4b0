"""What a committed change means: properties, old and new, and rows that came or went."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dataplane_core.grammar import Model, Prop, Row
from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.locate import named_rows, owner, row_at, row_name
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document, Line, Section
from dataplane_core.text.conditions import has_conditional_blocks
from dataplane_core.text.matching import opcodes


class NeedsReload(Exception):
    """A change that no command can bring to a running HAProxy."""


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One property of one object that a change has altered; None where it is not set.

    `parent` is the name of the section that holds a row, `name` the object's name or index, and
    `values` the whole object after the change.
    """

    collection: str
    parent: str
    name: str | int
    prop: Prop
    old: Any
    new: Any
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that a change has added to a section (`added`) or taken from it.

    `document` and `section` are those that have the row.
    """

    rows: RowCollection
    document: Document
    section: Section
    row: Row
    added: bool

    @property
    def commands(self) -> list[str]:
        """The commands that do it; raises `NeedsReload` where there are none."""
        live = self.rows.live
        if live is None:
            raise NeedsReload(f"{self.rows.name} cannot be added or removed while HAProxy runs")
        make = live.added if self.added else live.removed
        return list(make(self.document, self.section, self.row))


Difference = PropertyChange | RowChange


def differences(registry: Registry, before: Document, after: Document) -> list[Difference]:
    """The properties and rows in which two documents differ.

    Raises `NeedsReload` when they differ in anything else: in lines nobody knows, in the order of
    things, in what sections exist.
    """
    if before.preamble != after.preamble:
        raise NeedsReload("the top of the file is another")
    _same_sections(_names(before), _names(after))
    found: list[Difference] = []
    for old, new in zip(before.sections, after.sections, strict=True):
        if old is new or old.text == new.text:
            continue
        try:
            found += _Sections(registry, before, after, old, new).differences()
        except NeedsReload as reason:
            raise NeedsReload(f"{new.kind} {new.name}".rstrip() + f": {reason}") from None
    if found:
        _heed_others(found, after)
    return found


def _heed_others(found: list[Difference], document: Document) -> None:
    """Raise `NeedsReload` where lines that are as they were have a say in what others mean."""
    if has_conditional_blocks(document.text()):
        raise NeedsReload("only HAProxy knows which lines of a conditional block count")
    for prop in (change.prop for change in found if isinstance(change, PropertyChange)):
        if prop.live_unless and _says(document, prop.live_unless):
            raise NeedsReload(f"{prop.live_unless} depends on {prop.name} at the last reload")


def _says(document: Document, word: str) -> bool:
    near = (section for section in document.sections if word in section.text)
    return word in document.preamble.split() or any(
        word in line.tokens for section in near for line in section.lines
    )


def _same_sections(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> None:
    if old == new:
        return
    for one, verb in ((set(new) - set(old), "added"), (set(old) - set(new), "removed")):
        if one:
            raise NeedsReload(f"{' '.join(min(one)).rstrip()} was {verb}")
    raise NeedsReload("sections were moved")


def _names(document: Document) -> list[tuple[str, str]]:
    return [(section.kind, section.name) for section in document.sections]


class _Sections:
    """A section before and after a change."""

    def __init__(
        self, registry: Registry, before: Document, after: Document, old: Section, new: Section
    ) -> None:
        self.registry = registry
        self.documents = (before, after)
        self.sections = (old, new)
        self.live = [rows for rows in registry.rows_of(old.kind) if rows.live is not None]

    def differences(self) -> Iterator[Difference]:
        """What differs; `NeedsReload` where no command can bring it."""
        old, new = self.sections
        if old.header.tokens != new.header.tokens:
            raise NeedsReload("a section's header is another")
        before, after = self._different()
        labels = [self._label(0, at) for at in before], [self._label(1, at) for at in after]
        removed: list[RowChange] = []
        for tag, i1, i2, j1, j2 in opcodes(*labels):
            one, other = before[i1:i2], after[j1:j2]
            if tag == "equal" or (len(one) == len(other) and not self._has_rows(one, other)):
                yield from self._pairs(one, other)
                continue
            for side, at in [*((0, at) for at in one), *((1, at) for at in other)]:
                found = self._find(side, at)
                if found is None:
                    yield from self._lone_line(side, at)
                elif side:
                    yield self._row(side, *found)
                else:
                    removed.append(self._row(side, *found))
        yield from removed

    def _line_changes(self, at: int, other: int) -> Iterator[PropertyChange]:
        """The properties that differ between a line and the line in its place."""
        old, new = self.sections
        for rows in self.registry.rows_of(old.kind):
            before, after = row_at(rows, old, at), row_at(rows, new, other)
            if before is None and after is None:
                continue
            if before is None or after is None:
                raise NeedsReload("a row is another one")
            name = row_name(rows, after[1])
            if row_name(rows, before[1]) != name:
                raise NeedsReload("a row is another one")
            position = after[0] if name is None else name
            values = [self._whole(rows, 0, before[1]), self._whole(rows, 1, after[1])]
            if rows.live is not None:
                rows.live.changed(*values)
            yield from _differences(rows.name, new.name, position, rows.props, *values)
            return
        one = owner(self.registry, old.kind)
        alone = one and _says_alone(one.model, old, at) and _says_alone(one.model, new, other)
        if one is not None and alone:
            values = [one.model.read(old), one.model.read(new)]
            yield from _differences(one.name, "", new.name, one.props, *values)

    def _whole(self, rows: RowCollection, side: int, row: Row) -> dict[str, Any]:
        """A row's values, and those that it has from elsewhere."""
        if rows.live is None:
            return row.values
        return {
            **rows.live.inherited(self.documents[side], self.sections[side], row),
            **row.values,
        }

    def _different(self) -> tuple[list[int], list[int]]:
        """The places of lines that say something, without those that begin and end both alike."""
        old, new = (section.lines for section in self.sections)
        start, most = 0, min(len(old), len(new))
        while start < most and old[start].raw == new[start].raw:
            start += 1
        end = 0
        while end < most - start and old[-1 - end].raw == new[-1 - end].raw:
            end += 1
        return _saying(old, start, end), _saying(new, start, end)

    def _label(self, side: int, at: int) -> Hashable:
        """What a line is known by: a row that can come and go by its name, another by its words."""
        found = self._find(side, at)
        if found is not None and (name := row_name(*found)) is not None:
            return found[0].name, name
        line = self.sections[side].lines[at]
        return line.raw if line.broken else line.tokens

    def _has_rows(self, before: list[int], after: list[int]) -> bool:
        return any(self._find(0, at) for at in before) or any(self._find(1, at) for at in after)

    def _lone_line(self, side: int, at: int) -> Iterator[PropertyChange]:
        """What a line says of the section that has come or gone."""
        old, new = self.sections
        one = owner(self.registry, new.kind)
        if one is None or not _says_alone(one.model, self.sections[side], at):
            raise NeedsReload("lines were added or removed")
        values = [one.model.read(old), one.model.read(new)]
        found = list(_differences(one.name, "", new.name, one.props, *values))
        if not found:
            raise NeedsReload("lines were moved")
        yield from found

    def _pairs(self, before: list[int], after: list[int]) -> Iterator[PropertyChange]:
        old, new = self.sections
        for at, other in zip(before, after, strict=True):
            one, two = old.lines[at], new.lines[other]
            if one.raw.strip() == two.raw.strip() or (one.tokens == two.tokens and not one.broken):
                continue
            found = list(self._line_changes(at, other))
            if not found:
                raise NeedsReload("a line changed in a part that is not known")
            yield from found

    def _find(self, side: int, at: int) -> tuple[RowCollection, Row] | None:
        found = ((rows, rows.table.row(self.sections[side], at)) for rows in self.live)
        return next(((rows, row) for rows, row in found if row is not None), None)

    def _row(self, side: int, rows: RowCollection, row: Row) -> RowChange:
        """The change that a whole line is; a row that is in both sections has only moved."""
        name = row_name(rows, row)
        if name is None or name in named_rows(rows, self.sections[not side]):
            raise NeedsReload("rows were moved")
        return RowChange(rows, self.documents[side], self.sections[side], row, bool(side))


def _saying(lines: Sequence[Line], start: int, end: int) -> list[int]:
    places = range(start, len(lines) - end)
    return [at for at in places if lines[at].tokens or lines[at].broken]


def _says_alone(model: Model, section: Section, at: int) -> bool:
    """Whether a line is read whole, and is the only one of its statement."""
    for lines in model.find(section).values():
        if any(line.at == at for line in lines):
            reading = lines[0].reading
            return len(lines) == 1 and reading is not None and not reading.partial
    return False


def _differences(
    collection: str,
    parent: str,
    name: str | int,
    props: tuple[Prop, ...],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
) -> Iterator[PropertyChange]:
    for prop in props:
        before, after = old.get(prop.name), new.get(prop.name)
        if before != after:
            yield PropertyChange(collection, parent, name, prop, before, after, new)
