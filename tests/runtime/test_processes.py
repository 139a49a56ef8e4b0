"""What processes, servers and tables tell, on a live HAProxy and from odd answers."""

import pytest

from dataplane_core.errors import RuntimeFailed
from dataplane_core.testing import FakeRuntime
from dataplane_core.text import Document
from dataplane_core.text.language import Language
from dataplane_plugins import server_states
from dataplane_plugins.runtime import info, stats, tables
from dataplane_plugins.runtime.stick_tables import declared_fields, parse_table_entry, table_fields
from tests.runtime.support import TEXT, Api, prepare


def test_several_processes(tmp_path):
    socket = "  stats socket {folder}/worker.sock mode 600 level admin\n"
    several = socket.replace("admin", "admin process 1") + socket.replace(
        "worker", "second").replace("admin", "admin process 2")  # fmt: skip
    prepare(tmp_path, TEXT.replace(socket, several))
    api = Api(tmp_path)
    table = "# table: st, type: ip, size:10, used:0\n"
    replies = {"show info": "Pid: 7\n", "show table": table, "set server": "", "show servers state":
               "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port\n"
               "3 be 1 s1 192.0.2.1 2 0 1 80\n"}  # fmt: skip
    with FakeRuntime(tmp_path / "worker.sock", replies) as one:
        first, second = api.get("runtime/info")
        assert first["info"] == {"pid": 7} and "second.sock" in second["error"]
        with FakeRuntime(tmp_path / "second.sock", replies) as two:
            assert [one["process"] for one in api.get("runtime/stick_tables")] == [1, 2]
            assert [one["process"] for one in api.get("runtime/stick_tables", process=2)] == [2]
            assert api.status("GET", "runtime/stick_tables", process=3) == 404
            body = {"admin_state": "drain"}
            assert api.status("PUT", "runtime/servers/s1", body, backend="be") == 200
            for fake in (one, two):
                assert "set server be/s1 state drain" in fake.commands


@pytest.mark.parametrize("bits", range(256))
def test_every_combination_of_state_bits(bits):
    wanted = "maint" if bits & 0b1100011 else "drain" if bits & 0b0011000 else "ready"
    assert server_states.admin_state(bits) == wanted


@pytest.mark.haproxy
def test_states_of_servers(each_haproxy):
    api = each_haproxy
    by_name = {one["name"]: one for one in api.get("runtime/servers", backend="be")}
    assert by_name["s1"] == {"address": "127.0.0.1", "admin_state": "ready", "id": "1", "name": "s1",
                             "operational_state": "up", "port": 9}  # fmt: skip
    assert (by_name["s2"]["admin_state"], by_name["s2"]["operational_state"]) == ("maint", "down")
    for name in ("s1", "s2"):  # s2 is disabled in the file, which HAProxy tells of it for ever
        for state in ("ready", "drain", "maint") if name == "s2" else ("maint", "drain", "ready"):
            answer = api.call("PUT", f"runtime/servers/{name}", {"admin_state": state}, backend="be")
            assert answer.json["admin_state"] == state
    for state in ("down", "stopping", "up"):
        answer = api.call("PUT", "runtime/servers/s1", {"operational_state": state}, backend="be")
        assert answer.json["operational_state"] == state
    assert api.get("runtime/servers", backend="none") == []
    assert api.status("GET", "runtime/servers") == 422
    for name, backend in (("none", "be"), ("s1", "none")):
        assert api.status("GET", f"runtime/servers/{name}", backend=backend) == 404
        assert api.status("PUT", f"runtime/servers/{name}", {}, backend=backend) == 404
        assert api.status("DELETE", f"runtime/servers/{name}", backend=backend) == 404
    assert api.status("DELETE", "runtime/servers/s1", backend="be") == 400
    assert api.status("GET", "runtime/servers/s1", backend="be;clear") == 422


