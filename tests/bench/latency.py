"""What the slowest of a hundred reads wait, alone and while changes are under way."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import systems
from tests.bench.files import SMALL
from tests.bench.load import CONNECTIONS, by_own_client
from tests.bench.reading import ONE_SERVER
from tests.bench.returning import Returning
from tests.bench.run import Run
from tests.bench.tables import Row, Table, in_turn, medians
from tests.bench.writing import Writer
from tests.harness.server import ApiServer

SLACK = 10.0
"""How many milliseconds longer than over HAProxy the slowest of a hundred may take."""
EVERY = 0.1
"""Seconds from one commit to the next."""
CHECK = 5
"""Seconds that the slow check takes."""
WRITERS = 24
"""More than the server has threads."""
_SLOW = """\
#!/bin/sh
case " $* " in *" -c "*) sleep {seconds} ;; esac
exec {haproxy} "$@"
"""


def latency(run: Run) -> list[Table]:
    """The 99th of a hundred GETs of one server against HAProxy, while the same goes on beside both."""
    heads = ["meanwhile", "commits", "99 of 100 within (ms)", "HAProxy (ms)"]
    table = Table(
        "Waiting", heads, limit=f"≤ HAProxy's time + {SLACK:.0f} ms, over {CONNECTIONS} connections"
    )
    with systems.ours(SMALL, run.new_folder(), run.haproxy) as server:
        _row(run, table, server, "nothing", 0)
        _row(run, table, server, f"a commit every {EVERY * 1000:.0f} ms", 1)
    slow = _slow_haproxy(run)
    with systems.ours(SMALL, run.new_folder(), str(slow)) as server:
        _row(run, table, server, f"commits whose check takes {CHECK} s", 1)
        said = f"{WRITERS} writers at once whose checks take {CHECK} s"
        _row(run, table, server, said, WRITERS)
    return [table]


def _slow_haproxy(run: Run) -> Path:
    """A program that is HAProxy, and takes its time to check."""
    program = run.folder / "slow-haproxy"
    program.write_text(_SLOW.format(seconds=CHECK, haproxy=run.haproxy), "utf-8")
    program.chmod(0o755)
    return program


def _row(run: Run, table: Table, server: ApiServer, meanwhile: str, writers: int) -> None:
    seconds = run.effort.seconds * 2
    with (
        Returning(run.haproxy, run.new_folder(), server.port, ONE_SERVER, systems.PLAIN) as limit,
        committing(server, writers) as committed,
    ):

        def asked(port: int) -> float:
            return by_own_client(port, ONE_SERVER, systems.PLAIN, CONNECTIONS, seconds).p99

        both = in_turn(
            (run.effort.rounds + 1) // 2, lambda: asked(server.port), lambda: asked(limit.port)
        )
    ours, theirs = medians(both)
    cells = [meanwhile, str(len(committed)), f"{ours:.1f}", f"{theirs:.1f}"]
    table.rows.append(Row(cells, ours <= theirs + SLACK))


@contextmanager
def committing(server: ApiServer, writers: int) -> Iterator[list[float]]:
    """Commit from so many threads until the block ends; when each change was accepted.

    One thread begins a commit every `EVERY` seconds, or when the one before is done, if that is later.
    """
    over, accepted = threading.Event(), list[float]()

    def write(number: int) -> None:
        writer = Writer(server.client(), f"writer{number}")
        while not over.is_set():
            begun = time.monotonic()
            if writer.change():
                accepted.append(time.monotonic())
            over.wait(max(0.0, EVERY - (time.monotonic() - begun)))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    try:
        yield accepted
    finally:
        over.set()
        for thread in threads:
            thread.join()
