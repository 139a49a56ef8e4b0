"""The masks of the versions of the interface, made from their published facts.

    python -m tests.harness.masks

writes the files in `dataplane_plugins/configuration/masks`. A version lacks what some other version
publishes and it does not. `/v2` has always shown more than its release published, every keyword of
HAProxy: what it shows now is not lacking. To let it show a further property or path, delete that
from its mask and run the command again. `/v1` is of the past: it lacks all that `/v2` shows more. Paths are those that plugins add: a version makes the paths of
its collections itself.
"""

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataplane_core.api.routes import shape
from dataplane_core.api.served_version import ServedVersion
from dataplane_core.app import create_app
from dataplane_core.codec.codec import Codec
from dataplane_core.codec.shape import JsonNode
from dataplane_core.settings import Settings
from tests.harness.recorded import REASON, TOP, reference, shared_folder

FOLDER = TOP / "dataplane_plugins" / "configuration" / "masks"
FACTS = {"v1": "v1.2", "v2": "v2.9", "v3": "v3.4"}
ALL_FACTS = ("v1.2", "v2.6", "v2.9", "v3.4")
CONFIGURATION = "/configuration/"
RENAMED = {"fcgi_app": "fcgiApp"}
"""Schemas that have another name in the declarations, which have those of 2.9."""
MADE_OF = {"listen": ("frontend", "backend"), "runtime_add_server": ("server",)}
"""Schemas of the server's own that are made of others, and have what these have."""
OF_EVERY_VERSION = {"x_unmanaged", "/specification_openapiv3"}
"""A property and a path of this server's own, which every version has."""
DEEPEST = 6

Values = dict[str, set[Any]]


@dataclass
class Facts:
    """What a version has: names of collections, by schema the words of each path, and templates.

    A path without a choice of words has an empty set. Templates have `{}` for parameters, which have
    other names in other versions.
    """

    collections: set[str] = field(default_factory=set)
    schemas: dict[str, Values] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)

    def add(self, other: "Facts") -> None:
        """Take what another version has, too."""
        self.collections |= other.collections
        self.paths |= other.paths
        for name, paths in other.schemas.items():
            known = self.schemas.setdefault(name, {})
            for path, words in paths.items():
                known.setdefault(path, set()).update(words)


def published(document: dict[str, Any]) -> Facts:
    """The facts of a published document: its paths, and schemas of the configuration and of sites.

    A collection is what takes objects: `version` is only shown, and a path like others.
    """
    facts = Facts(paths=set(map(shape, document["paths"])))
    for path, methods in document["paths"].items():
        if CONFIGURATION not in path and "/sites" not in path:
            continue
        collection = collection_of(path)
        for operation in methods.values():
            for name in _bodies(document, operation):
                facts.collections.update([collection] if collection else ())
                schema = document["definitions"][name]
                found = dict(_paths(document, schema))
                facts.schemas.setdefault(RENAMED.get(name, name), {}).update(found)
    for name, parts in MADE_OF.items():
        facts.schemas[name] = {
            path: words for part in parts for path, words in facts.schemas.get(part, {}).items()
        }
    return facts


def collection_of(path: str) -> str:
    """The name of the collection that a path of the configuration is of; empty elsewhere."""
    words = path.partition(CONFIGURATION)[2].split("/")
    return next((word for word in reversed(words) if not word.startswith("{")), "")


def _bodies(document: dict[str, Any], operation: Any) -> Iterator[str]:
    """The names of the schemas of the objects that an operation takes."""
    for parameter in operation.get("parameters", ()) if isinstance(operation, dict) else ():
        name = parameter.get("schema", {}).get("$ref", "").rpartition("/")[2]
        schema = document["definitions"].get(name, {})
        if schema.get("type") == "array":
            name = schema.get("items", {}).get("$ref", "").rpartition("/")[2]
        if name:
            yield name


