"""Version 3 of the interface: parents in the path, bare answers, whole lists and whole sections."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from dataplane_core.api.describe import (
    APPENDED,
    MANY,
    ONE,
    ONE_AT_INDEX,
    SECTIONS,
    SINGLE,
    WHOLE_LIST,
    Describe,
)
from dataplane_core.api.elements import ElementList, operations
from dataplane_core.api.introduction import INTRODUCTION
from dataplane_core.api.operations import Fragment
from dataplane_core.api.parents import Parents, ParentsInPath, ParentsInQuery
from dataplane_core.api.quoting import in_path, in_query
from dataplane_core.api.routes import Route
from dataplane_core.api.rows import RowItem, RowList
from dataplane_core.api.sections import SectionItem, SectionList, SingleItem
from dataplane_core.api.view import View
from dataplane_core.errors import (
    BadParameter,
    Contradiction,
    DataplaneError,
    Reference,
    WrongShape,
)
from dataplane_core.resources.collections import (
    Collection,
    Naming,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.registry import Registry
from dataplane_core.text.language import LISTEN

STATUSES: Mapping[type[DataplaneError], int] = {
    BadParameter: 400,
    Contradiction: 400,
    WrongShape: 422,
}
"""The statuses of failures that have another one in this version."""


class V3:
    """Version 3 of the interface."""

    name = "v3"
    release = "v3.4.0"
    prefix = "/v3"
    title = "HAProxy data plane"
    introduction = INTRODUCTION
    configuration = "/services/haproxy/configuration"
    index_parameter = "index"
    index_property: str | None = None
    has_metadata = True
    writes_units = True
    strict_choices = True
    strict_parameters = True
    null_is_empty = False
    shows_empty = False
    shows_inherited = True
    finds_first = True
    credentials_first = True
    deprecated: datetime | None = None
    successor = ""

    def refusal(self, error: DataplaneError) -> tuple[int, int]:
        kinds = STATUSES.items()
        status = next((known for kind, known in kinds if isinstance(error, kind)), error.status)
        return status, status

    def wrap(self, version: int | None, data: Any) -> Any:
        return data

    def envelope(
        self, schema: Fragment, *, required: bool = False, versioned: bool = True
    ) -> Fragment:
        return schema

    def naming(self, one: Collection) -> Naming:
        return one.naming_in(self.name)

    def children(
        self, one: SectionCollection | SingleSection, registry: Registry
    ) -> Mapping[str, RowCollection]:
        return {
            rows.name_in(self.name) if rows.key else rows.list_name(one.kind): rows
            for rows in registry.rows_of(one.kind)
        }

    def location(self, one: Collection, reference: Reference, registry: Registry) -> str:
        top = self.prefix + self.configuration
        section, key = in_path(reference.section), in_path(str(reference.key))
        name = one.name_in(self.name)
        if isinstance(one, SingleSection):
            return f"{top}/{name}"
        if reference.key is None or not isinstance(one, RowCollection):
            return f"{top}/{name}/{section}"
        if one.query.always:
            query = ParentsInQuery(one, one.query).query(reference.kind, reference.section)
            return f"{top}/{name}/{key}?{in_query(query)}"
        # A `listen` section is a frontend and a backend in one: its rows are below either.
        kind = one.parents[0] if reference.kind == LISTEN else reference.kind
        above = registry.path_above_rows(kind, self.name)
        held = above if registry.sections_of(kind) is None else f"{above}/{section}"
        return f"{top}/{held}/{name}/{key}"

    def routes(self, view: View) -> Iterator[Route]:
        for one in view.collections:
            for route in self._mount(view, one):
                yield replace(route, origin=one.origin)

    def _mount(self, view: View, one: Collection) -> Iterator[Route]:
        path = f"{self.configuration}/{one.name_in(self.name)}"
        if isinstance(one, RowCollection):
            yield from self._mount_rows(view, one, path)
            return
        describe = Describe(view, one)
        if isinstance(one, SingleSection):
            yield Route(path, SingleItem(view, one), describe.only(*SINGLE))
            for name in one.elements:
                elements = ElementList(view, one, name)
                yield Route(f"{path}/{name}", elements, operations(elements, self.naming(one)))
        elif isinstance(one, SectionCollection):
            yield Route(path, SectionList(view, one), describe.only(*SECTIONS))
            yield Route(f"{path}/{{{one.key}}}", SectionItem(view, one), describe.only(*ONE))

    def _mount_rows(self, view: View, one: RowCollection, path: str) -> Iterator[Route]:
        if one.query.always:
            orphans = one.query.orphans
            orphans = replace(orphans, create=orphans.create_in_path)
            parents = ParentsInQuery(one, replace(one.query, orphans=orphans))
            yield from self._mount_below(view, one, path, parents, self.naming(one))
            return
        for kind in one.parents:
            above = view.registry.path_above_rows(kind, self.name)
            if kind == LISTEN or not above or not one.operations:
                continue
            nameless = view.registry.sections_of(kind) is None
            parent = one.query.path_parameter
            name = above if nameless else f"{above}/{{{parent}}}"
            path = f"{self.configuration}/{name}/{one.name_in(self.name)}"
            naming = _naming_below(view, one, kind)
            yield from self._mount_below(view, one, path, ParentsInPath(one, kind), naming)

    def _mount_below(
        self, view: View, one: RowCollection, path: str, parents: Parents, naming: Naming
    ) -> Iterator[Route]:
        """Yield the paths of the rows of some parents: of all, and of one."""
        many, item = (WHOLE_LIST, ONE_AT_INDEX) if one.indexed else (MANY, ONE)
        if one.appended:
            many, item = APPENDED, ONE
        key, describe = one.key or self.index_parameter, Describe(view, one, parents, naming)
        yield Route(path, RowList(view, one, parents), describe.only(*many))
        yield Route(f"{path}/{{{key}}}", RowItem(view, one, parents), describe.only(*item))


def _naming_below(view: View, one: RowCollection, kind: str) -> Naming:
    """Return the names of the operations on rows below one of several kinds of section."""
    naming = view.version.naming(one)
    if not one.query.typed:
        return naming
    if len({*one.parents} - {LISTEN}) == 1:
        return replace(naming, operation_ids={"list": f"getAll{naming.titles}"})
    sections = view.registry.sections_of(kind)
    above = None if sections is None else view.version.naming(sections)
    holder = kind.capitalize() if above is None else above.holder or above.tag
    title = naming.title + holder
    many = {"list": f"getAll{title}", "replace_list": f"replaceAll{title}"}
    return replace(naming, title=title, operation_ids=many)
