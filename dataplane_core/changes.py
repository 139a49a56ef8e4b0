"""What a committed change means: properties, old and new, and commands of the Runtime API.

A property whose declaration has `live` is applied by that command. In its text, `{name}` and
`{parent}` are the object's and its section's names, `{value}` the new value, and any other name is
a property of the object after the change (`{port}`; dots and dashes are underscores there). A
mapping behind a colon translates: `{value:enabled=maint,disabled=ready,=ready}`, where nothing in
front of `=` stands for a property that is not set.

A row that is added or taken away is brought by the commands that its collection's `live` names.
"""

import string
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from dataplane_core.api.collections import Rows
from dataplane_core.api.locate import named_rows, owner, row_at, row_name
from dataplane_core.grammar import Model, Prop, Row
from dataplane_core.haproxy.runtime import argument
from dataplane_core.registry import Registry
from dataplane_core.store.change import Committed
from dataplane_core.text import Document, Section


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

    rows: Rows
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
    return found


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
        before, after = self._lines(old), self._lines(new)
        labels = self._labels(old, before), self._labels(new, after)
        removed: list[RowChange] = []
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, *labels, False).get_opcodes():
            one, other = before[i1:i2], after[j1:j2]
            if tag == "equal" or (tag == "replace" and not self._are_rows(one, other)):
                yield from self._pairs(one, other)
                continue
            removed += (self._row(at, added=False) for at in one)
            yield from (self._row(at, added=True) for at in other)
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
            yield from _differences(rows.name, new.name, position, rows.props, *values)
            return
        one = owner(self.registry, old.kind)
        alone = one and _says_alone(one.model, old, at) and _says_alone(one.model, new, other)
        if one is not None and alone:
            values = [one.model.read(old), one.model.read(new)]
            yield from _differences(one.name, "", new.name, one.props, *values)

    def _whole(self, rows: Rows, side: int, row: Row) -> dict[str, Any]:
        """A row's values, and those that it has from elsewhere."""
        if rows.live is None:
            return row.values
        return {
            **rows.live.inherited(self.documents[side], self.sections[side], row),
            **row.values,
        }

    @staticmethod
    def _lines(section: Section) -> list[int]:
        """The places of lines that say something."""
        return [at for at, line in enumerate(section.lines) if line.tokens or line.broken]

    def _labels(self, section: Section, lines: list[int]) -> list[Hashable]:
        """What a line is known by: a row that can come and go by its name, another by its words."""
        named = {
            row.at: (rows.name, name)
            for rows in self.live
            for name, row in named_rows(rows, section).items()
        }
        return [
            named.get(at) or (line.tokens if not line.broken else line.raw)
            for at in lines
            for line in [section.lines[at]]
        ]

    def _are_rows(self, before: list[int], after: list[int]) -> bool:
        found = [self._find(0, at) for at in before] + [self._find(1, at) for at in after]
        return all(found)

    def _pairs(self, before: list[int], after: list[int]) -> Iterator[PropertyChange]:
        old, new = self.sections
        if len(before) != len(after):
            raise NeedsReload("lines were added or removed")
        for at, other in zip(before, after, strict=True):
            one, two = old.lines[at], new.lines[other]
            if one.raw.strip() == two.raw.strip() or (one.tokens == two.tokens and not one.broken):
                continue
            found = list(self._line_changes(at, other))
            if not found:
                raise NeedsReload("a line changed in a part that is not known")
            yield from found

    def _find(self, side: int, at: int) -> tuple[Rows, Row] | None:
        found = ((rows, row_at(rows, self.sections[side], at)) for rows in self.live)
        return next(((rows, place[1]) for rows, place in found if place is not None), None)

    def _row(self, at: int, *, added: bool) -> RowChange:
        """The change that a whole line is; a row that is in both sections has only moved."""
        found = self._find(int(added), at)
        if found is None:
            raise NeedsReload("lines were added or removed")
        rows, row = found
        name = row_name(rows, row)
        if name is None or name in named_rows(rows, self.sections[not added]):
            raise NeedsReload("rows were moved")
        return RowChange(rows, self.documents[added], self.sections[added], row, added)


def _says_alone(model: Model, section: Section, at: int) -> bool:
    """Whether a line is read whole, and is the only one of its statement."""
    for lines in model.find(section).values():
        if any(line[0] == at for line in lines):
            return len(lines) == 1 and lines[0][2] is not None and not lines[0][2].partial
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


class _Commands(string.Formatter):
    """Fills the text of a command in."""

    def get_value(self, key: int | str, args: Any, kwargs: Any) -> Any:
        return kwargs.get(key)

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec:
            words = dict(pair.split("=", 1) for pair in format_spec.split(","))
            value = words.get("" if value is None else str(value))
        if value is None:
            raise NeedsReload("a value that was taken away comes from elsewhere now")
        return argument(str(value))


def runtime_commands(changes: list[Difference]) -> list[str]:
    """The commands that bring changes to a running HAProxy; `NeedsReload` where one cannot."""
    commands: dict[str, None] = {}
    for change in changes:
        if isinstance(change, RowChange):
            commands.update(dict.fromkeys(change.commands))
            continue
        if change.prop.live is None:
            what = f"{change.collection} {change.parent} {change.name}".replace("  ", " ")
            raise NeedsReload(f"{what}: {change.prop.name} cannot be changed while HAProxy runs")
        names = {path.replace(".", "_").replace("-", "_"): v for path, v in change.values.items()}
        names |= {"parent": change.parent, "name": change.name, "value": change.new}
        commands[_Commands().vformat(change.prop.live, (), names)] = None
    return list(commands)


def applier(
    registry: Registry, hooks: Any, runtime: Any, reloading: Callable[[], bool] = lambda: False
) -> Callable[[Committed], bool]:
    """The store's way to a running HAProxy: plugins first, then the commands of `live`.

    While a reload is under way there is none: what the old process is told may be lost with it.
    """

    def apply(change: Committed) -> bool:
        if reloading():
            return False
        if hooks.dataplane_apply(change=change, runtime=runtime):
            return True
        try:
            commands = runtime_commands(differences(registry, change.before, change.after))
        except NeedsReload as reason:
            change.reload_reasons.append(str(reason))
            return False
        if runtime.apply(commands):
            return True
        change.reload_reasons.append("HAProxy did not take the change while running")
        return False

    return apply
