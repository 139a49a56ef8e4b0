"""What is taken without marshmallow is what marshmallow takes, of every property of every version."""

from collections.abc import Iterator
from typing import Any

import pytest
from marshmallow import ValidationError

from dataplane_core.codec.acceptance import ObjectTest, property_test
from dataplane_core.codec.shape import JsonNode
from tests.laws.support import Everything

ANYTHING = (
    *("", "a", "a b", "A-1", "10.0.0.1", "/p", "\x01", "\x7f", "ü", "\u2028", "\udc80", "1s", "%[src]"),
    *(0, 1, -1, 7, 1000, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 1.0, 0.5),
    *(True, False, None),
    *([], [1], ["a"], ["a", "a"], [""], [None], ["\x01"], [["a"]], ["a"] * 500, [{}], [{"a": 1}]),
    *({}, {"a": "b"}, {"a": 1}, {"a": None}, {"a b": "c"}, {"": ""}, {"a": {}}, {"a": {"b": 1}}),
)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    return Everything(tmp_path_factory.mktemp("acceptance"), "global\n")


def candidates(node: JsonNode) -> Iterator[Any]:
    """Values of any kind, and those at the edges of what the property takes."""
    yield from ANYTHING
    prop = node.prop
    if prop is not None:
        for one in (*prop.enum, *(limit + by for limit in (prop.minimum, prop.maximum) if limit for by in (-1, 0, 1))):
            yield one
            yield [one]
    if node.children:
        yield dict.fromkeys(node.children, "a")
        for name, child in node.children.items():
            yield from ({name: one} for one in candidates(child) if not isinstance(one, dict))
    if node.item is not None and node.item.children:
        yield from ([one] for one in candidates(node_of(node.item)))


def node_of(item: JsonNode) -> JsonNode:
    """An item as a node of its own, without the lists of other models' objects in it."""
    node = JsonNode("item", "item")
    node.children = {name: one for name, one in item.children.items() if one.item is None}
    return node


def takes(field: Any, value: Any) -> bool:
    try:
        field.deserialize(value)
    except ValidationError:
        return False
    return True


def test_a_property_takes_the_same_values_with_marshmallow_and_without(api: Everything) -> None:
    tried = 0
    for served in api.app.served:
        for codec in map(served.view.codec, served.view.collections):
            for name, child in codec.root.children.items():
                field, test = codec.schema.load_fields[name], property_test(child)
                for value in candidates(child):
                    assert test(value) == takes(field, value), (served.version.name, codec.name, name, value)
                    tried += 1
    assert tried > 100_000


def test_an_object_needs_its_required_properties_and_has_no_unknown_one(api: Everything) -> None:
    view = api.app.served[0].view
    codec = view.codec(api.registry.collections["servers"])
    test = ObjectTest(codec.root)
    right = {"name": "a", "address": "b", "port": 1}
    assert test(right)
    for wrong in ([], None, {}, {"name": "a"}, {**right, "unknown": 1}, {**right, "port": "1"}):
        assert not test(wrong)
        if isinstance(wrong, dict):
            with pytest.raises(ValidationError):
                codec.schema.load(wrong)
