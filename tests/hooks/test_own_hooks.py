"""Hooks that a plugin declares for others: with the containment of the server's own ones."""

from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_core import impl
from dataplane_core.api.listed_plugins import listed_plugins
from dataplane_core.api.routes import Routes
from dataplane_core.hooks.containment import Failure, PluginError
from dataplane_core.hooks.manager import Manager
from dataplane_core.hooks.specification import hookspec, list_of
from dataplane_core.resources.registry import Registry
from dataplane_core.wiring import make_manager
from dataplane_plugins import PLUGINS
from tests.discovery.test_example import example


def declaring(name: str, failure: Failure = Failure.STOPS) -> SimpleNamespace:
    def dataplane_weather(place: str) -> list[str] | None:
        """Say how the weather is."""

    checked = list_of("words", lambda one: isinstance(one, str))
    return SimpleNamespace(__name__=name, dataplane_weather=hookspec(failure, checked)(dataplane_weather))


def implementing(name: str, function: Any, **marks: Any) -> SimpleNamespace:
    function.__name__ = "dataplane_weather"
    return SimpleNamespace(__name__=name, dataplane_weather=impl(**marks)(function))


def weather(manager: Manager) -> Any:
    return manager.hook.dataplane_weather(place="here")


def test_implementations_are_called_in_the_order_of_the_plugins_whoever_is_loaded_first() -> None:
    fair, foul = implementing("fair", lambda place: iter(["fair"])), implementing("foul", lambda: None)
    for plugins in ([fair, declaring("station"), foul], [fair, foul, declaring("station")]):
        assert weather(make_manager(plugins)) == [["fair"], []]


@pytest.mark.parametrize("answer", [lambda place: 1 / 0, lambda place: 7, lambda place: [7]])
def test_a_failure_does_what_the_hook_says(answer: Any) -> None:
    with pytest.raises(PluginError, match="the plugin bad failed in dataplane_weather"):
        weather(make_manager([declaring("station"), implementing("bad", answer)]))
    good = implementing("good", lambda place: [place])
    manager = make_manager([declaring("station", Failure.CONTAINED), implementing("bad", answer), good])
    faults: list[str] = []
    manager.watch(lambda fault: faults.append(str(fault)))
    assert weather(manager) == [["here"]]
    assert faults == ["the plugin bad failed in dataplane_weather"]


def test_an_argument_that_it_does_not_have_stops_the_start() -> None:
    with pytest.raises(PluginError, match="the plugin bad cannot be loaded.*nonsense"):
        make_manager([declaring("station"), implementing("bad", lambda nonsense: [])])


def test_a_hook_that_two_plugins_declare_is_refused_with_both_named() -> None:
    with pytest.raises(PluginError, match="the plugin second cannot be loaded.*dataplane_weather, as first does"):
        make_manager([declaring("first"), declaring("second")])
    taken = SimpleNamespace(__name__="bad", dataplane_check=hookspec(Failure.STOPS)(lambda: None))
    with pytest.raises(PluginError, match="the plugin bad cannot be loaded.*dataplane_check, as the server does"):
        make_manager([taken])


def test_two_managers_see_nothing_of_one_another() -> None:
    make_manager([declaring("station")])
    assert not hasattr(make_manager([]).hook, "dataplane_weather")


def test_without_the_plugin_that_declares_it_an_optional_implementation_is_none() -> None:
    make_manager([implementing("fair", lambda place: [], optionalhook=True)])
    with pytest.raises(PluginError, match=r"does not exist.*dataplane_weather.*impl\(optionalhook=True\)"):
        make_manager([implementing("fair", lambda place: [])])


def test_sources_of_services_are_no_error_where_discovery_is_left_out() -> None:
    assert make_manager([*PLUGINS, example()]).hook.dataplane_discovery()
    left_out = [name for name in PLUGINS if name != "discovery.routes"]
    assert "discovery.consul" in make_manager([*left_out, example()]).names


def test_its_implementations_are_listed() -> None:
    listed = {one.name: one.hooks for one in listed_plugins(make_manager(PLUGINS), Registry(), Routes())}
    assert listed["discovery.consul"] == ("dataplane_discovery",)
