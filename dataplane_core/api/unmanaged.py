"""What stands in a section and no declaration knows: kept in the file, and shown to clients."""

from collections.abc import Iterator

from dataplane_core.grammar import Model, Prop, Reading
from dataplane_core.grammar.model import HeadTable
from dataplane_core.registry import Registry
from dataplane_core.text import Line, Section

UNMANAGED = Prop(
    "x_unmanaged",
    "array",
    items=Prop("", help="A line, or a word of the line."),
    read_only=True,
    help="What the file says here and the API does not know. It is kept; in a body it is ignored.",
)


def unmanaged_lines(registry: Registry, section: Section, model: Model) -> list[str]:
    """The lines of a section that neither its model nor a collection of rows reads whole."""
    known: list[str] | None = section.cache.get((UNMANAGED.name, model))
    if known is None:
        known = list(_unknown(registry, section, model))
        section.cache[UNMANAGED.name, model] = known
    return known


def _unknown(registry: Registry, section: Section, model: Model) -> Iterator[str]:
    tables = [rows.table.heads for rows in registry.rows_of(section.kind)]
    beside = model.beside(section)
    for at, line in enumerate(section.lines):
        if not _says_something(line) or any(_reading(table, line) for table in tables):
            continue  # what a row has beside its own words, the row shows
        reading = _reading(model.heads, line)
        if at in beside or reading is None or reading.partial or reading.rounded:
            yield line.raw.strip()


def _reading(table: HeadTable, line: Line) -> Reading | None:
    match = table.lookup(line)
    return None if match is None else match[2]


def _says_something(line: Line) -> bool:
    """Neither blank nor a comment, nor a condition such as `.if` (manual, section 2.4)."""
    return line.broken or bool(line.tokens and not line.tokens[0].startswith("."))
