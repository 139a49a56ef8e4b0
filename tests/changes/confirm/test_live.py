"""docs/changes/confirm.md with a server and a real HAProxy: its commands, and a gate that is not passed."""

import contextlib
import http.client
import re
import shlex
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dataplane_core.commands.group import main
from tests.harness.haproxy import DEFAULTS, HaproxyProcess
from tests.harness.recorded import TOP
from tests.harness.server import PASSWORD, USER, ApiServer, Client, free_port
from tests.harness.waiting import PATIENCE, until

pytestmark = pytest.mark.server
PAGE = (TOP / "docs/changes/confirm.md").read_text("utf-8")
COMMANDS = [line.partition("#")[0].strip() for line in PAGE.splitlines() if line.startswith("dataplane ")]
TOP_V3 = "/v3/services/haproxy"
TEXT = "global\n  stats socket {folder}/haproxy.sock level admin\n" + DEFAULTS + """\
frontend web
  bind 127.0.0.1:{web}
  mode http
  default_backend site
backend be1
  server alive 127.0.0.1:{port} check inter 100ms fall 1
backend site
  mode http
  http-request return status 200
"""


@dataclass
class Shop:
    """A server, and an HAProxy whose one server is alive."""

    server: ApiServer
    client: Client
    web: int

    def add(self, name: str, port: int, **query: Any) -> int:
        """Add a server that HAProxy checks; return the version."""
        body = {"name": name, "address": "127.0.0.1", "port": port, "check": "enabled", "inter": 100, "fall": 1}
        path = f"{TOP_V3}/configuration/backends/be1/servers"
        done = self.client.call("POST", path, body, version=self.client.version(), **query)
        assert done.status in (201, 202), done.body
        assert "Confirm-Before" in done.headers
        return int(done.headers["Configuration-Version"])

    def state(self, version: int) -> Any:
        return self.client.call("GET", f"/dataplane/v1/confirmations/{version}").json

    def run(self, line: str) -> Result:
        environ = {"DATAPLANE_URL": self.server.url, "DATAPLANE_USER": USER, "DATAPLANE_PASSWORD": PASSWORD}
        return CliRunner().invoke(main, shlex.split(line)[1:], env=environ, catch_exceptions=False)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, haproxy_program: str) -> Iterator[Shop]:
    folder: Path = tmp_path_factory.mktemp("shop")
    with socket.create_server(("127.0.0.1", 0), backlog=100) as alive:
        configuration = folder / "haproxy.cfg"
        web = free_port()
        configuration.write_text(TEXT.format(folder=folder, port=alive.getsockname()[1], web=web))
        commands = {"reload_cmd": "", "restart_cmd": "", "validate_cmd": "", "reload_delay": 0.05}
        haproxy = {
            "haproxy_bin": haproxy_program, "master_runtime": str(folder / "master.sock"), "reload": commands
        }  # fmt: skip
        with (
            HaproxyProcess(haproxy_program, configuration, folder),
            ApiServer(configuration, folder, {"haproxy": haproxy}) as server,
        ):
            yield Shop(server, server.client("v3"), web)


def test_what_the_gate_does_not_pass_goes_before_its_time(shop: Shop) -> None:
    version = shop.add("dead", free_port(), confirm_within="1h", gate_min_up="80%", gate_window="1s")
    until(lambda: shop.state(version)["state"] == "taken_back", lambda: shop.state(version))
    one = shop.state(version)
    assert one["reason"] == "1 of 2 servers are up, which is less than 80 %, for 1 s"
    servers = shop.client.call("GET", f"{TOP_V3}/configuration/backends/be1/servers").json
    assert [server["name"] for server in servers] == ["alive"]


def status_of(port: int) -> int:
    """The status that traffic gets."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("GET", "/")
        return connection.getresponse().status


def test_answers_that_are_errors_take_the_change_back(shop: Shop) -> None:
    assert status_of(shop.web) == 200
    path = f"{TOP_V3}/configuration/backends/site/http_request_rules/0"
    rule = {"type": "return", "return_status_code": 503}
    query = {"confirm_within": "1h", "gate_max_5xx": "5%", "gate_window": "1s", "gate_backends": "site"}
    done = shop.client.call("PUT", path, rule, version=shop.client.version(), **query)
    assert done.status in (200, 202), done.body
    version = int(done.headers["Configuration-Version"])
    until(lambda: status_of(shop.web) == 503)

    def is_back() -> bool:
        for _ in range(20):
            status_of(shop.web)  # real traffic, all of it answered by the change
        return bool(shop.state(version)["state"] == "taken_back")

    until(is_back, lambda: shop.state(version))
    found = re.fullmatch(
        r"in backend site ([0-9]+) of ([0-9]+) answers have a status from 500 on, which is more than 5 %",
        shop.state(version)["reason"],
    )
    assert found is not None and int(found[1]) >= 10
    until(lambda: status_of(shop.web) == 200)


def test_the_commands_of_the_page_do_what_it_says(shop: Shop) -> None:
    assert COMMANDS == ["dataplane confirm", "dataplane confirm --back", "dataplane confirm --show"]
    nothing = shop.run(COMMANDS[0])
    assert (nothing.exit_code, nothing.stderr) == (1, "no version waits for its confirmation\n")
    version = shop.add("s1", 1, confirm_within="90s")
    shown = shop.run(COMMANDS[2])
    assert shown.exit_code == 0 and re.match(f"version {version} waits until .*Z, for [0-9]+ s; then", shown.output)
    assert shop.run(COMMANDS[0]).output == f"version {version} is confirmed by {USER}: it stays\n"
    version = shop.add("s2", 1, confirm_within="90s")
    back = shop.run(COMMANDS[1])
    told = f"version {version} was taken back by {USER} as version {version + 1}: "
    assert back.exit_code == 0 and back.output.startswith(told)
    assert shop.run(f"dataplane confirm {version} --show").exit_code == 1
    assert shop.run(f"dataplane confirm {version}").exit_code == 1
    assert shop.run("dataplane confirm --show --back").exit_code == 2
