"""Values of properties that are no more than values of other properties (`Prop.same_as`)."""

from collections.abc import Iterable, Mapping
from typing import Any

from dataplane_core.grammar import Prop

_NOTHING: Mapping[str, Any] = {}


def resolved(
    values: dict[str, Any], aliases: Iterable[Prop], shown: Mapping[str, Any] = _NOTHING
) -> dict[str, Any]:
    """Return the flat values of a body with each alias as the property that it stands for.

    A property that is given itself counts, unless it is as it was `shown` and the alias is not:
    then a client has changed the alias, and sent the other back as it came.
    """
    for prop in aliases:
        value = values.get(prop.name)
        if value is None or value not in prop.same_as:
            continue
        del values[prop.name]
        name, says = prop.same_as[value]
        others = {one for one, _ in prop.same_as.values()} & values.keys()
        changed = value != shown.get(prop.name) and all(values[o] == shown.get(o) for o in others)
        if others and not changed:
            continue
        for other in others:
            del values[other]
        values[name] = says
    return values


def echoes(prop: Prop) -> dict[str, dict[Any, Any]]:
    """Return the values that an alias is shown with, by the other property and its value."""
    found: dict[str, dict[Any, Any]] = {}
    for value, (name, says) in prop.same_as.items():
        found.setdefault(name, {})[says] = value
    return found