@pytest.mark.haproxy
def test_dynamic_servers(each_haproxy):
    api = each_haproxy
    body = {"name": "dyn", "address": "127.0.0.1", "port": 8, "weight": 5, "check": "enabled",
            "inter": 1000, "ssl": "disabled", "backup": "enabled", "agent-check": "disabled"}  # fmt: skip
    assert api.call("POST", "runtime/servers", body, backend="be").json == body
    assert api.status("POST", "runtime/servers", body, backend="be") == 409
    assert api.status("POST", "runtime/servers", body, backend="none") == 404
    assert api.get("runtime/servers/dyn", backend="be")["admin_state"] == "maint"
    assert api.tell("get weight be/dyn").startswith("5 ")
    assert api.status("DELETE", "runtime/servers/dyn", backend="be") == 204
    assert api.status("DELETE", "runtime/servers/dyn", backend="be") == 404
    for wrong in ({"name": "a b"}, {}, {"name": "x", "weight": "y"}, {"name": "x", "port": 70000}):
        assert api.status("POST", "runtime/servers", wrong, backend="be") in (400, 422)
    wrong = {"name": "x", "address": "127.0.0.1", "cookie": "a\nb"}
    assert api.status("POST", "runtime/servers", wrong, backend="be") == 422
    body = {"name": "six", "address": "2001:db8::1", "port": 80, "agent-send": "a;b\\ c"}
    assert api.status("POST", "runtime/servers", {**body, "agent-port": 9}, backend="be") == 201
    found = api.get("runtime/servers/six", backend="be")
    assert (found["address"], found["port"]) == ("2001:db8::1", 80)
    assert api.status("DELETE", "runtime/servers/six", backend="be") == 204


@pytest.mark.haproxy
def test_counters(each_haproxy):
    api = each_haproxy
    [each] = api.get("stats/native")
    assert each["runtimeAPI"] == f"{api.folder}/worker.sock"
    assert {one["type"] for one in each["stats"]} == {"frontend", "backend", "server"}
    [each] = api.get("stats/native", type="server", name="s1", parent="be")
    [one] = each["stats"]
    assert (one["name"], one["backend_name"], one["stats"]["weight"]) == ("s1", "be", 10)
    assert api.get("stats/native", type="backend", name="none")[0]["stats"] == []
    assert api.status("GET", "stats/native", type="bogus") == 422
    for query in ({"name": "be"}, {"parent": "be"}, {"type": "backend", "parent": "be"}):
        assert api.status("GET", "stats/native", **query) == 400
    [each] = api.get("runtime/info")
    assert each["info"]["pid"] == api.pid and each["info"]["release_date"].count("-") == 2


def test_counters_with_commas_and_quotes():
    header = "# pxname,svname,type,check_status,status,weight,last_chk,\n"
    [one] = stats.parse_stats(header + 'be,s1,2,* L4CON,UP,7,"a ""b"", c",\nsocket,x,3,,,,,\n')
    assert one["stats"] == {"check_status": "L4CON", "status": "UP", "weight": 7, "last_chk": 'a "b", c'}
    with pytest.raises(RuntimeFailed):
        list(stats.parse_stats("nonsense"))


def test_what_a_process_does_not_tell_is_left_out():
    assert info.parse_info("Name: HAProxy\nPid: 5\nTasks: x\nRelease_date: 2024/01/02\nnode: a:b\n") == {
        "pid": 5, "release_date": "2024-01-02", "node": "a:b"
    }  # fmt: skip


