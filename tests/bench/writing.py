"""What edits in a transaction and commits cost."""

import subprocess
from functools import partial
from typing import Any

from tests.bench import systems
from tests.bench.files import LARGE, LINES, ONE_BACKEND, SIZES, SMALL
from tests.bench.run import Run
from tests.bench.tables import Row, Table, in_turn, medians, ratio, timed
from tests.harness.server import CONFIGURATION, TRANSACTIONS, Client

WITHIN = {LARGE: 1.5, ONE_BACKEND: 2.0}
"""How many times the POST at 10 servers one at these sizes may take."""


def post_in_transaction(client: Client) -> float:
    """Milliseconds of one POST of a server in a transaction of its own, which is given up."""
    begun = client.call("POST", TRANSACTIONS, version=client.version())
    query = {"backend": "be0", "transaction_id": begun.json["id"]}
    body = {"name": "added", "address": "192.0.2.1", "port": 80, "check": "enabled"}

    def post() -> None:
        made = client.call("POST", f"{CONFIGURATION}/servers", body, **query)
        assert made.status == 202, made.body

    spent = timed(post)
    client.call("DELETE", f"{TRANSACTIONS}/{begun.json['id']}")
    return spent


def writes(run: Run) -> list[Table]:
    """A POST in a transaction: what it costs must not grow with the file."""
    heads = ["file", "POST in a transaction (ms)", "times that of 10 servers", "limit"]
    table = Table("Writing in a transaction", heads, limit="the times in the row")
    clients = {size: run.server(size).client() for size in (SMALL, LARGE, LINES, ONE_BACKEND)}
    rounds = in_turn(
        run.effort.calls, *(partial(post_in_transaction, client) for client in clients.values())
    )
    for place, (size, spent) in enumerate(zip(clients, medians(rounds), strict=True)):
        times, limit = ratio([[one[place], one[0]] for one in rounds]), WITHIN.get(size)
        cells = [size.name, f"{spent:.2f}", f"{times:.2f}", f"≤ {limit}" if limit else ""]
        table.rows.append(Row(cells, times <= limit if limit else None))
    return [table]


class Writer:
    """One who adds a server and deletes it again, each with the version that was newest before."""

    def __init__(self, client: Client, name: str) -> None:
        self.client, self.name = client, name
        self._path = f"{CONFIGURATION}/servers"
        found = client.call("GET", f"{self._path}/{name}", backend="be0")
        self._is_there = found.status == 200

    def change(self) -> bool:
        """Try to change once; false when somebody else was faster."""
        query: dict[str, Any] = {"backend": "be0", "version": self.client.version()}
        if self._is_there:
            answer = self.client.call("DELETE", f"{self._path}/{self.name}", None, **query)
        else:
            body = {"name": self.name, "address": "192.0.2.1", "port": 80}
            answer = self.client.call("POST", self._path, body, **query)
        assert answer.status in (202, 409), answer.body
        if answer.status == 202:
            self._is_there = not self._is_there
        return answer.status == 202


def commit(client: Client, number: int) -> float:
    """Milliseconds of the commit of a transaction that adds one server."""
    begun = client.call("POST", TRANSACTIONS, version=client.version())
    path = f"{TRANSACTIONS}/{begun.json['id']}"
    query = {"backend": "be0", "transaction_id": begun.json["id"]}
    body = {"name": f"more{number}", "address": "192.0.2.1", "port": 80}
    made = client.call("POST", f"{CONFIGURATION}/servers", body, **query)
    assert made.status == 202, made.body

    def put() -> None:
        told = client.call("PUT", path)
        assert told.status == 202, told.body

    return timed(put)


def least(client: Client) -> float:
    """Milliseconds of a commit by the bare application."""

    def put() -> None:
        told = client.call("PUT", "/commit")
        assert told.status == 202, told.body

    return timed(put)


def commits(run: Run) -> list[Table]:
    """A commit against `haproxy -c` on the same file: all that is ours beside it is to be noise.

    What can be had is told by a bare Falcon application that only writes, syncs, checks and renames.
    """
    heads = ["file", "commit (ms)", "haproxy -c (ms)", "ratio", "bare Falcon (ms)", "its ratio"]
    table = Table("Committing", heads, limit="commit ≤ `haproxy -c` + 20 %")
    for size in SIZES:
        server = run.server(size)
        file = str(server.configuration)
        with systems.Bare(run.new_folder(), {}, run.haproxy, file) as bare:
            rounds = _commits(
                max(5, run.effort.calls), server.client(), Client(bare.port), run, file
            )
        ours, alone, theirs = medians(rounds)
        reached, reachable = ratio(rounds), ratio([[one[2], one[1]] for one in rounds])
        cells = [size.name, f"{ours:.1f}", f"{alone:.1f}", f"{reached:.2f}"]
        table.rows.append(Row([*cells, f"{theirs:.1f}", f"{reachable:.2f}"], reached <= 1.2))
    return [table]


def _commits(count: int, client: Client, bare: Client, run: Run, file: str) -> list[list[float]]:
    """Milliseconds of our commit, of the check alone, and of the bare application's, in each round."""
    check = [run.haproxy, "-c", "-q", "-f", file]
    numbers = iter(range(count))
    return in_turn(
        count,
        lambda: commit(client, next(numbers)),
        lambda: timed(lambda: subprocess.run(check, check=True, capture_output=True)),
        lambda: least(bare),
    )
