"""What versions of the interface lack of all that is declared: masks, as data."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from dataplane_core.dataclass import dataclass

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Mask:
    """What one version of the interface does not have.

    `collections` are names of collections. `properties` are paths by the name of the schema: a path
    has a dot between names and `[]` behind that of a list, and stands for all that is below it.
    `values` are words that a property does not know, by schema and path. Names of schemas are those
    of the declarations, paths those of the version. What no mask names is in every version.

    `paths` are templates of paths that plugins add, without the version's prefix, such as
    `/services/haproxy/runtime/maps/{}`. A parameter is known by its place, whatever its name is:
    `{name}` is the same as `{}`. The paths of collections go with the collections.
    """

    collections: frozenset[str] = NOTHING
    properties: Mapping[str, frozenset[str]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, frozenset[Any]]] = field(default_factory=dict)
    paths: frozenset[str] = NOTHING

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Mask":
        """Return the mask that a JSON object has: its members are the fields, sets are lists."""
        return cls(
            frozenset(data.get("collections", ())),
            {name: frozenset(paths) for name, paths in data.get("properties", {}).items()},
            {
                name: {path: frozenset(words) for path, words in paths.items()}
                for name, paths in data.get("values", {}).items()
            },
            frozenset(data.get("paths", ())),
        )

    def with_also(self, other: "Mask") -> "Mask":
        """Return the mask that hides whatever this one or the other one hides."""
        properties = dict(self.properties)
        for name, paths in other.properties.items():
            properties[name] = properties.get(name, NOTHING) | paths
        values = {name: dict(paths) for name, paths in self.values.items()}
        for name, choices in other.values.items():
            known = values.setdefault(name, {})
            for path, words in choices.items():
                known[path] = known.get(path, NOTHING) | words
        collections, routes = self.collections | other.collections, self.paths | other.paths
        return Mask(collections, properties, values, routes)
