"""Memory of all processes of a server: idle, after all reads, after many requests."""

from collections.abc import Iterator
from typing import Any

from tests.bench import systems
from tests.bench.files import LINES, MEDIUM, ONE_BACKEND, SIZES, SMALL
from tests.bench.run import Run
from tests.bench.tables import Row, Table, timed
from tests.bench.workers import to_each_worker
from tests.harness.server import CONFIGURATION, TRANSACTIONS, ApiServer, Client

IDLE, READ, GROWTH = 50.0, 110.0, 1.02
"""Limits: MiB when idle at 10 servers, MiB after all reads at 100 000 lines, and times the memory
after the first of many requests."""
FEW, MANY = 2_000, 20_000
_SECTIONS = {"backend": "backends", "frontend": "frontends"}


def start(run: Run) -> list[Table]:
    """First answer and idle memory on each size of file."""
    heads = ["file", "first 200 after start (s)", "memory when idle (MiB)", "limit"]
    table = Table("Start and memory", heads, limit="MiB in the row")
    for size in (*SIZES, ONE_BACKEND):
        server = systems.ours(size, run.new_folder(), run.haproxy)
        try:
            seconds = timed(server.start) / 1000
            idle = _rested(server)
        finally:
            server.stop()
        cells = [size.name, f"{seconds:.2f}", f"{idle:.0f}"]
        limited = size is SMALL
        table.rows.append(
            Row([*cells, f"≤ {IDLE:.0f}" if limited else ""], idle <= IDLE if limited else None)
        )
    return [table]


def memory(run: Run) -> list[Table]:
    """Memory after all reads, and whether many requests leave more behind than some."""
    table = Table(
        "Memory after requests", ["file", "after", "memory (MiB)", "limit"], limit="MiB in the row"
    )
    with systems.ours(LINES, run.new_folder(), run.haproxy) as server:
        count = sum(read_all(client) for client in to_each_worker(server, systems.WORKERS))
        after = _rested(server)
    cells = [LINES.name, f"all {count} reads, in each worker", f"{after:.0f}", f"≤ {READ:.0f}"]
    table.rows.append(Row(cells, after <= READ))
    table.rows += _mixed(run)
    return [table]


def memory_after_load(run: Run) -> list[Table]:
    """Memory of the servers that other measurements have asked in this run."""
    table = Table("Memory after load", ["file", "memory (MiB)"])
    for size, server in run.servers.items():
        table.rows.append(Row([size.name, f"{_rested(server):.0f}"]))
    return [table]


def _rested(server: ApiServer) -> float:
    assert server.process is not None
    systems.rest(server.process.pid)
    return systems.memory(server.process.pid)


def read_all(client: Client) -> int:
    """Ask for all that a configuration can be asked for, lists and objects; how many requests it was."""
    count = 0
    for path, query in reads(client):
        answer = client.call("GET", path, **query)
        assert answer.status == 200, (path, query, answer.status, answer.body[:300])
        count += 1
    return count


def reads(client: Client) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every list of the configuration, each for every section that can be its parent; each section."""
    document = client.call("GET", "/v2/specification").json
    yield "/v2/specification", {}
    sections = {
        word: [one["name"] for one in client.call("GET", f"{CONFIGURATION}/{path}").data]
        for word, path in _SECTIONS.items()
    }
    for path, operations in document["paths"].items():
        place = f"{document.get('basePath', '')}{path}".replace("/v2/v2/", "/v2/")
        if "get" not in operations or not place.startswith(CONFIGURATION) or "{" in place:
            continue
        listed = [*operations.get("parameters", []), *operations["get"].get("parameters", [])]
        shared = document.get("parameters", {})
        given = [shared[one["$ref"].split("/")[-1]] if "$ref" in one else one for one in listed]
        yield from ((place, query) for query in _queries(given, sections))
    for word, path in _SECTIONS.items():
        for name in sections[word]:
            yield f"{CONFIGURATION}/{path}/{name}", {}


def _queries(
    given: list[dict[str, Any]], sections: dict[str, list[str]]
) -> Iterator[dict[str, Any]]:
    """The queries that name each section of the file that can be the parent."""
    words = {one["name"]: one for one in given}
    if "parent_type" in words:
        for kind in set(words["parent_type"].get("enum", ())) & set(sections):
            yield from ({"parent_type": kind, "parent_name": name} for name in sections[kind])
    elif parents := [word for word in sections if word in words]:
        yield from ({word: name} for word in parents for name in sections[word])
    elif not any(one.get("required") for one in given):
        yield {}


def _mixed(run: Run) -> list[Row]:
    """Memory after some requests of all kinds, and after ten times as many."""
    few, many = (FEW, MANY) if run.effort.rounds > 1 else (FEW // 10, MANY // 10)
    settings = {"haproxy": {"reload": {"validate_cmd": "true"}}}
    with systems.ours(MEDIUM, run.new_folder(), run.haproxy, settings) as server:
        clients = to_each_worker(server, systems.WORKERS)
        sizes = []
        done = turns = 0
        for count in (few, many):
            while done < count:
                done += mixture(clients[turns % len(clients)], turns)
                turns += 1
            sizes.append(_rested(server))
    rows = [Row([MEDIUM.name, f"{few} mixed requests", f"{sizes[0]:.1f}", ""])]
    most = sizes[0] * GROWTH
    rows.append(
        Row(
            [MEDIUM.name, f"{many} mixed requests", f"{sizes[1]:.1f}", f"≤ {most:.1f}"],
            sizes[1] <= most,
        )
    )
    return rows


def mixture(client: Client, number: int) -> int:
    """Reads, two commits, a transaction given up, and requests that are refused; how many.

    The file is as before when all is done.
    """
    backend, servers = f"be{number % MEDIUM.backends}", f"{CONFIGURATION}/servers"
    body = {"name": "mixed", "address": "192.0.2.1", "port": 80}
    count = 0

    def ask(method: str, path: str, status: int, body: object = None, **query: Any) -> Any:
        nonlocal count
        count += 1
        answer = client.call(method, path, body, **query)
        assert answer.status == status, (method, path, answer.status, answer.body[:300])
        return answer.json

    def begin() -> dict[str, Any]:
        version = ask("GET", f"{CONFIGURATION}/version", 200)
        identifier = ask("POST", TRANSACTIONS, 201, version=version)["id"]
        return {"backend": backend, "transaction_id": identifier}

    for server in range(4):
        ask("GET", f"{servers}/s{(number + server) % 100}", 200, backend=backend)
    for path in ("backends", f"backends/{backend}", "frontends", "raw"):
        ask("GET", f"{CONFIGURATION}/{path}", 200)
    ask("GET", servers, 200, backend=backend)
    ask("GET", f"{servers}/missing", 404, backend=backend)
    ask("POST", servers, 422, {"name": "no address"}, backend=backend, version=1)
    given_up, edit = begin(), begin()
    ask("POST", servers, 202, body, **given_up)
    ask("DELETE", f"{TRANSACTIONS}/{given_up['transaction_id']}", 204)
    ask("POST", servers, 202, body, **edit)
    ask("GET", servers, 200, **edit)
    ask("PUT", f"{TRANSACTIONS}/{edit['transaction_id']}", 202)
    version = ask("GET", f"{CONFIGURATION}/version", 200)
    ask("DELETE", f"{servers}/mixed", 202, backend=backend, version=version)
    return count
