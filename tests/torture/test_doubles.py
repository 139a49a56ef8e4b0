"""Some calls on each stand-in for HAProxy; `contrib/torture --doubles` makes all of them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.harness.server import ApiServer, Client
from tests.runtime.support import Api, prepare
from tests.runtime.test_failures import CALLS, NEWER_CALLS, configure, sent
from tests.torture.doubles import HARD, ODD, Double, is_deaf, try_master, try_way

SOME = (*CALLS, *NEWER_CALLS)[::7]
LONG = {"drips", "floods"}


@pytest.mark.parametrize("way", [one for one in (*HARD, *ODD) if one not in LONG])
def test_what_calls_answer(tmp_path: Path, way: str) -> None:
    prepare(tmp_path)
    api = Api(tmp_path, dataplane__runtime_timeout=0.05)
    told = try_way(api, SOME, sent, way, tmp_path)
    assert told.problems == []
    assert sum(told.statuses.values()) == len(SOME)
    configure(api)


@pytest.mark.server
@pytest.mark.parametrize("master", ["a reload that is never answered"])
def test_what_a_reload_is_answered(tmp_path: Path, master: str) -> None:
    assert try_master(master, tmp_path).problems == []


@pytest.mark.server
def test_with_one_thread_a_silent_haproxy_keeps_nobody_waiting_for_long(tmp_path: Path) -> None:
    """Each who asks it waits for the time limit at most, the others behind them: nobody hangs."""
    configuration, runtime = tmp_path / "haproxy.cfg", tmp_path / "runtime.sock"
    configuration.write_text(f"global\n  stats socket {runtime} level admin\n\nbackend be\n  server s1 192.0.2.1:80\n")
    settings = {"dataplane": {"workers": 1, "threads": 1, "runtime_timeout": 0.2}}
    with Double(runtime, is_deaf), ApiServer(configuration, tmp_path / "run", settings) as server:
        runtime_path, read = "/services/haproxy/runtime/info", "/services/haproxy/configuration/backends"

        def asked(path: str) -> int:
            return Client(server.port).call("GET", f"/v2{path}").status

        with ThreadPoolExecutor(9) as several:
            found = [*several.map(asked, [runtime_path] * 6 + [read] * 3)]
        assert found == [504] * 6 + [200] * 3
        changed = {"name": "s1", "address": "192.0.2.1", "port": 80, "weight": 7}
        path = "/v2/services/haproxy/configuration/servers/s1"
        assert Client(server.port).call("PUT", path, changed, backend="be", version=1).status in (200, 202)
        assert asked(read) == 200
