"""PutGet and containment, over objects generated from every registered declaration.

Each run draws others; `DATAPLANE_EXAMPLES=1000` makes more of them.
"""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dataplane_core.errors import Invalid
from dataplane_core.grammar import Model, Statement
from dataplane_core.grammar.props import normal
from dataplane_core.resources.collections import RowCollection
from dataplane_core.text import Document, Section
from dataplane_core.text.language import SECTIONS
from dataplane_plugins.spoe.models import GROUP, agent, message, numbered_rows
from tests.golden.offline import registry
from tests.grammar.generate import objects

STATEMENTS: dict[str, list[Statement]] = {
    name: found
    for name, one in registry().collections.items()
    if (found := [one.table.statement] if isinstance(one, RowCollection) else one.model.statements)
}
SPOE = (
    agent(*numbered_rows(registry(), "spoe-agent")),
    message(*numbered_rows(registry(), "spoe-message")),
    GROUP,
)
STATEMENTS.update({model.name: model.statements for model in SPOE})
EVIL = [
    "a\nserver evil 1.2.3.4", "a\r", "a\0b", "a\tb", "a # b", "#a", "a#b", "a b", " a", "a ", " ",
    '"a', "a'", "a\\", '"a b"', "'a b'", "a\\ b", "if", "a if b", "a unless b", "}", "a\u2028b", "é✓", "$HOME", '"${X}"',
]  # fmt: skip
QUICK = settings(max_examples=int(os.environ.get("DATAPLANE_EXAMPLES", "60")), suppress_health_check=list(HealthCheck))


def draw(data: st.DataObject, name: str) -> tuple[Model, dict[str, Any]]:
    statement = data.draw(st.sampled_from(STATEMENTS[name]))
    values = data.draw(objects(statement))
    model = Model(name, statement)
    assume(not list(model.problems(values)))
    return model, values


def fresh(model: Model, values: dict[str, Any]) -> Section:
    """A section with the values in it, read from its text as if it came from disk."""
    section = model.put(Section.new("backend", "b"), values)
    document = Document.parse(section.text + "\nlisten end\n", SECTIONS)
    assert [one.kind for one in document.sections] == ["backend", "listen"]
    return document.sections[0]


@pytest.mark.parametrize("name", STATEMENTS)
@given(st.data())
@QUICK
def test_what_is_put_is_what_is_read(name, data):
    model, values = draw(data, name)
    section = fresh(model, values)
    assert model.read(section) == values
    assert model.put(section, values) is section


def strings(model: Model, values: dict[str, Any]) -> list[str]:
    """Strings that the schema does not hold to a list of words."""
    free = {prop.name for prop in model.props if not prop.enum}
    return [path for path, value in values.items() if isinstance(value, str) and path in free]


@pytest.mark.parametrize("name", STATEMENTS)
@given(st.data())
@QUICK
def test_no_string_becomes_more_than_its_argument(name, data):
    model, values = draw(data, name)
    paths = strings(model, values)
    if not paths:
        return
    path = data.draw(st.sampled_from(paths))
    evil = data.draw(st.sampled_from(EVIL) | st.text(min_size=1, max_size=6))
    changed = normal({prop.name: prop for prop in model.props}, {**values, path: evil})
    assume(changed != values and not list(model.problems(changed)))
    try:
        section = fresh(model, changed)
    except Invalid:
        return
    before, after = model.read(fresh(model, values)), model.read(section)
    if after == before:
        return  # another spelling of the same property, given beside it, has won
    shown = model.statements[0].own(changed)
    assert after == {**before, path: after.get(path)} or after == shown
    assert str(after.get(path, "")).split() == str(shown.get(path, "")).split()
