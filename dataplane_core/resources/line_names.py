"""Names of lines: those that they give and refer to, and where a name may stand at all."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dataplane_core.grammar.names import Name, NameKind
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text import Section
from dataplane_core.text.tokens import may_be_quoted

_QUOTES = lazy_pattern(r"[\"'\\][^\n]*")
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

    def counts(self, name: str) -> bool:
        """Return whether a name is one of those that are counted."""
        number = name.removeprefix(self.name)
        if not self.numbers or not name.startswith(self.name):
            return False
        if not number.isdecimal() or len(number) > 8:
            return False
        first, dash, last = self.numbers.partition("-")
        ends = (first, last) if dash else ("1", first)
        return all(map(str.isdecimal, ends)) and int(ends[0]) <= int(number) <= int(ends[1])


class LineNames(NamedTuple):
    """The names of one line."""

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
                found += [at for at, one in several if one.counts(name)]
        return found


def lines_saying(section: Section, name: str) -> list[tuple[int, str]]:
    """Return the places and texts of those lines at least in which a name may stand.

    Of lines with quotes or escapes all are looked at, of the others none that lacks the name. An
    empty name, which is the section's own, stands on none: all lines are looked at.
    """
    if not name:
        return [(at, line.raw) for at, line in enumerate(section.lines)]
    text, found = section.text, list[tuple[int, str]]()
    at, place, last = len(section.top), 0, len(section.top)
    for hit in _hits(text, name, at):
        if hit < at:
            continue  # on a line that was looked at
        start = text.rfind("\n", 0, hit) + 1
        at = text.find("\n", hit) + 1 or len(text)
        place, last = place + text.count("\n", last, start), start
        raw = text[start:at]
        if may_say(raw, name):
            found.append((place, raw))
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
