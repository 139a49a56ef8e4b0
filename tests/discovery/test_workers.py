"""Several workers: one of them follows the sources, another when that one has died."""

import os
import signal
from pathlib import Path

from tests.discovery.consul import ConsulDouble
from tests.harness.fixtures import MakeServer
from tests.harness.waiting import seconds_of, until

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
        until(lambda: "127.0.0.1:1001" in file.read_text())
        before = looks(consul)
        # One worker alone looks once a second: three looks take longer than three workers need.
        assert seconds_of(lambda: until(lambda: looks(consul) >= before + 4)) > 2.0
        for pid in workers(server.process.pid):
            os.kill(pid, signal.SIGKILL)
        consul.set("api", 1002)
        until(lambda: "127.0.0.1:1002" in file.read_text())


def looks(consul: ConsulDouble) -> int:
    return sum(path == PATH for path, _ in consul.seen)


def workers(server: int) -> list[int]:
    """The processes that the server has made."""
    return [int(pid) for pid in Path(f"/proc/{server}/task/{server}/children").read_text().split()]
