"""Find the names that the lines of sections give, and those that they refer to.

What a line names is kept with the line, which edits carry on; so after an edit only new lines are
read. Lines that start with words behind which no declaration has a name are not read at all.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dataplane_core.grammar import LineForm, Prop, Reading, Statement
from dataplane_core.grammar.expressions import Functions
from dataplane_core.grammar.model import HeadTable
from dataplane_core.grammar.names import Name, NameKind
from dataplane_core.text import Line, Section
from dataplane_core.text.tokens import may_be_quoted

_QUOTES = re.compile(r"[\"'\\][^\n]*")
_IN_NAMES = "_.:-"


class Mention(NamedTuple):
    """A name that a line refers to, and the path of the property that holds it."""

    path: str
    name: Name


class Given(NamedTuple):
    """A name that a line gives; `numbers` is what names are counted by of which it is the start.

    What is `idle` does nothing unless something refers to it.
    """

    kind: str
    name: str
    path: str
    numbers: str = ""
    idle: bool = False


class LineNames(NamedTuple):
    """The names of one line, with what was read of it."""

    form: LineForm
    reading: Reading
    mentions: tuple[Mention, ...]
    given: tuple[Given, ...]


class SectionNames(NamedTuple):
    """The names of a section's lines, with the places of the lines; those it gives by kind."""

    lines: Sequence[tuple[int, LineNames]]
    given: Mapping[str, Mapping[str, list[tuple[int, Given]]]]

    def gives(self, kind: str, name: str) -> list[int]:
        """Return the places of the lines that give a name."""
        by_name = self.given.get(kind, {})
        found = [at for at, _ in by_name.get(name, ())]
        if not found:
            for several in by_name.values():
                found += [at for at, one in several if one.numbers and _is_numbered(one, name)]
        return found


def _is_numbered(given: Given, name: str) -> bool:
    number = name.removeprefix(given.name)
    if not (name.startswith(given.name) and number.isdecimal() and len(number) < 9):
        return False
    first, dash, last = given.numbers.partition("-")
    ends = (first, last) if dash else ("1", first)
    return all(end.isdecimal() for end in ends) and int(ends[0]) <= int(number) <= int(ends[1])


class NameReader:
    """Reads the names in the lines of sections of one kind; `statements` are what lines may be."""

    def __init__(self, statements: Iterable[Statement], functions: Functions) -> None:
        statements = list(dict.fromkeys(statements))
        self.heads = HeadTable(statements)
        self._functions = functions
        forms = {form: _named(form.props) for one in statements for form in one.forms}
        self._forms = {form: props for form, props in forms.items() if props}
        self._words = frozenset(form.head[0] for form in self._forms)

    @property
    def props(self) -> Iterator[Prop]:
        """The properties that have names."""
        return (prop for props in self._forms.values() for prop in props)

    def section(self, section: Section) -> SectionNames:
        """Return the names of a section's lines, which are kept with the section."""
        known: SectionNames | None = section.cache.get(self)
        if known is None:
            known = section.cache[self] = self._read(section.lines_with(self._words))
        return known

    def saying(self, section: Section, text: str) -> SectionNames:
        """Return the names of those lines at least in which a text may be part of a word."""
        known: SectionNames | None = section.cache.get(self)
        if known is None:
            lines = ((at, section.line(at)) for at in lines_saying(section, text))
            known = self._read(lines)
        return known

    def line(self, line: Line) -> LineNames | None:
        """Return the names of a line; None for one that has none."""
        if self not in line.readings:
            line.readings[self] = self._names(line)
        known: LineNames | None = line.readings[self]
        return known

    def _read(self, found: Iterable[tuple[int, Line]]) -> SectionNames:
        lines, given = list[tuple[int, LineNames]](), dict[str, dict[str, Any]]()
        for at, line in found:
            names = self.line(line) if line.tokens else None
            if names is not None:
                lines.append((at, names))
                for one in names.given:
                    given.setdefault(one.kind, {}).setdefault(one.name, []).append((at, one))
        return SectionNames(lines, given)

    def _names(self, line: Line) -> LineNames | None:
        match = self.heads.lookup(line)
        if match is None or match[2] is None or match[1] not in self._forms:
            return None
        _, form, reading = match
        assert reading is not None
        values, props = reading.values, self._forms[form]
        mentions = tuple(self._mentions(props, values, ""))
        given = tuple(_given(props, values))
        return LineNames(form, reading, mentions, given) if mentions or given else None

    def _mentions(
        self, props: Iterable[Prop], values: Mapping[str, Any], prefix: str
    ) -> Iterator[Mention]:
        for prop in props:
            value = values.get(prop.name)
            if value is None:
                continue
            path = prefix + prop.name
            if isinstance(prop.items, tuple):
                for at, item in enumerate(value):
                    yield from self._mentions(_named(prop.items), item, f"{path}.{at}.")
                continue
            notation = prop.items.refers_to if prop.items else prop.refers_to
            parts = enumerate(value) if isinstance(value, list) else [(-1, value)]
            for at, part in parts:
                where = path if at < 0 else f"{path}.{at}"
                if notation is not None and isinstance(part, str):
                    found = notation.find(part, values, self._functions)
                    yield from (Mention(where, name) for name in found)


