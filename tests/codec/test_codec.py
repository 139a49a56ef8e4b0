"""Codecs: the compiled way out is marshmallow's, and the way in leads back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema

from dataplane_core.codec.codec import Codec
from dataplane_core.codec.masks import NO_MASK, ModelMask
from dataplane_core.codec.schema import SchemaFactory
from dataplane_core.errors import BadRequest, Contradiction, Invalid
from dataplane_core.grammar import Problem, Prop

PROPS = (
    Prop("name", required=True, pattern="^[a-z]+$"),
    Prop("port", "integer", minimum=1, maximum=10),
    Prop("weight", "integer", nullable=True),
    Prop("check", "boolean"),
    Prop("insecure", "boolean", required=True),
    Prop("a.b.mode", enum=("x", "y"), required=True),
    Prop("a.c", "integer"),
    Prop("dashed-name"),
    Prop("flat", names={"v9": "deep.er.flat"}),
    Prop("old"),
    Prop("codes", "array", items=Prop("", "integer")),
    Prop("words", "array", items=Prop("", "string", enum=("p", "q"))),
    Prop("rows", "array", items=(Prop("id", "integer", required=True), Prop("x.y"))),
)
SCALARS = {
    "string": st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1),
    "integer": st.integers(1, 2**63 - 1),
    "boolean": st.just(True),
}


def codec(version: str = "v2", **more: Any) -> Codec:
    mask = ModelMask(frozenset({"old"})) if version == "v9" else NO_MASK
    return Codec("thing", PROPS, version, SchemaFactory(), mask=mask, **more)


def values_of(prop: Prop) -> st.SearchStrategy[Any]:
    if prop.enum:
        return st.sampled_from(prop.enum)
    if prop.json == "array":
        if isinstance(prop.items, tuple):
            return st.lists(objects(prop.items), min_size=1, max_size=3)
        assert prop.items is not None
        return st.lists(values_of(prop.items), min_size=1, max_size=3)
    if prop.pattern:
        return st.sampled_from(["abc", "z"])
    if prop.maximum is not None:
        return st.integers(prop.minimum, prop.maximum)
    return SCALARS[prop.json]


def objects(props: tuple[Prop, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Valid flat objects: all that is required, and some of the rest."""
    required = {prop.name: values_of(prop) for prop in props if prop.required}
    optional = {prop.name: values_of(prop) for prop in props if not prop.required}
    return st.fixed_dictionaries(required, optional=optional)


@pytest.mark.parametrize("version", ["v2", "v9"])
@given(st.data())
def test_the_projector_is_marshmallows_dump_and_load_leads_back(version, data):
    one = codec(version)
    flat = data.draw(objects(PROPS))
    shown = one.project(flat)
    assert shown == one.schema.dump(shown)
    loaded = one.load(shown)
    assert loaded.problems == ()
    assert loaded.echo == shown
    lost = {"old"} if version == "v9" else set()
    assert loaded.values == {key: value for key, value in flat.items() if key not in lost}


def test_paths_differ_by_version():
    assert codec("v2").project({"flat": "x", "old": "y"}) == {"flat": "x", "old": "y"}
    assert codec("v9").project({"flat": "x", "old": "y"}) == {"deep": {"er": {"flat": "x"}}}


def test_some_objects_are_shown_with_nothing_in_them():
    one = codec(empty={"a": {}, "deep": {}}).project
    assert one({"name": "n"}) == {"name": "n", "a": {}}
    assert one({"a.c": 1}) == {"a": {"c": 1}}
    when = codec(empty={"a": {"name": "n", "port": 2}}).project
    assert when({"name": "n", "port": 2})["a"] == {}
    assert "a" not in when({"name": "n", "port": 3})


