"""Sections and rows as the objects that clients see, and sections that say what clients send."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dataplane_core.api.view import View, WriteMetadata
from dataplane_core.grammar import Row, Values
from dataplane_core.grammar.parameter_table import unknown_words
from dataplane_core.resources.collections import RowCollection, SectionCollection, SingleSection
from dataplane_core.resources.extra_props import FROM, INDEX, UNMANAGED
from dataplane_core.resources.locate import row_name
from dataplane_core.resources.nested_metadata import NestedMetadata
from dataplane_core.resources.placing import with_defaults
from dataplane_core.resources.unmanaged import UnmanagedLines
from dataplane_core.text import Document, Section
from dataplane_core.text.language import INHERITING


def row_values(view: View, rows: RowCollection, row: Row, at: int) -> dict[str, Any]:
    """Return a row as a flat object, under its position or its own or made-up name."""
    values = dict(row.values)
    if rows.key is None:
        values = {INDEX.name: at, **values}
    elif rows.unnamed is not None and rows.key not in values:
        values = {rows.key: rows.unnamed(row.line), **values}
    if words := unknown_words(row.reading):
        values[UNMANAGED.name] = words
    if metadata := view.metadata(rows, row.line):
        values.update(metadata)
    return values


class SectionObjects:
    """The sections of one collection; with all that is in them, where a request asks for that."""

    def __init__(self, view: View, collection: SectionCollection | SingleSection) -> None:
        self._view = view
        self._collection = collection
        self._codec = view.codec(collection)
        self._whole = view.whole(collection)
        lacking = set(self._codec.keeping.hidden)
        every = collection.model.statements
        hidden = frozenset(one for one in every if one.names and one.names <= lacking)
        rows = view.rows_in(collection.kind)
        self._unmanaged = UnmanagedLines(rows, collection.model, hidden)
        self._nested = NestedMetadata(collection.model) if view.version.has_metadata else None

    def show(
        self,
        section: Section,
        names: Mapping[str, str] | None = None,
        *,
        full: bool = False,
        reached: bool = True,
        origin: str | None = None,
    ) -> dict[str, Any]:
        """Return a section as clients see it, under the names given; with its rows if `full`.

        `from` is there where it is written, else where an `origin` is given, which is what the
        section inherits from unsaid. `reached` as `UnmanagedLines` has it.
        """
        one, view = self._collection, self._view
        values: dict[str, Any] = dict(names or {})
        origin = section.parent or origin
        if origin is not None and section.kind in INHERITING:
            values[FROM.name] = origin
        values.update(one.model.read(section))
        if self._nested is not None:
            self._nested.show(section, values)
        unknown = self._unmanaged.of(section, reached)
        if unknown:
            values[UNMANAGED.name] = unknown
        values |= view.metadata(one, section.header)
        if full:
            values.update(self._rows(section))
        return self._codec.project(values)

    def _rows(self, section: Section) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        for name, rows in self._whole.rows.items():
            found = rows.table.rows(section)
            if found:
                yield name, [row_values(self._view, rows, row, at) for at, row in enumerate(found)]

    def put(
        self, document: Document, section: Section, values: dict[str, Any], *, full: bool = False
    ) -> Document:
        """Return the document with `section` saying `values`, under its name.

        Its rows stay, or are those of the values if these are `full`. What this version cannot say
        of the section and of its rows is kept.
        """
        write = self._view.take_metadata(self._collection, values)
        nested = {} if self._nested is None else self._nested.take(values)
        lists = {name: values.pop(name, []) for name in self._whole.rows}
        model = self._collection.model
        if full:
            new = self._put_whole(section, values, lists)
        else:
            new = model.put(section, self._codec.keeping.keep(model.read(section), values))
        if self._nested is not None:
            new = self._nested.write(new, nested)
        if write is not None:
            new = new.with_header(write(new.header))
        document = document.replace(section, new)
        if section.kind in INHERITING:
            document = with_defaults(document, new, values.get(FROM.name))
        return document

    def _put_whole(
        self, section: Section, values: dict[str, Any], lists: Mapping[str, list[dict[str, Any]]]
    ) -> Section:
        before = self._whole.read(section)
        kept, writes = dict(self._codec.keeping.keep(before, values)), {}
        for name, rows in self._whole.rows.items():
            wanted = lists[name]
            if rows.key is not None:
                wanted = _in_file_order(rows, section, wanted)
            writes[name] = [self._view.take_metadata(rows, item) for item in wanted]
            kept[name] = self._view.codec(rows).keeping.keep_each(before.get(name, ()), wanted)
        new = self._whole.put(section, kept)
        for name, rows in self._whole.rows.items():
            new = with_each(new, rows, writes[name])
        return new


def _in_file_order(
    rows: RowCollection, section: Section, wanted: Sequence[Values]
) -> list[dict[str, Any]]:
    """Return named rows in the order in which the file has them, new ones behind.

    Clients have them in an object, which has no order of its own for most of them.
    """
    places: dict[str | None, int] = {}
    for at, row in enumerate(rows.table.rows(section)):
        places.setdefault(row_name(rows, row), at)
    last = len(places)
    ordered = sorted(wanted, key=lambda item: places.get(item.get(str(rows.key)), last))
    return [dict(item) for item in ordered]


def with_each(
    section: Section, rows: RowCollection, writes: Sequence[WriteMetadata | None]
) -> Section:
    """Return a section with other metadata on the lines of its rows, given in their order."""
    if not any(writes):
        return section
    found = zip(rows.table.rows(section), writes, strict=False)
    return section.replace_each({row.at: write(row.line) for row, write in found if write})
