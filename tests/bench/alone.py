"""What the fleet costs a server that is in none: nothing."""

import itertools
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from tests.bench import systems
from tests.bench.files import SMALL
from tests.bench.revisions import first_answer
from tests.bench.run import Run
from tests.bench.tables import Row, Table, in_turn, medians, ratio
from tests.bench.writing import commit
from tests.harness.server import CONFIGURATION, ApiServer, Client

LEFT_OUT = {"dataplane": {"block_plugins": ["fleet.membership"]}}
BATCH = 5000
"""Requests of a round: the clock of processor time is a coarse one."""
TIMES, MEMORY = 1.1, 1.02
"""Limits: what differs less is noise."""


def alone(run: Run) -> list[Table]:
    """A server without the setting `fleet.store`, beside one from which the fleet's plugin was left out."""
    heads = ["what", "without a fleet", "without its plugin", "ratio", "limit"]
    table = Table("Without a fleet", heads, limit="the ratio in the row")
    servers = [systems.ours(SMALL, run.new_folder(), run.haproxy, more) for more in ({}, LEFT_OUT)]
    _starts(run, table, servers)
    with ExitStack() as started:
        for server in servers:
            started.enter_context(server)
        memory = [[_rested(one) for one in servers]]
        _answers(run, table, servers)
    _row(table, "memory when idle (MiB)", memory, MEMORY)
    return [table]


def _row(table: Table, what: str, rounds: list[list[float]], most: float) -> None:
    reached = ratio([one for one in rounds if one[1]])
    cells = [what, *(f"{one:.2f}" for one in medians(rounds)), f"{reached:.2f}", f"≤ {most}"]
    table.rows.append(Row(cells, reached <= most))


def _starts(run: Run, table: Table, servers: list[ApiServer]) -> None:
    for server in servers:  # compile, and write what is written once
        first_answer(server)
    rounds = in_turn(run.effort.rounds + 2, *(partial(first_answer, one) for one in servers))
    for place, what in enumerate(("first 200 after exec (ms)", "processor time to the first 200 (ms)")):
        _row(table, what, [[side[place] for side in one] for one in rounds], TIMES)


def _answers(run: Run, table: Table, servers: list[ApiServer]) -> None:
    clients = [server.client() for server in servers]
    numbers = itertools.count()
    sides = [lambda client=client: commit(client, next(numbers)) for client in clients]
    commits = in_turn(run.effort.calls, *sides)
    _row(table, "commit (ms)", commits, TIMES)
    reads = [partial(_cost, one, partial(_read, client)) for one, client in zip(servers, clients, strict=True)]
    _row(table, "processor time of a GET (ms)", in_turn(run.effort.rounds, *reads), TIMES)


def _read(client: Client) -> None:
    answer = client.call("GET", f"{CONFIGURATION}/servers/s1", backend="be0")
    assert answer.status == 200, answer.body[:300]


def _cost(server: ApiServer, ask: Callable[[], None]) -> float:
    """Milliseconds of the processors for a request: the mean."""
    place = systems.at(server.port, server.process).process
    before = systems.processor_seconds(place)
    for _ in range(BATCH):
        ask()
    return (systems.processor_seconds(place) - before) / BATCH * 1000


def _rested(server: ApiServer) -> float:
    place = systems.at(server.port, server.process).process
    systems.rest(place)
    return systems.memory(place)