def codes(body: dict[str, Any], **more: Any) -> list[tuple[str, int]]:
    whole = {"name": "n", "insecure": False, "a": {"b": {"mode": "x"}}, **body}
    return [(path, rule.code) for path, rule in codec(strict=True, **more).load(whole).problems]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, []),
        ({"name": ""}, [("name", 602)]),
        ({"name": None}, [("name", 602)]),
        ({"name": "A B"}, [("name", 605)]),
        ({"insecure": None}, [("insecure", 602)]),
        ({"port": 0}, []),
        ({"port": -1}, [("port", 609)]),
        ({"port": 11}, [("port", 608)]),
        ({"a": {}}, []),
        ({"a": {"b": {}}}, [("a.b.mode", 602)]),
        ({"a": {"b": {"mode": ""}}}, [("a.b.mode", 602)]),
        ({"a": {"b": {"mode": "z"}}}, [("a.b.mode", 606)]),
        ({"words": ["p", "z"]}, [("words.1", 606)]),
        ({"rows": [{"id": 1}, {}]}, [("rows.1.id", 602)]),
        ({"rows": []}, []),
        ({"dashed-name": "a\nb"}, [("dashed-name", 605)]),
        ({"dashed-name": "a\udcff\udc80b"}, []),
        ({"dashed-name": "a\udc7f"}, [("dashed-name", 605)]),
        ({"dashed-name": "\udd00a"}, [("dashed-name", 605)]),
        ({"dashed-name": "\ud83d"}, [("dashed-name", 605)]),
        ({"bogus": 1, "port": 99}, [("port", 608), ("bogus", 610)]),
    ],
)
def test_rules(body, expected):
    assert codes(body) == expected


@pytest.mark.parametrize("name", ["codes", "words", "rows"])
def test_a_list_without_items_stands_for_none(name):
    loaded = codec().load({"name": "n", "insecure": False, name: []})
    assert name not in loaded.values
    assert name not in loaded.echo


@pytest.mark.parametrize(
    "body",
    [
        {"name": 1}, {"port": "1"}, {"port": 1.0}, {"port": True}, {"port": 2**63}, {"check": 1},
        {"check": "true"}, {"a": []}, {"a": {"b": 3}}, {"codes": 3}, {"codes": ["1"]},
        {"codes": [None]}, {"rows": {}}, {"rows": [[]]}, {"rows": [{"id": "1"}]},
    ],
    ids=repr,
)  # fmt: skip
def test_types(body):
    with pytest.raises(BadRequest) as caught:
        codec().load(body)
    assert caught.value.code == 400


def test_rules_between_properties_come_last():
    def rules(values):
        yield Problem("port", 602, "port in body is required")

    assert codes({}, rules=rules) == [("", 602)]
    assert codes({"port": 99}, rules=rules) == [("port", 608)]


def test_the_message_names_each_rule_once():
    loaded = codec().load({"port": 99, "insecure": True})
    with pytest.raises(Invalid) as caught:
        loaded.check()
    assert caught.value.message == (
        "name in body is required, and port in body should be less than or equal to 10"
    )


@pytest.mark.parametrize("listed", [False, True], ids=["object", "list"])
@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize(
    ("code", "facts"),
    [
        (602, {}),
        (602, {"pattern": "^[a-z]+$"}),
        (602, {"enum": ("x",)}),
        (602, {"nullable": True}),
        (605, {"nullable": True, "pattern": "^[a-z]+$"}),
        (606, {"nullable": True, "enum": ("x",)}),
    ],
)
def test_an_empty_string_that_is_required(code, facts, depth, listed):
    prop = Prop("in." * depth + "word", required=True, **facts)
    body: dict[str, Any] = {"word": ""}
    for _ in range(depth):
        body = {"in": body}
    props = (Prop("rows", "array", items=(prop,)),) if listed else (prop,)
    loaded = Codec("one", props, "v2", SchemaFactory()).load({"rows": [body]} if listed else body)
    assert [rule.code for _, rule in loaded.problems] == [code]


