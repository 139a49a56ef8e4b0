"""What a third party's plugin is given: its own block of settings, and no way to those of others."""

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from dataplane_core import impl
from dataplane_core.commands.overview import overview
from dataplane_core.services import Services
from dataplane_core.settings import Settings, UserSettings, setting
from dataplane_core.settings.kinds import TEXT
from tests.harness.plugin_blocks import looked_for_anew
from tests.hooks.installed import Few, install


@dataclasses.dataclass(frozen=True)
class One:
    """The block of the first plugin."""

    token: str = setting("", TEXT, "A token.", secret=True)


@dataclasses.dataclass(frozen=True)
class Two:
    """The block of the second plugin."""

    token: str = setting("", TEXT, "A token.", secret=True)


SECRETS = {
    "plugin_settings.one.token": "secret-of-one",
    "plugin_settings.the_two.token": "secret-of-two",
    "dataplane.webhook_secret": "secret-of-the-server",
}
USERS = {"dataplaneapi.user": (UserSettings("admin", "secret", True),)}


@pytest.fixture(autouse=True)
def blocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have both blocks declared."""
    group = "dataplane.settings"
    points = [metadata.EntryPoint(name, f"{__name__}:{kind}", group) for name, kind in (("one", "One"), ("the-two", "Two"))]
    monkeypatch.setattr("dataplane_core.settings.plugin_blocks.entry_points", lambda group: points)
    with looked_for_anew():
        yield


class Spy:
    """A plugin that keeps what each of its hooks is given."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}

    @impl
    def dataplane_settings(self, settings: Any) -> None:
        self.given["settings"] = settings

    @impl
    def dataplane_routes(self, services: Any) -> None:
        self.given["routes"] = services

    @impl
    def dataplane_asked(self, services: Any) -> None:
        self.given["asked"] = services

    @impl
    def dataplane_answered(self, services: Any) -> None:
        self.given["answered"] = services

    @impl
    def dataplane_metrics(self, services: Any) -> Any:
        self.given["metrics"] = services
        return []

    @impl
    def dataplane_status(self, services: Any) -> Any:
        self.given["status"] = services
        return []

    @impl
    def dataplane_start(self, services: Any) -> None:
        self.given["start"] = services


class AroundSpy(Spy):
    """The same, with a wrapper."""

    @impl(wrapper=True)
    def dataplane_settings(self, settings: Any) -> Any:
        self.given["settings"] = settings
        return (yield)


def called(api: Few) -> None:
    """Have every hook called that is given services."""
    services = api.app.services
    services.start()
    api.change("POST", "backends", {"name": "new"})
    services.hooks.dataplane_metrics(services=services)
    list(overview(services))
    services.stop()


def seen(given: Any) -> Settings:
    found = given if isinstance(given, Settings) else given.settings
    assert isinstance(found, Settings)
    return found


def texts_of(thing: object) -> set[str]:
    """Return all texts that the public names of an object lead to, and those of what these are."""
    texts: set[str] = set()
    seen_before: dict[int, object] = {}
    rest = [thing]
    while rest:
        one = rest.pop()
        if isinstance(one, str):
            texts.add(one)
        elif id(one) in seen_before:
            continue
        elif isinstance(one, dict | list | tuple):
            rest += one.values() if isinstance(one, dict) else one
        elif dataclasses.is_dataclass(one) or type(one).__module__.startswith("dataplane_core"):
            for name in dir(one):
                if name[0] != "_":
                    with suppress(Exception):
                        rest.append(getattr(one, name))
        seen_before[id(one)] = one
    return texts


def test_each_sees_its_own_block_and_no_other(tmp_path: Path, monkeypatch: Any) -> None:
    one, two = Spy(), AroundSpy()
    install(monkeypatch, one=one, **{"the-two": two})
    settings = {key.replace(".", "__"): value for key, value in SECRETS.items()}
    api = Few(tmp_path, ("one", "the-two"), **settings)
    called(api)
    assert set(one.given) == set(two.given) == {"settings", "routes", "asked", "answered", "metrics", "status", "start"}
    for given in one.given.values():
        assert (seen(given).block(One).token, seen(given).block(Two).token) == ("secret-of-one", "")
    for given in two.given.values():
        assert (seen(given).block(One).token, seen(given).block(Two).token) == ("", "secret-of-two")
    services = one.given["start"]
    assert services is one.given["routes"], "the same services each time"
    assert services.config is api.app.services.config
    texts = texts_of(services)
    assert "secret-of-one" in texts
    assert "secret-of-two" not in texts
    assert "secret-of-the-server" not in texts


def test_no_part_of_the_server_keeps_the_blocks(tmp_path: Path, monkeypatch: Any) -> None:
    install(monkeypatch, one=Spy(), **{"the-two": Spy()})
    settings = {key.replace(".", "__"): value for key, value in SECRETS.items()}
    services = Few(tmp_path, ("one", "the-two"), **settings).app.services
    assert services.settings.block(One).token == ""
    assert services.settings.dataplane.webhook_secret == "secret-of-the-server", "for the server's own plugins"
    assert not texts_of(services) & {"secret-of-one", "secret-of-two"}


def test_a_plugin_that_calls_a_hook_gives_nothing_of_its_own_away(tmp_path: Path, monkeypatch: Any) -> None:
    one, two = Spy(), Spy()
    install(monkeypatch, one=one, **{"the-two": two})
    settings = {key.replace(".", "__"): value for key, value in SECRETS.items()}
    Few(tmp_path, ("one", "the-two"), **settings)
    mine: Services = one.given["routes"]
    mine.hooks.dataplane_start(services=mine)
    assert seen(two.given["start"]).block(One).token == ""
    assert seen(two.given["start"]).block(Two).token == "secret-of-two"


def test_places_of_other_blocks_are_not_seen_either() -> None:
    places = {"plugin_settings.one": "a.yaml:1", "plugin_settings.the_two.token": "a.yaml:4", "name": "a.yaml:5"}
    settings = dataclasses.replace(Settings.default().replace(**SECRETS, **USERS), places=places, warnings=("a.yaml:4: x",))
    mine = settings.seen_by("one")
    assert mine.places == {"plugin_settings.one": "a.yaml:1", "name": "a.yaml:5"}
    assert mine.warnings == ()
    assert mine.dataplaneapi.user[0].name == "admin"
    assert mine.dataplaneapi.user[0].password == ""


def test_a_plugin_that_is_given_to_an_application_has_the_block_of_its_module() -> None:
    settings = Settings.default().replace(**SECRETS)
    package = __name__.rpartition(".")[0]
    for module in (__name__, package):
        assert settings.seen_by(module, module).block(One).token == "secret-of-one"
    assert settings.seen_by(f"{package}.other", f"{package}.other").block(One).token == ""
    assert settings.seen_by(__name__).block(One).token == "", "one that is installed is known by its name alone"
