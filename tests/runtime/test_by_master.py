"""The same by way of the master's socket, where the worker's cannot be used or permits too little."""

import socket
from pathlib import Path

import pytest

from tests.runtime.support import TEXT, Api, live, prepare

pytestmark = pytest.mark.haproxy

OWN = "  stats socket {folder}/worker.sock mode 600 level admin\n"
LEVELS = "".join(f"  stats socket {{folder}}/{level}.sock level {level}\n" for level in ("user", "operator"))
WAYS = {
    "none": "",
    "gone": "  stats socket {folder}/gone.sock level admin\n",
    "refusing": "  stats socket {folder}/stale.sock level admin\n",
    "user": "  stats socket {folder}/user.sock level user\n",
    "operator": "  stats socket {folder}/operator.sock level operator\n",
}


def stale(path: Path) -> None:
    """A socket that nobody listens on any more."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))


@pytest.mark.parametrize("way", WAYS)
def test_everything_goes_by_the_master(haproxy_program, tmp_path, way):
    with live(haproxy_program, tmp_path, TEXT.replace(OWN, OWN + LEVELS)) as direct:
        stale(tmp_path / "stale.sock")
        prepare(tmp_path, TEXT.replace(OWN, WAYS[way]))
        api = Api(tmp_path, haproxy__master_runtime=str(direct.process.master))
        [each] = api.get("runtime/info")
        assert each["info"]["pid"] == direct.pid
        body = [{"key": f"/k;{number}", "value": f"a b<<{number}"} for number in range(2000)]
        assert api.status("PUT", "runtime/maps/m.map", body) == 201
        rows = api.get("runtime/maps_entries", map="m.map")
        assert [(row["key"], row["value"]) for row in rows[2:]] == [
            (one["key"], one["value"]) for one in body
        ]
        answer = api.change("DELETE", "servers/s1", backend="be")
        assert (answer.status_code, answer.headers.get("reload-id")) == (204, None)
        body = {"name": "new", "address": "127.0.0.1", "port": 9, "agent-send": "a;b\\ c"}
        answer = api.change("POST", "servers", body, backend="be")
        assert (answer.status_code, answer.headers.get("reload-id")) == (201, None)
        names = [one["name"] for one in api.get("runtime/servers", backend="be")]
        assert sorted(names) == ["new", "s2", "s3"]
        body = {"key": "192.0.2.1", "data_type": {"gpc0": 4}}
        here = {"process": 1, "stick_table": "st"}
        assert api.status("POST", "runtime/stick_table_entries", body, **here) == 204
        assert api.get("runtime/stick_table_entries", **here)[0]["gpc0"] == 4
        assert len(api.get("stats/native", type="server")[0]["stats"]) == 3


@pytest.mark.parametrize("way", ["gone", "refusing", "user"])
def test_without_a_master_it_is_said_what_is_wrong(haproxy_program, tmp_path, way):
    with live(haproxy_program, tmp_path, TEXT.replace(OWN, OWN + LEVELS)):
        stale(tmp_path / "stale.sock")
        prepare(tmp_path, TEXT.replace(OWN, WAYS[way]))
        for settings in ({}, {"haproxy__master_runtime": str(tmp_path / "no-master.sock")}):
            answer = Api(tmp_path, **settings).call(
                "PUT", "runtime/servers/s1", {"admin_state": "maint"}, backend="be"
            )
            said = {"gone": (503, "gone.sock: No such file"), "refusing": (503, "stale.sock: Connection refused"),
                    "user": (502, "Permission denied")}[way]  # fmt: skip
            assert answer.status_code == said[0]
            assert said[1] in answer.json["message"]
            assert ("no-master.sock" in answer.json["message"]) == bool(settings)
