"""The recorded objects list their keys in an order; so do ours, whatever they are made of."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.api.v2 import V2
from dataplane_core.api.view import View
from dataplane_core.codec.shape import Unused, flatten, tidy
from dataplane_core.wiring import make_manager, register_collections
from tests.golden.offline import cases

pytestmark = pytest.mark.recorded

REGISTRY = register_collections(make_manager())
VIEW = View(V2(), REGISTRY, None)  # type: ignore[arg-type]
SCHEMAS = {one.naming.schema: one for one in REGISTRY.collections.values()}


def recorded() -> Iterator[tuple[str, str, Any]]:
    """The case, the name of the collection or model, and the object."""
    for kind, key in (("parse", "json"), ("write", "returned"), ("put", "returned")):
        for case in cases(kind):
            if case.get(key):
                yield case["id"], (case.get("path") or case["resource"]).split("/")[-1], case[key]


def backwards(value: Any) -> Any:
    """The same object with its keys in the opposite order, at every depth."""
    if isinstance(value, dict):
        return {key: backwards(item) for key, item in reversed(value.items())}
    return [backwards(item) for item in value] if isinstance(value, list) else value


def keys(order: Any, other: Any) -> Any:
    """The keys of an object that another has too, in their order, with those of what they hold."""
    if isinstance(order, dict) and isinstance(other, dict):
        return [(key, keys(order[key], other[key])) for key in order if key in other]
    if isinstance(order, list) and isinstance(other, list):
        return [keys(one, another) for one, another in zip(order, other, strict=True)]
    return None


def test_keys_stand_in_the_recorded_order(shared: Path) -> None:
    wrong, checked = [], 0
    for case, name, shown in recorded():
        one = REGISTRY.collections.get(name) or SCHEMAS.get(name) or SCHEMAS.get(f"{name}_section")
        if one is None:
            continue
        codec = VIEW.codec(one)
        for item in shown if isinstance(shown, list) else [shown]:
            values = flatten(tidy(backwards(item), codec.root, Unused()), codec.root)
            ours = codec.project(values)
            checked += 1
            if keys(ours, item) != keys(item, ours):
                wrong.append(f"{case} {name}: {json.dumps(ours)} instead of {json.dumps(item)}")
    assert checked > 8000
    assert not wrong, "\n".join(wrong[:20])
