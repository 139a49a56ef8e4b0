"""A third party's section in every version of the interface, without a word about versions in it."""

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dataplane_core.app import VERSIONS
from dataplane_core.errors import Reference
from dataplane_core.testing.places import served, unwrapped
from dataplane_plugins import PLUGINS
from tests.api.support import Api
from tests.harness.recorded import TOP

TEXT = """\
udp-lb   dns   # {"team":"net"}
    dgram-bind    :53   name old    # all addresses
    # both are in the same rack
    server  dns1   192.0.2.1:53     # left
    server  dns2   192.0.2.2:53   check   new-word  7   # {"rack":2}
"""


def example() -> ModuleType:
    path = TOP / "contrib" / "examples" / "udp-lb" / "dataplane_udp_lb.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class WithExample(Api):
    def wanted(self, plugins: Iterable[object]) -> list[object]:
        return [*PLUGINS, example()]


@pytest.fixture
def api(tmp_path: Path) -> WithExample:
    return WithExample(tmp_path, TEXT)


@pytest.mark.parametrize("name", [one.name for one in VERSIONS])
def test_it_is_read_and_changed_and_described(api: WithExample, name: str) -> None:
    one = served(api, name)
    section = one.view.location(Reference("udp_lbs", "udp-lb", "dns"))
    row = one.view.location(Reference("udp_targets", "udp-lb", "dns", "dns1"))
    before = api.text
    for path in (section, row):
        with api.transaction() as transaction:
            query = f"{path}{'&' if '?' in path else '?'}transaction_id={transaction}"
            found = api.call("GET", query)
            assert found.status_code == 200, found.text
            assert api.call("PUT", query, unwrapped(one, found.json)).status_code == 202
        assert api.text == before
    with api.transaction() as transaction:
        query = f"{row}{'&' if '?' in row else '?'}transaction_id={transaction}"
        body = {**unwrapped(one, api.call("GET", query).json), "weight": 5}
        assert api.call("PUT", query, body).status_code == 202
    assert "    server dns1 192.0.2.1:53 weight 5     # left\n" in api.text
    document = api.call("GET", f"/{name}/specification").json
    assert {"udp_lb", "udp_target"} <= document["definitions"].keys()
    assert ("metadata" in document["definitions"]["udp_target"]["properties"]) == one.version.has_metadata


def test_version_3_has_it_with_all_that_is_in_it(api: WithExample) -> None:
    path = "/v3/services/haproxy/configuration/udp_lbs"
    whole: dict[str, Any] = api.call("GET", f"{path}/dns", full_section="true").json
    assert whole["metadata"] == {"team": "net"}
    assert {key: one.get("metadata") for key, one in whole["udp_targets"].items()} == {
        "dns1": {"comment": "left"},
        "dns2": {"rack": 2},
    }
    assert api.call("GET", f"{path}/dns/udp_targets").json == [*whole["udp_targets"].values()]
    before = api.text
    api.call("PUT", f"{path}/dns", whole, version=api.version, full_section="true")
    assert api.text == before
    whole["udp_targets"]["dns2"]["weight"] = 3
    api.call("PUT", f"{path}/dns", whole, version=api.version, full_section="true")
    assert '    server dns2 192.0.2.2:53 check weight 3 new-word 7   # {"rack":2}\n' in api.text
    held = api.call("GET", "/v3/specification").json["definitions"]["udp_lb"]["properties"]["udp_targets"]
    assert held["additionalProperties"] == {"$ref": "#/definitions/udp_target"}
