"""Responders of named sections and of single ones."""

from collections.abc import Mapping
from typing import Any

import falcon

from dataplane_core.api.operations import FULL_SECTION
from dataplane_core.api.request import ApiRequest
from dataplane_core.api.view import View, WriteMetadata, with_each
from dataplane_core.codec.codec import Codec
from dataplane_core.errors import AlreadyExists, NotFound
from dataplane_core.grammar import Model
from dataplane_core.resources.collections import SectionCollection, SingleSection
from dataplane_core.resources.extra_props import FROM, UNMANAGED
from dataplane_core.resources.locate import find_single
from dataplane_core.resources.placing import place_section, with_defaults
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.unmanaged import unmanaged_lines
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.text import Document, Section
from dataplane_core.text.language import INHERITING


def object_of(
    registry: Registry,
    section: Section,
    model: Model,
    names: Mapping[str, str] | None = None,
    reached: bool = True,
) -> dict[str, Any]:
    """Return a section as a flat object, under the names given; `from` only where it is written.

    `reached` as `unmanaged_lines` has it.
    """
    values: dict[str, Any] = dict(names or {})
    if section.parent is not None and section.kind in INHERITING:
        values[FROM.name] = section.parent
    values.update(model.read(section))
    unknown = unmanaged_lines(registry, section, model, reached)
    if unknown:
        values[UNMANAGED.name] = unknown
    return values


def put(
    document: Document,
    section: Section,
    model: Model,
    codec: Codec,
    values: dict[str, Any],
    write: WriteMetadata | None,
) -> Document:
    """Return the document with `section` saying `values`; it keeps its name and its rows."""
    new = model.put(section, codec.keep(model.read(section), values))
    return with_new(document, section, new, values, write)


def with_new(
    document: Document,
    section: Section,
    new: Section,
    values: Mapping[str, Any],
    write: WriteMetadata | None,
) -> Document:
    """Return the document with `new` in the place of `section`, inheriting as `values` say.

    `write` changes the metadata on its header.
    """
    if write is not None:
        new = new.with_header(write(new.header))
    document = document.replace(section, new)
    if section.kind in INHERITING:
        document = with_defaults(document, new, values.get(FROM.name))
    return document


class SectionResource:
    """What lists of sections and single ones share.

    Where a request says `full_section=true`, an object lists the rows of its section, too.
    """

    def __init__(self, view: View, collection: SectionCollection) -> None:
        self._view = view
        self._collection = collection
        self._codec = view.codec(collection)
        self._whole = view.whole(collection)

    def _object(
        self, req: ApiRequest, section: Section, name: str, reached: bool = True
    ) -> dict[str, Any]:
        """Return a section as clients see it, under the name that it has for them.

        `reached` as `unmanaged_lines` has it.
        """
        one = self._collection
        values = object_of(self._view.registry, section, one.model, {one.key: name}, reached)
        values |= self._view.metadata(one, section.header)
        if _is_full(req):
            values.update(self._read_whole(section))
        return self._codec.project(values)

    def _read_whole(self, section: Section) -> dict[str, Any]:
        """Return what a section says, its rows with their metadata."""
        values = self._whole.read(section)
        for name, rows in self._whole.rows.items():
            for item, row in zip(values.get(name, ()), rows.table.rows(section), strict=False):
                item.update(self._view.metadata(rows, row.line))
        return values

    def _put(
        self, req: ApiRequest, document: Document, section: Section, values: dict[str, Any]
    ) -> Document:
        """Return the document with a section saying `values`; its rows stay, or are the full ones.

        What this version cannot say of the section and its rows is kept.
        """
        write = self._view.take_metadata(self._collection, values)
        lists = {name: values.pop(name, []) for name in self._whole.rows}
        if not _is_full(req):
            return put(document, section, self._collection.model, self._codec, values, write)
        before = self._whole.read(section)
        writes = {}
        for name, rows in self._whole.rows.items():
            writes[name] = [self._view.take_metadata(rows, item) for item in lists[name]]
            kept = self._view.codec(rows).keep_each(before.get(name, ()), lists[name])
            values[name] = kept
        new = self._whole.put(section, self._codec.keep(before, values))
        for name, rows in self._whole.rows.items():
            new = with_each(new, rows, writes[name])
        return with_new(document, section, new, values, write)


