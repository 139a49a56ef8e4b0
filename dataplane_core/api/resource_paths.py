"""Find the object that a path of the newest API version means; `V3.location` makes the path."""

from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

from dataplane_core.api.v3 import V3
from dataplane_core.errors import BadRequest, Reference
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.locate import ParentReference
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document
from dataplane_core.text.language import LISTEN, LISTEN_PARTS
from dataplane_core.text.numbers import is_digits

_TOP = f"{V3.prefix}{V3.configuration}/"
_BYTES = "surrogateescape"  # what is not UTF-8 means its bytes


def reference_at(registry: Registry, document: Document, path: str) -> Reference:
    """Return the object that a path means, be it in the document or not.

    The rows of a `listen` section stand below a frontend or a backend in paths: the document says
    which is meant. Raises `BadRequest` for a path that no object has.
    """
    split = urlsplit(path)
    parts = [unquote(one, errors=_BYTES) for one in split.path.removeprefix(_TOP).split("/")]
    given = parse_qs(split.query, errors=_BYTES)
    query = {name: values[-1] for name, values in given.items()}
    if split.path.startswith(_TOP) and len(parts) <= 4:
        for one in registry.collections.values():
            for reference in _of(registry, one, parts, query):
                return _in_listen(document, reference)
    raise BadRequest(f"{path} is no path of an object, such as {_TOP}backends/shop")


def _of(
    registry: Registry, one: Collection, parts: list[str], query: dict[str, str]
) -> Iterator[Reference]:
    name = one.name_in(V3.name)
    if one.versions is not None and V3.name not in one.versions:
        return
    if isinstance(one, SingleSection):
        if parts == [name]:
            yield Reference(one.name, one.kind, "")
    elif isinstance(one, SectionCollection):
        if len(parts) == 2 and parts[0] == name:
            yield Reference(one.name, one.kind, parts[1])
    elif isinstance(one, RowCollection):
        yield from _row(registry, one, parts, query)


def _row(
    registry: Registry, one: RowCollection, parts: list[str], query: dict[str, str]
) -> Iterator[Reference]:
    name = one.name_in(V3.name)
    if one.query.always:
        if len(parts) == 2 and parts[0] == name and query:
            section = next(iter(query.values()))
            yield Reference(one.name, one.parents[0], section, _key(one, parts[1]))
        return
    for kind in one.parents:
        above = registry.path_above_rows(kind, V3.name)
        held = [above] if registry.sections_of(kind) is None else [above, *parts[1:2]]
        if above and len(parts) == len(held) + 2 and parts[:-1] == [*held, name]:
            section = held[1] if len(held) > 1 else ""
            yield Reference(one.name, kind, section, _key(one, parts[-1]))


def _key(one: RowCollection, word: str) -> str | int:
    return int(word) if one.indexed and is_digits(word) else word


def _in_listen(document: Document, reference: Reference) -> Reference:
    """Return the row of a `listen` section where only such a section has the name."""
    kind = reference.kind
    if reference.key is None or kind not in LISTEN_PARTS:
        return reference
    if document.find(kind, reference.section) is not None:
        return reference
    found = ParentReference((LISTEN,), reference.section).find(document)
    if found is None:
        return reference
    return Reference(reference.collection, LISTEN, reference.section, reference.key)
