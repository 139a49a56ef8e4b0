"""Find sections and rows by the names that clients know."""

from collections.abc import Iterable

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import AlreadyExists, Reference
from dataplane_core.grammar import Row
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.row_names import RowNames, places_of
from dataplane_core.text import Document, Section
from dataplane_core.text.language import DEFAULTS, GLOBAL, LISTEN, LISTEN_PARTS, NAMELESS
from dataplane_core.text.numbers import is_digits

UNNAMED_DEFAULTS = "unnamed_defaults_"
"""The names of `defaults` sections without one: `unnamed_defaults_1`, `_2` in file order."""


def shown_names(document: Document, kind: str, prefix: str | None) -> list[tuple[str, Section]]:
    """Return the sections of a kind in file order, under their names or the made-up ones."""
    sections = document.of_kind(kind)
    if prefix is None:
        return [(section.name, section) for section in sections if section.name]
    named = []
    number = 0
    for section in sections:
        name = section.name
        if not name:
            number += 1
            name = f"{prefix}{number}"
        named.append((name, section))
    return named


def find_section(document: Document, kind: str, name: str, prefix: str | None) -> Section | None:
    """Return the section that clients know as `name`; a real name wins over a made-up one."""
    found = document.find(kind, name) if name else None
    if found is None and prefix is not None and name.startswith(prefix):
        unnamed = [section for section in document.of_kind(kind) if not section.name]
        number = name.removeprefix(prefix)
        if is_digits(number) and 0 < int(number[:9]) <= len(unnamed):
            found = unnamed[int(number) - 1]
    return found


def refuse_namesake(document: Document, kind: str, name: str) -> None:
    """Raise `AlreadyExists` for a frontend or a backend that a `listen` section is already.

    HAProxy refuses the second, some versions only where it stands behind the `listen` section.
    """
    if kind in LISTEN_PARTS and document.find(LISTEN, name) is not None:
        raise AlreadyExists(
            f"object already exists: listen {name} already exists, which is a {kind} too"
        )


def find_single(document: Document, single: SingleSection) -> Section | None:
    """Return the section that a singleton means: the last one, or all there are as one."""
    if not single.last:
        return document.joined(single.kind)
    return next(reversed(document.of_kind(single.kind)), None)


def find_defaults(document: Document, name: str) -> Section | None:
    """Return the `defaults` section that `from` can name."""
    return find_section(document, DEFAULTS, name, UNNAMED_DEFAULTS)


@dataclass(frozen=True, slots=True)
class ParentReference:
    """The section that a request names as the parent of rows, before it is looked for.

    `kinds` are those that the name can mean, `label` is what the client calls the first of them.
    """

    kinds: tuple[str, ...]
    name: str
    label: str = ""

    def find(self, document: Document) -> Section | None:
        """Return the section, if it exists."""
        for kind in self.kinds:
            if kind == GLOBAL:
                found = document.joined(GLOBAL)
            elif kind in NAMELESS and not self.name:
                sections = document.of_kind(kind)
                found = sections[-1] if sections else None
            else:
                prefix = UNNAMED_DEFAULTS if kind == DEFAULTS else None
                found = find_section(document, kind, self.name, prefix)
            if found is not None:
                return found
        return None

    def __str__(self) -> str:
        return f"{self.label or self.kinds[0]} {self.name}".rstrip()

    @property
    def nameless(self) -> bool:
        """Whether the parent is of a kind that can also be meant without a name."""
        return self.kinds[0] in NAMELESS


def row_name(rows: RowCollection, row: Row) -> str | None:
    """Return the name that clients know a row by."""
    name = row.values.get(rows.key) if rows.key else None
    if name is None and rows.unnamed is not None:
        name = rows.unnamed(row.line)
    return name


def named_rows(rows: RowCollection, section: Section) -> dict[str, Row]:
    """Return the rows by name; of equal names the first counts."""
    key = (rows.name, "names")
    known: dict[str, Row] | None = section.cache.get(key)
    if known is None:
        known = {}
        for row in rows.table.rows(section):
            name = row_name(rows, row)
            if name is not None:
                known.setdefault(name, row)
        section.cache[key] = known
    return known


def find_named(rows: RowCollection, section: Section, name: str) -> Row | None:
    """Return the first row with a name; None without one.

    Only the lines that may have the name are read. Where a row without a name gets one made up, all
    lines are.
    """
    if rows.unnamed is not None or rows.key is None or (rows.name, "names") in section.cache:
        return named_rows(rows, section).get(name)
    for at in places_of(section, rows.table, name):
        row = rows.table.row(section, at)
        if row is not None and row_name(rows, row) == name:
            return row
    return None


def is_taken(rows: RowCollection, section: Section, name: str) -> bool:
    """Return whether a row has a name; what is read for that is kept for the next question."""
    if rows.unnamed is None and rows.key is not None:
        RowNames.learn(section, rows.table, rows.key)
    return find_named(rows, section, name) is not None


def owner(
    collections: Iterable[Collection], kind: str
) -> SectionCollection | SingleSection | None:
    """Return the collection whose objects are the sections of a kind.

    One that knows them by name goes before one that shows one of them.
    """
    held = [
        one
        for one in collections
        if isinstance(one, SectionCollection | SingleSection) and one.kind == kind
    ]
    return min(held, key=lambda one: isinstance(one, SingleSection), default=None)


def row_at(rows: RowCollection, section: Section, at: int) -> tuple[int, Row] | None:
    """Return the row that is written on a line of a section, with its index."""
    found = enumerate(rows.table.rows(section))
    return next(((index, row) for index, row in found if row.at == at), None)


def _shown_name(document: Document, section: Section, prefix: str | None) -> str:
    """Return the name that clients know a section by."""
    if section.name or prefix is None:
        return section.name
    named = shown_names(document, section.kind, prefix)
    return next((name for name, one in named if one is section), section.name)


def object_at(
    registry: Registry, document: Document, section: Section, at: int
) -> Reference | None:
    """Return the object that a line of a section of a document belongs to: a row, else the section.

    `at` counts from 0, -1 is the header. None stands for a kind that no collection has.
    """
    kind = section.kind
    one = registry.sections_of(kind) or owner(registry.collections.values(), kind)
    prefix = one.unnamed if isinstance(one, SectionCollection) else None
    name = _shown_name(document, section, prefix)
    is_line = 0 <= at < len(section.lines)
    for rows in registry.rows_of(section.kind) if is_line else ():
        row = rows.table.row(section, at)
        if row is not None:
            key = rows.table.index(section, at) if rows.indexed else row_name(rows, row)
            return Reference(rows.name, section.kind, name, key)
    return None if one is None else Reference(one.name, section.kind, name)
