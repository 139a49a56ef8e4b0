"""The walk-through with a real HAProxy: what is configured over HTTP is how traffic is routed."""

import http.client
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.announced.support import server
from tests.harness.addresses import address
from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import HaproxyProcess
from tests.harness.server import ApiServer, Client, free_port
from tests.harness.sites import sites
from tests.harness.story import Ports, Step, assert_told, first_transaction, second_transaction
from tests.harness.waiting import PATIENCE, until

pytestmark = [pytest.mark.haproxy, pytest.mark.server]

START = """\
# Kept by hand.
global
    maxconn 100   # small
    stats socket {socket} mode 600 level admin

defaults
    mode http
    timeout connect 1s
    timeout client  5s
    timeout server  5s

frontend alive
    bind 127.0.0.1:{port}
    monitor-uri /
"""


@dataclass(frozen=True)
class System:
    """A running HAProxy, the API that governs it, and three web servers behind them."""

    api: ApiServer
    ports: Ports
    start: str
    version: str

    def client(self) -> Client:
        """A client of the interface's version."""
        return self.api.client(self.version)


@pytest.fixture(scope="module", params=["2.6", "2.8", "2.8 v1", "2.8 v3", "2.8 installed", "3.0", "3.2", "3.2 v1", "3.2 v3"])
def system(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """With the server of the clone, or that of the built package as `dataplane init` sets it up.

    Through version 2 of the interface, or another where the parameter names one.
    """
    version, _, how = request.param.partition(" ")
    installed, spoken = how == "installed", how if how.startswith("v") else "v2"
    program = one_haproxy(version)
    root = request.getfixturevalue("clean_root") if installed else None
    folder = tmp_path_factory.mktemp("system")
    configuration = folder / "haproxy.cfg"
    start = START.format(socket=folder / "stats.sock", port=free_port())
    configuration.write_text(start, "utf-8")
    with (
        sites("web1", "web2", "example") as behind,
        HaproxyProcess(program, configuration, folder) as haproxy,
    ):
        api = server(program, folder, haproxy, root)
        web = (behind[0].port, behind[1].port)
        with api:
            yield System(api, Ports(free_port(), web, behind[2].port), start, spoken)


def carry_out(system: System, client: Client, steps: list[Step]) -> None:
    with client.transaction() as transaction:
        for collection, query, body in steps:
            at = address(system.version, collection, query, body)
            path, more = f"/{system.version}{at.path}", {**at.query, "transaction_id": transaction}
            made = client.call("POST", path, at.body, **more)
            assert made.status == 202, (collection, made.status, made.body)


def ask(port: int, path: str = "/", host: str = "localhost") -> tuple[int, str]:
    """The proxied site's status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def ask_until(port: int, wanted: tuple[int, str], host: str = "localhost") -> None:
    """Ask until the answer is the wanted one: old workers go on for a moment after a reload."""
    told: list[object] = []

    def right() -> bool:
        try:
            told.append(ask(port, host=host))
        except OSError as error:
            told.append(error)
        return told[-1] == wanted

    until(right, lambda: f"{told[-1]} instead of {wanted}")


def test_traffic_is_routed_as_configured_and_the_rest_untouched(system: System) -> None:
    client, ports = system.client(), system.ports

    carry_out(system, client, first_transaction(ports))
    ask_until(ports.site, (200, "web1"))
    assert {ask(ports.site) for _ in range(10)} == {(200, "web1"), (200, "web2")}
    assert ask(ports.site, "/admin.php")[0] == 200

    carry_out(system, client, second_transaction(ports))
    ask_until(ports.site, (200, "example"), host="www.example.local")
    assert {ask(ports.site) for _ in range(10)} == {(200, "web1"), (200, "web2")}
    assert {ask(ports.site, "/a", "www.example.local") for _ in range(10)} == {(200, "example")}
    assert ask(ports.site, "/admin.php")[0] == 403
    assert ask(ports.site, "/admin.php", "www.example.local")[0] == 403

    text = system.api.configuration.read_text("utf-8")
    assert system.start in text, text
    assert_told(text, ports)


def test_reload_is_recorded(system: System) -> None:
    client = system.client()
    query = {"version": client.version()}
    made = client.call("POST", f"{client.services}/configuration/backends", {"name": "later"}, **query)
    assert made.status == 202, made.body
    reload = made.headers["Reload-ID"]
    path = f"{client.services}/reloads/{reload}"
    until(lambda: client.call("GET", path).json["status"] != "in_progress")
    record = client.call("GET", path).json
    assert record["status"] == "succeeded", record
