"""The first GET of all backends of a large file, in every worker."""

from dataclasses import dataclass

from dataplane_core.app import VERSIONS
from tests.bench import systems
from tests.bench.files import LINES
from tests.bench.run import Run
from tests.bench.tables import Row, Table, medians, timed
from tests.bench.workers import to_each_worker
from tests.harness.server import Client

LIMIT = 0.25
"""Seconds."""


def cold(run: Run) -> list[Table]:
    """Each version on servers that have just been started, as nobody has asked for anything before."""
    heads = ["version", *(f"worker {number + 1} (s)" for number in range(systems.WORKERS))]
    table = Table("First GET of all backends at 100 000 lines", heads, limit=f"≤ {LIMIT} s")
    for version in VERSIONS:
        rounds = [_round(run, version.name) for _ in range(max(1, run.effort.rounds // 3))]
        spent = medians(rounds)
        cells = [version.name, *(f"{one:.3f}" for one in spent)]
        table.rows.append(Row(cells, max(spent) <= LIMIT))
    return [table]


def _round(run: Run, version: str) -> list[float]:
    """Seconds of the first GET of each worker of one server, one after the other."""
    with systems.ours(LINES, run.new_folder(), run.haproxy) as server:
        clients = to_each_worker(server, systems.WORKERS)
        spent = [timed(_Asked(client, version)) / 1000 for client in clients]
        for client in clients:
            client.connection.close()
    return spent


@dataclass(frozen=True)
class _Asked:
    client: Client
    version: str

    def __call__(self) -> None:
        path = f"/{self.version}/services/haproxy/configuration/backends"
        answer = self.client.call("GET", path)
        assert answer.status == 200, answer.body[:300]
