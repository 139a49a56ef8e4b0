"""The measurements. Each compares within one run and alternates, so that a busy machine cancels out."""

import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import systems
from tests.bench.files import LARGE, LINES, ONE_BACKEND, SIZES, SMALL, Size
from tests.bench.load import rate
from tests.harness.server import CONFIGURATION, TRANSACTIONS, ApiServer, Client

ROUTES = {
    "one server": (f"{CONFIGURATION}/servers/s0?backend=be0", f"{CONFIGURATION}/servers/{{name}}"),
    "servers of a backend": (f"{CONFIGURATION}/servers?backend=be0", f"{CONFIGURATION}/servers"),
    "all backends": (f"{CONFIGURATION}/backends", f"{CONFIGURATION}/backends"),
    "specification": ("/v2/specification", "/v2/specification"),
}


@dataclass(frozen=True)
class Effort:
    """How long to measure: seconds of each round, rounds, and repetitions of single calls."""

    seconds: float = 0.5
    rounds: int = 9
    calls: int = 30


@dataclass
class Row:
    """One line of a table: words, figures, and whether the limit holds (None: no limit)."""

    cells: list[str]
    holds: bool | None = None


@dataclass
class Table:
    """One measurement as it is shown."""

    title: str
    heads: list[str]
    rows: list[Row] = field(default_factory=list)
    limit: str = ""


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def start_and_memory(
    effort: Effort, folder: Path, haproxy: str
) -> tuple[Table, dict[Size, ApiServer]]:
    """First answer and memory of servers on each size of file; they stay up for what follows."""
    heads = ["file", "first 200 after start (s)", "memory when idle (MiB)"]
    table = Table("Start and memory", heads)
    servers = {}
    for number, size in enumerate((*SIZES, ONE_BACKEND)):
        server = systems.ours(size, folder / f"start{number}", haproxy)
        seconds = timed(server.start) / 1000
        time.sleep(1)
        assert server.process is not None
        idle = systems.memory(server.process.pid)
        table.rows.append(Row([size.name, f"{seconds:.2f}", f"{idle:.0f}"]))
        servers[size] = server
    return table, servers


def memory_after(servers: dict[Size, ApiServer]) -> Table:
    """Memory of the same servers when everything else has been measured."""
    table = Table("Memory after load", ["file", "memory (MiB)"])
    for size, server in servers.items():
        assert server.process is not None
        table.rows.append(Row([size.name, f"{systems.memory(server.process.pid):.0f}"]))
    return table


def reads(effort: Effort, folder: Path, servers: dict[Size, ApiServer]) -> Table:
    """GETs against a bare Falcon application that returns the same bytes."""
    heads = ["file", "GET", "bytes", "user", "requests/s", "bare Falcon", "ratio", "by cost"]
    table = Table("Reading", heads, limit="ratio of requests/s ≥ 0.5")
    for number, size in enumerate(SIZES):
        server = servers[size]
        bodies = {}
        for path, route in ROUTES.values():
            answer = server.client().call("GET", path)
            assert answer.status == 200, (path, answer.body[:300])
            bodies[route] = answer.body
        with systems.Bare(folder / f"bare{number}", bodies) as bare:
            for what, (path, route) in ROUTES.items():
                for user in (systems.PLAIN, systems.HASHED):
                    told = compared(effort, server, bare, path, user)
                    kind = "sha512" if user == systems.HASHED else "plain"
                    cells = [size.name, what, str(len(bodies[route])), kind]
                    table.rows.append(Row([*cells, *told.cells], told.ratio >= 0.5))
    return table


@dataclass(frozen=True)
class Sample:
    """One round on one server: requests a second, and processor seconds for each request."""

    rate: float
    cost: float


