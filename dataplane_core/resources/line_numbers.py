"""Tell which lines of a text an object stands on."""

from dataplane_core.errors import Reference
from dataplane_core.resources.collections import RowCollection, SingleSection
from dataplane_core.resources.locate import find_named, find_section, find_single, owner
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document, Section
from dataplane_core.text.joined_sections import JoinedSections


def lines_of(registry: Registry, document: Document, reference: Reference) -> list[int]:
    """Return the numbers, from 1, of the lines of a document that an object stands on.

    A section has its header and all lines below it that are not blank at its end. The list is empty
    where there is no such object.
    """
    section = _section_of(registry, document, reference)
    if section is None:
        return []
    if reference.key is None:
        return [number for part in _parts(section) for number in _section_lines(document, part)]
    rows = registry.collections[reference.collection]
    if not isinstance(rows, RowCollection):
        return []
    for part in _parts(section):
        at = _row_line(rows, part, reference.key)
        if at is not None:
            return [_header_line(document, part) + 1 + at]
    return []


def _section_of(registry: Registry, document: Document, reference: Reference) -> Section | None:
    one = registry.collections.get(reference.collection)
    if isinstance(one, SingleSection):
        return find_single(document, one)
    above = owner(registry.collections.values(), reference.kind)
    if isinstance(above, SingleSection):
        return find_single(document, above)
    prefix = None if above is None else above.unnamed
    return find_section(document, reference.kind, reference.section, prefix)


def _parts(section: Section) -> tuple[Section, ...]:
    return tuple(section.parts) if isinstance(section, JoinedSections) else (section,)


def _row_line(rows: RowCollection, section: Section, key: str | int) -> int | None:
    if isinstance(key, int):
        found = next((row for at, row in enumerate(rows.table.rows(section)) if at == key), None)
    else:
        found = find_named(rows, section, key)
    return None if found is None else found.at


def _header_line(document: Document, section: Section) -> int:
    """Return the number of the line with a section's header."""
    above = document.preamble.count("\n")
    for one in document.sections:
        if one is section:
            break
        above += one.text.count("\n")
    return above + section.top.count("\n")


def _section_lines(document: Document, section: Section) -> range:
    """Return the lines of a section with the comments above its header."""
    header = _header_line(document, section)
    start = header - section.top.count("\n") + 1
    return range(start, start + section.text.rstrip().count("\n") + 1)
