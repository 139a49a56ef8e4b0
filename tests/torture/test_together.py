"""Clients at once on two workers, and on two servers with one file: no edit is lost."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.harness.server import CONFIGURATION, TRANSACTIONS, ApiServer, Client

pytestmark = pytest.mark.server

CLIENTS = 4
EDITS = 50
TEXT = "global\n\ndefaults\n  mode http\n\n" + "".join(
    f"backend be{n}\n  # stays\n  server shared 10.0.0.1:80\n\n" for n in range(CLIENTS)
)
REFUSALS = {406, 409}


def add_servers(ports: list[int], number: int, backend: str | None) -> list[int]:
    """Add servers, each until it is in, every other one in a transaction; all statuses seen."""
    client = Client(ports[number % len(ports)])
    seen = []
    for count in range(EDITS):
        server = {"name": f"s-{number}-{count}", "address": "10.0.0.2", "port": 80}
        place = backend or f"be{number}"
        status = 0
        while status not in (201, 202):
            add = _in_transaction if count % 2 else _directly
            status = add(client, server, place)
            seen.append(status)
    return seen


def _directly(client: Client, server: dict[str, object], backend: str) -> int:
    query = {"backend": backend, "version": client.version()}
    return client.call("POST", f"{CONFIGURATION}/servers", server, **query).status


def _in_transaction(client: Client, server: dict[str, object], backend: str) -> int:
    begun = client.call("POST", TRANSACTIONS, version=client.version())
    if begun.status != 201:
        return begun.status
    query = {"backend": backend, "transaction_id": begun.json["id"]}
    added = client.call("POST", f"{CONFIGURATION}/servers", server, **query)
    if added.status == 400 and b"transaction does not exist" in added.body:
        return 406  # another transaction was committed between the two calls
    if added.status != 202:
        return added.status
    return client.call("PUT", f"{TRANSACTIONS}/{begun.json['id']}").status


def count_up(ports: list[int], number: int) -> list[int]:
    """Raise the weight of one server by one, again and again; all statuses seen."""
    client = Client(ports[number % len(ports)])
    seen: list[int] = []
    while sum(status in (200, 202) for status in seen) < EDITS:
        read = client.call("GET", f"{CONFIGURATION}/servers/shared", backend="be0").json
        server = {**read["data"], "weight": read["data"].get("weight", 0) + 1}
        query = {"backend": "be0", "version": read["_version"]}
        seen.append(client.call("PUT", f"{CONFIGURATION}/servers/shared", server, **query).status)
    return seen


@pytest.fixture(params=[1, 2], ids=["one server", "two servers"])
def ports(request, tmp_path):
    """Ports of servers with two workers each, all on one file, each with a state of its own."""
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text(TEXT)
    settings = {"dataplane": {"workers": 2}}
    servers = [
        ApiServer(configuration, tmp_path / f"server{n}", settings).start()
        for n in range(request.param)
    ]
    yield [server.port for server in servers]
    for server in servers:
        server.stop()


def together(work) -> list[int]:
    with ThreadPoolExecutor(CLIENTS) as pool:
        return [status for statuses in pool.map(work, range(CLIENTS)) for status in statuses]


@pytest.mark.parametrize("backend", [None, "be0"], ids=["disjoint", "same backend"])
def test_every_server_that_was_added_is_there(ports, tmp_path, backend):
    seen = together(partial(_add, ports, backend))
    assert set(seen) - {201, 202} <= REFUSALS
    lines = (tmp_path / "haproxy.cfg").read_text().splitlines()
    words = [line.split() for line in lines]
    names = [word[1] for word in words if word[:1] == ["server"] and word[1].startswith("s-")]
    assert sorted(names) == sorted(f"s-{n}-{c}" for n in range(CLIENTS) for c in range(EDITS))
    assert Client(ports[0]).version() == 1 + CLIENTS * EDITS
    kept = [line for line in lines if "_version" not in line and " s-" not in line]
    assert kept == TEXT.splitlines()


def test_no_step_of_a_counter_is_lost(ports):
    seen = together(partial(count_up, ports))
    assert set(seen) - {200, 202} <= REFUSALS
    shared = Client(ports[-1]).call("GET", f"{CONFIGURATION}/servers/shared", backend="be0").data
    assert shared["weight"] == CLIENTS * EDITS


def _add(ports: list[int], backend: str | None, number: int) -> list[int]:
    return add_servers(ports, number, backend)
