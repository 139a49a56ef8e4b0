"""Values of another JSON type in some version mean the same in all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataplane_core.codec.codec import Codec
from dataplane_core.codec.schema import SchemaFactory
from dataplane_core.errors import BadRequest, Code, Invalid
from dataplane_core.grammar import Problem, Prop

PROPS = (
    Prop("check", enum=("enabled", "disabled"), types={"v9": "boolean"}),
    Prop("deep.wait", "integer", minimum=1, names={"v9": "wait"}, types={"v9": "duration"}),
    Prop("rows", "array", items=(Prop("on", enum=("enabled", "disabled"), types={"v9": "boolean"}),)),
    Prop("life", "integer", nullable=True, types={"v2": "seconds"}),
)
OLD, NEW = (Codec("thing", PROPS, version, SchemaFactory()) for version in ("v2", "v9"))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "check": st.sampled_from(["enabled", "disabled"]),
            "deep.wait": st.integers(1, 2**40),
            "rows": st.lists(st.fixed_dictionaries({"on": st.sampled_from(["enabled", "disabled"])}), min_size=1),
            "life": st.integers(0, 2**30).map(lambda seconds: seconds * 1000),
        },
    )
)
def test_a_round_trip_in_either_version_gives_the_same_values(values):
    for codec in (OLD, NEW):
        shown = codec.project(values)
        loaded = codec.load(shown)
        loaded.check()
        assert (loaded.values, loaded.echo) == (values, shown)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(5000, "5s"), (60000, "1m"), (3_600_000, "1h"), (86_400_000, "1d"), (1500, "1500ms"), (0, "0ms")],
)
def test_a_duration_has_the_largest_unit_that_divides_it(value, shown):
    assert NEW.project({"deep.wait": value}) == {"wait": shown}


def test_a_switch_is_true_or_false_and_says_so_in_the_schema():
    assert NEW.project({"check": "disabled"}) == {"check": False}
    assert NEW.load({"check": False}).values == {"check": "disabled"}
    with pytest.raises(BadRequest, match="true or false"):
        NEW.load({"check": "enabled"})
    with pytest.raises(Invalid) as refusal:
        NEW.load({"wait": "5 s"}).check()
    assert refusal.value.code == Code.PATTERN
    assert NEW.load({"wait": "7"}).values == {"deep.wait": 7}


@given(st.integers(0, 2**40), st.integers(0, 2**30))
def test_what_a_put_sends_back_as_it_is_shown_stays(life, other):
    before = {"life": life}
    shown = OLD.project(before)
    assert shown == {"life": -(-life // 1000)}
    assert OLD.keeping.keep(before, OLD.load(shown).values) == before
    (kept,) = OLD.keeping.keep_each([before], [OLD.load(shown).values])
    assert kept == before
    changed = OLD.keeping.keep(before, OLD.load({"life": other}).values)
    assert changed["life"] == (life if other == shown["life"] else other * 1000)


def codecs(*props):
    return tuple(Codec("thing", props, version, SchemaFactory()) for version in ("v2", "v9"))


def test_the_words_of_lines_are_a_list_of_words_and_keep_their_lines():
    line = Prop("value", required=True)
    words, lines = codecs(Prop("codes", "array", items=(line,), types={"v2": "words"}))
    before = {"codes": [{"value": "400 401"}, {"value": "-402"}]}
    assert lines.project(before) == before
    shown = words.project(before)
    assert shown == {"codes": ["400", "401", "-402"]}
    assert words.keeping.keep(before, words.load(shown).values) == before
    assert words.load({"codes": ["1", "2"]}).values == {"codes": [{"value": "1 2"}]}


def test_a_version_may_call_off_disabled():
    old, new = codecs(Prop("compress", enum=("auto", "off"), types={"v9": "disabled"}))
    assert new.project({"compress": "off"}) == {"compress": "disabled"}
    assert new.load({"compress": "disabled"}).values == old.load({"compress": "off"}).values
    with pytest.raises(Invalid):
        new.load({"compress": "off"}).check()


def test_rules_between_properties_name_them_as_the_version_does():
    props = (Prop("old.level", names={"v9": "new.level"}),)

    def rules(values):
        return [Problem("old.level", 422, "old.level must be low")] if values else []

    codec = Codec("thing", props, "v9", SchemaFactory(), rules=rules)
    with pytest.raises(Invalid, match="^new.level must be low$"):
        codec.load({"new": {"level": "high"}}).check()


def test_facts_of_a_property_may_differ_between_versions():
    old, new = codecs(Prop("level", facts={"v9": {"enum": ("low", "high")}}))
    assert old.load({"level": "other"}).problems == ()
    with pytest.raises(Invalid, match=r"one of \[low high\]"):
        new.load({"level": "other"}).check()


def test_a_new_object_gets_a_default_and_an_old_one_that_lacks_it_does_not():
    old, new = codecs(
        Prop("most", "integer", facts={"v9": {"default": 1}}),
        Prop("part.off", "boolean", nullable=True, facts={"v9": {"default": False}}),
        Prop("part.name"),
    )
    assert old.load({"part": {"name": "x"}}).values == {"part.name": "x"}
    assert new.load({}).values == {"most": 1}
    assert new.load({"part": {"name": "x"}}).values == {"most": 1, "part.name": "x", "part.off": False}
    there = {"part": {"name": "x"}}
    assert new.load(there, there).values == {"part.name": "x"}
    assert new.load({}, {"most": 5}).values == {"most": 1}
    assert new.load({"part": {"name": "x"}}, {}).values == {"part.name": "x", "part.off": False}