def _paths(
    document: dict[str, Any], schema: dict[str, Any], prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, set[Any]]]:
    schema = _resolved(document, schema)
    for part in schema.get("allOf", ()):
        yield from _paths(document, part, prefix, depth)
    for name, inner in schema.get("properties", {}).items():
        if depth > DEEPEST:
            return
        inner, path = _resolved(document, inner), f"{prefix}{name}"
        yield path, set(inner.get("enum", ()))
        yield from _paths(document, inner, f"{path}.", depth + 1)
        if "items" in inner:
            items = _resolved(document, inner["items"])
            if "enum" in items:
                yield f"{path}[]", set(items["enum"])
            yield from _paths(document, items, f"{path}[].", depth + 1)


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["definitions"][schema["$ref"].rpartition("/")[2]]
    return schema


def shown(one: ServedVersion) -> Facts:
    """The facts of a version as it is served."""
    facts = Facts({collection.name for collection in one.view.collections})
    facts.paths = {route.shape for route in one.routes}
    codecs = [one.view.codec(collection) for collection in one.view.collections]
    for route in one.routes:
        bodies = (operation.body for operation in route.operations.values())
        codecs += [body.codec for body in bodies if body and isinstance(body.codec, Codec)]
    for codec in codecs:
        facts.schemas.setdefault(codec.name, {}).update(_nodes(codec.root))
    return facts


def _nodes(node: JsonNode) -> Iterator[tuple[str, set[Any]]]:
    for child in node.children.values():
        yield child.path, set(child.prop.enum if child.prop else ())
        yield from _nodes(child)
        if child.item is not None and child.item.path:  # else the objects of another model
            if child.item.prop is not None:
                yield f"{child.path}[]", set(child.item.prop.enum)
            yield from _nodes(child.item)


def mask(own: Facts, every: Facts) -> dict[str, Any]:
    """What a version with the facts `own` lacks of `every`, as the file has it."""
    properties, values = {}, {}
    for name, paths in sorted(every.schemas.items()):
        known = own.schemas.get(name)
        if known is None:
            continue
        lacking = sorted(_topmost(paths.keys() - known.keys() - OF_EVERY_VERSION))
        words = {
            path: sorted(paths[path] - known[path])
            for path in sorted(paths.keys() & known.keys())
            if known[path] and paths[path] - known[path]
        }
        properties.update({name: lacking} if lacking else {})
        values.update({name: words} if words else {})
    collections = sorted(every.collections - own.collections)
    paths = every.paths - own.paths - OF_EVERY_VERSION
    paths = [path for path in paths if collection_of(path) not in every.collections]
    return {
        "collections": collections,
        "properties": properties,
        "values": values,
        "paths": sorted(paths),
    }


def _topmost(paths: Iterable[str]) -> Iterator[str]:
    """The paths that stand for all others: those in no other."""
    known = set(paths)
    for path in known:
        around = path.rpartition(".")[0]
        while around and around.removesuffix("[]") not in known:
            around = around.rpartition(".")[0]
        if not around and not (path.endswith("[]") and path[:-2] in known):
            yield path


def masks(shared: Path, v2: ServedVersion) -> dict[str, str]:
    """The content of each file, by its name."""
    every = Facts()
    for name in ALL_FACTS:
        every.add(published(reference(shared, name)))
    found, ours = {}, shown(v2)
    for version, release in FACTS.items():
        own = published(reference(shared, release))
        known = every
        if version == "v2":
            own.add(ours)
        if version == "v1":
            known = Facts()
            known.add(every)
            known.add(Facts(ours.collections, ours.schemas))
        found[f"{version}.json"] = json.dumps(mask(own, known), indent=1) + "\n"
    return found


def served(folder: Path) -> ServedVersion:
    """`/v2` with all plugins of the server."""
    (folder / "haproxy.cfg").write_text("global\n")
    given: Mapping[str, Any] = {
        "haproxy.config_file": str(folder / "haproxy.cfg"),
        "dataplane.state_dir": str(folder / "state"),
    }
    return create_app(Settings.default().replace(**given)).served[0]


if __name__ == "__main__":
    shared = shared_folder() or sys.exit(REASON)
    with tempfile.TemporaryDirectory() as place:
        v2 = served(Path(place))
        for name, text in masks(shared, v2).items():
            (FOLDER / name).write_text(text, "utf-8")
