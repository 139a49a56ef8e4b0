"""Servers, maps, ACLs and stick tables of a running HAProxy below their parents, as v3 has them."""

from pathlib import Path
from typing import Any

import pytest
from falcon import testing

from tests.runtime.support import TEXT, Live, live

pytestmark = pytest.mark.haproxy

V3 = "/v3/services/haproxy"
SERVERS = f"{V3}/runtime/backends/be/servers"


def ask(api: Live, method: str, path: str, body: Any = None, **query: Any) -> testing.Result:
    """Ask for a path below /v3/services/haproxy/runtime, or a whole one."""
    return api.call(method, path if path.startswith("/") else f"{V3}/runtime/{path}", body, **query)


def status(api: Live, method: str, path: str, body: Any = None, **query: Any) -> int:
    """The status of an answer; the code of a failure is the same."""
    answer = ask(api, method, path, body, **query)
    if answer.status_code >= 400:
        assert answer.json["code"] == answer.status_code
    return answer.status_code


def test_a_whole_state(each_haproxy: Live) -> None:
    found = ask(each_haproxy, "GET", f"{SERVERS}/s1").json
    assert isinstance(found.pop("last_time_change"), int)
    assert found == {
        "address": "127.0.0.1", "admin_state": "ready", "agent_addr": "-", "agent_port": 0,
        "agent_state": 0, "backend_forced_id": 0, "backend_id": found["backend_id"],
        "backend_name": "be", "check_addr": "-", "check_health": found["check_health"],
        "check_port": 0, "check_result": 0, "check_state": 0, "check_status": 1, "forced_id": 0,
        "fqdn": "-", "id": "1", "iweight": 10, "name": "s1", "operational_state": "up", "port": 9,
        "srvrecord": "-", "use_ssl": False, "uweight": 10, "weight": 10,
    }  # fmt: skip
    names = [one["name"] for one in ask(each_haproxy, "GET", SERVERS).json]
    assert names[:3] == ["s1", "s2", "s3"]
    assert status(each_haproxy, "GET", "backends/none/servers") == 404
    assert status(each_haproxy, "GET", f"{SERVERS}/none") == 404
    assert status(each_haproxy, "GET", "backends/be;clear/servers") == 400


def test_states_and_addresses_are_set(each_haproxy: Live) -> None:
    api = each_haproxy
    for body in ({"admin_state": "maint"}, {"admin_state": "ready"}, {"operational_state": "down"},
                 {"operational_state": "up"}, {"address": "127.0.0.9", "port": 99}, {"port": 9},
                 {"address": "127.0.0.1"}, {"address": "::1", "port": 8}, {}):  # fmt: skip
        found = ask(api, "PUT", f"{SERVERS}/s1", body).json
        assert {name: found[name] for name in body} == body
    assert ask(api, "PUT", f"{SERVERS}/s1", {"address": "127.0.0.1", "port": 9}).json["port"] == 9
    for number in (5, 0, 10):
        found = ask(api, "PUT", f"{SERVERS}/s1", {"weight": number}).json
        assert found["weight"] == found["uweight"] == number
    assert status(api, "PUT", f"{SERVERS}/s1", {"weight": 300}) == 400
    for body in ({"admin_state": "x"}, {"address": "a b"}, {"port": 70000}):
        assert status(api, "PUT", f"{SERVERS}/s1", body) == 422
    assert status(api, "PUT", f"{SERVERS}/s1", {"address": "no.such.name"}) == 400
    assert status(api, "PUT", f"{SERVERS}/none", {"admin_state": "maint"}) == 404
    assert status(api, "PUT", f"{SERVERS}/none", {"address": "127.0.0.1"}) == 404


def test_servers_come_and_go(each_haproxy: Live) -> None:
    api = each_haproxy
    body = {"name": "dyn", "address": "127.0.0.1", "port": 8, "weight": 7, "maxconn": 3}
    assert ask(api, "POST", SERVERS, body).json == body
    assert status(api, "POST", SERVERS, body) == 409
    assert status(api, "POST", "backends/none/servers", body) == 404
    assert status(api, "POST", SERVERS, {"address": "127.0.0.1"}) == 400
    assert ask(api, "GET", f"{SERVERS}/dyn").json["admin_state"] == "maint"
    assert ask(api, "PUT", f"{SERVERS}/dyn", {"admin_state": "ready"}).status_code == 200
    assert status(api, "DELETE", f"{SERVERS}/dyn") == 204  # though it was not in maintenance
    assert status(api, "DELETE", f"{SERVERS}/dyn") == 404
    assert status(api, "POST", SERVERS, {"name": "alone"}) == 201  # it gets an address later
    assert status(api, "DELETE", f"{SERVERS}/alone") == 204


def test_a_server_that_cannot_be_deleted_serves_on(haproxy_program: str, tmp_path: Path) -> None:
    used = "backend used\n  server a 127.0.0.1:9\n  use-server a if TRUE\n"
    with live(haproxy_program, tmp_path, TEXT + used) as api:
        path = "backends/used/servers/a"
        answer = ask(api, "DELETE", path)
        assert answer.status_code == 400 and "HAProxy says" in answer.json["message"]
        assert ask(api, "GET", path).json["admin_state"] == "ready"