def lines_saying(section: Section, name: str) -> list[int]:
    """Return the places of those lines at least in which a name may stand.

    Of lines with quotes or escapes all are looked at, of the others none that lacks the name.
    """
    text, found = section.text, list[int]()
    at, place, last = len(section.top), 0, len(section.top)
    for hit in _hits(text, name, at):
        if hit < at:
            continue  # on a line that was looked at
        start = text.rfind("\n", 0, hit) + 1
        at = text.find("\n", hit) + 1 or len(text)
        place, last = place + text.count("\n", last, start), start
        if may_say(text[start:at], name):
            found.append(place)
    return found


def _hits(text: str, name: str, start: int) -> list[int]:
    """Return where a name stands in a text as a word of its own, and quotes and escapes."""
    plain = re.compile(re.escape(name)).finditer(text, start)
    found = [hit.start() for hit in plain if not _within_word(text, *hit.span())]
    if may_be_quoted(text):
        found += [hit.start() for hit in _QUOTES.finditer(text, start)]
    return sorted(found)


def _within_word(text: str, start: int, end: int) -> bool:
    around = text[start - 1 : start], text[end : end + 1]
    return any(one.isalnum() or one in _IN_NAMES for one in around if one)


def may_say(raw: str, text: str) -> bool:
    """Return False for a line, or several, that surely says no word with a text in it."""
    if text in raw:
        return True
    if not may_be_quoted(raw):
        return False
    bare = raw.replace('"', "").replace("'", "").replace("\\", "")
    return text in bare or "\\x" in raw


def _named(props: Iterable[Prop]) -> tuple[Prop, ...]:
    """Return those properties that have names, or whose items have some."""
    return tuple(prop for prop in props if _has_names(prop))


def _has_names(prop: Prop) -> bool:
    if prop.refers_to is not None or prop.declares is not None:
        return True
    if isinstance(prop.items, tuple):
        return any(map(_has_names, prop.items))
    return prop.items is not None and _has_names(prop.items)


def _given(props: Iterable[Prop], values: Mapping[str, Any]) -> Iterator[Given]:
    for prop in props:
        said, value = prop.declares, values.get(prop.name)
        if said is None or not isinstance(value, str):
            continue
        numbers = str(values.get(said.numbers, "")) if said.numbers else ""
        name = value if said.by == "value" else ""
        yield Given(said.kind, name, prop.name, numbers, said.idle)


def exchanged(values: Mapping[str, Any], path: str, value: str) -> dict[str, Any]:
    """Return a line's values with another value at the path of a mention."""
    name, _, rest = path.partition(".") if path not in values else (path, "", "")
    while name not in values and rest:
        more, _, rest = rest.partition(".")
        name = f"{name}.{more}"
    return {**values, name: _within(values[name], rest, value)}


def _within(holder: Any, path: str, value: str) -> Any:
    if not path:
        return value
    number, _, rest = path.partition(".")
    items = list(holder)
    item = items[int(number)]
    items[int(number)] = exchanged(item, rest, value) if isinstance(item, dict) else value
    return items


def value_at(values: Mapping[str, Any], path: str) -> str:
    """Return the value at the path of a mention."""
    holder: Any = values
    while path not in holder:
        name, _, path = path.partition(".")
        while name not in holder:
            more, _, path = path.partition(".")
            name = f"{name}.{more}"
        holder = holder[name]
        number, _, path = path.partition(".")
        holder = holder[int(number)]
        if not path:
            return str(holder)
    return str(holder[path])


UNKNOWN_KINDS = frozenset({NameKind.FILE, NameKind.LUA})
"""Kinds of names that no line of a configuration gives."""
