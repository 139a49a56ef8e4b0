"""Models: the statements of a section, read into one flat object and put back line by line."""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

from dataplane_core.grammar.declaration import Declaration
from dataplane_core.grammar.props import Problem, Prop, Reading, Values
from dataplane_core.grammar.statements import EACH, FIRST, LineContent, LineForm, Statement
from dataplane_core.text.comments import leaving
from dataplane_core.text.lines import Line
from dataplane_core.text.matching import opcodes
from dataplane_core.text.section import Section
from dataplane_core.text.tokens import may_be_quoted, plain_word

Found = tuple[int, LineForm, Reading | None]
"""A line of a statement.

Its place, the form whose words it starts with, what it says (None: not readable).
"""


class HeadTable:
    """Finds the forms that a line may have by its first words; the longest head wins."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.by_head: dict[tuple[str, ...], list[tuple[Statement, LineForm]]] = {}
        for statement in statements:
            for form in statement.forms:
                self.by_head.setdefault(form.head, []).append((statement, form))
        self.longest = max(map(len, self.by_head), default=0)

    def lookup(self, line: Line) -> tuple[Statement, LineForm, Reading | None] | None:
        """The statement that a line belongs to.

        The first of its forms that reads it, else the first at all.
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


class Model(Declaration):
    """What the lines of one kind of section say, as one flat object.

    `empty` names the nested objects that clients find although nothing is in them, each with the
    values of other properties that this takes.
    """

    def __init__(
        self, name: str, *statements: Statement, empty: Mapping[str, Values] | None = None
    ) -> None:
        self.name = name
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

    def find(self, section: Section) -> dict[Statement, list[Found]]:
        """The section's lines by statement, in file order."""
        cached: dict[Statement, list[Found]] | None = section.cache.get(self)
        if cached is not None:
            return cached
        found: dict[Statement, list[Found]] = {}
        for at, line in enumerate(section.lines):
            if line.tokens and (match := self.heads.lookup(line)):
                found.setdefault(match[0], []).append((at, match[1], match[2]))
        section.cache[self] = found
        return found

    def read(self, section: Section) -> dict[str, Any]:
        """The section as a flat object."""
        values: dict[str, Any] = {}
        found = self.find(section)
        for statement in self.statements:
            if statement in found:
                values.update(statement.collect(_rows(found[statement])))
        return values

    def beside(self, section: Section) -> frozenset[int]:
        """Places of lines that can be read, and that the object does not show beside others."""
        places: set[int] = set()
        for statement, lines in self.find(section).items():
            if statement.single and len(lines) > 1:
                shown = statement.collect(_rows(lines))
                places.update(
                    line[0]
                    for line in lines
                    if line[2] is not None and statement.collect(_rows([line])) != shown
                )
        return frozenset(places)

    def problems(self, values: Values) -> Iterator[Problem]:
        """Rules between properties that `values` breaks."""
        for statement in self.statements:
            yield from statement.problems(values)

    def put(self, section: Section, values: Values) -> Section:
        """The section saying `values` and nothing else of what the model knows.

        Only lines whose own values change are touched; lines that no statement knows stay as they
        are.
        """
        found = self.find(section)
        edit = Edit(section)
        place = 0
        for statement in self.statements:
            lines = found.get(statement, [])
            own = statement.own(values)
            if own != statement.collect(_rows(lines)):
                _change(edit, statement, own, lines, place)
            if lines:
                place = lines[-1][0] + 1
        return edit.done()


def _change(
    edit: "Edit", statement: Statement, own: dict[str, Any], lines: list[Found], place: int
) -> None:
    """Make the lines of a statement say `own`, unless another spelling of it is what they say."""
    wanted = statement.arrange(own, _rows(lines))
    if statement.kept:
        lines = [line for line in lines if line[2] is not None][:1] if wanted else []
    if statement.collect(_rows(lines)) != statement.collect(wanted):
        _reconcile(edit, statement, lines, wanted, place)


