"""Find what a change altered: properties, with old and new values, and rows."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from dataplane_core.dataclass import dataclass
from dataplane_core.grammar import Model, Prop, Row
from dataplane_core.resources.collections import (
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.locate import is_taken, owner, row_at, row_name
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document, Line, Section
from dataplane_core.text.conditions import has_conditional_blocks
from dataplane_core.text.matching import changed_lines, opcodes

MOST_LINES = 10_000
"""Lines of a section that may be others: with more, HAProxy reads the file anew."""


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
        """Return the commands that do it; raises `NeedsReload` where there are none."""
        live = self.rows.live
        if live is None:
            raise NeedsReload(f"{self.rows.name} cannot be added or removed while HAProxy runs")
        make = live.added if self.added else live.removed
        return list(make(self.document, self.section, self.row))


Difference = PropertyChange | RowChange


def differences(registry: Registry, before: Document, after: Document) -> list[Difference]:
    """Return the properties and rows in which two documents differ.

    Raises `NeedsReload` when they differ in anything else: in lines nobody knows, in the order of
    things, in what sections exist.
    """
    if before.preamble != after.preamble:
        raise NeedsReload("the top of the file is another")
    _same_sections(_names(before), _names(after))
    found: list[Difference] = []
    for old, new in zip(before.sections, after.sections, strict=True):
        if old is new or (text := old.text) == (other := new.text):
            continue
        try:
            long = len(text) + len(other) > MOST_LINES  # else nobody need count
            if long and max(changed_lines(text, other, MOST_LINES)) > MOST_LINES:
                raise NeedsReload(f"more than {MOST_LINES} lines are others")
            found += _SectionChange(registry, before, after, old, new).differences()
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


class _State:
    """A section of a document, as it was before a change or as it is after it.

    Lines are named by their places in the section, from 0. `live` are the collections whose rows
    can come and go while HAProxy runs.
    """

    def __init__(self, document: Document, section: Section, live: Sequence[RowCollection]) -> None:
        self.document = document
        self.section = section
        self._live = live

    def live_row(self, at: int) -> tuple[RowCollection, Row] | None:
        """Return the row on a line, with its collection; None for any other line."""
        for rows in self._live:
            row = rows.table.row(self.section, at)
            if row is not None:
                return rows, row
        return None

    def label(self, at: int) -> Hashable:
        """Return what a line is known by: a live row by its name, any other line by its words."""
        found = self.live_row(at)
        if found is not None and (name := row_name(*found)) is not None:
            return found[0].name, name
        line = self.section.lines[at]
        return line.raw if line.broken else line.tokens

    def values(self, rows: RowCollection, row: Row) -> dict[str, Any]:
        """Return a row's values, and those that it inherits from other lines."""
        if rows.live is None:
            return row.values
        return {**rows.live.inherited(self.document, self.section, row), **row.values}

    def is_alone(self, model: Model, at: int) -> bool:
        """Return whether a line is read whole by the model, as the only line of its statement."""
        for lines in model.find(self.section).values():
            if any(line[0] == at for line in lines):
                return len(lines) == 1 and lines[0][2] is not None and not lines[0][2].partial
        return False


