"""Several workers: one of them follows the sources, another when that one has died."""

import os
import signal
import time
from pathlib import Path

from tests.discovery.consul import ConsulDouble
from tests.haproxy.support import until
from tests.harness.fixtures import MakeServer

PATH = "/v1/catalog/services"


def test_one_worker_follows_and_another_takes_over(make_server: MakeServer, tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text("defaults\n  mode http\n")
    with ConsulDouble() as consul:
        consul.set("api", 1001)
        server = make_server(file, {"dataplane": {"workers": 3}})
        body = {"address": "127.0.0.1", "port": consul.port, "enabled": True, "retry_timeout": 1}
        client = server.client()
        assert client.call("POST", "/v2/service_discovery/consul", body).status == 201
        until(lambda: "127.0.0.1:1001" in file.read_text(), 10)
        before = looks(consul)
        time.sleep(2.2)
        assert 1 <= looks(consul) - before <= 3
        for pid in workers(server.process.pid):
            os.kill(pid, signal.SIGKILL)
        consul.set("api", 1002)
        until(lambda: "127.0.0.1:1002" in file.read_text(), 20)


def looks(consul: ConsulDouble) -> int:
    return sum(path == PATH for path, _ in consul.seen)


def workers(server: int) -> list[int]:
    """The processes that the server has made."""
    return [int(pid) for pid in Path(f"/proc/{server}/task/{server}/children").read_text().split()]