def _rows(lines: Sequence[Found]) -> list[LineContent]:
    return [(form, reading.values) for _, form, reading in lines if reading is not None]


def _reconcile(
    edit: "Edit", statement: Statement, lines: list[Found], wanted: list[LineContent], place: int
) -> None:
    """Find which of a statement's lines count, and turn them into `wanted`."""
    read = [line for line in lines if line[2] is not None]
    if statement.counts == EACH:
        read = lines = read[-1:]
    if not statement.single or not wanted:
        lines = read
    else:  # one line counts, and if that one can't be read it is replaced
        lines = lines[:1] if statement.counts == FIRST else lines[-1:]
    reconcile(edit, lines, wanted, place)


def reconcile(
    edit: "Edit", lines: list[Found], wanted: list[LineContent], place: int, key: str | None = None
) -> None:
    """Turn `lines` into `wanted`, keeping every line that says what is wanted already.

    Lines and rows with the same value of `key` belong together, where there is one; else those
    that say the same do. What is new and has no line in front of it goes to `place`.
    """
    old = [_identity(form, reading.values if reading else {}, key) for _, form, reading in lines]
    new = [_identity(form, row, key) for form, row in wanted]
    places = [at for at, _, _ in lines]
    for tag, i1, i2, j1, j2 in opcodes(old, new):
        common = min(i2 - i1, j2 - j1)
        for step in range(common):
            at, form, reading = lines[i1 + step]
            if tag != "equal" or (reading and reading.values != wanted[j1 + step][1]):
                _rewrite(edit, at, form, reading, wanted[j1 + step])
        for at, _, _ in lines[i1 + common : i2]:
            edit.remove(at)
        behind = _place_of_row(edit.section, places, i1 + common, place)
        for form, row in wanted[j1 + common : j2]:
            edit.insert(behind, form.write(row, {}))


def _place_of_row(section: Section, rows: list[int], number: int, place: int) -> int:
    """Where a line goes that is to be row `number` among the rows at `rows`.

    It goes behind the row in front of it, and to `place` where there are no rows.
    """
    if not rows:
        return section.outside(place)
    if number == 0:
        return section.in_front(0, rows[0])
    end = rows[number] if number < len(rows) else len(section.lines)
    return section.first_outside(range(rows[number - 1] + 1, end + 1))


def _identity(form: LineForm, values: Values, key: str | None) -> str:
    if key is not None and key in values:
        return str(values[key])
    return repr((form.head, sorted(values.items())))


def _rewrite(
    edit: "Edit", at: int, form: LineForm, reading: Reading | None, wanted: LineContent
) -> None:
    layout = reading.layout if reading is not None and form is wanted[0] else {}
    edit.replace(at, wanted[0].write(wanted[1], layout))


class Edit:
    """Changes to a section's lines, gathered by their place in the section as it was."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self.replaced: dict[int, Line] = {}
        self.removed: set[int] = set()
        self.inserted: dict[int, list[list[str]]] = {}

    def replace(self, at: int, words: list[str]) -> None:
        """Other words on a line."""
        self.replaced[at] = self.section.lines[at].rewritten(words)

    def remove(self, at: int) -> None:
        """Drop a line, with the comments that are about it alone."""
        self.removed.add(at)

    def insert(self, at: int, words: list[str]) -> None:
        """A new line in front of the line `at`."""
        self.inserted.setdefault(at, []).append(words)

    def done(self) -> Section:
        """The section with all changes."""
        if not (self.replaced or self.removed or self.inserted):
            return self.section
        indent, end = self.section.indent(), self.section.line_end()
        gone = leaving(self.section.lines, self.removed)
        lines: list[Line] = []
        for at, line in enumerate((*self.section.lines, None)):
            lines += [Line.make(words, indent, end) for words in self.inserted.get(at, ())]
            if line is not None and at not in gone:
                lines.append(self.replaced.get(at, line))
        return self.section.with_lines(lines)