class _SectionChange:
    """A section before and after a change.

    Its methods raise `NeedsReload` where no command brings the difference to HAProxy.
    """

    def __init__(
        self, registry: Registry, before: Document, after: Document, old: Section, new: Section
    ) -> None:
        live = [rows for rows in registry.rows_of(old.kind) if rows.live is not None]
        self._registry = registry
        self._owner = owner(registry.collections.values(), old.kind)
        self._before = _State(before, old, live)
        self._after = _State(after, new, live)

    def differences(self) -> Iterator[Difference]:
        """Yield the properties that differ and the rows that came, then the rows that went.

        Lines with the same label, and as many other lines in the same place, are compared one by
        one; else each line has come or gone.
        """
        before, after = self._before, self._after
        if before.section.header.tokens != after.section.header.tokens:
            raise NeedsReload("a section's header is another")
        old, new = _different(before.section.lines, after.section.lines)
        removed: list[RowChange] = []
        labels = list(map(before.label, old)), list(map(after.label, new))
        for tag, i1, i2, j1, j2 in opcodes(*labels):
            gone, come = old[i1:i2], new[j1:j2]
            if tag == "equal" or (len(gone) == len(come) and not self._have_rows(gone, come)):
                for pair in zip(gone, come, strict=True):
                    yield from self._line_changes(*pair)
                continue
            for at in gone:
                found = before.live_row(at)
                if found is None:
                    yield from self._lone_line(before, at)
                else:
                    removed.append(self._row_change(*found, added=False))
            for at in come:
                found = after.live_row(at)
                if found is None:
                    yield from self._lone_line(after, at)
                else:
                    yield self._row_change(*found, added=True)
        yield from removed

    def _have_rows(self, gone: Sequence[int], come: Sequence[int]) -> bool:
        return any(map(self._before.live_row, gone)) or any(map(self._after.live_row, come))

    def _line_changes(self, at: int, other: int) -> list[PropertyChange]:
        """Return the properties in which a line differs from the one in its place, `other`."""
        one, two = self._before.section.lines[at], self._after.section.lines[other]
        if one.raw.strip() == two.raw.strip() or (one.tokens == two.tokens and not one.broken):
            return []
        found = self._of_rows(at, other)
        if not (found := self._of_model(at, other) if found is None else found):
            raise NeedsReload("a line changed in a part that is not known")
        return found

    def _of_rows(self, at: int, other: int) -> list[PropertyChange] | None:
        """Return the differences between the rows on two lines; None where neither is a row."""
        before, after = self._before, self._after
        for rows in self._registry.rows_of(before.section.kind):
            old, new = rows.table.row(before.section, at), rows.table.row(after.section, other)
            if old is None and new is None:
                continue
            if old is None or new is None or row_name(rows, old) != row_name(rows, new):
                raise NeedsReload("a row is another one")
            name = row_name(rows, new)
            values = before.values(rows, old), after.values(rows, new)
            if rows.live is not None:
                rows.live.changed(*values)
            found = row_at(rows, after.section, other) if name is None else None
            key = found[0] if found else name or ""
            return list(_differences(rows.name, after.section.name, key, rows.props, *values))
        return None

    def _of_model(self, at: int, other: int) -> list[PropertyChange]:
        """Return the differences of the section's own properties, if two lines alone say them."""
        before, after = self._before, self._after
        one = self._owner
        if one is None or not before.is_alone(one.model, at):
            return []
        return self._of_section(one) if after.is_alone(one.model, other) else []

    def _lone_line(self, state: _State, at: int) -> list[PropertyChange]:
        """Return the differences of the section's properties that a line has made alone."""
        one = self._owner
        if one is None or not state.is_alone(one.model, at):
            raise NeedsReload("lines were added or removed")
        if not (found := self._of_section(one)):
            raise NeedsReload("lines were moved")
        return found

    def _of_section(self, one: SectionCollection | SingleSection) -> list[PropertyChange]:
        old, new = self._before.section, self._after.section
        values = one.model.read(old), one.model.read(new)
        return list(_differences(one.name, "", new.name, one.props, *values))

    def _row_change(self, rows: RowCollection, row: Row, *, added: bool) -> RowChange:
        """Return the change that a whole line is; a row that both sections have has only moved."""
        state, other = self._before, self._after
        if added:
            state, other = other, state
        if (name := row_name(rows, row)) is None or is_taken(rows, other.section, name):
            raise NeedsReload("rows were moved")
        return RowChange(rows, state.document, state.section, row, added)


def _different(old: Sequence[Line], new: Sequence[Line]) -> list[list[int]]:
    """Return the places of lines that say something, between those that are alike at both ends."""
    start, end, most = 0, 0, min(len(old), len(new))
    while start < most and old[start].raw == new[start].raw:
        start += 1
    while end < most - start and old[-1 - end].raw == new[-1 - end].raw:
        end += 1
    return [
        [at for at in range(start, len(some) - end) if some[at].tokens or some[at].broken]
        for some in (old, new)
    ]


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
