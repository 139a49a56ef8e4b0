"""Responders of rows: named ones such as servers, indexed ones such as rules."""

from collections.abc import Callable, Mapping
from typing import Any

import falcon

from dataplane_core.api.request import ApiRequest
from dataplane_core.api.view import View
from dataplane_core.errors import AlreadyExists, BadRequest, NotFound
from dataplane_core.grammar import Row
from dataplane_core.grammar.parameter_table import unknown_words
from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.extra_props import UNMANAGED
from dataplane_core.resources.locate import ParentReference, named_rows, parent_reference, row_name
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.text import Document, Section

FindParent = Callable[[RowCollection, ApiRequest, Mapping[str, Any]], ParentReference]
"""How an API version tells the parent from a request and the names in its path."""


def in_query(rows: RowCollection, req: ApiRequest, _keys: Mapping[str, Any]) -> ParentReference:
    """The parent that parameters of the query name."""
    return parent_reference(rows, req.query, changes=req.method != "GET")


class RowResource:
    """What lists and items share; `key` is what the path calls the name or place of a row."""

    def __init__(
        self, view: View, collection: RowCollection, parent: FindParent = in_query, key: str = ""
    ) -> None:
        self._view = view
        self._collection = collection
        self._codec = view.codec(collection)
        self._thing = collection.naming.schema
        self._find_parent = parent
        self._key = key or collection.key or "index"

    def _object(self, row: Row, at: int) -> dict[str, Any]:
        """A row as clients see it, under its position or its own or made-up name."""
        one = self._collection
        values = dict(row.values)
        if one.key is None:
            values = {"index": at, **values}
        elif one.unnamed is not None and one.key not in values:
            values = {one.key: one.unnamed(row.line), **values}
        if words := unknown_words(row.reading):
            values[UNMANAGED.name] = words
        return self._codec.project(values)

    def _section(
        self, document: Document, parent: ParentReference, operation: str, key: Any = None
    ) -> Section:
        """The parent; without it the failure is the one that the collection has for that."""
        section = parent.find(document)
        if section is not None:
            return section
        one = self._collection
        status = one.orphans.status(operation, indexed=one.indexed, nameless=parent.nameless)
        missing = f"missing parent: {parent} does not exist"
        if status == BadRequest.status:
            raise BadRequest(missing)
        if key is None:
            raise NotFound(missing)
        raise NotFound(f"{self._missing(key, parent).message}, which does not exist either")

    def _missing(self, key: Any, parent: ParentReference) -> NotFound:
        return NotFound(f"missing object: {self._thing} {key} does not exist in {parent}")

    def _taken(self, name: str, parent: ParentReference) -> AlreadyExists:
        thing = f"{self._thing} {name} already exists in {parent}"
        return AlreadyExists(f"object already exists: {thing}")

    def _parent(self, req: ApiRequest, keys: Mapping[str, Any]) -> ParentReference:
        return self._find_parent(self._collection, req, keys)


class RowList(RowResource):
    """All rows of a parent: GET, POST."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, **keys: Any) -> None:
        parent = self._parent(req, keys)

        def read(snapshot: Snapshot) -> list[dict[str, Any]]:
            document = snapshot.document
            if self._collection.orphans.list == 200 and parent.find(document) is None:
                return []
            return self._read(self._section(document, parent, "list"), req.query)

        self._view.answer_read(req, resp, read)

    def _read(self, section: Section, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        rows = self._collection.table.rows(section)
        wanted = [(name, query[name]) for name in self._collection.filters if query.get(name)]
        return [
            self._object(row, at)
            for at, row in enumerate(rows)
            if all(row.values.get(name) == value for name, value in wanted)
        ]

    def on_post(self, req: ApiRequest, resp: falcon.Response, **keys: Any) -> None:
        parent = self._parent(req, keys)
        values = dict(req.body.values)
        with self._view.edit(req) as edit:
            section = self._section(edit.document, parent, "create")
            place = self._place(section, parent, values)
            new = self._collection.table.insert(section, values, place)
            edit.document = edit.document.replace(section, new)
        self._view.answer_change(req, resp, edit.outcome, 201)

    def _place(
        self, section: Section, parent: ParentReference, values: dict[str, Any]
    ) -> int | None:
        """The index that a new row is to have; None for rows that have names."""
        one = self._collection
        if one.key is None:
            index: int = values.pop("index")
            length = len(one.table.rows(section))
            if index > length:
                raise BadRequest(
                    f"index out of range: Object with id {index} in {parent} out of range"
                )
            return index if index >= 0 else length
        name = values.get(one.key)
        if name is None and one.unnamed is not None:
            name = one.unnamed(one.table.line(values))
        if name in named_rows(one, section):
            raise self._taken(name, parent)
        return None


class RowItem(RowResource):
    """One row by its name or position: GET, PUT, DELETE."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, **keys: Any) -> None:
        parent, key = self._parent(req, keys), keys[self._key]
        self._view.answer_read(req, resp, lambda snapshot: self._read(snapshot, parent, key))

    def shown(self, req: ApiRequest, **keys: Any) -> Mapping[str, Any]:
        """The row as a GET shows it."""
        parent, key = self._parent(req, keys), keys[self._key]
        return self._read(self._view.snapshot(req), parent, key)

    def _read(self, snapshot: Snapshot, parent: ParentReference, key: Any) -> dict[str, Any]:
        section = self._section(snapshot.document, parent, "read", key)
        return self._object(self._find(section, parent, key), key)

    def on_put(self, req: ApiRequest, resp: falcon.Response, **keys: Any) -> None:
        parent, key = self._parent(req, keys), keys[self._key]
        values = dict(req.body.values)
        with self._view.edit(req) as edit:
            section = self._section(edit.document, parent, "replace", key)
            row = self._find(section, parent, key)
            self._rename(section, parent, row, values)
            values = self._codec.keep(row.values, values)
            new = self._collection.table.replace(section, row, values)
            edit.document = edit.document.replace(section, new)
        self._view.answer_change(req, resp, edit.outcome, 200)

    def on_delete(self, req: ApiRequest, resp: falcon.Response, **keys: Any) -> None:
        parent, key = self._parent(req, keys), keys[self._key]
        with self._view.edit(req) as edit:
            section = self._section(edit.document, parent, "delete", key)
            row = self._find(section, parent, key)
            new = self._collection.table.remove(section, row)
            edit.document = edit.document.replace(section, new)
        self._view.answer_change(req, resp, edit.outcome, 204)

    def _find(self, section: Section, parent: ParentReference, key: Any) -> Row:
        if self._collection.key is not None:
            row = named_rows(self._collection, section).get(key)
            if row is None:
                raise self._missing(key, parent)
            return row
        rows = self._collection.table.rows(section)
        index = int(key)
        if not 0 <= index < len(rows):
            raise self._missing(index, parent)
        return rows[index]

    def _rename(
        self, section: Section, parent: ParentReference, row: Row, values: dict[str, Any]
    ) -> None:
        """Settle the name or index in a PUT: a made-up name is not written, a taken one refused."""
        one = self._collection
        if one.key is None:
            values.pop("index", None)
            return
        old = row_name(one, row)
        if one.key not in row.values and values.get(one.key) == old:
            del values[one.key]
        new = values.get(one.key)
        if new is not None and new != old and new in named_rows(one, section):
            raise self._taken(new, parent)
