"""What declarations may say of names and routes, and the names that they get."""

from collections.abc import Mapping
from typing import TypedDict

from dataplane_core.hooks.containment import plugin_at_work
from dataplane_core.resources.collections import OPERATIONS, Naming
from dataplane_core.resources.origins import RegistryError


class Words(TypedDict, total=False):
    """The names of a collection in a specification, and the operations that are served."""

    schema: str
    title: str
    schemas: str
    titles: str
    tag: str
    holder: str
    help: str
    operations: tuple[str, ...]
    operation_ids: Mapping[str, str]


class Named(Words, total=False):
    """What every declaration may say of its names, as `Naming` explains them, and of its routes.

    Without a word the names are made of the collection's: `backends` has the schema `backend` and
    the title `Backend`. `operations` are those that are served, `versions` the names of the API
    versions that have the collection (all, if None), `names` those that its paths have in versions
    that call it otherwise. `otherwise` is what single versions say instead of the rest.
    """

    versions: tuple[str, ...] | None
    names: Mapping[str, str]
    otherwise: Mapping[str, Words]


class Common(TypedDict):
    """What every collection is made with."""

    name: str
    naming: Naming
    operations: tuple[str, ...]
    versions: tuple[str, ...] | None
    names: Mapping[str, str]
    namings: Mapping[str, Naming]
    operations_in: Mapping[str, tuple[str, ...]]
    origin: str


def common(name: str, named: Named) -> Common:
    """Return what every collection is made with, of what a declaration says."""
    unknown = sorted(named.keys() - Named.__optional_keys__)
    if unknown:
        raise RegistryError(f"the declaration of {name} says {unknown[0]}, which means nothing")
    return {
        "name": name,
        "naming": naming_of(name, named),
        "operations": named.get("operations", OPERATIONS),
        "versions": named.get("versions"),
        "names": named.get("names", {}),
        "namings": namings_of(name, named),
        "operations_in": operations_in(named),
        "origin": plugin_at_work(),
    }


def namings_of(name: str, named: Named) -> dict[str, Naming]:
    """Return the names that a collection has in the specifications of single versions."""
    return {
        version: naming_of(name, {**named, **words})
        for version, words in named.get("otherwise", {}).items()
    }


def operations_in(named: Named) -> dict[str, tuple[str, ...]]:
    """Return the operations that a collection has in single versions."""
    return {
        version: words["operations"]
        for version, words in named.get("otherwise", {}).items()
        if "operations" in words
    }


def naming_of(name: str, named: Named) -> Naming:
    """Return the names of a collection in specifications, made of its own where none is given."""
    schema = named.get("schema") or name.removesuffix("s")
    words = schema.replace("-", "_").split("_")
    title = named.get("title") or "".join(word.capitalize() for word in words)
    return Naming(
        schema=schema,
        schemas=named.get("schemas") or schema + "s",
        title=title,
        titles=named.get("titles") or title + "s",
        tag=named.get("tag") or title,
        holder=named.get("holder", ""),
        help=named.get("help", ""),
        operation_ids=named.get("operation_ids", {}),
    )
