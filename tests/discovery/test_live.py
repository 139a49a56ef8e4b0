"""The example of announcement 2.2: a service that scales, with the same worker of HAProxy."""

import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import Result

from dataplane_core.haproxy.live import runtime_commands
from dataplane_core.resources.changes import differences
from dataplane_plugins.discovery.slots import Slots
from dataplane_plugins.discovery.sources import Instance
from tests.discovery.consul import ConsulDouble, instance
from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import DEFAULTS
from tests.harness.waiting import until
from tests.runtime.support import Live, live


class Where(BaseHTTPRequestHandler):
    """Answers with the port that was asked."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        data = str(self.server.server_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def web() -> Iterator[list[int]]:
    """The ports of 20 web servers."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Where) for _ in range(20)]
    for one in servers:
        threading.Thread(target=one.serve_forever, args=(0.2,), daemon=True).start()
    yield [one.server_address[1] for one in servers]
    for one in servers:
        one.shutdown()
        one.server_close()


def served(folder: Path, requests: int) -> set[int]:
    """The servers that so many requests in a row come to, by way of HAProxy."""
    found = set()
    for _ in range(requests):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(folder / "fe.sock"))
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
        assert b" 200 " in answer.split(b"\r\n", 1)[0], answer
        found.add(int(answer.rpartition(b"\r\n")[2]))
    return found


TEXT = """\
global
  stats socket {folder}/worker.sock mode 600 level admin
""" + DEFAULTS + """\
frontend fe
  bind unix@{folder}/fe.sock
"""


def post(running: Live, source: str, body: dict[str, Any]) -> Result:
    headers = {"Authorization": "Basic " + base64.b64encode(b"admin:pw").decode(),
               "Content-Type": "application/json"}  # fmt: skip
    path = f"/v2/service_discovery/{source}"
    return running.client.simulate_post(path, headers=headers, body=json.dumps(body))


def test_traffic_follows_the_service_with_the_same_worker(web, tmp_path):
    with ConsulDouble() as consul:
        backend = f"consul-backend-127.0.0.1-{consul.port}-api"
        text = f"{TEXT}  default_backend {backend}\nbackend {backend}\n"
        with following(tmp_path, text) as running:
            consul.set("api", web[0])
            followed(running, consul, server_slots_base=20)
            pid = running.pid
            for count in (1, 20, 3, 1):
                consul.set("api", *web[:count])
                until(lambda: len(states(running, backend)) == count)  # noqa: B023
                asked: set[int] = set()
                until(lambda: asked.update(served(tmp_path, count)) or len(asked) >= count)  # noqa: B023
                assert asked == set(web[:count])
            assert running.pid == pid
            consul.remove("api")
            until(lambda: states(running, backend) == {})
            assert running.pid == pid


def states(running: Live, backend: str) -> dict[str, str]:
    """Addresses of the servers that are at work, by name."""
    found = rows(running, backend)
    return {row[3]: f"{row[4]}:{row[18]}" for row in found if not int(row[6]) & 1}


def rows(running: Live, backend: str) -> list[list[str]]:
    """What HAProxy shows of a backend's servers, those too that are not at work."""
    lines = running.tell(f"show servers state {backend}").splitlines()[2:]
    return [line.split() for line in lines if line]


@contextmanager
def following(folder: Path, text: str = TEXT, version: str = "2.8") -> Iterator[Live]:
    """HAProxy and the application with its background work."""
    program = one_haproxy(version)
    with live(program, folder, text, haproxy__reload__reload_cmd="", haproxy__haproxy_bin=program,
              haproxy__master_runtime=str(folder / "master.sock"), dataplane__runtime_timeout=10.0,
              haproxy__reload__reload_delay=1.0) as found:  # fmt: skip
        found.services.start()
        yield found
        found.services.stop()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Live]:
    with following(tmp_path) as found:
        yield found


@pytest.mark.parametrize("version", ["2.6", "2.8", "3.2"])
def test_scales_from_1_to_20_and_back_with_the_same_worker(tmp_path, version):
    with ConsulDouble() as consul, following(tmp_path, TEXT, version) as running:
        consul.set("api", 20001)
        backend = followed(running, consul, name="consul-server", server_slots_base=20)
        assert states(running, backend) == {"SRV_1": "127.0.0.1:20001"}
        pid = running.pid
        for count in (20, 7, 1):
            ports = range(20001, 20001 + count)
            consul.set("api", *ports)
            expected = {f"127.0.0.1:{port}" for port in ports}
            until(lambda: set(states(running, backend).values()) == expected)  # noqa: B023
        until(lambda: running.folder.joinpath("haproxy.cfg").read_text().count("disabled") == 19)
        assert running.pid == pid


def followed(running: Live, consul: ConsulDouble, **more: Any) -> str:
    """Follow the double; the backend's name once HAProxy has it and no reload is to come."""
    body = {
        "address": "127.0.0.1",
        "port": consul.port,
        "enabled": True,
        "retry_timeout": 1,
        **more,
    }
    assert post(running, "consul", body).status_code == 201
    backend = f"consul-backend-127.0.0.1-{consul.port}-api"
    until(lambda: running.services.config.snapshot().document.find("backend", backend))
    until(lambda: states(running, backend))
    until(lambda: not running.services.reloads.under_way())
    return backend


def test_grows_beyond_its_slots_with_the_same_worker(running):
    with ConsulDouble() as consul:
        consul.set("api", 20001)
        backend = followed(running, consul, server_slots_base=2)
        pid = running.pid
        for count in (5, 1, 2):
            consul.set("api", *range(20001, 20001 + count))
            until(lambda: len(states(running, backend)) == count)  # noqa: B023
        assert running.pid == pid
        until(lambda: len(rows(running, backend)) == 2)


def test_addresses_of_both_families_with_the_same_worker(running):
    with ConsulDouble() as consul:
        consul.set("api", 20001)
        backend = followed(running, consul)
        pid = running.pid
        consul.set("api", instance("2001:db8::7", 81), instance("192.0.2.7", 82))
        wanted = {"2001:db8::7:81", "192.0.2.7:82"}
        until(lambda: set(states(running, backend).values()) == wanted)
        assert running.pid == pid


def test_what_is_freed_rests_before_its_address_changes(running):
    """A server must not send anybody to the address of a free slot."""
    document = running.services.config.snapshot().document
    entry: dict[str, Any] = {"server_slots_base": 2}
    servers = running.services.registry.declared_rows("servers")
    plan = Slots(servers.table).plan
    full = plan(document, entry, {"b": [Instance("192.0.2.1", 1), Instance("192.0.2.2", 2)]}, ())
    left = plan(full, entry, {"b": [Instance("192.0.2.1", 1)]}, ())
    commands = runtime_commands(differences(running.services.registry, full, left))
    assert commands == [
        "set server b/SRV_2 state maint", "set server b/SRV_2 addr 127.0.0.1 port 80"
    ]  # fmt: skip
    back = runtime_commands(differences(running.services.registry, left, full))
    assert back == [
        "set server b/SRV_2 addr 192.0.2.2 port 2", "set server b/SRV_2 state ready"
    ]  # fmt: skip
