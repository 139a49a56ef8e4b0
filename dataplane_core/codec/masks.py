"""What one model lacks in one version of the interface."""

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from dataplane_core.dataclass import dataclass
from dataplane_core.grammar import Prop


@dataclass(frozen=True, slots=True)
class ModelMask:
    """The properties that a model does not have, and the words that its properties do not know.

    `properties` are paths of the version, with `[]` behind the names of lists; a path stands for
    all that is below it. `values` are words by path.
    """

    properties: frozenset[str] = frozenset()
    values: Mapping[str, frozenset[Any]] = field(default_factory=dict)

    def hides(self, path: str) -> bool:
        """Return whether the property at a path, or an object or a list around it, is lacking."""
        return bool(self.properties) and not self.properties.isdisjoint(_around(path))

    def shown(self, prop: Prop, path: str) -> Prop:
        """Return a property without the words that it does not know."""
        lacking = self.values.get(path)
        if not lacking or not prop.enum:
            return prop
        return replace(prop, enum=tuple(word for word in prop.enum if word not in lacking))


NO_MASK = ModelMask()
"""That of a model that lacks nothing."""


def _around(path: str) -> Iterator[str]:
    """Yield a path, and those of all that it stands in, with and without `[]` at their ends."""
    while path:
        yield path
        yield path.removesuffix("[]")
        path = path.rpartition(".")[0]
