"""Find the names that the lines of sections give, and those that they refer to.

What a line names is kept with the line, which edits carry on; so after an edit only new lines are
read. Lines that start with words behind which no declaration has a name are not read at all, and
some only where they have a keyword behind which a name stands.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dataplane_core.grammar import FileWith, LineForm, Prop, Reading, Statement
from dataplane_core.grammar.expressions import Functions
from dataplane_core.grammar.model import HeadTable
from dataplane_core.grammar.names import Declared
from dataplane_core.grammar.terms import TermSequence
from dataplane_core.grammar.vocabulary import keywords_of
from dataplane_core.resources.line_names import (
    Given,
    LineNames,
    Mention,
    SectionNames,
    lines_saying,
)
from dataplane_core.text import Line, Section
from dataplane_core.text.tokens import may_be_quoted, plain_word


class NameReader:
    """Reads the names in the lines of sections of one kind; `statements` are what lines may be.

    Lines that name files in which further names stand begin with one of the words `holding`.
    """

    def __init__(self, statements: Iterable[Statement], functions: Functions) -> None:
        statements = list(dict.fromkeys(statements))
        self.heads = HeadTable(statements)
        self._functions = functions
        forms = {form: _named(form.props) for one in statements for form in one.forms}
        self._forms = {form: props for form, props in forms.items() if props}
        self._words = frozenset(form.head[0] for form in self._forms)
        self._giving = frozenset(
            form.head[0] for form, props in self._forms.items()
            if any(prop.declares for prop in props)
        )  # fmt: skip
        self._plain = dict(_plain_lines(self.heads, self._forms))
        self.holding = frozenset(
            form.head[0] for form, props in self._forms.items() if any(map(_holds, props))
        )

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
            lines = ((at, section.line(at, raw)) for at, raw in lines_saying(section, text))
            known = self._read(lines)
        return known

    def line(self, line: Line) -> LineNames | None:
        """Return the names of a line; None for one that has none."""
        if self not in line.readings:
            line.keep(self, self._names(line))
        known: LineNames | None = line.readings[self]
        return known

    def given(self, lines: Iterable[Line]) -> Iterator[Given]:
        """Yield the names that lines give; those that only refer to some are not read."""
        for line in lines:
            if line.tokens and plain_word(line.tokens[0]) in self._giving:
                names = self.line(line)
                yield from names.given if names else ()

    def _read(self, found: Iterable[tuple[int, Line]]) -> SectionNames:
        lines, given = list[tuple[int, LineNames]](), dict[str, dict[str, Any]]()
        for at, line in found:
            names = self.line(line) if line.tokens else None
            if names is not None:
                lines.append((at, names))
                for one in names.given:
                    given.setdefault(one.kind, {}).setdefault(one.name, []).append((at, one))
        return SectionNames(lines, given)

    def reading(self, line: Line) -> tuple[LineForm, Reading] | None:
        """Return the form of a line that may have names, and what it says."""
        match = self.heads.lookup(line)
        if match is None or match[2] is None or match[1] not in self._forms:
            return None
        return match[1], match[2]

    def _names(self, line: Line) -> LineNames | None:
        plain = self._plain.get(line.tokens[0])
        if plain is not None and plain.fits(line):
            return plain.names(line)
        read = self.reading(line)
        if read is None:
            return None
        form, reading = read
        values, props = reading.values, self._forms[form]
        mentions = tuple(self._mentions(props, values, ""))
        given = tuple(_given(props, values))
        return LineNames(mentions, given) if mentions or given else None

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


class _PlainLine(NamedTuple):
    """Lines of a form that refer to something behind some keywords alone.

    `declared` is how the word behind the first one gives a name.
    """

    keywords: re.Pattern[str]
    prop: Prop | None
    declared: Declared | None

    def fits(self, line: Line) -> bool:
        """Return whether a line has none of the keywords; such a line need not be read."""
        return not may_be_quoted(line.raw) and self.keywords.search(line.raw) is None

    def names(self, line: Line) -> LineNames | None:
        """Return the names of such a line."""
        if self.prop is None or self.declared is None or len(line.tokens) < 2:
            return None
        given = Given(self.declared.kind, line.tokens[1], self.prop.name, "", self.declared.idle)
        return LineNames((), (given,))


def _plain_lines(
    heads: HeadTable, forms: Mapping[LineForm, Sequence[Prop]]
) -> Iterator[tuple[str, _PlainLine]]:
    """Yield the first words of lines that need not be read without some keywords."""
    for form, props in forms.items():
        word = form.head[0]
        if len(form.head) > 1 or sum(head[0] == word for head in heads.by_head) > 1:
            continue
        keywords = keywords_of(form.term, _refers)
        given = [prop for prop in props if prop.declares is not None]
        if keywords is None or len(heads.by_head[form.head]) > 1 or len(given) > 1:
            continue
        first = form.term.terms[0] if isinstance(form.term, TermSequence) else form.term
        if given and (first.names != {given[0].name} or given[0].declares != _plainly(given[0])):
            continue
        pattern = re.compile("|".join(map(re.escape, sorted(keywords))) or r"(?!)")
        prop = given[0] if given else None
        yield word, _PlainLine(pattern, prop, prop.declares if prop else None)


def _plainly(prop: Prop) -> Declared | None:
    """Return how a property gives a name, if its value is the name."""
    said = prop.declares
    return None if said is None else Declared(said.kind, idle=said.idle)


def _refers(prop: Prop) -> bool:
    if isinstance(prop.items, tuple):
        return any(map(_refers, prop.items))
    return prop.refers_to is not None or (prop.items is not None and _refers(prop.items))


def _named(props: Iterable[Prop]) -> tuple[Prop, ...]:
    """Return those properties that have names, or whose items have some."""
    return tuple(prop for prop in props if _has_names(prop))


def _has_names(prop: Prop) -> bool:
    if prop.refers_to is not None or prop.declares is not None:
        return True
    if isinstance(prop.items, tuple):
        return any(map(_has_names, prop.items))
    return prop.items is not None and _has_names(prop.items)


def _holds(prop: Prop) -> bool:
    if isinstance(prop.items, tuple):
        return any(map(_holds, prop.items))
    inner = prop.items is not None and _holds(prop.items)
    return inner or isinstance(prop.refers_to, FileWith)


def _given(props: Iterable[Prop], values: Mapping[str, Any]) -> Iterator[Given]:
    for prop in props:
        said, value = prop.declares, values.get(prop.name)
        if said is None or not isinstance(value, str):
            continue
        numbers = str(values.get(said.numbers, "")) if said.numbers else ""
        name = value if said.by == "value" else ""
        yield Given(said.kind, name, prop.name, numbers, said.idle)
