"""Find the lines of a section that no declaration knows; they are shown, and kept."""

from collections.abc import Iterator, Sequence, Set

from dataplane_core.grammar import Model, Reading, Statement
from dataplane_core.grammar.model import HeadTable
from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.extra_props import UNMANAGED
from dataplane_core.text import Line, Section
from dataplane_core.text.conditions import says_something

NO_STATEMENTS: Set[Statement] = frozenset()


def unmanaged_lines(
    collections: Sequence[RowCollection],
    section: Section,
    model: Model,
    reached: bool = True,
    hidden: Set[Statement] = NO_STATEMENTS,
) -> list[str]:
    """Return the lines of a section that neither its model nor a collection of rows reads whole.

    `collections` are those of the rows that a client reaches in such a section. Rows are among the
    lines where the section is not `reached`: another one has its name, and the rows that a
    collection shows under that name are the other one's. What `hidden` statements of the model say
    is not shown to the client either.
    """
    key = (UNMANAGED.name, model, reached, tuple(rows.name for rows in collections), hidden)
    known: list[str] | None = section.cache.get(key)
    if known is None:
        tables = [rows.table.heads for rows in collections] if reached else []
        known = section.cache[key] = list(_unknown(section, model, tables, hidden))
    return known


def _unknown(
    section: Section, model: Model, tables: Sequence[HeadTable], hidden: Set[Statement]
) -> Iterator[str]:
    beside = model.beside(section)
    for at, line in enumerate(section.lines):
        if not says_something(line) or _is_header(section, line):
            continue
        if any(_reading(table, line) for table in tables):
            continue  # what a row has beside its own words, the row shows
        match = model.heads.lookup(line)
        reading = None if match is None or match[0] in hidden else match[2]
        if at in beside or reading is None or reading.partial or reading.rounded:
            yield line.raw.strip()


def _reading(table: HeadTable, line: Line) -> Reading | None:
    match = table.lookup(line)
    return None if match is None else match[2]


def _is_header(section: Section, line: Line) -> bool:
    """Return whether a line is the header of another of the sections that are shown as one."""
    return line.tokens[:1] == (section.kind,)
