"""Where the objects of a file are in one version of the interface."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from dataplane_core.api.application import Application
from dataplane_core.api.operations import FULL_SECTION
from dataplane_core.api.served_version import ServedVersion
from dataplane_core.errors import Reference
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.locate import row_name, shown_names
from dataplane_core.text import Document


class WithApplication(Protocol):
    """What has an application, such as a server of a test."""

    @property
    def app(self) -> Application:
        """The application that is tested."""


def served(server: WithApplication, name: str) -> ServedVersion:
    """Return one of the versions that an application serves."""
    return next(one for one in server.app.served if one.version.name == name)


def unwrapped(one: ServedVersion, answer: Any) -> Any:
    """Return what a GET shows, without what the version wraps around it."""
    return answer if one.version.wrap(0, None) is None else answer["data"]


def objects(one: ServedVersion, document: Document) -> Iterator[str]:
    """Yield the path and query of every object that can be replaced."""
    for collection in one.view.collections:
        if "replace" in collection.operations:
            yield from objects_of(one, document, collection)


def objects_of(one: ServedVersion, document: Document, collection: Collection) -> Iterator[str]:
    """Yield the path and query of every object of a collection, as the version has it."""
    if isinstance(collection, RowCollection):
        yield from (path for paths in rows(one, document, collection) for path in paths)
    elif isinstance(collection, SectionCollection | SingleSection):
        yield from sections(one, document, collection)


def sections(
    one: ServedVersion, document: Document, collection: SectionCollection | SingleSection
) -> Iterator[str]:
    """Yield the paths of the sections of a collection."""
    names = [""]
    if isinstance(collection, SectionCollection):
        names = list(dict(shown_names(document, collection.kind, collection.unnamed)))
    for name in names:
        yield one.view.location(Reference(collection.name, collection.kind, name))


def rows(one: ServedVersion, document: Document, collection: RowCollection) -> Iterator[list[str]]:
    """Yield, for each section that holds rows of a collection, the paths of these."""
    for kind in collection.parents:
        found = [document.joined(kind)] if kind == "global" else document.of_kind(kind)
        for section in filter(None, found):
            if kind != "global" and not section.name:
                continue
            keys = [
                at if collection.indexed else row_name(collection, row)
                for at, row in enumerate(collection.table.rows(section))
            ]
            yield [
                one.view.location(Reference(collection.name, kind, section.name, key))
                for key in dict.fromkeys(keys)
            ]


def lists(one: ServedVersion, document: Document) -> Iterator[str]:
    """Yield the path of every list that is replaced as a whole."""
    known = {route.shape for route in one.routes if "PUT" in route.operations}
    for collection in one.view.collections:
        if isinstance(collection, RowCollection) and collection.indexed:
            for paths in rows(one, document, collection):
                path = paths[0].rpartition("/")[0] if paths else ""
                if path and _shape(one, path) in known:
                    yield path


def whole_sections(one: ServedVersion, document: Document) -> Iterator[str]:
    """Yield the path of every section that can be replaced with all that is in it."""
    for collection in one.view.collections:
        if not isinstance(collection, SectionCollection | SingleSection):
            continue
        if one.view.whole(collection).rows and "replace" in collection.operations:
            for path in sections(one, document, collection):
                yield f"{path}?{FULL_SECTION.name}=true"


def _shape(one: ServedVersion, path: str) -> str:
    """Return the template of a list below a section that has a name, or none."""
    parts = path.removeprefix(one.version.prefix).split("/")
    if parts[-2] != "global":
        parts[-2] = "{}"
    return "/".join(parts)


def properties_of(schemas: Mapping[str, Any], name: str) -> set[str]:
    """Return the properties of a schema of a document, with those of all that it consists of."""
    found: set[str] = set()
    waiting = [schemas.get(name, {})]
    while waiting:
        one = waiting.pop()
        found |= one.get("properties", {}).keys()
        waiting += one.get("allOf", ())
        if "$ref" in one:
            waiting.append(schemas.get(one["$ref"].rpartition("/")[2], {}))
    return found
