"""Responders of rows: named ones such as servers, indexed ones such as rules."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import falcon

from dataplane_core.api.parents import Parents
from dataplane_core.api.removals import tell_of_referrers
from dataplane_core.api.request import ApiRequest
from dataplane_core.api.section_objects import row_values, with_each
from dataplane_core.api.view import View
from dataplane_core.codec.codec import Codec
from dataplane_core.errors import AlreadyExists, BadRequest, NotFound, Reference
from dataplane_core.grammar import Row
from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.extra_props import INDEX
from dataplane_core.resources.locate import ParentReference, find_named, is_taken, row_name
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.text import Document, Section
from dataplane_core.text.language import LISTEN

_LAST = -1
"""The index of a new row that has none in its body: behind all others."""


class RowResource:
    """What lists and items share; `key` is the path's parameter for the name or index of a row."""

    def __init__(
        self, view: View, collection: RowCollection, parents: Parents, key: str = ""
    ) -> None:
        self._view = view
        self._collection = collection
        self._parents = parents
        self._key = key or collection.key or view.version.index_parameter

    @cached_property
    def _codec(self) -> Codec:
        return self._view.codec(self._collection)

    def section_paths(self, query: Mapping[str, Any]) -> Iterator[str]:
        """Yield the paths of the section that a query names, below those of the configuration.

        A `listen` section is a frontend and a backend in one: the one that the rows are of counts.
        """
        found = self._parents.section(query)
        if found is None or "/" in found[1]:
            return
        registry, (kind, name) = self._view.registry, found
        kind = self._collection.parents[0] if kind == LISTEN else kind
        is_named = registry.sections_of(kind) is not None
        for version in dict.fromkeys(("v3", self._view.version.name)):
            above = registry.path_above_rows(kind, version)
            if above and (name or not is_named):
                yield f"{above}/{name}" if is_named else above

    def _object(self, row: Row, at: int) -> dict[str, Any]:
        """Return a row as clients see it."""
        return self._codec.project(row_values(self._view, self._collection, row, at))

    def _section(
        self, document: Document, parent: ParentReference, operation: str, key: Any = None
    ) -> Section:
        """Return the parent; raise what the version answers where it does not exist."""
        section = parent.find(document)
        if section is not None:
            return section
        status = self._parents.orphan_status(operation, nameless=parent.nameless)
        missing = f"missing parent: {parent} does not exist"
        if status == BadRequest.status:
            raise BadRequest(missing)
        if key is None:
            raise NotFound(missing)
        raise NotFound(f"{self._missing(key, parent).message}, which does not exist either")

    def _missing(self, key: Any, parent: ParentReference) -> NotFound:
        return NotFound(f"missing object: {self._codec.name} {key} does not exist in {parent}")

    def _taken(self, name: str, parent: ParentReference) -> AlreadyExists:
        thing = f"{self._codec.name} {name} already exists in {parent}"
        return AlreadyExists(f"object already exists: {thing}")

    def _parent(self, req: ApiRequest, keys: Mapping[str, Any]) -> ParentReference:
        return self._parents.find(req, keys)

    def _create(
        self,
        req: ApiRequest,
        resp: falcon.Response,
        parent: ParentReference,
        values: dict[str, Any],
        index: int | None,
    ) -> None:
        """Add a row: at an index, where a negative one stands for behind the last, or a named one.

        Raises `BadRequest` for an index above the number of rows, `AlreadyExists` for a name that
        is taken.
        """
        write = self._view.take_metadata(self._collection, values)
        with self._view.edit(req) as edit:
            section = self._section(edit.document, parent, "create")
            key: Any
            if index is None:
                key = self._name_of_new(section, parent, values)
            else:
                key = index = self._place(section, parent, index)
            new = self._collection.table.insert(section, values, index)
            if write is not None:
                row = self._find(new, parent, key)
                new = new.replace_each({row.at: write(row.line)})
            edit.document = edit.document.replace(section, new)
        self._view.answer_change(req, resp, edit.outcome, 201)

    def _place(self, section: Section, parent: ParentReference, index: int) -> int:
        length = self._collection.table.count(section)
        if index > length:
            raise BadRequest(f"index out of range: Object with id {index} in {parent} out of range")
        return index if index >= 0 else length

    def _name_of_new(
        self, section: Section, parent: ParentReference, values: dict[str, Any]
    ) -> str | None:
        """Return the name of a new row; raise `AlreadyExists` where the section has one of it."""
        one = self._collection
        name = values.get(str(one.key))
        if name is None and one.unnamed is not None:
            name = one.unnamed(one.table.line(values))
        if name is not None and is_taken(one, section, name):
            raise self._taken(name, parent)
        return name

    def _find(self, section: Section, parent: ParentReference, key: Any) -> Row:
        one = self._collection
        if one.key is not None:
            row = find_named(one, section, key)
        else:
            key = int(key)
            row = one.table.nth(section, key)
        if row is None:
            raise self._missing(key, parent)
        return row

    def _without_index(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            path: value
            for path, value in values.items()
            if path != INDEX.name or not self._collection.indexed
        }


