"""Version 2 of the interface: parents in the query, answers in an envelope."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from dataplane_core.api.describe import MANY, ONE, Describe
from dataplane_core.api.introduction import INTRODUCTION
from dataplane_core.api.operations import Fragment, Parameter
from dataplane_core.api.routes import Route
from dataplane_core.api.rows import RowItem, RowList
from dataplane_core.api.sections import SectionItem, SectionList, SingleItem
from dataplane_core.api.view import View
from dataplane_core.errors import Reference
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)


class V2:
    """Version 2: parents in the query, answers in an envelope."""

    name = "v2"
    release = "v2.9.0"
    prefix = "/v2"
    title = "HAProxy data plane"
    introduction = INTRODUCTION
    configuration = "/services/haproxy/configuration"

    def wrap(self, version: int, data: Any) -> Any:
        return {"_version": version, "data": data}

    def envelope(self, schema: Fragment, required: bool = False) -> Fragment:
        properties = {"_version": {"type": "integer"}, "data": schema}
        more = {"required": ["data"]} if required else {}
        return {"type": "object", "properties": properties, **more}

    def routes(self, view: View) -> Iterator[Route]:
        for collection in view.registry.collections.values():
            if collection.versions is None or self.name in collection.versions:
                yield from self._mount(view, collection)

    def location(self, one: Collection, reference: Reference) -> str:
        name, key = reference.section, reference.key
        path = f"{self.prefix}{self.configuration}/{one.name}"
        if isinstance(one, SingleSection):
            return path
        if key is None or not isinstance(one, RowCollection):
            return f"{path}/{quote(name, safe='')}"
        parent = next(parent for parent in one.parents if parent.kind == reference.kind)
        query = {"parent_type": parent.label, "parent_name": name}
        if not one.typed:
            query = {str(one.parameter): name}
        return f"{path}/{quote(str(key), safe='')}?{urlencode(query)}"

    def _mount(self, view: View, one: Collection) -> Iterator[Route]:
        path = f"{self.configuration}/{one.name}"
        describe = Describe(view, one, self._parent_parameters(one))
        if isinstance(one, SingleSection):
            yield Route(path, SingleItem(view, one), describe.only("GET read", "PUT replace"))
        elif isinstance(one, SectionCollection):
            yield Route(path, SectionList(view, one), describe.only(*MANY))
            yield Route(f"{path}/{{{one.key}}}", SectionItem(view, one), describe.only(*ONE))
        elif isinstance(one, RowCollection):
            key = one.key or "index"
            yield Route(path, RowList(view, one), describe.only(*MANY))
            yield Route(f"{path}/{{{key}}}", RowItem(view, one), describe.only(*ONE))

    def _parent_parameters(self, one: Collection) -> tuple[Parameter, ...]:
        """How a request names the parent of rows."""
        if not isinstance(one, RowCollection):
            return ()
        own = one.parameter
        found = []
        if own is not None:
            found.append(Parameter(own, required=not one.typed, help="Name of the parent."))
        if one.typed:
            named = own is None and not one.has_nameless_parent()
            labels = tuple(parent.label for parent in one.parents)
            found.append(Parameter("parent_name", required=named, help="Name of the parent."))
            found.append(
                Parameter("parent_type", required=own is None, enum=labels, help="Kind of parent.")
            )
        return tuple(found)
