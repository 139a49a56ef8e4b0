"""This revision against another one on the same machine, in turn: edits, start, writers."""

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from tests.bench import systems
from tests.bench.files import SMALL
from tests.bench.run import Run
from tests.bench.tables import Row, Table, in_turn, medians, ratio, timed
from tests.bench.writing import Writer, post_in_transaction
from tests.harness.recorded import TOP
from tests.harness.server import ApiServer, Client

WRITERS = 4
BATCH = 10
"""Transactions in a round: the clock of processor time is a coarse one."""
IMPORT = [sys.executable, "-c", "import falcon"]
POST, START, CHANGES, START_OF_IMPORT = 0.5, 0.4, 1.5, 6.0
"""Limits: parts of the other revision's times, its changes a second, and times the import of Falcon."""


def revisions(run: Run) -> list[Table]:
    """What this revision takes of the time of another."""
    other = run.against[0]
    heads = ["what", "this revision", other, "ratio", "limit"]
    table = Table("Against another revision", heads, limit="the ratio in the row")
    with _both(run, checked=True) as servers:
        posts = in_turn(run.effort.calls, *(partial(_posts, one, one.client()) for one in servers))
        spent = [[one for one, _ in pair] for pair in posts]
        _row(table, "POST in a transaction (ms)", spent, most=POST)
        _row(
            table,
            "processor time of its transaction (ms)",
            [[cost for _, cost in pair] for pair in posts],
        )
        _row(table, f"{WRITERS} writers, changes/s", _changes(run, servers), least=CHANGES)
    with _both(run, checked=False) as servers:
        _row(
            table, f"{WRITERS} writers, without HAProxy's check, changes/s", _changes(run, servers)
        )
    _starts(run, table)
    return [table]


def _row(
    table: Table, what: str, rounds: list[list[float]], most: float = 0, least: float = 0
) -> None:
    reached = ratio([one for one in rounds if one[1]])
    cells = [what, *(f"{one:.2f}" for one in medians(rounds)), f"{reached:.2f}"]
    limit = f"≤ {most}" if most else f"≥ {least}" if least else ""
    holds = (reached <= most if most else reached >= least) if limit else None
    table.rows.append(Row([*cells, limit], holds))


@contextmanager
def _both(run: Run, *, checked: bool) -> Iterator[list[ApiServer]]:
    """A server of this revision and one of the other, each on a file of 10 servers."""
    more = {} if checked else {"haproxy": {"reload": {"validate_cmd": "true"}}}
    with ExitStack() as started:
        yield [
            started.enter_context(systems.ours(SMALL, run.new_folder(), run.haproxy, more, sources))
            for sources in (TOP, run.sources(run.against[0]))
        ]


def _posts(server: ApiServer, client: Client) -> tuple[float, float]:
    """Milliseconds of a POST, and of the processors for its whole transaction: the median, and the mean."""
    place = systems.at(server.port, server.process).process
    before = systems.processor_seconds(place)
    spent = [post_in_transaction(client) for _ in range(BATCH)]
    cost = (systems.processor_seconds(place) - before) / BATCH
    return statistics.median(spent), cost * 1000


def _changes(run: Run, servers: list[ApiServer]) -> list[list[float]]:
    seconds = run.effort.seconds * 4
    return in_turn(run.effort.rounds, *(partial(changes, one, seconds) for one in servers))


def changes(server: ApiServer, seconds: float) -> float:
    """Changes a second that are committed for writers who each try again when they lose."""
    end, accepted = time.monotonic() + seconds, list[int]()

    def write(number: int) -> None:
        writer, count = Writer(server.client(), f"writer{number}"), 0
        while time.monotonic() < end:
            count += writer.change()
        accepted.append(count)
        writer.client.connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(accepted) / seconds


def _starts(run: Run, table: Table) -> None:
    """First answers of servers that have run on their folders before."""
    servers = [
        systems.ours(SMALL, run.new_folder(), run.haproxy, None, sources)
        for sources in (TOP, run.sources(run.against[0]))
    ]
    sides: list[Callable[[], tuple[float, float]]] = [
        *(partial(first_answer, server) for server in servers),
        lambda: (timed(lambda: subprocess.run(IMPORT, check=True)), 0.0),
    ]
    for side in sides:  # compile, and write what is written once
        side()
    rounds = in_turn(run.effort.rounds + 2, *sides)
    spent = [[one for one, _ in a_round] for a_round in rounds]
    _row(table, "first 200 after exec (ms)", [one[:2] for one in spent], most=START)
    _row(
        table,
        "processor time to the first 200 (ms)",
        [[cost for _, cost in one[:2]] for one in rounds],
    )
    ours, _, imported = medians(spent)
    times = statistics.median(one[0] / one[2] for one in spent)
    cells = ["first 200 after exec, and `import falcon` beside it (ms)", f"{ours:.2f}"]
    cells += [f"import: {imported:.2f}", f"{times:.2f}", f"≤ {START_OF_IMPORT}"]
    table.rows.append(Row(cells, times <= START_OF_IMPORT))


def first_answer(server: ApiServer) -> tuple[float, float]:
    """Milliseconds from the start of a server to its first answer, and of the processors; it is stopped again."""
    try:
        spent = timed(server.start)
        return spent, systems.processor_seconds(
            systems.at(server.port, server.process).process
        ) * 1000
    finally:
        server.stop()
