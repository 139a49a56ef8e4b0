"""Hide the secrets in what objects say, so that one can still be told from another."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dataplane_core.errors import Reference
from dataplane_core.grammar import Prop
from dataplane_core.resources.collections import Collection, SectionCollection, SingleSection
from dataplane_core.resources.extra_props import UNMANAGED
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Line

HIDDEN = "***"
"""What is shown in the place of a secret."""

_SEAL = re.compile("\ue000[0-9a-f]{64}\ue001")


class Secrets:
    """Knows the properties of a registry's objects that are secret, and the lines that say them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._props: dict[str, Mapping[str, Prop]] = {}

    def sealed(self, reference: Reference, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return flat values with a seal in the place of each secret: equal ones have equal seals.

        So is the rest of a line that nobody can read, and that begins as one with a secret does.
        """
        collection = self._registry.collections.get(reference.collection)
        secret = {} if collection is None else self._of(collection)
        sealed = {
            name: _sealed(secret[name], value) if name in secret else value
            for name, value in values.items()
        }
        if reference.key is None and UNMANAGED.name in sealed:
            sealed[UNMANAGED.name] = [*self._lines(reference.kind, sealed[UNMANAGED.name])]
        return sealed

    def _of(self, collection: Collection) -> Mapping[str, Prop]:
        known = self._props.get(collection.name)
        if known is None:
            found = {prop.name: prop for prop in collection.props if _holds_secret(prop)}
            known = self._props[collection.name] = found
        return known

    def _lines(self, kind: str, lines: Iterable[str]) -> Iterator[str]:
        statements = [
            statement
            for one in self._registry.collections.values()
            if isinstance(one, SectionCollection | SingleSection) and one.kind == kind
            for statement in one.model.statements
        ]
        statements += [one.table.statement for one in self._registry.rows_of(kind)]
        heads = {
            form.head
            for one in statements
            if any(map(_holds_secret, one.props))
            for form in one.forms
        }
        for line in lines:
            words = Line(line).tokens or tuple(line.split())
            head = next((head for head in heads if words[: len(head)] == head), None)
            yield line if head is None else f"{' '.join(head)} {_seal(line)}"


def is_sealed(value: Any) -> bool:
    """Return whether a JSON value has a secret in it that is sealed."""
    if isinstance(value, Mapping):
        return any(map(is_sealed, value.values()))
    if isinstance(value, list):
        return any(map(is_sealed, value))
    return isinstance(value, str) and _SEAL.search(value) is not None


def unsealed(value: Any) -> Any:
    """Return a JSON value with `HIDDEN` in the place of each seal."""
    if isinstance(value, Mapping):
        return {name: unsealed(one) for name, one in value.items()}
    if isinstance(value, list):
        return [unsealed(one) for one in value]
    return _SEAL.sub(HIDDEN, value) if isinstance(value, str) else value


def _holds_secret(prop: Prop) -> bool:
    items = prop.items if isinstance(prop.items, tuple) else (prop.items,) if prop.items else ()
    return prop.secret or any(map(_holds_secret, items))


def _sealed(prop: Prop, value: Any) -> Any:
    if prop.secret or not isinstance(prop.items, tuple):
        return [_seal(one) for one in value] if isinstance(value, list) else _seal(value)
    inner = {one.name: one for one in prop.items if _holds_secret(one)}
    return [
        {name: _sealed(inner[name], one) if name in inner else one for name, one in item.items()}
        for item in value
    ]


def _seal(value: Any) -> str:
    digest = hashlib.sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()
    return f"\ue000{digest}\ue001"
