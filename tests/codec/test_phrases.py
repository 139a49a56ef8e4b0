"""Values of several properties that a version shows in the text of one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.codec.codec import Codec
from dataplane_core.codec.schema import SchemaFactory
from dataplane_core.grammar import Prop

PROPS = (
    Prop("from", holds={"v9": {"as": "who", "on": "where"}}),
    Prop("who"),
    Prop("where"),
    Prop("other"),
)
INNER = tuple(prop.under("deep") for prop in PROPS)
OLD, NEW = (Codec("thing", (*PROPS, *INNER), version, SchemaFactory()) for version in ("v2", "v9"))
WORD = st.sampled_from(["a", "as", "on", "10.0.0.1:80-90", '"two words"', "esc\\ aped"])
ONE = st.fixed_dictionaries({"from": WORD}, optional={"who": WORD, "where": WORD, "other": WORD})


@given(ONE, ONE)
def test_what_one_version_says_in_a_text_the_other_says_in_parts(outer, inner):
    values = {**outer, **{f"deep.{name}": value for name, value in inner.items()}}
    shown = NEW.project(values)
    assert not {"who", "where"} & (shown.keys() | shown["deep"].keys())
    assert NEW.load(shown).values == values == OLD.load(OLD.project(values)).values
    assert NEW.keeping.keep(values, NEW.load({**shown, "from": "b"}).values) == {
        **{name: value for name, value in values.items() if name not in ("who", "where")},
        "from": "b",
    }


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a on x as y", {"from": "a", "where": "x", "who": "y"}),
        ("a", {"from": "a"}),
        ("a as", {"from": "a as"}),
        ("a by y", {"from": "a by y"}),
        ("a as x as y", {"from": "a as x as y"}),
        ("a as x # y", {"from": "a as x # y"}),
    ],
)
def test_a_text_of_another_form_stays_whole(text, values):
    assert NEW.load({"from": text}).values == values
