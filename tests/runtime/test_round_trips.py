"""How many commands a request about one entry sends, and that what is remembered is never an old process's."""

from pathlib import Path

import pytest

from dataplane_core.haproxy import kept, master
from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.runtime_client import RuntimeClient
from dataplane_core.testing import FakeRuntime
from tests.harness.waiting import PATIENCE, until
from tests.runtime.support import TEXT, Api, Live, prepare


@pytest.fixture(autouse=True)
def long_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection is closed before its time, however long a busy machine takes."""
    monkeypatch.setattr(kept, "REST", PATIENCE)


def listed(number: int, file: Path, kind: str = "map") -> str:
    said = f"pattern loaded from file '{file}' used by {kind} at file 'haproxy.cfg' line 12. "
    return f"{number} ({file}) {said}curr_ver=0 next_ver=0 entry_cnt=2\n"


def found(key: str, value: str) -> str:
    return f'type=str, case=sensitive, found=yes, idx=tree, key="{key}", value="{value}", type="str"\n'


@pytest.mark.parametrize("version", ["/v2", "/v3"])
def test_one_entry_of_a_map(tmp_path: Path, version: str) -> None:
    prepare(tmp_path)
    api, file = Api(tmp_path), tmp_path / "maps/m.map"
    path = f"{version}/services/haproxy/runtime/" + ("maps_entries" if version == "/v2" else "maps/m.map/entries")
    query = {"map": "m.map"} if version == "/v2" else {}
    replies = {
        "show map": "# id (file) description\n" + listed(0, file), "get map": "type=str, "
        "case=sensitive, found=no\n", f"get map {file} k1": found("k1", "v1"), "add": "", "set": "", "del": "",
    }  # fmt: skip
    with FakeRuntime(tmp_path / "worker.sock", replies) as fake:
        assert api.get(f"{path}/k1", **query) == {"key": "k1", "value": "v1"}
        assert fake.commands == ["show map", f"get map {file} k1"]
        for method, where, body, status, commands in (
            ("GET", f"{path}/k1", None, 200, [f"get map {file} k1"]),
            ("POST", path, {"key": "k9", "value": "v"}, 201, [f"get map {file} k9", f"add map {file} k9 v"]),
            ("POST", path, {"key": "k1", "value": "v"}, 409, [f"get map {file} k1"]),
            ("PUT", f"{path}/k1", {"value": "w"}, 200, [f"set map {file} k1 w"]),
            ("DELETE", f"{path}/k1", None, 204, [f"del map {file} k1"]),
        ):
            fake.commands.clear()
            assert api.status(method, where, body, **query) == status
            assert fake.commands == commands
        assert fake.connections == 1


def test_a_number_is_looked_up_each_time(tmp_path: Path) -> None:
    """After a reload it may be that of another file."""
    prepare(tmp_path)
    api, first, second = Api(tmp_path), tmp_path / "maps/m.map", tmp_path / "maps/n.map"
    lists = "# id (file) description\n"
    with FakeRuntime(tmp_path / "worker.sock", {"get": found("k", "v")}) as fake:
        for file in (first, second):
            fake.replies["show map"] = lists + listed(7, file)
            assert api.status("GET", "runtime/maps_entries/k", map="7") == 200
            assert fake.commands[-1] == f"get map {file} k"


@pytest.mark.parametrize(
    ("file", "description"),
    [
        ("#5", "pattern loaded from file '#5' used by map at file 'x' line 1."),
        ("@1", "pattern loaded from file '@1' used by map at file 'x' line 1."),
        ("/a", "b) pattern loaded from file '/a) b' used by map at file 'x' line 1."),
        ("x", "map 'x' file 'h' line 1."),
    ],
)
def test_a_file_that_no_command_can_say_is_named_by_its_number(
    tmp_path: Path, file: str, description: str
) -> None:
    prepare(tmp_path)
    api = Api(tmp_path)
    replies = {"show map": f"# id (file) description\n3 ({file}) {description}\n", "get": found("k", "v")}
    with FakeRuntime(tmp_path / "worker.sock", replies) as fake:
        for _ in range(2):
            assert api.status("GET", "runtime/maps_entries/k", map="3") == 200
        assert fake.commands == ["show map", "get map #3 k"] * 2


@pytest.mark.haproxy
def test_maps_of_a_new_configuration_are_found_at_once(own_haproxy: Live) -> None:
    api, folder = own_haproxy, own_haproxy.folder
    assert api.get("runtime/maps_entries/k1", map="m.map")["value"] == "v1"
    assert api.status("GET", "runtime/maps_entries/k1", map="n.map") == 404
    (folder / "maps/n.map").write_text("k1 other\n")
    (folder / "haproxy.cfg").write_text(TEXT.format(folder=folder).replace("m.map", "n.map"))
    pid = api.pid
    assert master.reload(RuntimeClient(SocketAddress(path=str(api.process.master))), PATIENCE).ok
    until(lambda: api.pid != pid)
    assert api.get("runtime/maps_entries/k1", map="n.map")["value"] == "other"
    assert api.status("GET", "runtime/maps_entries/k1", map="m.map") == 404
    assert api.status("POST", "runtime/maps_entries", {"key": "k2", "value": "v"}, map="m.map") == 404
    assert api.status("POST", "runtime/maps_entries", {"key": "k2", "value": "v"}, map="n.map") == 201
    assert api.entries("maps/n.map") == ["k1 other", "k2 v"]


@pytest.mark.haproxy
def test_an_entry_of_each_kind_goes_over_a_kept_connection(own_haproxy: Live) -> None:
    api = own_haproxy

    def connections(method: str, path: str, body: object = None, **query: object) -> int:
        """How many connections HAProxy sees for a request, the one that asks not counted."""
        before = int(api.tell("show info").split("CumConns: ")[1].split()[0])
        assert api.status(method, path, body, **query) < 300
        return int(api.tell("show info").split("CumConns: ")[1].split()[0]) - before - 1

    requests = [
        ("GET", "runtime/maps_entries/k1", None, {"map": "m.map"}),
        ("POST", "runtime/maps_entries", {"key": "k5", "value": "v"}, {"map": "m.map"}),
        ("PUT", "runtime/maps_entries/k5", {"value": "w"}, {"map": "m.map"}),
        ("DELETE", "runtime/maps_entries/k5", None, {"map": "m.map"}),
        ("GET", "runtime/servers/s1", None, {"backend": "be"}),
        ("PUT", "runtime/servers/s1", {"admin_state": "drain"}, {"backend": "be"}),
        ("POST", "runtime/stick_table_entries", {"key": "192.0.2.1", "data_type": {"gpc0": 1}},
         {"process": 1, "stick_table": "st"}),
        ("GET", "runtime/info", None, {}),
    ]  # fmt: skip
    counts = {(one[0], one[1]): connections(one[0], one[1], one[2], **one[3]) for one in requests}
    first, *others = counts.values()
    assert first == 1 and not any(others), counts
