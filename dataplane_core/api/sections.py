"""Responders of named sections and of single ones."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import falcon

from dataplane_core.api.operations import FULL_SECTION
from dataplane_core.api.removals import tell_of_referrers
from dataplane_core.api.request import ApiRequest
from dataplane_core.api.section_objects import SectionObjects
from dataplane_core.api.view import View
from dataplane_core.errors import AlreadyExists, NotFound, Reference
from dataplane_core.resources.collections import SectionCollection, SingleSection
from dataplane_core.resources.extra_props import FROM
from dataplane_core.resources.locate import find_single
from dataplane_core.resources.placing import inherited_by_each, place_section
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.text import Document, Section
from dataplane_core.text.language import INHERITING


class SectionResource:
    """What lists of sections and items share.

    Where a request says `full_section=true`, an object holds the rows of its section, too.
    """

    def __init__(self, view: View, collection: SectionCollection) -> None:
        self._view = view
        self._collection = collection

    @cached_property
    def _objects(self) -> SectionObjects:
        return SectionObjects(self._view, self._collection)

    def _object(
        self,
        req: ApiRequest,
        section: Section,
        name: str,
        origins: Mapping[int, str],
        reached: bool = True,
    ) -> dict[str, Any]:
        """Return a section as clients see it, under the name that it has for them.

        `origins` as `_origins` returns them, `reached` as `UnmanagedLines` has it.
        """
        names, origin = {self._collection.key: name}, origins.get(id(section))
        full = _is_full(req)
        return self._objects.show(section, names, full=full, reached=reached, origin=origin)

    def _origins(self, document: Document) -> Mapping[int, str]:
        """Return what sections inherit from unsaid, where the version shows that."""
        is_shown = self._view.version.shows_inherited and self._collection.kind in INHERITING
        return inherited_by_each(document) if is_shown else {}


class SectionList(SectionResource):
    """All sections of a kind: GET, and POST or PUT of a new one."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        self._view.answer_read(req, resp, lambda snapshot: self._read(req, snapshot))

    def _read(self, req: ApiRequest, snapshot: Snapshot) -> list[dict[str, Any]]:
        one, document, sections = self._collection, snapshot.document, self._view.sections(req)
        origins = self._origins(document)
        return [
            self._object(req, section, name, origins, sections.find(document, one, name) is section)
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
            edit.document = self._objects.put(document, placed, values, full=_is_full(req))
        self._view.answer_change(req, resp, edit.outcome, 201)


    def on_put(self, req: ApiRequest, resp: falcon.Response) -> None:
        self.on_post(req, resp)


class SectionItem(SectionResource):
    """One section by its name: GET, PUT, DELETE."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, **keys: str) -> None:
        self._view.answer_read(req, resp, lambda snapshot: self._read(req, snapshot, keys))

    def shown(self, req: ApiRequest, **keys: str) -> dict[str, Any]:
        """Return the section as a GET shows it."""
        return self._read(req, self._view.snapshot(req), keys)

    def _read(self, req: ApiRequest, snapshot: Snapshot, keys: dict[str, str]) -> dict[str, Any]:
        name, document = keys[self._collection.key], snapshot.document
        section = self._find(req, document, name)
        return self._object(req, section, name, self._origins(document))

    def on_put(self, req: ApiRequest, resp: falcon.Response, **keys: str) -> None:
        one = self._collection
        values = {path: value for path, value in req.body.values.items() if path != one.key}
        with self._view.edit(req) as edit:
            section = self._find(req, edit.document, keys[one.key])
            edit.document = self._objects.put(
                edit.document, section, values, full=_is_full(req)
            )
        self._view.answer_change(req, resp, edit.outcome, 200)

    def on_delete(self, req: ApiRequest, resp: falcon.Response, **keys: str) -> None:
        with self._view.edit(req) as edit:
            name, one = keys[self._collection.key], self._collection
            section = self._find(req, edit.document, name)
            reference = Reference(one.name, one.kind, name)
            tell_of_referrers(self._view, req, resp, edit.document, reference)
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
    """The one section of a kind: GET, POST, PUT, DELETE.

    It comes with its rows where a request asks for these. One that a version lets clients make is
    not there before; else a section that is missing is one that says nothing.
    """

    def __init__(self, view: View, collection: SingleSection) -> None:
        self._view = view
        self._collection = collection
        self._is_made = "create" in collection.operations_of(view.version.name)

    @cached_property
    def _objects(self) -> SectionObjects:
        return SectionObjects(self._view, self._collection)

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        self._view.answer_read(req, resp, lambda snapshot: self._read(req, snapshot))

    def shown(self, req: ApiRequest) -> dict[str, Any]:
        """Return the section as a GET shows it."""
        return self._read(req, self._view.snapshot(req))

    def _read(self, req: ApiRequest, snapshot: Snapshot) -> dict[str, Any]:
        section = find_single(snapshot.document, self._collection)
        if section is None:
            if self._is_made:
                raise self._missing()
            return self._view.codec(self._collection).project({})
        return self._objects.show(section, full=_is_full(req))

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        kind = self._collection.kind
        with self._view.edit(req) as edit:
            if edit.document.of_kind(kind):
                raise AlreadyExists(f"object already exists: there is a {kind} section")
            edit.document = self._put(req, edit.document)
        self._view.answer_change(req, resp, edit.outcome, 201)

    def on_put(self, req: ApiRequest, resp: falcon.Response) -> None:
        with self._view.edit(req) as edit:
            edit.document = self._put(req, edit.document)
        self._view.answer_change(req, resp, edit.outcome, 200)

    def on_delete(self, req: ApiRequest, resp: falcon.Response) -> None:
        kind = self._collection.kind
        with self._view.edit(req) as edit:
            if not edit.document.of_kind(kind):
                raise self._missing()
            while found := edit.document.of_kind(kind):
                edit.document = edit.document.remove(found[-1])
        self._view.answer_change(req, resp, edit.outcome, 204)

    def _put(self, req: ApiRequest, document: Document) -> Document:
        one = self._collection
        values = {path: value for path, value in req.body.values.items() if path != "name"}
        section = find_single(document, one)
        if section is None:
            if not one.creates:
                raise self._missing()
            order = self._view.registry.section_order
            document, section = place_section(document, one.kind, "", None, order)
        return self._objects.put(document, section, values, full=_is_full(req))

    def _missing(self) -> NotFound:
        return NotFound(f"missing object: there is no {self._collection.kind} section")
