"""A throw-away version of the interface for tests: `/v9`.

It has parents in the path, bare answers, indices in the path, lists replaced as a whole, whole
sections, and other names of operations and schemas.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from dataplane_core.api.describe import MANY, ONE, ONE_AT_INDEX, WHOLE_LIST, Describe
from dataplane_core.api.operations import Fragment
from dataplane_core.api.parents import ParentsInPath
from dataplane_core.api.routes import Route
from dataplane_core.api.rows import RowItem, RowList
from dataplane_core.api.sections import SectionItem, SectionList
from dataplane_core.api.view import View
from dataplane_core.errors import DataplaneError, Reference
from dataplane_core.resources.collections import (
    Collection,
    Naming,
    RowCollection,
    SectionCollection,
)
from dataplane_core.resources.registry import Registry

TOP = "/v9/configuration"


class V9:
    name, prefix, title, release = "v9", "/v9", "Another", "v9.0.0"
    introduction = "Another version."
    index_parameter, index_property = "index", None
    has_metadata = True
    writes_units = strict_choices = strict_parameters = finds_first = credentials_first = False
    shows_inherited = False
    null_is_empty = shows_empty = True
    deprecated: datetime | None = None
    successor = ""

    def refusal(self, error: DataplaneError) -> tuple[int, int]:
        return error.status, error.code

    def wrap(self, version: int, data: Any) -> Any:
        return data

    def envelope(self, schema: Fragment, *, required: bool = False, versioned: bool = True) -> Fragment:
        return schema

    def naming(self, one: Collection) -> Naming:
        return replace(one.naming, schema=f"{one.naming.schema}_9", schemas=f"{one.naming.schema}_9s")

    def children(self, one: SectionCollection, registry: Registry) -> Mapping[str, RowCollection]:
        rows = registry.rows_of(one.kind)
        return {one.name if one.key else f"{one.naming.schema}_list": one for one in rows}

    def location(self, one: Collection, reference: Reference, registry: Registry) -> str:
        key = "" if reference.key is None else f"/{one.name}/{reference.key}"
        return f"{TOP}/{reference.kind}s/{reference.section}{key}"

    def routes(self, view: View) -> Iterator[Route]:
        for one in view.registry.all_sections():
            path, describe = f"/configuration/{one.name}", Describe(view, one)
            yield Route(path, SectionList(view, one), describe.only(*MANY))
            yield Route(f"{path}/{{{one.key}}}", SectionItem(view, one), describe.only(*ONE))
            for rows in view.registry.rows_of(one.kind):
                if rows in view.collections and one.name != "named_defaults":
                    yield from self._rows(view, f"{path}/{{parent_name}}/{rows.name}", rows, one.kind)

    def _rows(self, view: View, path: str, rows: RowCollection, kind: str) -> Iterator[Route]:
        names = self.naming(rows)
        names = replace(names, title=f"{names.title}Of{kind}", titles=f"{names.titles}Of{kind}")
        parents = ParentsInPath(rows, kind)
        describe = Describe(view, rows, parents, names)
        many, one = (WHOLE_LIST, ONE_AT_INDEX) if rows.indexed else (MANY, ONE)
        yield Route(path, RowList(view, rows, parents), describe.only(*many))
        key = rows.key or "index"
        yield Route(f"{path}/{{{key}}}", RowItem(view, rows, parents), describe.only(*one))