SHOWN = {"name": "A B", "insecure": False, "port": 99, "weight": 0, "rows": [{"id": -1}, {"x": {"y": "\x7f"}}]}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"weight": 3}, []),
        ({"port": 98}, ["port"]),
        ({"port": True}, None),
        ({"name": "B A"}, ["name"]),
        ({"rows": [*reversed(SHOWN["rows"])]}, []),  # type: ignore[call-overload]
        ({"rows": [*SHOWN["rows"], {}]}, ["rows.2.id"]),  # type: ignore[misc]
        ({"rows": [{"id": 1}, {"x": {"y": "\x7f"}}]}, []),
        ({"rows": [{"id": -1}, {"x": {"y": "\x7e\x7f"}}]}, ["rows.1.x.y"]),
        ({"a": {"b": {}}}, ["a.b.mode"]),
    ],
)
def test_only_what_differs_from_what_is_shown_is_judged(change, expected):
    if expected is None:
        with pytest.raises(BadRequest):
            codec().load({**SHOWN, **change}, SHOWN)
    else:
        loaded = codec().load({**SHOWN, **change}, SHOWN)
        assert [path for path, _ in loaded.problems] == expected
        if not change:
            assert loaded.echo == SHOWN
            assert codec().project(loaded.values) == SHOWN


def test_a_rule_that_is_broken_already_is_not_the_clients_to_keep():
    def rules(values):
        if values.get("port") != 5:
            yield Problem("port", 602, "port must be 5")
        yield from (of for at, row in enumerate(values.get("rows", ())) if "x.y" not in row
                    for of in [Problem(f"rows.{at}.x.y", 602, f"rows.{at}.x.y is required")])  # fmt: skip

    shown = {"name": "n", "insecure": False, "port": 4, "rows": [{"id": 1}]}
    one = codec(rules=rules)
    assert not one.load(shown, shown).problems
    assert not one.load({**shown, "rows": [{"id": 2, "x": {"y": "z"}}, {"id": 1}]}, shown).problems
    assert one.load({**shown, "port": 6}).problems


def test_what_is_misplaced_is_left_out_of_items_too():
    def rules(values):
        for at, row in enumerate(values.get("rows", ())):
            if "x.y" in row:
                yield Problem(f"rows.{at}.x.y", 422, "x.y does not belong", misplaced=True)

    body = {"name": "n", "insecure": False, "rows": [{"id": 1, "x": {"y": "z"}}, {"id": 2}]}
    loaded = codec(rules=rules).load(body)
    assert loaded.values["rows"] == [{"id": 1}, {"id": 2}]
    assert loaded.ignored == ("rows.0.x.y",)
    assert [rule for _, rule in codec(rules=rules, strict=True).load(body).problems]


def test_two_properties_may_have_one_name_in_a_version():
    props = (Prop("format"), Prop("new_uri", names={"v2": "format", "v3": "uri-fmt"}))
    old, new = (Codec("thing", props, name, SchemaFactory()) for name in ("v2", "v3"))
    assert old.project({"new_uri": "/x"}) == {"format": "/x"} == old.project({"format": "/x"})
    assert old.load({"format": "/x"}).values == {"format": "/x"}
    assert new.project({"new_uri": "/x", "format": "y"}) == {"format": "y", "uri-fmt": "/x"}
    assert new.load({"uri-fmt": "/x"}).values == {"new_uri": "/x"}


def test_a_version_is_strict_about_choices_or_takes_what_haproxy_takes():
    def rules(values):
        if {"port", "weight"} <= values.keys():
            yield Problem("weight", 422, "weight cannot stand beside port", misplaced=True, of_choice=True)
        if not {"port", "weight"} & values.keys():
            yield Problem("port", 602, "port or weight in body is required", of_choice=True)

    body = {"name": "a", "insecure": True, "a": {"b": {"mode": "x"}}}
    both, lenient = {**body, "port": 1, "weight": 2}, codec(rules=rules)
    assert lenient.load(body).problems == ()
    assert lenient.load(both).ignored == ("weight",)
    for wrong in (body, both):
        with pytest.raises(Contradiction):
            codec(rules=rules, strict_choices=True).load(wrong).check()


def test_a_right_body_is_taken_without_marshmallow(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    load = Schema.load
    monkeypatch.setattr(Schema, "load", lambda *values, **named: asked.append(1) or load(*values, **named))
    assert not codec().load({"name": "a", "port": 1, "insecure": True, "a": {"b": {"mode": "x"}}}).problems
    assert not asked
    with pytest.raises(Invalid, match="a.b.mode"):
        codec().load({"name": "a", "insecure": True, "a": {"b": {}}}).check()
    assert asked
