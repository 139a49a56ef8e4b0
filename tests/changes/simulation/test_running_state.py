"""`"state": "running"`: servers, stick tables and maps as they are now in the running HAProxy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.runtime_client import RuntimeClient
from tests.changes.simulation.support import SHOP, SimulatingApi
from tests.harness.haproxy import HaproxyProcess
from tests.harness.server import free_port


class Running:
    """A real HAProxy, and a server that governs it."""

    def __init__(self, program: str, folder: Path) -> None:
        self.names = folder / "names.map"
        self.names.write_text("/a.css static\n")
        text = SHOP.replace("127.0.0.1:80", f"127.0.0.1:{free_port()}").replace(" check", "")
        text = text.replace("  use_backend static if", f"""\
  http-request track-sc0 src table blocked
  http-request deny if {{ sc_get_gpc0(0) gt 0 }}
  use_backend %[path,map({self.names})] if {{ path,map({self.names}) -m found }}
  use_backend static if""")  # fmt: skip
        text = text.replace("  balance uri", "  balance uri\n  stick-table type string len 40 size 1k\n  stick on path")
        text = text.replace("\n  server s2 ", "\n  server s0 127.0.0.1:9 disabled\n  server s2 ", 1)
        text += "\nbackend blocked\n  stick-table type ip size 1k store gpc0,http_req_rate(10s)\n"
        self.api = SimulatingApi(folder, program, text, haproxy__master_runtime=str(folder / "master.sock"))
        self.process = HaproxyProcess(program, self.api.file, folder)
        client = RuntimeClient(SocketAddress(path=str(folder / "master.sock")), prefix="@1 ")
        self.tell = client.command


@pytest.fixture
def running(tmp_path: Path, haproxy_program: str) -> Iterator[Running]:
    made = Running(haproxy_program, tmp_path)
    with made.process:
        yield made
    made.api.close()


def one(running: Running, **request: str) -> dict[str, object]:
    (result,) = running.api.ask(request, state="running")["results"]
    return dict(result)


def test_a_server_in_maintenance_gets_nothing(running: Running) -> None:
    assert one(running, url="/")["candidates"] == ["s1", "s2"]
    running.tell("set server shop/s1 state maint")
    assert one(running, url="/")["server"] == "s2"
    assert running.api.one(url="/")["candidates"] == ["s1", "s2"]  # as configured
    running.tell("set server shop/s2 health down")
    assert one(running, url="/")["outcome"] == "no_server"
    running.tell("set server shop/s1 state ready")
    assert one(running, url="/")["server"] == "s1"


def test_what_stick_tables_hold_decides(running: Running) -> None:
    running.tell("set table blocked key 198.18.0.7 data.gpc0 1")
    for _ in range(2):
        assert one(running, url="/", source="198.18.0.7")["status"] == 403
        assert one(running, url="/", source="198.18.0.8")["outcome"] == "forwarded"
    assert "gpc0=1" in running.tell("show table blocked")
    assert "198.18.0.8" not in running.tell("show table blocked")


def test_entries_of_maps_that_changed_at_runtime_count(running: Running) -> None:
    assert one(running, url="/a.css")["backend"] == "static"
    running.tell(f"set map {running.names} /a.css api")
    running.tell(f"add map {running.names} /new shop")
    assert one(running, url="/a.css")["backend"] == "api"
    assert one(running, url="/new")["backend"] == "shop"
    assert running.api.one(url="/a.css")["backend"] == "static"


def test_without_a_running_haproxy_the_answer_says_so(tmp_path: Path, haproxy_program: str) -> None:
    api = SimulatingApi(tmp_path, haproxy_program)
    answer = api.call("POST", "/dataplane/v1/simulate", {"requests": [{"url": "/"}], "state": "running"})
    assert (answer.status_code, "no runtime socket is known" in answer.json["message"]) == (503, True)


def test_entries_that_are_no_text_are_copied_as_they_are(running: Running) -> None:
    running.tell(f"add map {running.names} /caf\udce9 api")
    running.tell(f"set map {running.names} /a.css api")
    assert one(running, url="/a.css")["backend"] == "api"


def test_a_server_that_its_line_disables_may_have_been_made_ready(running: Running) -> None:
    assert one(running, url="/")["candidates"] == ["s1", "s2"]
    running.tell("set server shop/s0 state ready")
    assert sorted(one(running, url="/")["candidates"]) == ["s0", "s1", "s2"]
