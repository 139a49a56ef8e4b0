"""Read and edit the rows of a section: lines that are resources of their own, with an index."""

from collections.abc import Iterator, Sequence
from typing import Any

from dataplane_core.dataclass import dataclass
from dataplane_core.grammar.model import HeadTable
from dataplane_core.grammar.props import Problem, Prop, Reading, Values
from dataplane_core.grammar.reconcile import StatementLine, reconcile
from dataplane_core.grammar.row_places import LineMarks, Test
from dataplane_core.grammar.statements import LineForm, Statement
from dataplane_core.text.comments import own_comments_start
from dataplane_core.text.lines import Line
from dataplane_core.text.section import Section
from dataplane_core.text.section_edit import SectionEdit


@dataclass(slots=True, eq=False)
class Row:
    """One row of a section: its place among the section's lines, what it says, and the line.

    No row changes once it is made; the class is not frozen because that makes reading a section of
    many rows 5 % slower.
    """

    at: int
    form: LineForm
    reading: Reading
    line: Line

    @property
    def values(self) -> dict[str, Any]:
        """The row as a flat object: dotted property names with JSON values."""
        return self.reading.values


class RowTable:
    """The rows that a statement's lines make in a section.

    `rank` orders tables in one section: a first row goes in front of the first line of a table
    with a higher rank, so that rules stand where HAProxy expects them without a warning.
    """

    def __init__(
        self, statement: Statement, rank: int = 50, ranks: dict[tuple[str, ...], int] | None = None
    ) -> None:
        self.statement = statement
        self.rank = rank
        self.ranks = {} if ranks is None else ranks
        self.heads = HeadTable([statement])
        for form in statement.forms:
            self.ranks.setdefault(form.head[:1] if form.head[0] != "no" else form.head, rank)

    def with_statement(self, statement: Statement) -> "RowTable":
        """Return the table of another statement with the same rank."""
        return RowTable(statement, self.rank, self.ranks)

    @property
    def props(self) -> tuple[Prop, ...]:
        """The properties of a row."""
        return self.statement.props

    def rows(self, section: Section) -> tuple[Row, ...]:
        """Return the rows in file order; a line that cannot be read is no row."""
        cached: tuple[Row, ...] | None = section.cache.get(self)
        if cached is None:
            cached = tuple(self._scan(section))
            section.cache[self] = cached
        return cached

    def row(self, section: Section, at: int) -> Row | None:
        """Return the row on the line `at`, without a look at any other line; None for no row."""
        return self._row(at, section.lines[at])

    def _row(self, at: int, line: Line) -> Row | None:
        match = self.heads.lookup(line) if line.tokens else None
        if match is None or match[2] is None:
            return None
        return Row(at, match[1], match[2], line)

    def count(self, section: Section) -> int:
        """Return the number of rows."""
        return len(self._marks(section, self.heads.reads))

    def index(self, section: Section, at: int) -> int:
        """Return the index of the row on the line `at`."""
        return self._marks(section, self.heads.reads).before(at)

    def nth(self, section: Section, index: int) -> Row | None:
        """Return the row with an index, without a look at the others; None without such a row."""
        rows = self._marks(section, self.heads.reads)
        return self.row(section, rows.place(index)) if 0 <= index < len(rows) else None

    def index_at(self, section: Section, at: int) -> int:
        """Return the index that a row on the line `at` has: the number of rows above."""
        return self._marks(section, self.heads.reads).before(at)

    def _marks(self, section: Section, test: Test) -> LineMarks:
        known: LineMarks | None = section.cache.get(test)
        if known is None:
            known = section.cache[test] = LineMarks.of(test, section.lines)
        return known

    def _scan(self, section: Section) -> Iterator[Row]:
        rows = (self._row(*found) for found in section.lines_with(self.heads.first_words))
        return (row for row in rows if row is not None)

    def problems(self, values: Values) -> Iterator[Problem]:
        """Yield a problem for each rule between the properties of a row that `values` breaks."""
        return self.statement.problems(values)

    def line(self, values: Values) -> Line:
        """Return the line of a new row with `values`; raises `Invalid`."""
        form, own = self._form(values)
        return Line.make(form.write(own, {}))

    def _form(self, values: Values) -> tuple[LineForm, dict[str, Any]]:
        return next(iter(self.statement.spread(values)), (self.statement.forms[0], {}))

    def insert(self, section: Section, values: Values, index: int | None = None) -> Section:
        """Return the section with a new row at `index` (from 0); without an index, behind all rows.

        With an index the row stands in a conditional block where its neighbours on both sides do.
        """
        edit = SectionEdit(section)
        form, own = self._form(values)
        edit.insert(self._place_of(section, index), form.write(own, {}))
        return edit.done()

    def _place_of(self, section: Section, index: int | None) -> int:
        if index is not None and index < self.count(section):
            rows = self._marks(section, self.heads.reads)
            above = rows.place(index - 1) + 1 if index else 0
            return section.place_in_front(above, rows.place(index))
        # The last line of the table, be it read or not.
        behind = self._marks(section, self.heads.has_head).end
        if not behind:
            return section.unconditional_place(self._place(section))
        if index is None:
            return section.unconditional_place(behind)
        return section.first_unconditional(range(behind, len(section.lines) + 1))

    def _place(self, section: Section) -> int:
        for at, line in enumerate(section.lines):
            words = line.tokens
            rank = self.ranks.get(words[:2], self.ranks.get(words[:1], 0)) if words else 0
            if rank > self.rank:
                return own_comments_start(section.lines, at, section.language)
        return section.end()

    def replace(self, section: Section, row: Row, values: Values) -> Section:
        """Return the section with other values in a row; unknown words of the line stay."""
        form, own = self._form(values)
        if own == row.values:
            return section
        layout = row.reading.layout if form is row.form else {}
        return section.replace(row.at, row.line.rewritten(form.write(own, layout)))

    def put(self, section: Section, items: Sequence[Values], key: str | None = None) -> Section:
        """Return the section with the rows `items`, in this order; rows that are the same stay.

        A row and an item with the same value of the property `key` are the same row, changed.
        """
        edit = SectionEdit(section)
        lines = [StatementLine(row.at, row.form, row.reading) for row in self.rows(section)]
        wanted = [self._form(item) for item in items]
        reconcile(edit, lines, wanted, self._place(section), key)
        return edit.done()

    def remove(self, section: Section, row: Row) -> Section:
        """Return the section without a row and the comments that are about it alone."""
        edit = SectionEdit(section)
        edit.remove(row.at)
        return edit.done()
