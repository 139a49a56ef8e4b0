"""Histories: clients of two servers, a person with an editor and a Consul change one haproxy.cfg at once.

Each operation is noted with its times, and then judged (`history_checker`).
"""

import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from dataplane_core.store.head import decode_text
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.texts import TextTable
from dataplane_core.store.journal.versions import VersionTable
from tests.discovery.consul import ConsulDouble
from tests.harness.server import ApiServer
from tests.harness.waiting import until
from tests.torture.history_checker import check
from tests.torture.history_clients import TEXT, Catalog, HistoryClient, Person, servers_of
from tests.torture.history_records import Ledger, Made

CLIENTS = 8
SERVERS = 2
ROUNDS = 20
OPERATIONS = 100
"""Operations of each client in a round by hand; many of them are more than one request."""
_FINDER = "discovery"


@dataclass
class Round:
    """What was done in a round, and what is wrong with it."""

    problems: list[str]
    counts: Counter[str] = field(default_factory=Counter)


def play(folder: Path, seed: int, operations: int) -> Round:
    """Start two servers with one file, let everybody do so many operations, and judge them."""
    configuration = folder / "haproxy.cfg"
    configuration.write_text(TEXT)
    settings = {"dataplane": {"workers": 2, "threads": 8}}
    servers = [ApiServer(configuration, folder / f"server{number}", settings) for number in range(SERVERS)]
    ledger, over = Ledger(), threading.Event()
    with ConsulDouble() as consul:
        consul.set("found", 1001)
        try:
            _with_each(servers, ApiServer.start)
            _follow(servers[0], consul)
            clients = [
                HistoryClient(number, [one.port for one in servers], seed, ledger, operations)
                for number in range(CLIENTS)
            ]
            others = [Person(configuration, seed, ledger, 1_000_000, over), Catalog(consul, seed, ledger, over)]
            for actor in (*clients, *others):
                actor.start()
            for client in clients:
                client.join()
            over.set()
            for other in others:
                other.join()
            _all_found(consul, configuration)
            for server in servers:  # a text by hand may be the last one
                server.client().version()
        finally:
            _with_each(servers, ApiServer.stop)
    made = made_by(*(server.folder / "state" for server in servers))
    text = configuration.read_text()
    problems = [*ledger.odd, *check(ledger.operations, made, servers_of(TEXT), servers_of(text))]
    return Round(problems, counted(ledger, made))


def _with_each(servers: Sequence[ApiServer], action: Callable[[ApiServer], object]) -> None:
    """Do something with all servers at once."""
    with ThreadPoolExecutor(len(servers)) as pool:
        list(pool.map(action, servers))


def _follow(server: ApiServer, consul: ConsulDouble) -> None:
    body = {"address": "127.0.0.1", "port": consul.port, "enabled": True, "retry_timeout": 1}
    answer = server.client().call("POST", "/v2/service_discovery/consul", body)
    assert answer.status == 201, answer.body


def _all_found(consul: ConsulDouble, configuration: Path) -> None:
    """Wait until the file holds what Consul said last."""
    ports = {str(one["Service"]["Port"]) for one in consul.services["found"]}

    def found() -> set[str]:
        lines = (line.split() for line in configuration.read_text().splitlines() if "server SRV_" in line)
        return {words[2].rpartition(":")[2] for words in lines if "disabled" not in words}

    until(lambda: found() == ports, configuration.read_text)


def made_by(*states: Path) -> dict[int, Made]:
    """What the states of stopped servers say of each version; the one that made it says the most."""
    found: dict[int, Made] = {}
    for folder in states:
        state = State(folder)
        try:
            texts = TextTable(state)
            for one in VersionTable(state).latest(limit=1_000_000):
                origin = _FINDER if _FINDER in one.who else one.origin
                data = texts.read(one.version, one.digest)
                kept = None if data is None else servers_of(decode_text(data))
                known = found.get(one.version)
                if known is None or known.origin == "external":
                    found[one.version] = Made(origin, one.digest, kept)
                if known is not None and known.digest != one.digest:
                    found[-one.version] = Made("two texts have one number", one.digest, None)
        finally:
            state.shutdown()
    return found


def counted(ledger: Ledger, made: dict[int, Made]) -> Counter[str]:
    """How much was done, in which way, and how much of it was refused."""
    counts: Counter[str] = Counter(versions=len(made))
    counts["by discovery"] = sum(one.origin == _FINDER for one in made.values())
    for one in ledger.operations:
        counts["operations"] += 1
        counts[f"{one.how}{', refused' if one.status >= 400 else ''}"] += 1
        counts[f"refused: {one.reason}"] += one.status >= 400
    return +counts


def run_all(rounds: int = ROUNDS, operations: int = OPERATIONS) -> int:
    """Play rounds, each with another seed, and print what was done; 1 where one has a problem."""
    counts: Counter[str] = Counter()
    bad = 0
    for seed in range(rounds):
        with tempfile.TemporaryDirectory(prefix="dataplane-history-") as folder:
            played = play(Path(folder), seed, operations)
        counts += played.counts
        bad += bool(played.problems)
        print(f"round {seed}: {played.counts['operations']} operations", *played.problems[:20], sep="\n", flush=True)
    print(f"{rounds} rounds, {bad} bad: " + ", ".join(f"{number} {what}" for what, number in sorted(counts.items())))
    return int(bad > 0)
