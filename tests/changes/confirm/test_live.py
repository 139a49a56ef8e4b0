"""docs/changes/confirm.md with a server and a real HAProxy: its commands, and a gate that is not passed."""

import re
import shlex
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dataplane_core.cli import main
from tests.harness.haproxy import DEFAULTS, HaproxyProcess
from tests.harness.recorded import TOP
from tests.harness.server import PASSWORD, USER, ApiServer, Client, free_port
from tests.harness.waiting import until

pytestmark = pytest.mark.server
PAGE = (TOP / "docs/changes/confirm.md").read_text("utf-8")
COMMANDS = [line.partition("#")[0].strip() for line in PAGE.splitlines() if line.startswith("dataplane ")]
TOP_V3 = "/v3/services/haproxy"
TEXT = "global\n  stats socket {folder}/haproxy.sock level admin\n" + DEFAULTS + """\
backend be1
  server alive 127.0.0.1:{port} check inter 100ms fall 1
"""


@dataclass
class Shop:
    """A server, and an HAProxy whose one server is alive."""

    server: ApiServer
    client: Client

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
        configuration.write_text(TEXT.format(folder=folder, port=alive.getsockname()[1]))
        commands = {"reload_cmd": "", "restart_cmd": "", "validate_cmd": "", "reload_delay": 0.05}
        haproxy = {
            "haproxy_bin": haproxy_program, "master_runtime": str(folder / "master.sock"), "reload": commands
        }  # fmt: skip
        with (
            HaproxyProcess(haproxy_program, configuration, folder),
            ApiServer(configuration, folder, {"haproxy": haproxy}) as server,
        ):
            yield Shop(server, server.client("v3"))


def test_what_the_gate_does_not_pass_goes_before_its_time(shop: Shop) -> None:
    version = shop.add("dead", free_port(), confirm_within="1h", gate_min_up="80%", gate_window="1s")
    until(lambda: shop.state(version)["state"] == "taken_back", lambda: shop.state(version))
    one = shop.state(version)
    assert one["reason"] == "1 of 2 servers are up, which is less than 80 %, for 1 s"
    servers = shop.client.call("GET", f"{TOP_V3}/configuration/backends/be1/servers").json
    assert [server["name"] for server in servers] == ["alive"]


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
