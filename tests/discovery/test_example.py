"""A third source as a plugin: the example that comes with the server."""

import importlib.util
import json

from tests.discovery.support import DISCOVERY, discovering
from tests.harness.recorded import TOP
from tests.harness.waiting import until

EXAMPLE = TOP / "contrib" / "examples" / "file-discovery" / "file_discovery.py"


def example():
    spec = importlib.util.spec_from_file_location("file_discovery", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_third_source_takes_less_than_50_lines(tmp_path):
    assert len(EXAMPLE.read_text("utf-8").splitlines()) < 50
    file = tmp_path / "services.json"
    file.write_text(json.dumps({"api": ["192.0.2.1:80", "[2001:db8::1]:81"]}))
    with discovering(tmp_path, plugins=[example()]) as api:
        made = api.add("file", {"file": str(file), "enabled": True, "retry_timeout": 1})
        assert api.get(f"{DISCOVERY}/file") == [made]
        backend = "file-backend-" + str(file).strip("/").replace("/", "_") + "-api"
        wanted = {"192.0.2.1:80", "[2001:db8::1]:81"}
        until(lambda: set((api.servers(backend) or {}).values()) == wanted)
        file.write_text("{")
        until(lambda: "cannot be read" in api.status.get("message", ""))
        assert set(api.servers(backend).values()) == wanted
        file.write_text("{}")
        until(lambda: api.servers(backend) is None)
        assert "/service_discovery/file" in api.call("GET", "/v2/specification").json["paths"]
