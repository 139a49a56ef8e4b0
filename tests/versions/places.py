"""Where the objects of a file are in one version of the interface."""

from collections.abc import Iterator
from typing import Any

from dataplane_core.api.operations import FULL_SECTION
from dataplane_core.api.served_version import ServedVersion
from dataplane_core.errors import Reference
from dataplane_core.resources.collections import RowCollection, SectionCollection, SingleSection
from dataplane_core.resources.locate import row_name, shown_names
from dataplane_core.text import Document
from tests.laws.support import Everything


def served(api: Everything, name: str) -> ServedVersion:
    """One of the versions that an application serves."""
    return next(one for one in api.app.served if one.version.name == name)


def unwrapped(one: ServedVersion, answer: Any) -> Any:
    """What a GET shows, without what the version wraps around it."""
    return answer if one.version.wrap(0, None) is None else answer["data"]


def objects(one: ServedVersion, document: Document) -> Iterator[str]:
    """The path and query of every object that can be replaced."""
    for collection in one.view.collections:
        if "replace" not in collection.operations:
            continue
        if isinstance(collection, RowCollection):
            yield from (path for paths in rows(one, document, collection) for path in paths)
        elif isinstance(collection, SectionCollection | SingleSection):
            yield from sections(one, document, collection)


def sections(
    one: ServedVersion, document: Document, collection: SectionCollection | SingleSection
) -> Iterator[str]:
    """The paths of the sections of a collection."""
    names = [""]
    if isinstance(collection, SectionCollection):
        names = list(dict(shown_names(document, collection.kind, collection.unnamed)))
    for name in names:
        yield one.view.location(Reference(collection.name, collection.kind, name))


def rows(one: ServedVersion, document: Document, collection: RowCollection) -> Iterator[list[str]]:
    """For each section that holds rows of a collection, the paths of these."""
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
    """The path of every list that is replaced as a whole."""
    known = {route.shape for route in one.routes if "PUT" in route.operations}
    for collection in one.view.collections:
        if isinstance(collection, RowCollection) and collection.indexed:
            for paths in rows(one, document, collection):
                path = paths[0].rpartition("/")[0] if paths else ""
                if path and _shape(one, path) in known:
                    yield path


def whole_sections(one: ServedVersion, document: Document) -> Iterator[str]:
    """The path of every section that can be replaced with all that is in it."""
    for collection in one.view.collections:
        if not isinstance(collection, SectionCollection | SingleSection):
            continue
        if one.view.whole(collection).rows and "replace" in collection.operations:
            for path in sections(one, document, collection):
                yield f"{path}?{FULL_SECTION.name}=true"


def _shape(one: ServedVersion, path: str) -> str:
    """The template of a list below a section that has a name, or none."""
    parts = path.removeprefix(one.version.prefix).split("/")
    if parts[-2] != "global":
        parts[-2] = "{}"
    return "/".join(parts)
