"""GETs over HTTP, against HAProxy that returns the same bytes, and against a bare Falcon application."""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.bench import systems
from tests.bench.files import LARGE, SIZES, SMALL
from tests.bench.load import CONNECTIONS, Load, by_own_client, load
from tests.bench.returning import Returning
from tests.bench.run import Run
from tests.bench.tables import Effort, Row, Table, in_turn, medians, ratio
from tests.harness.server import CONFIGURATION, ApiServer

USERS = {"plain": systems.PLAIN, "sha512": systems.HASHED}
AT_ONCE = {CONNECTIONS: 0.35, 1: 0.75}
"""Connections, and which part of HAProxy's requests a second has to be reached over them."""
DOCUMENT_LIMIT = 0.5
DOCUMENT = "/v2/specification"
ONE_SERVER = f"{CONFIGURATION}/servers/s0?backend=be0"
GETS = [
    ("one server", SMALL, ONE_SERVER),
    ("version", SMALL, f"{CONFIGURATION}/version"),
    ("100 servers", LARGE, f"{CONFIGURATION}/servers?backend=be0"),
    ("all backends", SMALL, f"{CONFIGURATION}/backends"),
    ("all backends", LARGE, f"{CONFIGURATION}/backends"),
    ("specification", SMALL, DOCUMENT),
]
ROUTES = {
    "one server": (ONE_SERVER, f"{CONFIGURATION}/servers/{{name}}"),
    "servers of a backend": (f"{CONFIGURATION}/servers?backend=be0", f"{CONFIGURATION}/servers"),
    "all backends": (f"{CONFIGURATION}/backends", f"{CONFIGURATION}/backends"),
    "specification": (DOCUMENT, DOCUMENT),
}
"""What the bare application is asked, each with its route there."""


@dataclass(frozen=True)
class Sample:
    """One round on one server: requests a second, and processor seconds for each request."""

    rate: float
    cost: float


def sample(server: systems.At, asked: Callable[[], Load]) -> Sample:
    """One round of load, and what it cost the processes of the server."""
    before = systems.processor_seconds(server.process)
    told = asked()
    spent = systems.processor_seconds(server.process) - before
    return Sample(told.rate, spent / max(told.requests, 1))


def compared(
    effort: Effort,
    asking: Callable[[int, str, str, int, float], Load],
    both: tuple[systems.At, systems.At],
    path: str,
    user: str,
    connections: int = CONNECTIONS,
) -> tuple[list[str], float]:
    """Both servers in turn: requests a second, their ratio and that of the costs; the ratio alone."""
    rest = (path, user, connections, effort.seconds)
    asked = [partial(sample, one, partial(asking, one.port, *rest)) for one in both]
    pairs = in_turn((effort.rounds + 1) // 2, *asked)
    per_second = [[one.rate for one in pair] for pair in pairs]
    reached = ratio(per_second)
    costs = [theirs.cost / ours.cost for ours, theirs in pairs if ours.cost]
    by_cost = statistics.median(costs or [math.nan])
    return [
        *(f"{one:.0f}" for one in medians(per_second)),
        f"{reached:.2f}",
        f"{by_cost:.2f}",
    ], reached


def against_haproxy(run: Run) -> list[Table]:
    """GETs against HAProxy that returns the same bytes and header lines."""
    heads = ["file", "GET", "bytes", "user", "connections", "requests/s", "HAProxy", "ratio"]
    table = Table("Reading", [*heads, "by cost", "limit"], limit="the ratio in the row")
    for what, size, path in GETS:
        server = systems.at(run.server(size).port, run.server(size).process)
        for kind, user in USERS.items():
            with Returning(run.haproxy, run.new_folder(), server.port, path, user) as limit:
                for connections, least in AT_ONCE.items():
                    least = DOCUMENT_LIMIT if path == DOCUMENT else least
                    both = (server, limit.at)
                    told, reached = compared(run.effort, load, both, path, user, connections)
                    cells = [size.name, what, str(limit.length), kind, str(connections), *told]
                    table.rows.append(Row([*cells, f"≥ {least}"], reached >= least))
    return [table]


def against_bare(run: Run) -> list[Table]:
    """GETs against a bare Falcon application that returns the same bytes."""
    heads = ["file", "GET", "bytes", "user", "requests/s", "bare Falcon", "ratio", "by cost"]
    table = Table("Reading beside a bare Falcon", heads, limit="ratio of requests/s ≥ 0.5")
    for size in SIZES:
        server = run.server(size)
        bodies = {route: _body(server, path) for path, route in ROUTES.values()}
        with systems.Bare(run.new_folder(), bodies) as bare:
            both = (systems.at(server.port, server.process), systems.at(bare.port, bare.process))
            for what, (path, route) in ROUTES.items():
                for kind, user in USERS.items():
                    told, reached = compared(run.effort, by_own_client, both, path, user)
                    cells = [size.name, what, str(len(bodies[route])), kind, *told]
                    table.rows.append(Row(cells, reached >= 0.5))
    return [table]


def _body(server: ApiServer, path: str) -> bytes:
    answer = server.client().call("GET", path)
    assert answer.status == 200, (path, answer.body[:300])
    return answer.body