def test_entries_of_a_map(each_haproxy: Live) -> None:
    api, path = each_haproxy, "maps/m.map/entries"
    before = api.entries()
    assert [one["key"] for one in ask(api, "GET", path).json] == ["k1", "k2"]
    assert status(api, "GET", "maps/none/entries") == 404
    body = {"key": "k3", "value": "v 3"}
    assert ask(api, "POST", path, body).json == body
    assert status(api, "POST", path, body) == 409
    assert status(api, "POST", path, {"key": "k4"}) == 400
    assert ask(api, "GET", f"{path}/k3").json == body
    assert ask(api, "PUT", f"{path}/k3", {"value": "new"}).json == {"key": "k3", "value": "new"}
    file = api.folder / "maps/m.map"
    assert "k3" not in file.read_text()
    answer = ask(api, "PUT", f"{path}/k3", {"value": "new"}, force_sync=True)
    assert answer.status_code == 200 and "k3 new\n" in file.read_text()
    assert status(api, "PUT", f"{path}/none", {"value": "x"}) == 404
    assert status(api, "DELETE", f"{path}/k3", force_sync=True) == 204
    assert status(api, "DELETE", f"{path}/k3") == 404
    assert status(api, "GET", path, force_sync="maybe") == 200  # no parameter of this operation
    assert status(api, "DELETE", f"{path}/k1", force_sync="maybe") == 400
    assert api.entries() == before
    assert ask(api, "PUT", "maps/m.map", []).json == []


def test_entries_of_an_acl(each_haproxy: Live) -> None:
    api = each_haproxy
    [number] = [one["id"] for one in ask(api, "GET", "acls").json
                if one["storage_name"].endswith("known.acl")]  # fmt: skip
    path = f"acls/{number}/entries"
    assert [one["value"] for one in ask(api, "GET", path).json] == ["192.0.2.1", "192.0.2.2"]
    assert ask(api, "POST", path, {"value": "192.0.2.9"}).json == {"value": "192.0.2.9"}
    assert status(api, "POST", path, {"value": "192.0.2.9"}) == 409
    [mark] = [one["id"] for one in ask(api, "GET", path).json if one["value"] == "192.0.2.9"]
    assert ask(api, "GET", f"{path}/{mark}").json == {"value": "192.0.2.9"}
    assert status(api, "PUT", path, [{"value": "192.0.2.9"}]) == 201
    assert status(api, "DELETE", f"{path}/192.0.2.9") == 204
    assert status(api, "GET", f"{path}/{mark}") == 404
    assert status(api, "GET", "acls/%230/entries") == 400
    assert status(api, "GET", "acls/999/entries") == 404


def test_stick_tables(each_haproxy: Live) -> None:
    api, path = each_haproxy, "stick_tables/st/entries"
    one = ask(api, "GET", "stick_tables/st").json
    assert one.keys() == {"fields", "name", "size", "type", "used"}
    assert one in ask(api, "GET", "stick_tables").json
    assert status(api, "GET", "stick_tables/none") == 404
    for key, number in (("192.0.2.7", 5), ("192.0.2.8", 7)):
        body = {"key": key, "data_type": {"gpc0": number}}
        assert status(api, "POST", path, body) == 204
    assert {row["gpc0"] for row in ask(api, "GET", path).json} >= {5, 7}
    assert ask(api, "GET", "stick_tables/st").json["fields"] == one["fields"]
    for query in ({"key": "192.0.2.8"}, {"filter": "gpc0 gt 5"}):
        assert [row["key"] for row in ask(api, "GET", path, **query).json] == ["192.0.2.8"]
    assert len(ask(api, "GET", path, count=1, offset=1).json) == 1
    assert status(api, "GET", path, filter="bad") == 400
    assert status(api, "GET", "stick_tables/none/entries") == 404
    assert status(api, "POST", "stick_tables/none/entries", {**body, "key": "192.0.2.7"}) == 404
    assert status(api, "POST", path, {"data_type": {"gpc0": 5}}) == 422
    # HAProxy 2.6 takes any word for an address.
    assert status(api, "POST", path, {"key": "bad", "data_type": {"gpc0": 5}}) in (204, 400)
    api.tell("clear table st")


def test_one_object_for_information_and_counters(each_haproxy: Live) -> None:
    api = each_haproxy
    found = ask(api, "GET", "info").json
    assert found["info"]["pid"] == api.pid
    assert found["runtimeAPI"] == f"{api.folder}/worker.sock"
    found = ask(api, "GET", f"{V3}/stats/native", type="server", parent="be", name="s1").json
    assert found["runtimeAPI"] == f"{api.folder}/worker.sock"
    assert [one["name"] for one in found["stats"]] == ["s1"]
    for query in ({"type": "bogus"}, {"name": "be"}):
        assert status(api, "GET", f"{V3}/stats/native", **query) == 400