@pytest.mark.haproxy
def test_stick_tables(each_haproxy):
    api = each_haproxy
    found = {one["name"]: one for one in api.get("runtime/stick_tables")}
    assert found["st"]["fields"] == [
        {"field": "gpc0", "type": "counter"},
        {"field": "http_req_cnt", "type": "counter"},
        {"field": "http_req_rate", "period": 10000, "type": "rate"},
    ]
    assert (found["words"]["type"], found["words"]["size"], found["words"]["used"]) == ("string", 1024, 0)
    assert {"field": "gpc", "idx": 2, "type": "counter"} in found["words"]["fields"]
    here = {"process": 1, "stick_table": "words"}
    for number, key in enumerate(["plain", "a b", "a=b", 'q"x', "back\\slash", "<<"]):
        body = {"key": key, "data_type": {"gpt0": number + 1}}
        assert api.status("POST", "runtime/stick_table_entries", body, **here) == 204
        [one] = api.get("runtime/stick_table_entries", key=key, **here)
        assert (one["key"], one["gpt0"]) == (key, number + 1)
    rows = api.get("runtime/stick_table_entries", **here)
    assert len(rows) == 6
    assert rows[1:3] == [{**one, "exp": rows[1 + at]["exp"]} for at, one in enumerate(
        api.get("runtime/stick_table_entries", offset=1, count=2, **here))]  # fmt: skip
    few = api.get("runtime/stick_table_entries", filter="gpt0 gt 4", **here)
    assert sorted(one["gpt0"] for one in few) == [5, 6]
    full = {one["name"]: one for one in api.get("runtime/stick_tables")}["words"]
    assert {"field": "bytes_in_rate", "period": 60000, "type": "rate"} in full["fields"]
    wrong = {"key": "k;x", "data_type": {"gpt0": 1}}, {"key": "k", "data_type": {}}, {"key": "k"}, {}
    for body in wrong:
        assert api.status("POST", "runtime/stick_table_entries", body, **here) == 422
    assert api.status("POST", "runtime/stick_table_entries", None, **here) == 422
    body = {"key": "k", "data_type": {"conn_cur": 1}}
    assert api.status("POST", "runtime/stick_table_entries", body, **here) == 400
    nowhere = {"process": 1, "stick_table": "none"}
    assert api.status("POST", "runtime/stick_table_entries", body, **nowhere) == 404
    assert api.status("GET", "runtime/stick_table_entries", **nowhere) == 404
    assert api.status("GET", "runtime/stick_table_entries", filter="nope gt 1", **here) == 400
    assert api.status("GET", "runtime/stick_table_entries", filter="gpt0 like 1", **here) == 400
    assert api.status("GET", "runtime/stick_tables/none", process=1) == 404


def test_arrays_of_a_table():
    line = "0x1: key=a\\ \\xC3 use=1 exp=5 shard=0 gpc_rate0(1000)=1 gpc_rate1(1000)=2 gpc0=7 gpc2=9"
    assert parse_table_entry(line) == {"id": "0x1", "key": "a \\xC3", "use": True, "exp": 5, "gpc0": 7,
                           "gpc_rate": {"idx": 0, "value": 1}, "gpc": {"idx": 2, "value": 9}}  # fmt: skip
    assert table_fields(line)[1] == {"field": "gpc_rate", "idx": 1, "period": 1000, "type": "rate"}
    assert tables.data_words({"gpc.idx": 1, "gpc.value": 3, "gpt0": 0}) == "data.gpc[1] 3 data.gpt0 0"


def test_fields_as_the_configuration_has_them():
    text = ("peers p\n  table t type ip size 1k store gpc_rate(2,1m),conn_cnt\n"
            "backend b\n  stick-table type ip size 1k store sess_rate(5000) store gpt0\n")  # fmt: skip
    document = Document.parse(text, Language({"peers", "backend"}))
    assert [one["field"] for one in declared_fields(document, "p/t")] == ["gpc_rate"] * 2 + ["conn_cnt"]
    assert declared_fields(document, "p/t")[1]["period"] == 60000
    assert declared_fields(document, "b") == [
        {"field": "sess_rate", "period": 5000, "type": "rate"}, {"field": "gpt0", "type": "counter"}
    ]  # fmt: skip
    assert declared_fields(document, "t") == []
