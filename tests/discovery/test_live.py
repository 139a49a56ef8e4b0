"""The example of announcement 2.2: a service that scales, with the same worker of HAProxy."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import Result

from dataplane_core.changes import differences
from dataplane_core.discovery import Instance
from dataplane_core.live import runtime_commands
from dataplane_plugins.discovery.slots import plan
from tests.discovery.consul import ConsulDouble, instance
from tests.haproxy.support import until
from tests.harness.fixtures import one_haproxy
from tests.runtime.support import Live, live

TEXT = """\
global
  stats socket {folder}/worker.sock mode 600 level admin
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend fe
  bind unix@{folder}/fe.sock
"""


def post(running: Live, source: str, body: dict[str, Any]) -> Result:
    headers = {"Authorization": "Basic " + base64.b64encode(b"admin:pw").decode(),
               "Content-Type": "application/json"}  # fmt: skip
    path = f"/v2/service_discovery/{source}"
    return running.client.simulate_post(path, headers=headers, body=json.dumps(body))


def states(running: Live, backend: str) -> dict[str, str]:
    """Addresses of the servers that are at work, by name."""
    lines = running.tell(f"show servers state {backend}").splitlines()[2:]
    rows = [line.split() for line in lines]
    return {row[3]: f"{row[4]}:{row[18]}" for row in rows if not int(row[6]) & 1}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Live]:
    program = one_haproxy("2.8")
    with live(program, tmp_path, TEXT, haproxy__reload__reload_cmd="",
              haproxy__master_runtime=str(tmp_path / "master.sock"),
              haproxy__haproxy_bin=program,
              haproxy__reload__reload_delay=1.0) as found:  # fmt: skip
        found.services.start()
        yield found
        found.services.stop()


def test_scales_from_1_to_20_and_back_with_the_same_worker(running):
    with ConsulDouble() as consul:
        consul.set("api", 20001)
        body = {"name": "consul-server", "address": "127.0.0.1", "port": consul.port,
                "enabled": True, "retry_timeout": 1, "server_slots_base": 20}  # fmt: skip
        assert post(running, "consul", body).status_code == 201
        backend = f"consul-backend-127.0.0.1-{consul.port}-api"
        until(lambda: running.services.config.snapshot().document.find("backend", backend), 10)
        until(lambda: states(running, backend) == {"SRV_1": "127.0.0.1:20001"}, 10)
        until(lambda: not running.services.reloads.under_way(), 10)
        pid = running.pid
        for count in (20, 7, 1):
            ports = range(20001, 20001 + count)
            consul.set("api", *ports)
            expected = {f"127.0.0.1:{port}" for port in ports}
            until(lambda: set(states(running, backend).values()) == expected, 10)  # noqa: B023
        until(lambda: running.folder.joinpath("haproxy.cfg").read_text().count("disabled") == 19, 5)
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
    until(lambda: running.services.config.snapshot().document.find("backend", backend), 10)
    until(lambda: not running.services.reloads.under_way(), 10)
    until(lambda: states(running, backend), 10)
    return backend


def test_grows_beyond_its_slots_with_the_same_worker(running):
    with ConsulDouble() as consul:
        consul.set("api", 20001)
        backend = followed(running, consul, server_slots_base=2)
        pid = running.pid
        for count in (5, 1, 2):
            consul.set("api", *range(20001, 20001 + count))
            until(lambda: len(states(running, backend)) == count, 10)  # noqa: B023
        assert running.pid == pid
        told = running.tell(f"show servers state {backend}").splitlines()[2:]
        assert len([line for line in told if line]) == 2


def test_addresses_of_both_families_with_the_same_worker(running):
    with ConsulDouble() as consul:
        consul.set("api", 20001)
        backend = followed(running, consul)
        pid = running.pid
        consul.set("api", instance("2001:db8::7", 81), instance("192.0.2.7", 82))
        wanted = {"2001:db8::7:81", "192.0.2.7:82"}
        until(lambda: set(states(running, backend).values()) == wanted, 10)
        assert running.pid == pid


def test_what_is_freed_rests_before_its_address_changes(running):
    """A server must not send anybody to the address of a free slot."""
    document = running.services.config.snapshot().document
    entry: dict[str, Any] = {"server_slots_base": 2}
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