@dataclass(frozen=True)
class Comparison:
    """Medians of the rounds on both servers, and of the rounds' ratios."""

    rate: float
    bare_rate: float
    ratio: float
    by_cost: float

    @property
    def cells(self) -> list[str]:
        rates = [f"{self.rate:.0f}", f"{self.bare_rate:.0f}"]
        return [*rates, f"{self.ratio:.2f}", f"{self.by_cost:.2f}"]


def sample(effort: Effort, port: int, process: int, path: str, user: str) -> Sample:
    before = systems.processor_seconds(process)
    per_second = rate(port, path, user, effort.seconds)
    spent = systems.processor_seconds(process) - before
    return Sample(per_second, spent / (per_second * effort.seconds))


def compared(
    effort: Effort, server: ApiServer, bare: systems.Bare, path: str, user: str
) -> Comparison:
    """Both servers in turn; which is first changes from round to round."""
    assert server.process is not None
    assert bare.process is not None
    both = [(server.port, server.process.pid), (bare.port, bare.process.pid)]
    pairs = []
    for number in range(effort.rounds):
        order = both if number % 2 == 0 else both[::-1]
        told = [sample(effort, *one, path, user) for one in order]
        pairs.append(told if number % 2 == 0 else told[::-1])
    return Comparison(
        statistics.median(ours.rate for ours, _ in pairs),
        statistics.median(theirs.rate for _, theirs in pairs),
        statistics.median(ours.rate / theirs.rate for ours, theirs in pairs),
        statistics.median(theirs.cost / ours.cost for ours, theirs in pairs),
    )


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


def writes(effort: Effort, servers: dict[Size, ApiServer]) -> Table:
    """A POST in a transaction: what it costs must not grow with the file."""
    heads = ["file", "POST in a transaction (ms)", "times that of 10 servers"]
    table = Table("Writing in a transaction", heads, limit="10 000 servers in 100 backends ≤ 1.5")
    clients = {size: servers[size].client() for size in (SMALL, LARGE, LINES, ONE_BACKEND)}
    spent: dict[Size, list[float]] = {size: [] for size in clients}
    for _ in range(effort.calls):
        for size, client in clients.items():
            spent[size].append(post_in_transaction(client))
    base = statistics.median(spent[SMALL])
    for size, samples in spent.items():
        median = statistics.median(samples)
        limited = size is LARGE
        cells = [size.name, f"{median:.2f}", f"{median / base:.2f}"]
        table.rows.append(Row(cells, median <= 1.5 * base if limited else None))
    return table


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


def commits(effort: Effort, folder: Path, servers: dict[Size, ApiServer], haproxy: str) -> Table:
    """A commit against `haproxy -c` on the same file: all that is ours beside it is to be noise.

    What can be had is told by a bare Falcon application that only writes, syncs, checks and renames.
    """
    heads = ["file", "commit (ms)", "haproxy -c (ms)", "ratio", "bare Falcon (ms)", "its ratio"]
    table = Table("Committing", heads, limit="commit ≤ `haproxy -c` + 20 %")
    for number, size in enumerate(SIZES):
        server, file = servers[size], str(servers[size].configuration)
        with systems.Bare(folder / f"commit{number}", {}, haproxy, file) as bare:
            client, other = server.client(), Client(bare.port)
            check = [haproxy, "-c", "-q", "-f", file]
            samples = []
            for one in range(max(5, effort.calls)):
                alone = timed(lambda: subprocess.run(check, check=True, capture_output=True))  # noqa: B023
                samples.append((alone, commit(client, one), least(other)))
        alone, ours, theirs = (statistics.median(column) for column in zip(*samples, strict=True))
        ratio = statistics.median(told / plain for plain, told, _ in samples)
        reachable = statistics.median(told / plain for plain, _, told in samples)
        cells = [size.name, f"{ours:.1f}", f"{alone:.1f}", f"{ratio:.2f}"]
        table.rows.append(Row([*cells, f"{theirs:.1f}", f"{reachable:.2f}"], ratio <= 1.2))
    return table
