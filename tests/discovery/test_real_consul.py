"""A real Consul, where its program is on PATH."""

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.discovery.support import discovering
from tests.haproxy.support import until
from tests.harness.server import free_port


@pytest.fixture
def consul(tmp_path: Path) -> Iterator[int]:
    """The port of the HTTP API of an agent in development mode."""
    program = shutil.which("consul")
    if program is None:
        pytest.skip("consul is not installed here")
    port = free_port()
    ports = {f"-{name}-port": str(free_port()) for name in ("server", "serf-lan", "serf-wan")}
    options = [word for pair in ports.items() for word in pair]
    command = [program, "agent", "-dev", "-bind", "127.0.0.1", "-dns-port", "-1", "-grpc-port", "-1",
               "-grpc-tls-port", "-1", "-http-port", str(port), *options]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=tmp_path)

    def answers() -> bool:
        with suppress(OSError):
            url = f"http://127.0.0.1:{port}/v1/status/leader"
            return len(urllib.request.urlopen(url, timeout=1).read()) > 2
        return False

    try:
        until(answers, 30)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def put(port: int, path: str, body: Any = None) -> None:
    data = json.dumps(body).encode() if body is not None else b""
    url = f"http://127.0.0.1:{port}/v1/agent/service/{path}"
    urllib.request.urlopen(urllib.request.Request(url, data, method="PUT"), timeout=5)


def test_services_of_a_real_consul(consul: int, tmp_path: Path) -> None:
    put(consul, "register", {"Name": "api", "ID": "a1", "Address": "192.0.2.1", "Port": 80})
    with discovering(tmp_path) as api:
        api.add("consul", {"address": "127.0.0.1", "port": consul, "enabled": True,
                           "retry_timeout": 1})  # fmt: skip
        backend = f"consul-backend-127.0.0.1-{consul}-api"
        until(lambda: set((api.servers(backend) or {}).values()) == {"192.0.2.1:80"}, 10)
        put(consul, "register", {"Name": "api", "ID": "a2", "Address": "192.0.2.2", "Port": 80})
        until(lambda: len(api.servers(backend) or ()) == 2, 10)
        for id in ("a1", "a2"):
            put(consul, f"deregister/{id}")
        until(lambda: api.servers(backend) is None, 10)