class SectionList(SectionResource):
    """All sections of a kind: GET, POST."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        self._view.answer_read(req, resp, lambda snapshot: self._read(req, snapshot))

    def _read(self, req: ApiRequest, snapshot: Snapshot) -> list[dict[str, Any]]:
        one, document, sections = self._collection, snapshot.document, self._view.sections(req)
        return [
            self._object(req, section, name, sections.find(document, one, name) is section)
            for name, section in sections.shown(document, one)
        ]

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        one = self._collection
        values = dict(req.body.values)
        name = values.pop(one.key, "")
        sections = self._view.sections(req)
        with self._view.edit(req) as edit:
            if sections.find(edit.document, one, name) is not None:
                there = f"{one.kind} {name} already exists{sections}"
                raise AlreadyExists(f"object already exists: {there}")
            order = self._view.registry.section_order
            document, placed = sections.place(
                edit.document, one, name, values.get(FROM.name), order
            )
            edit.document = self._put(req, document, placed, values)
        self._view.answer_change(req, resp, edit.outcome, 201)


class SectionItem(SectionResource):
    """One section by its name: GET, PUT, DELETE."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, **keys: str) -> None:
        self._view.answer_read(req, resp, lambda snapshot: self._read(req, snapshot, keys))

    def shown(self, req: ApiRequest, **keys: str) -> dict[str, Any]:
        """Return the section as a GET shows it."""
        return self._read(req, self._view.snapshot(req), keys)

    def _read(self, req: ApiRequest, snapshot: Snapshot, keys: dict[str, str]) -> dict[str, Any]:
        name = keys[self._collection.key]
        return self._object(req, self._find(req, snapshot.document, name), name)

    def on_put(self, req: ApiRequest, resp: falcon.Response, **keys: str) -> None:
        one = self._collection
        values = {path: value for path, value in req.body.values.items() if path != one.key}
        with self._view.edit(req) as edit:
            section = self._find(req, edit.document, keys[one.key])
            edit.document = self._put(req, edit.document, section, values)
        self._view.answer_change(req, resp, edit.outcome, 200)

    def on_delete(self, req: ApiRequest, resp: falcon.Response, **keys: str) -> None:
        with self._view.edit(req) as edit:
            section = self._find(req, edit.document, keys[self._collection.key])
            edit.document = edit.document.remove(section)
        self._view.answer_change(req, resp, edit.outcome, 204)

    def _find(self, req: ApiRequest, document: Document, name: str) -> Section:
        one, sections = self._collection, self._view.sections(req)
        section = sections.find(document, one, name)
        if section is None:
            raise NotFound(f"missing object: {one.kind} {name} does not exist{sections}")
        return section


def _is_full(req: ApiRequest) -> bool:
    """Return whether a request is about a section with all its rows."""
    return bool(req.query.get(FULL_SECTION.name))


class SingleItem:
    """The one section of a kind: GET, PUT."""

    def __init__(self, view: View, collection: SingleSection) -> None:
        self._view = view
        self._collection = collection
        self._codec = view.codec(collection)

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        self._view.answer_read(req, resp, self._read)

    def shown(self, req: ApiRequest) -> dict[str, Any]:
        """Return the section as a GET shows it."""
        return self._read(self._view.snapshot(req))

    def _read(self, snapshot: Snapshot) -> dict[str, Any]:
        section = find_single(snapshot.document, self._collection)
        if section is None:
            return self._codec.project({})
        values = object_of(self._view.registry, section, self._collection.model)
        return self._codec.project(values | self._view.metadata(self._collection, section.header))

    def on_put(self, req: ApiRequest, resp: falcon.Response) -> None:
        one = self._collection
        values = {path: value for path, value in req.body.values.items() if path != "name"}
        write = self._view.take_metadata(one, values)
        with self._view.edit(req) as edit:
            document = edit.document
            section = find_single(document, one)
            if section is None:
                if not one.creates:
                    raise NotFound(f"missing object: there is no {one.kind} section")
                order = self._view.registry.section_order
                document, section = place_section(document, one.kind, "", None, order)
            edit.document = put(document, section, one.model, self._codec, values, write)
        self._view.answer_change(req, resp, edit.outcome, 200)