class RowList(RowResource):
    """All rows of a parent: GET, POST, and PUT of the whole list."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, **keys: Any) -> None:
        parent = self._parent(req, keys)

        def read(snapshot: Snapshot) -> list[dict[str, Any]]:
            document = snapshot.document
            status = self._parents.orphan_status("list", nameless=parent.nameless)
            if status == 200 and parent.find(document) is None:
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
        values = dict(req.body.values)
        index = values.pop(INDEX.name, _LAST) if self._collection.indexed else None
        self._create(req, resp, self._parent(req, keys), values, index)

    def shown(self, req: ApiRequest, **keys: Any) -> list[dict[str, Any]]:
        """Return the list as a GET shows it."""
        document = self._view.snapshot(req).document
        return self._read(self._section(document, self._parent(req, keys), "replace_list"), {})

    def on_put(self, req: ApiRequest, resp: falcon.Response, **keys: Any) -> None:
        parent = self._parent(req, keys)
        wanted = [self._without_index(item.values) for item in req.body_list.items]
        writes = [self._view.take_metadata(self._collection, values) for values in wanted]
        with self._view.edit(req) as edit:
            section = self._section(edit.document, parent, "replace_list")
            before = [row.values for row in self._collection.table.rows(section)]
            items = self._codec.keeping.keep_each(before, wanted)
            new = self._collection.table.put(section, items, self._collection.key)
            new = with_each(new, self._collection, writes)
            edit.document = edit.document.replace(section, new)
        self._view.answer_change(req, resp, edit.outcome, 200)


class RowItem(RowResource):
    """One row by its name or position: GET, PUT, DELETE, and POST at a position."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, **keys: Any) -> None:
        parent, key = self._parent(req, keys), keys[self._key]
        self._view.answer_read(req, resp, lambda snapshot: self._read(snapshot, parent, key))

    def shown(self, req: ApiRequest, **keys: Any) -> Mapping[str, Any]:
        """Return the row as a GET shows it."""
        parent, key = self._parent(req, keys), keys[self._key]
        return self._read(self._view.snapshot(req), parent, key)

    def _read(self, snapshot: Snapshot, parent: ParentReference, key: Any) -> dict[str, Any]:
        section = self._section(snapshot.document, parent, "read", key)
        return self._object(self._find(section, parent, key), key)

    def on_post(self, req: ApiRequest, resp: falcon.Response, **keys: Any) -> None:
        values = self._without_index(req.body.values)
        self._create(req, resp, self._parent(req, keys), values, keys[self._key])

    def on_put(self, req: ApiRequest, resp: falcon.Response, **keys: Any) -> None:
        parent, key = self._parent(req, keys), keys[self._key]
        values = self._without_index(req.body.values)
        write = self._view.take_metadata(self._collection, values)
        with self._view.edit(req) as edit:
            section = self._section(edit.document, parent, "replace", key)
            row = self._find(section, parent, key)
            self._rename(section, parent, row, values)
            values = self._codec.keeping.keep(row.values, values)
            new = self._collection.table.replace(section, row, values)
            if write is not None:
                new = new.replace_each({row.at: write(new.lines[row.at])})
            edit.document = edit.document.replace(section, new)
        self._view.answer_change(req, resp, edit.outcome, 200)

    def on_delete(self, req: ApiRequest, resp: falcon.Response, **keys: Any) -> None:
        parent, key = self._parent(req, keys), keys[self._key]
        with self._view.edit(req) as edit:
            section = self._section(edit.document, parent, "delete", key)
            row = self._find(section, parent, key)
            place = int(key) if self._collection.indexed else key
            reference = Reference(self._collection.name, section.kind, parent.name, place)
            tell_of_referrers(self._view, req, resp, edit.document, reference)
            new = self._collection.table.remove(section, row)
            edit.document = edit.document.replace(section, new)
        self._view.answer_change(req, resp, edit.outcome, 204)

    def _rename(
        self, section: Section, parent: ParentReference, row: Row, values: dict[str, Any]
    ) -> None:
        """Settle the name in a PUT: a made-up one is not written, one that is taken is refused."""
        one = self._collection
        if one.key is None:
            return
        old = row_name(one, row)
        if one.key not in row.values and values.get(one.key) == old:
            del values[one.key]
        new = values.get(one.key)
        if new is not None and new != old and is_taken(one, section, new):
            raise self._taken(new, parent)
