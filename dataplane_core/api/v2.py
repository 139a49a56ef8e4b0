"""Version 2 of the interface: parents in the query, answers in an envelope."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from dataplane_core.api.describe import MANY, ONE, Describe
from dataplane_core.api.introduction import INTRODUCTION
from dataplane_core.api.operations import Fragment
from dataplane_core.api.parents import ParentsInQuery
from dataplane_core.api.quoting import in_path, in_query
from dataplane_core.api.routes import Route
from dataplane_core.api.rows import RowItem, RowList
from dataplane_core.api.sections import SectionItem, SectionList, SingleItem
from dataplane_core.api.view import View
from dataplane_core.errors import DataplaneError, Reference
from dataplane_core.resources.collections import (
    Collection,
    Naming,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.registry import Registry


class V2:
    """Version 2 of the interface."""

    name = "v2"
    release = "v2.9.0"
    prefix = "/v2"
    title = "HAProxy data plane"
    introduction = INTRODUCTION
    configuration = "/services/haproxy/configuration"
    index_parameter = "index"
    index_property: str | None = "index"
    has_metadata = False
    writes_units = False
    strict_choices = False
    strict_parameters = False
    null_is_empty = True
    shows_empty = True
    shows_inherited = False
    finds_first = False
    credentials_first = False
    deprecated: datetime | None = None
    successor = "v3"

    def refusal(self, error: DataplaneError) -> tuple[int, int]:
        return error.status, error.code

    def wrap(self, version: int | None, data: Any) -> Any:
        return {"data": data} if version is None else {"_version": version, "data": data}

    def envelope(
        self, schema: Fragment, *, required: bool = False, versioned: bool = True
    ) -> Fragment:
        version = {"_version": {"type": "integer"}} if versioned else {}
        more = {"required": ["data"]} if required else {}
        return {"type": "object", "properties": {**version, "data": schema}, **more}

    def naming(self, one: Collection) -> Naming:
        return one.naming_in(self.name)

    def children(
        self, one: SectionCollection | SingleSection, registry: Registry
    ) -> Mapping[str, RowCollection]:
        return {}

    def location(self, one: Collection, reference: Reference, registry: Registry) -> str:
        path = f"{self.prefix}{self.configuration}/{one.name}"
        if isinstance(one, SingleSection):
            return path
        if reference.key is None or not isinstance(one, RowCollection):
            return f"{path}/{in_path(reference.section)}"
        query = ParentsInQuery(one, one.query).query(reference.kind, reference.section)
        return f"{path}/{in_path(str(reference.key))}?{in_query(query)}"

    def routes(self, view: View) -> Iterator[Route]:
        for one in view.collections:
            for route in self._mount(view, one):
                yield replace(route, origin=one.origin)

    def _mount(self, view: View, one: Collection) -> Iterator[Route]:
        path = f"{self.configuration}/{one.name}"
        if isinstance(one, RowCollection):
            parents, key = ParentsInQuery(one, one.query), one.key or self.index_parameter
            describe = Describe(view, one, parents)
            yield Route(path, RowList(view, one, parents), describe.only(*MANY))
            yield Route(f"{path}/{{{key}}}", RowItem(view, one, parents), describe.only(*ONE))
            return
        describe = Describe(view, one)
        if isinstance(one, SingleSection):
            yield Route(path, SingleItem(view, one), describe.only("GET read", "PUT replace"))
        elif isinstance(one, SectionCollection):
            yield Route(path, SectionList(view, one), describe.only(*MANY))
            yield Route(f"{path}/{{{one.key}}}", SectionItem(view, one), describe.only(*ONE))
