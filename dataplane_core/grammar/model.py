"""Models: the lens between a section's lines and one flat object.

`Model.read` is the lens's get, `Model.put` its put: a line whose own values stay is not touched,
and a line that no statement knows is never touched.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

from dataplane_core.grammar.declaration import Declaration, PropertyIndex
from dataplane_core.grammar.props import Problem, Prop, Reading, Values
from dataplane_core.grammar.reconcile import StatementLine, reconcile
from dataplane_core.grammar.statements import EACH, FIRST, LineContent, LineForm, Statement
from dataplane_core.text.lines import Line
from dataplane_core.text.section import Section
from dataplane_core.text.section_edit import SectionEdit
from dataplane_core.text.splice import CarriedReading, Splice, added_lines, moved
from dataplane_core.text.tokens import may_be_quoted, plain_word


class HeadTable:
    """Finds the statement of a line by the line's first words; the longest head wins."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.by_head: dict[tuple[str, ...], list[tuple[Statement, LineForm]]] = {}
        for statement in statements:
            for form in statement.forms:
                self.by_head.setdefault(form.head, []).append((statement, form))
        self.longest = max(map(len, self.by_head), default=0)
        self.first_words = frozenset(head[0] for head in self.by_head)

    def lookup(self, line: Line) -> tuple[Statement, LineForm, Reading | None] | None:
        """Return the statement that a line belongs to, its form, and what the line says.

        Of several forms with the line's head it is the first one that reads the line. Where none
        does, it is the first form, and the reading is None. Return None for a line with a head that
        no statement has.
        """
        tokens = line.tokens
        if may_be_quoted(line.raw):
            tokens = tuple(map(plain_word, tokens[: self.longest]))
        for length in range(min(self.longest, len(tokens)), 0, -1):
            candidates = self.by_head.get(tokens[:length])
            if candidates is None:
                continue
            for statement, form in candidates:
                reading = form.read(line)
                if reading is not None:
                    return statement, form, reading
            if length == 1 or not any(tokens[:n] in self.by_head for n in range(1, length)):
                return *candidates[0], None
        return None

    def has_head(self, line: Line) -> bool:
        """Return whether a line has the head of a statement, be it read or not."""
        tokens = line.tokens[: self.longest]
        if may_be_quoted(line.raw):
            tokens = tuple(map(plain_word, tokens))
        return any(tokens[:length] in self.by_head for length in range(1, len(tokens) + 1))

    def reads(self, line: Line) -> bool:
        """Return whether a statement reads a line."""
        match = self.lookup(line)
        return match is not None and match[2] is not None


class FoundLines(CarriedReading):
    """The lines of a section that a model knows, by statement."""

    __slots__ = ("_heads", "by_statement")

    def __init__(
        self, heads: HeadTable, by_statement: Mapping[Statement, list[StatementLine]]
    ) -> None:
        self._heads = heads
        self.by_statement = by_statement

    @classmethod
    def among(cls, heads: HeadTable, lines: Iterable[tuple[int, Line]]) -> Self:
        """Return what is found among some lines, given with their places."""
        found: dict[Statement, list[StatementLine]] = {}
        for at, line in lines:
            if line.tokens and (match := heads.lookup(line)):
                statement, form, reading = match
                found.setdefault(statement, []).append(StatementLine(at, form, reading))
        return cls(heads, found)

    def after(self, splices: Sequence[Splice]) -> Self:
        """Return the lines after an edit; only those that come are read."""
        found: dict[Statement, list[StatementLine]] = {}
        for statement, lines in self.by_statement.items():
            places = ((line, moved(line.at, splices)) for line in lines)
            stay = [line._replace(at=at) for line, at in places if at is not None]
            if stay:
                found[statement] = stay
        come = self.among(self._heads, added_lines(splices)).by_statement
        for statement, lines in come.items():
            found[statement] = sorted([*found.get(statement, ()), *lines], key=_place)
        return type(self)(self._heads, found)


def _place(line: StatementLine) -> int:
    return line.at


