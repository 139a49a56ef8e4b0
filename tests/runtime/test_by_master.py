"""The same by way of the master's socket, where the configuration has no `stats socket`."""

import pytest

from tests.runtime.support import TEXT, Api, live, prepare

pytestmark = pytest.mark.haproxy


def test_everything_goes_by_the_master(haproxy_program, tmp_path):
    with live(haproxy_program, tmp_path) as direct:
        text = TEXT.replace("  stats socket {folder}/worker.sock mode 600 level admin\n", "")
        prepare(tmp_path, text)
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
