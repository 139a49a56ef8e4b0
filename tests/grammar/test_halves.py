"""Properties that mean something only together: what lacks its other half is refused, not lost."""

from collections.abc import Iterator
from typing import Any

import pytest

from dataplane_core.errors import Invalid
from dataplane_core.grammar import Model, Statement
from dataplane_core.text import Line, Section
from tests.grammar.test_generated import STATEMENTS

Flat = dict[str, Any]
EMPTY = Section.new("x", "y")
ALL = [
    pytest.param(one, id=f"{name}: {' '.join(one.forms[0].head)}")
    for name, found in STATEMENTS.items()
    for one in found
]


def shown(statement: Statement) -> Iterator[tuple[Model, Flat]]:
    """What each example of a statement says, as the section's object."""
    model = Model("halves", statement)
    for text in statement.examples:
        yield model, model.read(EMPTY.with_lines([Line(f"  {text}\n")]))


def without(values: Flat, name: str) -> Iterator[Flat]:
    """The object without a property, and with a list whose objects lack it."""
    if name in values:
        yield {path: value for path, value in values.items() if path != name}
    for path, items in values.items():
        if isinstance(items, list) and any(isinstance(one, dict) and name in one for one in items):
            yield {**values, path: [{k: v for k, v in one.items() if k != name} for one in items]}


def names(values: Flat) -> set[str]:
    """The properties of an object and of the objects in its lists."""
    lists = (items for items in values.values() if isinstance(items, list))
    return set(values).union(*(one for items in lists for one in items if isinstance(one, dict)))


def required(statement: Statement) -> set[str]:
    """The properties that the schema wants already."""
    lists = (prop.items for prop in statement.props if isinstance(prop.items, tuple))
    props = [*statement.props, *(prop for items in lists for prop in items)]
    return {prop.name for prop in props if prop.required}


@pytest.mark.parametrize("statement", ALL)
def test_a_condition_without_its_word_is_refused(statement):
    for model, values in shown(statement):
        for test in names(values):
            word = test.removesuffix("_test")
            if not test.endswith("cond_test") or word in required(statement):
                continue
            for left in without(values, word):
                found = [one for one in model.problems(left) if one.path.endswith(word)]
                assert [one.code for one in found] == [602]
                assert f"{word} in body is required" in found[0].message


@pytest.mark.parametrize("statement", ALL)
def test_what_is_accepted_without_one_of_its_properties_loses_no_other(statement):
    for model, values in shown(statement):
        for name in names(values) - required(statement):
            for left in without(values, name):
                if list(model.problems(left)):
                    continue
                try:
                    after = model.read(model.put(EMPTY, left))
                except Invalid:
                    continue
                lost = {path for path in statement.own(left) if path not in after}
                # a section may carry the arguments of a check that it does not choose
                lost = {path for path in lost if "check_params." not in path and "chk_params." not in path}
                assert not lost, f"{left} is written as {after}"