class Model(Declaration):
    """The statements of one kind of section, as a lens between its lines and one flat object.

    `empty` names the nested objects that clients find although no line says anything of them, each
    with the values of other properties on which that depends. `annotated` are the nested objects,
    and the lists of such, whose lines can hold metadata of theirs.
    """

    def __init__(
        self,
        name: str,
        *statements: Statement,
        empty: Mapping[str, Values] | None = None,
        annotated: Iterable[str] = (),
    ) -> None:
        self.name = name
        self.annotated = tuple(annotated)
        self.empty = empty or {}
        self.statements = statements

    def extended(self, *statements: Statement) -> Self:
        """Return the model with more statements, whose new lines stand behind those of others."""
        new = copy.copy(self)
        new.statements = (*self.statements, *statements)
        return new

    def declared(self) -> Iterable[Prop]:
        return {prop.name: prop for one in self.statements for prop in one.props}.values()

    @cached_property
    def heads(self) -> HeadTable:
        """The statements by the first words of their lines."""
        return HeadTable(self.statements)

    @cached_property
    def _index(self) -> PropertyIndex[Statement]:
        return PropertyIndex(self.statements)

    def find(self, section: Section) -> Mapping[Statement, list[StatementLine]]:
        """Return the section's lines by statement, those of a statement in file order."""
        known: FoundLines | None = section.cache.get(self)
        if known is None:
            lines = section.lines_with(self.heads.first_words)
            known = section.cache[self] = FoundLines.among(self.heads, lines)
        return known.by_statement

    def read(self, section: Section) -> dict[str, Any]:
        """Return the section as a flat object: dotted property names with JSON values."""
        values: dict[str, Any] = {}
        found = self.find(section)
        for statement in self._index.concerned((), found):
            values.update(statement.collect(_contents(found[statement])))
        return values

    def beside(self, section: Section) -> frozenset[int]:
        """Return the places of readable lines that the object does not show.

        They are lines of a statement of which only one line is shown, and say something else than
        that one.
        """
        places: set[int] = set()
        for statement, lines in self.find(section).items():
            if statement.single and len(lines) > 1:
                shown = statement.collect(_contents(lines))
                places.update(
                    line.at
                    for line in lines
                    if line.reading is not None and statement.collect(_contents([line])) != shown
                )
        return frozenset(places)

    def problems(self, values: Values) -> Iterator[Problem]:
        """Yield a problem for each rule between properties that a flat object breaks."""
        for statement in self._index.concerned(values):
            yield from statement.problems(values)

    def put(self, section: Section, values: Values) -> Section:
        """Return the section with lines that say `values`, and nothing else the model knows.

        Raises `Invalid` for a value that no line can say.
        """
        found = self.find(section)
        edit = SectionEdit(section)
        place = 0  # behind the lines of the statements before
        for statement in self._index.concerned(values, found):
            lines = found.get(statement, [])
            own = statement.own(values)
            if own != statement.collect(_contents(lines)):
                _change(edit, statement, own, lines, place)
            if lines:
                place = lines[-1].at + 1
        return edit.done()


def _contents(lines: Sequence[StatementLine]) -> list[LineContent]:
    """Return what the readable ones of some lines say."""
    return [(line.form, line.reading.values) for line in lines if line.reading is not None]


def _change(
    edit: SectionEdit,
    statement: Statement,
    own: dict[str, Any],
    lines: list[StatementLine],
    place: int,
) -> None:
    """Edit the lines of a statement so that they say `own`; a new line goes to `place`.

    Nothing is edited where `own` and the lines are two spellings of the same values.
    """
    wanted = statement.arrange(own, _contents(lines))
    if statement.stays_when_unset:
        lines = [line for line in lines if line.reading is not None][:1] if wanted else []
    if statement.collect(_contents(lines)) != statement.collect(wanted):
        reconcile(edit, _counting(statement, lines, bool(wanted)), wanted, place)


def _counting(
    statement: Statement, lines: list[StatementLine], wanted: bool
) -> list[StatementLine]:
    """Return those of a statement's lines that the wanted ones take the place of.

    A line that cannot be read stays, with one exception: where one line alone counts and one is
    `wanted`, the line that counts is replaced, readable or not.
    """
    readable = [line for line in lines if line.reading is not None]
    if statement.counts == EACH:
        return readable[-1:]
    if not (statement.single and wanted):
        return readable
    return lines[:1] if statement.counts == FIRST else lines[-1:]
