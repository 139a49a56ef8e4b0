"""Plugins of third parties that cannot be used: left out whole, and named wherever somebody looks."""

import json
import logging
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from dataplane_core import impl
from dataplane_core.commands.doctor import diagnose
from dataplane_core.commands.group import main
from dataplane_core.commands.overview import overview
from dataplane_core.grammar import Model, arg, statement, word
from dataplane_core.hooks.containment import PluginError
from dataplane_core.store.journal.plugin_faults import recorded
from dataplane_core.wiring import declared
from tests.hooks.installed import FEW, Few, install

SHED = Model("shed", statement("colour", word("colour")))
NAMES = ("bad", "good")


def declares(what: Any, **more: Any) -> SimpleNamespace:
    def dataplane_register(registry: Any) -> None:
        what(registry)

    return SimpleNamespace(dataplane_register=impl(dataplane_register), **more)


def sheds(registry: Any) -> None:
    registry.sections("sheds", kind="shed", model=SHED)


def huts(registry: Any) -> None:
    registry.sections("huts", kind="hut", model=Model("hut", statement("colour", word("colour"))))


def huts_then_fails(registry: Any) -> None:
    huts(registry)
    raise ZeroDivisionError("broken")


def no_model(registry: Any) -> None:
    registry.sections("huts", kind="hut", model=None)


def misspelt() -> SimpleNamespace:
    def dataplane_chekc(document: object) -> None: ...

    return SimpleNamespace(dataplane_chekc=impl(dataplane_chekc))


def unfit(hook: str) -> SimpleNamespace:
    made: dict[str, Any] = {}
    exec(f"def {hook}(nosuch): pass", made)
    return SimpleNamespace(**{hook: impl(made[hook])})


def routes(what: Any) -> SimpleNamespace:
    def dataplane_routes(routes: Any, services: Any) -> None:
        what(routes)

    return SimpleNamespace(dataplane_register=declares(huts).dataplane_register, dataplane_routes=impl(dataplane_routes))


