"""Find the lines of a section that no declaration knows; they are shown, and kept."""

from collections.abc import Iterator, Sequence, Set

from dataplane_core.grammar import Model, Statement
from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.extra_props import UNMANAGED
from dataplane_core.resources.known_lines import KnownLines
from dataplane_core.text import Line, Section
from dataplane_core.text.conditions import says_something

NO_STATEMENTS: Set[Statement] = frozenset()


class UnmanagedLines:
    """The lines of sections that neither their model nor a collection of rows reads whole.

    `collections` are those of the rows that a client reaches in such a section. What `hidden`
    statements of the model say is not shown to the client either.
    """

    def __init__(
        self,
        collections: Sequence[RowCollection],
        model: Model,
        hidden: Set[Statement] = NO_STATEMENTS,
    ) -> None:
        self._model = model
        self._hidden = hidden
        self._reached = KnownLines(model, [rows.table.heads for rows in collections])
        self._unreached = KnownLines(model, ())
        self._key = (UNMANAGED.name, model, tuple(rows.name for rows in collections), hidden)

    def of(self, section: Section, reached: bool = True) -> list[str]:
        """Return those lines of a section, without their blanks.

        Rows are among the lines where the section is not `reached`: another one has its name, and
        the rows that a collection shows under that name are the other one's.
        """
        key = (*self._key, reached)
        known: list[str] | None = section.cache.get(key)
        if known is None:
            rows = self._reached if reached else self._unreached
            known = section.cache[key] = list(self._find(section, rows))
        return known

    def _find(self, section: Section, rows: KnownLines) -> Iterator[str]:
        model = self._model
        beside = model.beside(section)
        for at, line in rows.between(section):
            if not says_something(line) or _is_header(section, line) or rows.is_row(line):
                continue  # what a row has beside its own words, the row shows
            match = model.heads.lookup(line)
            reading = None if match is None or match[0] in self._hidden else match[2]
            if at in beside or reading is None or reading.partial or reading.rounded:
                yield line.raw.strip()


def _is_header(section: Section, line: Line) -> bool:
    """Return whether a line is the header of another of the sections that are shown as one."""
    return line.tokens[:1] == (section.kind,)
