"""Statements whose lines and properties do not pair one to one."""

from time import process_time

import pytest

from dataplane_core.errors import Invalid
from dataplane_core.grammar import (
    Model,
    Prop,
    choose,
    const,
    duration,
    either,
    flag,
    gathered,
    group,
    nothing,
    on_off,
    params,
    prefer,
    rest,
    seconds,
    seq,
    shared,
    statement,
    word,
)
from dataplane_core.grammar.declare import rows
from dataplane_core.text.lines import Line
from dataplane_core.text.section import Section


def section(*lines: str) -> Section:
    return Section(Line("backend b\n"), (), tuple(Line(f"  {line}\n") for line in lines))


def put(model: Model, before: Section, values: dict) -> list[str]:
    return [line.raw.strip() for line in model.put(before, values).lines]


CHECK = choose(
    "check", {"a": ("option a", group("a_params", word("user"))), "b": ("option b", nothing)}
)
LOG = prefer(
    ("option httplog", const("httplog", True)), ("option httplog clf", const("clflog", True))
)
PROBE = rows(("probe", seq(word("type"))))
MODEL = Model("m", LOG, shared("probe", PROBE, Prop("index", "integer", required=True)))


def test_properties_of_another_choice_are_problems():
    for chosen in ({"check": "b"}, {}):
        problems = list(CHECK.problems({**chosen, "a_params.user": "x"}))
        assert [(one.path, one.code) for one in problems] == [("a_params.user", 422)]
    assert not list(CHECK.problems({"check": "a", "a_params.user": "x"}))


def test_many_words_on_many_lines_take_no_time():
    count = 20_000
    model = Model("g", gathered("words", rest("words")))
    before = model.put(section(), {"words": " ".join(map(str, range(count)))})
    started = process_time()
    after = model.put(before, {"words": " ".join(map(str, range(1, count + 1)))})
    assert process_time() - started < 1
    assert model.read(after)["words"].endswith(f" {count}")


def test_of_several_preferred_lines_the_first_property_is_written():
    assert put(MODEL, section(), {"httplog": True, "clflog": True}) == ["option httplog"]
    assert MODEL.read(section("option httplog clf")) == {"clflog": True}
    assert put(MODEL, section("option httplog clf"), {"httplog": True}) == ["option httplog"]


def test_a_shared_object_is_the_first_line_and_its_absence_keeps_all():
    before = section("probe a", "probe b")
    assert MODEL.read(before) == {"probe.index": 0, "probe.type": "a"}
    assert put(MODEL, before, {}) == ["probe a", "probe b"]
    assert put(MODEL, before, {"probe.index": 0, "probe.type": "c"}) == ["probe c", "probe b"]
    assert put(MODEL, section(), {"probe.index": 3, "probe.type": "c"}) == ["probe c"]


def test_words_that_exclude_one_another_share_a_property():
    cookie = Model(
        "c", statement("cookie", params(either("type", "insert", "prefix"), flag("x", "x")))
    )
    assert cookie.read(section("cookie x prefix")) == {"x": True, "type": "prefix"}
    assert put(cookie, section("cookie x prefix"), {"x": True, "type": "insert"}) == [
        "cookie x insert"
    ]
    assert {prop.enum for prop in cookie.props if prop.name == "type"} == {("insert", "prefix")}


@pytest.mark.parametrize(("text", "value"), [("30m", 1800), ("90", 90), ("5000ms", 5)])
def test_seconds_are_whole(text, value):
    idle = Model("i", statement("idle", seconds("idle")))
    assert idle.read(section(f"idle {text}")) == {"idle": value}
    assert idle.read(section("idle 1500ms")) == {"idle": 2}  # as HAProxy rounds
    assert put(idle, section(), {"idle": value}) == [f"idle {value}"]


def test_a_duration_can_be_written_with_its_unit():
    idle = Model("i", statement("idle", duration("idle", unit="s", suffix=True)))
    assert idle.read(section("idle 10")) == {"idle": 10_000}
    assert put(idle, section(), {"idle": 1500}) == ["idle 1500ms"]


def test_a_rewrite_to_the_same_words_keeps_the_line():
    line = Line("  a   b   # why\n")
    assert line.rewritten(["a", "b"]) is line


def test_a_word_that_stands_for_nothing_is_refused():
    with pytest.raises(Invalid, match="should be one of"):
        on_off("x").write({"x": "maybe"}, {})


def test_a_statement_needs_a_first_word() -> None:
    with pytest.raises(ValueError, match="no word that its lines start with"):
        statement(" ", word("x"))
