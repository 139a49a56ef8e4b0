"""What two declarations claim is refused before the start, and both plugins are named."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_core import impl
from dataplane_core.api.operations import Body, Operation
from dataplane_core.api.routes import Routes
from dataplane_core.app import create_app
from dataplane_core.grammar import (
    Model,
    Prop,
    arg,
    case,
    dispatch,
    integer,
    params,
    rule,
    seq,
    statement,
    word,
)
from dataplane_core.hooks.manager import PluginError, own_plugins
from dataplane_core.resources.origins import Origins, RegistryError
from dataplane_core.resources.registry import Registry
from dataplane_core.settings import Settings
from dataplane_core.wiring import make_manager, register_collections

Declare = Callable[[Registry], object]

COLOUR, SIZE = statement("colour", word("colour")), statement("size", word("size"))
TOOL = statement("tool", seq(word("name", required=True), params(arg("weight", integer("weight")))))
STATE = params(arg("how", word("how")))
RULE = statement("use", rule(dispatch("type", case("allow", word("why")), case("deny"), case("state", STATE))))


def sheds(registry: Registry) -> None:
    registry.sections("sheds", kind="shed", model=Model("shed", COLOUR))
    registry.rows("tools", TOOL, parents=("shed",))
    registry.rows("uses", RULE, parents=("shed",), key=None)


def plugin(name: str, declare: Declare) -> SimpleNamespace:
    def dataplane_register(registry: Registry) -> None:
        declare(registry)

    return SimpleNamespace(__name__=name, dataplane_register=impl(dataplane_register))


def register(*declared: Declare) -> Registry:
    names = ("first", "second", "third")
    plugins = [plugin(name, declare) for name, declare in zip(names, declared, strict=False)]
    return register_collections(make_manager(plugins))


def extend(name: str, *parts: Any, behind: str = "") -> Declare:
    return lambda registry: registry.extend(name, *parts, behind=behind)


def sections(name: str, kind: str, *statements: Any, **more: Any) -> Declare:
    model = Model(kind, *statements)
    return lambda registry: registry.sections(name, kind=kind, model=model, **more)


def rows(name: str, line: Any, **more: Any) -> Declare:
    return lambda registry: registry.rows(name, line, parents=("shed",), **more)


TWICE = {
    "the line colour of sheds": extend("sheds", statement("colour", word("paint"))),
    "the line tool of sheds": extend("sheds", statement("tool", word("first_tool"))),
    "the property colour of sheds": extend("sheds", statement("paint", word("colour"))),
    "the property name of sheds": extend("sheds", statement("paint", word("name"))),
    "the property x_unmanaged of sheds": extend("sheds", statement("paint", word("x_unmanaged"))),
    "the keyword weight of tools": extend("tools", arg("weight", word("load"))),
    "the property weight of tools": extend("tools", arg("load", integer("weight"))),
    "the property name of tools": extend("tools", arg("call", word("name"))),
    "the action allow of uses": extend("uses", case("allow")),
    "the action deny of uses": extend("uses", case("refuse", value="deny")),
    "the line tool of shed sections": rows("hammers", TOOL),
    "the section shed": sections("huts", "shed", SIZE),
    "the property type of uses": extend("uses", case("ask", word("type"))),
    "the property index of uses": extend("uses", case("ask", integer("index"))),
    "the property cond_test of uses": extend("uses", case("ask", word("cond_test"))),
    "the property cond of uses behind state": extend("uses", arg("as", word("cond")), behind="state"),
    "the property how of uses behind state": extend("uses", arg("as", word("how")), behind="state"),
    "the operation getTools": rows("saws", statement("saw", word("name")), titles="Tools"),
}


@pytest.mark.parametrize("what", TWICE)
def test_what_is_declared_twice_is_refused_with_both_plugins(what: str) -> None:
    with pytest.raises(PluginError, match=f"{what} is declared by first and again by second"):
        register(sheds, TWICE[what])


def test_two_extensions_that_claim_the_same_are_both_named() -> None:
    same = extend("tools", arg("size", word("size")))
    with pytest.raises(PluginError, match="keyword size of tools is declared by second and again by third"):
        register(sheds, same, extend("tools", arg("size", word("other"))))
    line = extend("sheds", SIZE)
    with pytest.raises(PluginError, match="line size of sheds is declared by second and again by third"):
        register(sheds, line, extend("sheds", statement("size", word("other"))))
    action = extend("uses", case("ask"))
    with pytest.raises(PluginError, match="action ask of uses is declared by second and again by third"):
        register(sheds, action, action)


@pytest.mark.parametrize("kind", ["", "two words"])
def test_a_section_starts_with_one_word(kind: str) -> None:
    with pytest.raises(PluginError, match=f"first .*starts with one word, and not with '{kind}'"):
        register(sections("sheds", kind, COLOUR))


def test_a_shared_model_is_extended_once() -> None:
    model = Model("shed", COLOUR)

    def two(registry: Registry) -> None:
        registry.sections("sheds", kind="shed", model=model, title="Shed", schema="shed")
        registry.single("last_shed", kind="shed", model=model, title="LastShed", schema="shed", schemas="x")

    depth = extend("sheds", statement("depth", word("depth")))
    found = register(two, extend("last_shed", SIZE), depth).collections
    assert found["sheds"].props == found["last_shed"].props
    assert {prop.name for prop in found["sheds"].props} == {"colour", "size", "depth"}
    with pytest.raises(PluginError, match="line size of sheds is declared by second and again by third"):
        register(two, extend("last_shed", SIZE), extend("sheds", SIZE))


def test_one_plugin_that_says_it_twice_is_named_once() -> None:
    with pytest.raises(PluginError, match="the line colour of sheds is declared twice by first"):
        register(sections("sheds", "shed", COLOUR, statement("colour", word("paint"))))
    with pytest.raises(PluginError, match="the property colour of sheds is declared twice by first"):
        register(sections("sheds", "shed", COLOUR, statement("paint", word("colour"))))


def test_actions_may_share_a_property_of_one_type() -> None:
    shared = register(sheds, extend("uses", case("ask", word("why")))).collections["uses"]
    assert "why" in {prop.name for prop in shared.props}
    with pytest.raises(PluginError, match="why of uses is of type string for first and of type integer for second"):
        register(sheds, extend("uses", case("ask", integer("why"))))


def test_a_schema_has_one_content() -> None:
    same = rows("saws", statement("saw", seq(word("name", required=True))), schema="tool", title="Saw")
    with pytest.raises(PluginError, match="schema tool is declared by first and again by second, with another"):
        register(sheds, same)
    lists = rows("saws", statement("saw", word("name")), schemas="tools")
    with pytest.raises(PluginError, match="schema tools is declared by first and again by second, with another"):
        register(sheds, lists)


def test_versions_that_share_nothing_may_have_the_same() -> None:
    saw = statement("tool", word("name"))
    old = rows("tools", TOOL, versions=("v2",))
    new = rows("new_tools", saw, versions=("v3",), schema="tool", title="Tool")
    assert {"tools", "new_tools"} <= set(register(old, new).collections)


def test_routes_claim_operations_and_schemas_beside_collections() -> None:
    origins = register(sheds).origins
    resource = SimpleNamespace(on_get=lambda req, resp: None, on_post=lambda req, resp: None)
    Routes(origins).add("/v", resource, {"GET": Operation("getV", "X", "Get.")})
    routes = Routes(origins)
    with pytest.raises(RegistryError, match="the operation getTools is declared by first"):
        routes.add("/x", resource, {"GET": Operation("getTools", "X", "Get.")})
    with pytest.raises(RegistryError, match="the schema tool is declared by first"):
        routes.schema("tool", {"type": "string"})
    body = Body({"$ref": "tool"}, props=(Prop("x"),))
    with pytest.raises(RegistryError, match="the schema tool is declared by first"):
        routes.add("/y", resource, {"POST": Operation("postY", "X", "Post.", body=body)})
    with pytest.raises(ValueError, match="the path v does not start with a slash"):
        routes.add("v", resource, {})
    routes.add("/v", resource, {"GET": Operation("getV", "X", "Get.")}, versions=("v2",))
    routes.add("/v", resource, {"GET": Operation("getOther", "X", "Get.")}, versions=("v1",))
    with pytest.raises(RegistryError, match="the path /v is declared twice"):
        routes.add("/v", resource, {}, versions=("v1", "v4"))
    routes.add("/w", resource, {"GET": Operation("getV", "X", "Get.")}, versions=("v3",))
    with pytest.raises(RegistryError, match="the operation getV is declared twice"):
        routes.add("/z", resource, {"GET": Operation("getV", "X", "Get.")})


def test_what_comes_with_the_server_stands_together(tmp_path: Path) -> None:
    """A start does not ask that again, unless a plugin comes from somewhere else."""
    settings = Settings.default().replace(**{"dataplane.state_dir": str(tmp_path)})
    app = create_app(settings, [*own_plugins(), plugin("stranger", lambda registry: None)])
    assert app.services.plugins.has_others and type(app.services.registry.origins) is Origins
    assert len(app.served) == 3 and all(one.routes for one in app.served)


def test_a_start_checks_nothing_of_what_comes_with_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Origins, "claim", lambda *given: pytest.fail(f"checked: {given}"))
    settings = Settings.default().replace(**{"dataplane.state_dir": str(tmp_path)})
    assert not create_app(settings, own_plugins()).services.plugins.has_others
