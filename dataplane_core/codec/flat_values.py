"""Change flat values: what lists of words say (`Prop.spells`), and what is taken out."""

from collections.abc import Iterable
from typing import Any

from dataplane_core.grammar import Prop


def spelled_by(prop: Prop) -> frozenset[str]:
    """Return the flat paths of the properties that a list of words says."""
    return prop.spells.names if prop.spells else frozenset()


def unspelled(values: dict[str, Any], lists: Iterable[Prop]) -> dict[str, Any]:
    """Return the flat values of a body with what its lists of words say in the place of these.

    A property that is given itself counts. A list that says nothing stays, for the rule of its own.
    """
    for prop in lists:
        words = values.get(prop.name)
        said = prop.spells.read(words, values) if prop.spells and words else None
        if said is not None:
            del values[prop.name]
            values = {**said, **values}
    return values


def drop(values: dict[str, Any], path: str) -> bool:
    """Remove the value at a flat path, in an item of a list too; return whether it was there.

    An item's path is the list's, the item's place, and its own: `farms.0.servers.1.port`.
    """
    if path in values:
        del values[path]
        return True
    for name, items in values.items():
        if isinstance(items, list) and path.startswith(f"{name}."):
            place, _, inner = path[len(name) + 1 :].partition(".")
            item = items[int(place)] if place.isdecimal() and int(place) < len(items) else None
            if isinstance(item, dict) and drop(item, inner):
                return True
    return False
