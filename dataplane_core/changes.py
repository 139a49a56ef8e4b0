"""What a committed change means: properties, old and new, and commands of the Runtime API.

A property whose declaration has `live` is applied by that command. In its text, `{name}` and
`{parent}` are the object's and its section's names, `{value}` the new value, and any other name is
a property of the object after the change (`{port}`; dots and dashes are underscores there). A
mapping behind a colon translates: `{value:enabled=maint,disabled=ready,=ready}`, where nothing in
front of `=` stands for a property that is not set.
"""

import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dataplane_core.api.locate import owner, row_at, row_name
from dataplane_core.grammar import Model, Prop
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


def property_changes(registry: Registry, before: Document, after: Document) -> list[PropertyChange]:
    """The properties in which two documents differ.

    Raises `NeedsReload` when they differ in anything that is no property of an object that is in
    both: in lines nobody knows, in the order of things, in what exists at all.
    """
    if before.preamble != after.preamble:
        raise NeedsReload("the top of the file is another")
    if _names(before) != _names(after):
        raise NeedsReload("sections were added, moved or removed")
    pairs = zip(before.sections, after.sections, strict=True)
    return [
        change
        for old, new in pairs
        if old is not new and old.text != new.text
        for change in _section_changes(registry, old, new)
    ]


def _names(document: Document) -> list[tuple[str, str]]:
    return [(section.kind, section.name) for section in document.sections]


def _section_changes(registry: Registry, old: Section, new: Section) -> Iterator[PropertyChange]:
    if old.header.tokens != new.header.tokens:
        raise NeedsReload("a section's header is another")
    pairs = _changed_lines(old, new)
    for at, other in pairs:
        found = list(_line_changes(registry, old, new, at, other))
        if not found:
            raise NeedsReload("a line changed in a part that is not known")
        yield from found


def _changed_lines(old: Section, new: Section) -> list[tuple[int, int]]:
    """The places of lines that differ in what they say; both sections have as many lines."""
    before = [at for at, line in enumerate(old.lines) if line.tokens or line.broken]
    after = [at for at, line in enumerate(new.lines) if line.tokens or line.broken]
    if len(before) != len(after):
        raise NeedsReload("lines were added or removed")
    return [
        (at, other)
        for at, other in zip(before, after, strict=True)
        if old.lines[at].raw.strip() != new.lines[other].raw.strip()
        and (old.lines[at].tokens != new.lines[other].tokens or old.lines[at].broken)
    ]


def _line_changes(
    registry: Registry, old: Section, new: Section, at: int, other: int
) -> Iterator[PropertyChange]:
    """The properties that differ between a line and the line in its place."""
    for rows in registry.rows_of(old.kind):
        before, after = row_at(rows, old, at), row_at(rows, new, other)
        if before is None and after is None:
            continue
        if before is None or after is None or row_name(rows, before[1]) != row_name(rows, after[1]):
            raise NeedsReload("a row is another one")
        name = row_name(rows, after[1])
        position = after[0] if name is None else name
        yield from _differences(
            rows.name, new.name, position, rows.props, before[1].values, after[1].values
        )
        return
    one = owner(registry, old.kind)
    if one is not None and _says_alone(one.model, old, at) and _says_alone(one.model, new, other):
        values = one.model.read(new)
        yield from _differences(one.name, "", new.name, one.props, one.model.read(old), values)


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


def runtime_commands(changes: list[PropertyChange]) -> list[str]:
    """The commands that bring changes to a running HAProxy; `NeedsReload` where one cannot."""
    commands: dict[str, None] = {}
    for change in changes:
        if change.prop.live is None:
            raise NeedsReload(f"{change.prop.name} cannot be changed while HAProxy runs")
        names = {path.replace(".", "_").replace("-", "_"): v for path, v in change.values.items()}
        names |= {"parent": change.parent, "name": change.name, "value": change.new}
        commands[_Commands().vformat(change.prop.live, (), names)] = None
    return list(commands)


def applier(registry: Registry, hooks: Any, runtime: Any) -> Callable[[Committed], bool]:
    """The store's way to a running HAProxy: plugins first, then the commands of `live`."""

    def apply(change: Committed) -> bool:
        if hooks.dataplane_apply(change=change, runtime=runtime):
            return True
        try:
            found = property_changes(registry, change.before, change.after)
            commands = runtime_commands(found)
        except NeedsReload:
            return False
        return bool(commands) and bool(runtime.apply(commands))

    return apply
