"""What a family takes from another one by way of the registry: extended with it, absent without it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_core import impl
from dataplane_core.grammar import arg, word
from dataplane_core.resources.registry import Registry
from dataplane_plugins import PLUGINS
from dataplane_plugins.runtime.dynamic_servers import DynamicServers
from dataplane_plugins.spoe.models import ROWS, numbered_rows
from tests.api.support import Api


class Chosen(Api):
    """The server with an extension of `servers`, and without some of its own plugins."""

    left_out: frozenset[str] = frozenset()

    def wanted(self, plugins: Any) -> list[object]:
        return [*plugins, *(name for name in PLUGINS if name not in self.left_out)]


class Fewer(Chosen):
    left_out = frozenset({"configuration.servers", "configuration.acls", "configuration.log_targets"})


def painter() -> SimpleNamespace:
    def dataplane_register(registry: Registry) -> None:
        registry.extend("servers", arg("colour", word("colour", help="Colour of the cable.")))

    return SimpleNamespace(__name__="painter", dataplane_register=impl(dataplane_register))


def definitions(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.call("GET", "/v2/specification").json["definitions"]
    return found


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Api:
    return Chosen(tmp_path_factory.mktemp("painted"), "global\n", [painter()])


@pytest.fixture(scope="module")
def fewer(tmp_path_factory: pytest.TempPathFactory) -> Api:
    return Fewer(tmp_path_factory.mktemp("fewer"), "global\n", [])


def test_a_keyword_added_to_servers_is_one_of_those_made_at_run_time(painted: Api, tmp_path: Path) -> None:
    assert "colour" in definitions(painted)["runtime_add_server"]["properties"]
    dynamic = DynamicServers.of(painted.app.services.registry)
    assert list(dynamic.words({"address": "::1", "port": 80, "colour": "red"})) == ["[::1]:80", "colour", "red"]
    plain = Chosen(tmp_path, "global\n", [])
    assert "colour" not in definitions(plain)["runtime_add_server"]["properties"]


def test_servers_are_made_without_keywords_where_nobody_declares_any(fewer: Api) -> None:
    properties = definitions(fewer)["runtime_add_server"]["properties"]
    assert properties.keys() == {"name", "address", "port", "id"}
    dynamic = DynamicServers.of(fewer.app.services.registry)
    assert list(dynamic.words({"address": "127.0.0.1", "port": 80})) == ["127.0.0.1:80"]


def row_names(registry: Registry) -> set[str]:
    """The properties of sections of SPOE files that list rows."""
    return {name for kind in ROWS for one in numbered_rows(registry, kind) for name in one.names}


def test_spoe_files_have_the_lines_that_somebody_declares(painted: Api, fewer: Api) -> None:
    assert row_names(painted.app.services.registry) == {"acl", "log"}
    registry = fewer.app.services.registry
    assert not row_names(registry)
    assert {"spoe_agent", "spoe_message"} <= definitions(fewer).keys()
