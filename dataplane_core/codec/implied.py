"""Objects that say what another property says in versions whose words for that it lacks.

In version 1, `httpchk` is an object, and `adv_check` does not know the word `httpchk`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from dataplane_core.codec.conversions import Conversion
from dataplane_core.codec.shape import JsonNode
from dataplane_core.grammar import Prop

Tied = Mapping[str, Mapping[str, Any]]


def in_version(tied: Tied, props: Iterable[Prop], version: str) -> dict[str, Mapping[str, Any]]:
    """Return nested objects, each with what it depends on, under their names in a version."""
    names = {
        prop.name.partition(".")[0]: prop.path(version).partition(".")[0]
        for prop in props
        if "." in prop.name
    }
    return {names.get(name, name): needed for name, needed in tied.items()}


def implied(root: JsonNode, tied: Tied) -> dict[str, Mapping[str, Any]]:
    """Return the objects that stand for a word which its property does not know, and hide the word.

    `tied` are objects by their names in the version, each with the values that it depends on.
    """
    found = {name: needed for name, needed in tied.items() if any(_unknown(root, name, needed))}
    for needed in found.values():
        for path, word in needed.items():
            node = root.children[path]
            node.conversion = Conversion(_as_it_is, _but(word, node.conversion), _as_it_is)
    return found


def _unknown(root: JsonNode, name: str, needed: Mapping[str, Any]) -> Iterator[bool]:
    for path, word in needed.items():
        node = root.children.get(path)
        if name in root.children and node is not None and node.prop is not None:
            yield bool(node.prop.enum) and word not in node.prop.enum


def _as_it_is(value: Any) -> Any:
    return value


def _but(word: Any, other: Conversion | None) -> Callable[[Any], Any]:
    """Return what shows nothing for a word, and each other value as it was shown."""
    shown = _as_it_is if other is None else other.shown
    return lambda value: None if value == word else shown(value)


