"""Plugins that the settings count on: the server does not start without one that decides who may do what."""

import dataclasses
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_core import impl
from dataplane_core.commands.doctor import diagnose
from dataplane_core.hooks.containment import PluginError
from dataplane_core.settings import Settings, SettingsError, load, setting
from dataplane_core.settings.kinds import TEXT
from dataplane_core.wiring import manager_of
from tests.harness.plugin_blocks import looked_for_anew
from tests.hooks.installed import Few, Point, install
from tests.hooks.test_left_out import BAD, declares, sheds


@dataclasses.dataclass(frozen=True)
class Guard:
    """The block of a plugin."""

    mode: str = setting("", TEXT, "What it does.")


POINTS = {"bad": ["Guard"], "good": ["Guard"], "broken": ["Nothing"], "twice": ["Guard", "Guard"]}


@pytest.fixture(autouse=True)
def blocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the blocks of some plugins declared."""
    points = [
        metadata.EntryPoint(name, f"{__name__}:{kind}", "dataplane.settings")
        for name, kinds in POINTS.items()
        for kind in kinds
    ]
    monkeypatch.setattr("dataplane_core.settings.plugin_blocks.entry_points", lambda group: points)
    with looked_for_anew():
        yield


def written(folder: Path, text: str, *argv: str) -> Settings:
    file = folder / "dataplane.yaml"
    file.write_text(text)
    return load(["-f", str(file), *argv], {})


@pytest.mark.parametrize("case", BAD)
def test_one_that_is_named_stops_the_start(case: str, tmp_path: Path, monkeypatch: Any) -> None:
    plugin, said = BAD[case]
    install(monkeypatch, bad=plugin, good=declares(sheds))
    with pytest.raises(PluginError) as caught:
        Few(tmp_path, ("bad", "good"), dataplane__plugins__required=("bad",))
    assert str(caught.value).endswith("the server does not start without bad, which dataplane.plugins.required names")
    assert said == "bad" or re.search(said, str(caught.value))


def test_one_whose_settings_are_given_stops_the_start(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, bad=ImportError("no module named x"))
    only = [f"--only-plugin={name}" for name in ("service.info", "bad")]
    for text, line in (("plugin_settings:\n  bad: {mode: x}\n", 2), ("plugin_settings:\n\n  bad: {}\n", 3)):
        settings = written(tmp_path, text, *only)
        with pytest.raises(PluginError) as caught:
            Few(tmp_path / "server", ("bad",), plugin_settings=settings.plugin_settings, **places(settings))
        assert str(caught.value).endswith(
            f"without bad, whose settings are given: plugin_settings.bad ({tmp_path}/dataplane.yaml:{line})"
        )


def places(settings: Settings) -> dict[str, Any]:
    return {"places": settings.places}


def test_others_are_left_out_beside_it(tmp_path: Path, monkeypatch: Any) -> None:
    guard = SimpleNamespace(dataplane_check=impl(named("dataplane_check")))
    install(monkeypatch, bad=ImportError("x"), good=guard)
    services = Few(tmp_path, ("bad", "good"), dataplane__plugins__required=("good",)).app.services
    assert services.plugins.foreign == ["good"]
    assert list(services.plugins.left_out) == ["bad"]


def named(name: str) -> Any:
    made: dict[str, Any] = {}
    exec(f"def {name}(): pass", made)
    return made[name]


def test_of_two_that_declare_the_same_the_required_one_stays(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, a_thief=declares(sheds), good=declares(sheds))
    services = Few(tmp_path, ("a_thief", "good"), plugin_settings__good__mode="x").app.services
    assert services.plugins.foreign == ["good"]
    assert list(services.plugins.left_out) == ["a_thief"]


@pytest.mark.parametrize("what", ["dataplane_register", "dataplane_routes", "dataplane_settings"])
def test_one_that_needs_what_is_left_out_stops_the_start(what: str, tmp_path: Path, monkeypatch: Any) -> None:
    broken: dict[str, Any] = {}
    exec(f"def {what}(): 1 / 0", broken)
    install(monkeypatch, base=SimpleNamespace(**{what: impl(broken[what])}), good=SimpleNamespace(PLUGIN_REQUIRES=["base"]))
    with pytest.raises(PluginError, match="good needs the plugin base, which is left out; the server does not start without good"):
        Few(tmp_path, ("base", "good"), dataplane__plugins__required=("good",))


def test_it_has_to_be_there_and_not_be_left_out_by_another_setting(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, good=SimpleNamespace())
    text = "dataplane:\n  plugins:\n    required: [good, goood]\n"
    with pytest.raises(SettingsError) as caught:
        manager_of(written(tmp_path, text, "--block-plugin=good"))
    key = f"{tmp_path}/dataplane.yaml:3: dataplane.plugins.required: "
    assert str(caught.value).splitlines() == [
        f"{key}there is no plugin goood; did you mean good?",
        f"{key}names good, and so does dataplane.block_plugins",
    ]
    with pytest.raises(SettingsError, match=r"names good, which dataplane\.plugins\.only leaves out"):
        manager_of(written(tmp_path, "", "--require-plugin=good", "--only-plugin=service.info"))


def test_one_that_is_blocked_may_have_settings(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, bad=ImportError("x"))
    settings = {"dataplane__block_plugins": ("bad",), "plugin_settings__bad__mode": "x"}
    assert Few(tmp_path, ("bad",), **settings).app.services.plugins.foreign == []


@pytest.mark.parametrize(("name", "said"), [("broken", "AttributeError"), ("twice", "all declare them")])
def test_one_that_cannot_have_its_settings_is_not_used(name: str, said: str, tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, **{name: SimpleNamespace()})
    left_out = Few(tmp_path, (name,)).app.services.plugins.left_out
    assert left_out[name].startswith(f"the settings of the plugin {name} cannot be loaded (")
    assert said in left_out[name]
    settings = written(tmp_path, f"plugin_settings:\n  {name}: {{mode: x}}\n")
    with pytest.raises(PluginError, match=f"does not start without {name}, whose settings are given"):
        Few(tmp_path, (name,), plugin_settings=settings.plugin_settings, **places(settings))


def test_two_of_one_name_are_both_left_out(tmp_path: Path, monkeypatch: Any) -> None:
    points = [Point("good", SimpleNamespace()), Point("good", SimpleNamespace()), Point("other", declares(sheds))]
    vars(points[0])["dist"].name = "the-first"
    found = metadata.EntryPoints(points)
    monkeypatch.setattr("dataplane_core.hooks.manager.entry_points", lambda group: found)
    plugins = Few(tmp_path / "left out", ("good", "other")).app.services.plugins
    assert plugins.foreign == ["other"]
    assert "it is the name of a plugin of the-first and the-good; uninstall all but one" in plugins.left_out["good"]
    with pytest.raises(PluginError, match="does not start without good"):
        Few(tmp_path / "required", ("good",), dataplane__plugins__required=("good",))


def test_the_doctor_says_so(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch)
    settings = Few(tmp_path, ()).app.services.settings
    install(monkeypatch, bad=ImportError("no module named x"))
    only = settings.dataplane.plugins.only
    changes = {"dataplane.plugins.only": (*only, "bad"), "dataplane.plugins.required": ("bad",)}
    [said] = [one.what for one in diagnose(settings.replace(**changes)) if "plugin bad" in one.what]
    assert "no module named x" in said
    assert said.endswith("the server does not start without bad, which dataplane.plugins.required names")