BAD = {
    "import": (ImportError("no module named x"), "no module named x"),
    "exit": (SystemExit(3), "SystemExit: 3"),
    "contract": (SimpleNamespace(PLUGIN_API="9.0"), "written for version 9.0"),
    "requires": (SimpleNamespace(PLUGIN_REQUIRES=["nosuch"]), "needs the plugin nosuch, which is not installed"),
    "left out": (SimpleNamespace(PLUGIN_REQUIRES=["service.docs"]), "needs the plugin service.docs, which dataplane.plugins.only does not name"),
    "requires a text": (SimpleNamespace(PLUGIN_REQUIRES="good"), "has to be a list of names"),
    "itself": (SimpleNamespace(PLUGIN_REQUIRES=["bad"]), "need each other"),
    "register": (declares(huts_then_fails), "failed in dataplane_register .ZeroDivisionError: broken"),
    "duplicate": (declares(lambda registry: registry.sections("backends", kind="x", model=SHED)), "backends is declared by configuration.backends and again by bad"),
    "line": (declares(lambda registry: registry.extend("backends", statement("mode", word("x")))), "the line mode"),
    "place": (declares(lambda registry: registry.extend("nosuch", arg("x", word("x")))), "bad extends nosuch"),
    "nothing": (declares(no_model), "bad"),
    "misspelt": (misspelt(), "dataplane_chekc"),
    "arguments": (unfit("dataplane_check"), "nosuch"),
    "routes": (routes(lambda routes: 1 / 0), "failed in dataplane_routes .ZeroDivisionError"),
    "path": (routes(lambda routes: routes.add("/info", None, {})), "the path /info is declared by service.info and again by bad"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_plugin_that_cannot_be_used_is_left_out_whole(case: str, tmp_path: Path, monkeypatch: Any, caplog: Any) -> None:
    plugin, said = BAD[case]
    install(monkeypatch, bad=plugin, good=declares(sheds))
    with caplog.at_level(logging.ERROR, "dataplane.plugins"):
        api = Few(tmp_path, NAMES)
    services = api.app.services
    assert services.plugins.foreign == ["good"]
    assert "sheds" in services.registry.collections and "huts" not in services.registry.collections
    assert api.change("POST", "backends", {"name": "new"}).status_code == 202
    (line,) = [one.getMessage() for one in caplog.records if one.name == "dataplane.plugins"]
    assert line.startswith("a plugin is left out: ") and "bad" in line
    (told,) = [one for one in api.call("GET", "/dataplane/v1/plugins").json if one["name"] == "bad"]
    assert (told["state"], told["origin"], told["hooks"], told["routes"]) == ("left out", "the-bad 1.2", [], [])
    assert f"a plugin is left out: {told['fault']}" == line
    assert re.search(said, line), line
    assert api.call("GET", "/v2/health").json["x_plugins_left_out"] == [{"name": "bad", "fault": told["fault"]}]
    assert api.call("GET", "/v3/info").json["api"]["x_plugins"] == ["good"]
    assert any(one.what == told["fault"] for one in diagnose(services.settings))
    (fact,) = [one for one in overview(services) if one.topic == "bad"]
    assert (fact.bad, fact.text) == (True, f"is left out: {told['fault']}")


@pytest.mark.parametrize("case", BAD)
def test_it_stops_a_strict_start(case: str, tmp_path: Path, monkeypatch: Any) -> None:
    plugin, said = BAD[case]
    install(monkeypatch, bad=plugin, good=declares(sheds))
    with pytest.raises(AttributeError if case == "nothing" else PluginError, match=said if case != "nothing" else None):
        Few(tmp_path, NAMES, dataplane__plugins_strict=True)


def test_of_two_that_declare_the_same_the_later_one_is_left_out(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, one=declares(sheds), two=declares(sheds), three=declares(huts))
    services = Few(tmp_path, ("one", "two", "three")).app.services
    assert services.plugins.foreign == ["one", "three"]
    assert list(services.plugins.left_out) == ["two"]


def test_several_are_left_out_and_whoever_needs_them(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, a=declares(huts_then_fails), b=SimpleNamespace(PLUGIN_REQUIRES=["a"]), c=ImportError("x"),
            d=declares(sheds))  # fmt: skip
    plugins = Few(tmp_path, "abcd").app.services.plugins
    assert plugins.foreign == ["d"]
    assert plugins.left_out["b"] == "the plugin b needs the plugin a, which is left out"


def test_several_whose_fault_names_nobody(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, a=declares(no_model), b=declares(sheds))
    assert list(Few(tmp_path, "ab").app.services.plugins.left_out) == ["a"]


def test_what_a_plugin_needs_is_loaded_before_it(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, a=SimpleNamespace(PLUGIN_REQUIRES=("c", "configuration.backends")), b=SimpleNamespace(),
            c=SimpleNamespace())  # fmt: skip
    plugins = Few(tmp_path, "abc").app.services.plugins
    assert plugins.foreign == ["c", "a", "b"]
    assert plugins.left_out == {}


def test_a_name_of_the_servers_own_plugins_is_theirs(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, **{"service.info": SimpleNamespace()})
    api = Few(tmp_path)
    told = [(one["origin"], one["state"]) for one in api.call("GET", "/dataplane/v1/plugins").json if one["name"] == "service.info"]
    assert told == [("built in", "loaded"), ("the-service.info 1.2", "left out")]


def test_routes_schemas_and_sections_shrink_with_the_choice(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, good=declares(sheds))
    few, with_one = Few(tmp_path / "few"), Few(tmp_path / "with", ["good"])
    assert set(few.app.services.registry.collections) == {"backends", "frontends"}
    assert few.call("GET", "sheds").status_code == 404
    assert with_one.call("GET", "sheds").status_code == 200
    states = {one["name"]: one["state"] for one in few.call("GET", "/dataplane/v1/plugins").json}
    assert (states["good"], states["service.docs"], states["service.info"]) == ("not chosen", "not chosen", "loaded")


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
@pytest.mark.parametrize("name", ["specification", "specification_openapiv3"])
def test_documents_shrink_with_the_choice(name: str, version: str, tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, bad=SimpleNamespace(PLUGIN_REQUIRES=["nosuch"], dataplane_register=declares(huts).dataplane_register),
            good=declares(sheds))  # fmt: skip
    own = ["service.specification", "bad"]
    whole, few, blocked = Few(tmp_path / "1", [*own, "good"]), Few(tmp_path / "2", own), Few(
        tmp_path / "3", [*own, "good"], dataplane__block_plugins=("good", "configuration.frontends"))  # fmt: skip
    texts = [api.call("GET", f"/{version}/{name}").text for api in (whole, few, blocked)]
    assert ["configuration/sheds" in text for text in texts] == [True, False, False]
    assert ["/frontends" in text for text in texts] == [True, True, False]
    assert not any("configuration/huts" in text for text in texts)


def test_one_that_needs_a_blocked_one_says_so(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, base=SimpleNamespace(), good=SimpleNamespace(PLUGIN_REQUIRES=["base"]))
    plugins = Few(tmp_path, ["base", "good"], dataplane__block_plugins=("base",)).app.services.plugins
    assert plugins.left_out == {"good": "the plugin good needs the plugin base, which dataplane.block_plugins names"}


def test_a_server_that_is_whole_says_nothing_of_plugins(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch)
    api = Few(tmp_path)
    assert set(api.call("GET", "/v2/health").json) == {"haproxy"}
    assert "x_plugins" not in api.call("GET", "/v2/info").json["api"]


def test_what_was_left_out_before_is_not_told_of_a_server_that_has_it(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, bad=routes(lambda routes: 1 / 0))
    api = Few(tmp_path, ["bad"])
    assert [(one.plugin, one.hook) for one in recorded(api.app.services.state)] == [("bad", "")]
    install(monkeypatch, bad=SimpleNamespace())
    again = Few(tmp_path, ["bad"]).app.services
    assert recorded(again.state) == []


def test_commands_do_without_it_too(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, bad=ImportError("no module named x"), late=routes(lambda routes: 1 / 0))
    flags = [f"--only-plugin={name}" for name in (*FEW, "bad", "late")]
    listed = json.loads(CliRunner().invoke(main, ["plugins", "--json", "--plugins-strict", *flags]).stdout)
    assert {one["name"] for one in listed if one["state"] == "left out"} == {"bad", "late"}
    shown = CliRunner().invoke(main, ["plugins", *flags]).stdout
    assert "left out    the plugin bad cannot be loaded (ImportError: no module named x); mend it" in shown
    listed = json.loads(CliRunner().invoke(main, ["plugins", "--json", "--require-plugin=bad", *flags]).stdout)
    assert {one["name"] for one in listed if one["state"] == "left out"} == {"bad", "late"}, "what stops a start is listed"
    services = Few(tmp_path, ["bad", "late"]).app.services
    assert declared(services.settings)[0].foreign == ["late"]
    for strict in (False, True):
        said = [one.what for one in diagnose(services.settings.replace(**{"dataplane.plugins_strict": strict}))]
        assert any("the plugin bad cannot be loaded" in one for one in said)
    assert any("failed in dataplane_routes" in one for one in said) is False
