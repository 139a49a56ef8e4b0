"""Take what is surely right without marshmallow, which is asked only what is wrong with the rest.

The rules are those of the schemas (`schema_classes`), read from the same declarations. An object
that fails here is given to its schema, which says what is wrong. Most bodies fail nowhere: they
take a tenth of marshmallow's time, and a server that gets no wrong one does not load it.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeAlias

from dataplane_core.codec.shape import JsonNode
from dataplane_core.grammar import Prop
from dataplane_core.lazy_pattern import lazy_pattern

Test: TypeAlias = Callable[[Any], bool]

UNWRITABLE = lazy_pattern(r"[\x00-\x1f\x7f-\x9f\ud800-\udc7f\udd00-\udfff]")
"""Characters that no text may hold: control characters cannot stand in a line of configuration, and
halves of surrogate pairs in no file, but for those that stand for bytes."""
LARGEST = 2**63 - 1
_TEXT = Prop("", "string")


@cache
def pattern_of(pattern: str) -> Callable[[str], object]:
    """Return the search for a declared pattern; its `\\d` and `\\s` are ASCII's."""
    return re.compile(pattern, re.ASCII).search


class ObjectTest:
    """Tells whether an object of one model is surely right.

    What is known of a property is found out when an object has it: most have few of their model's.
    """

    __slots__ = ("_node", "_required", "_tests")

    def __init__(self, node: JsonNode) -> None:
        self._node = node
        self._required = frozenset(one.name for one in node.children.values() if one.required)
        self._tests: dict[str, Test] = {}

    def __call__(self, value: Any) -> bool:
        """Return whether a value is an object that breaks no rule of a single property."""
        if type(value) is not dict or not self._required <= value.keys():
            return False
        tests = self._tests
        for name, one in value.items():
            test = tests.get(name) or self._learn(name)
            if not test(one):
                return False
        return True

    def _learn(self, name: str) -> Test:
        node = self._node.children.get(name)
        if node is None:
            return _is_unknown
        test = self._tests[name] = property_test(node)
        return test


def property_test(node: JsonNode) -> Test:
    """Return the test of the values of one property."""
    if node.children:
        return ObjectTest(node)
    prop = node.prop
    if prop is None:
        return _is_object
    if prop.json == "array":
        item = _scalar(_TEXT) if node.item is None else property_test(node.item)
        return _every([_is_list(item), *_checks(prop)])
    return _scalar(prop) if node.item is None else _members(property_test(node.item), prop.keys)


def _members(item: Test, keys: str | None) -> Test:
    """Return the test of an object whose members have any name, or one with a pattern."""
    name = _is_text if keys is None else _scalar(Prop("", "string", pattern=keys))
    return lambda value: (
        type(value) is dict and all(map(name, value)) and all(map(item, value.values()))
    )


def _scalar(prop: Prop) -> Test:
    return _every([_KINDS.get(prop.json, _is_object), *_checks(prop)])


def _every(tests: list[Test]) -> Test:
    """Return one test for several, which are made in turn."""
    if len(tests) == 1:
        return tests[0]
    first, second = tests[0], tests[1] if len(tests) == 2 else _every(tests[1:])
    return lambda value: first(value) and second(value)


def _checks(prop: Prop) -> Iterator[Test]:
    """Yield what a value of the right type has to pass."""
    if prop.pattern is not None:
        found = pattern_of(prop.pattern)
        yield lambda value: found(value) is not None
    if choices := prop.enum:
        yield lambda value: value in choices
    least, most = prop.minimum, prop.maximum
    if least is not None:
        yield lambda value: value >= least
    if most is not None:
        yield lambda value: value <= most
    fewest, many = prop.min_items, prop.max_items
    if fewest is not None:
        yield lambda value: len(value) >= fewest
    if many is not None:
        yield lambda value: len(value) <= many
    if prop.unique:
        yield lambda value: not any(one in value[:at] for at, one in enumerate(value))


def _is_list(item: Test) -> Test:
    return lambda value: type(value) is list and all(map(item, value))


def _is_text(value: Any) -> bool:
    return type(value) is str and UNWRITABLE.search(value) is None


def _is_whole_number(value: Any) -> bool:
    return type(value) is int and -LARGEST - 1 <= value <= LARGEST


def _is_truth(value: Any) -> bool:
    return type(value) is bool


def _is_object(value: Any) -> bool:
    return type(value) is dict


def _is_unknown(value: Any) -> bool:
    return False


_KINDS: dict[str, Test] = {
    "string": _is_text,
    "integer": _is_whole_number,
    "boolean": _is_truth,
}
