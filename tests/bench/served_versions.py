"""What the versions of the interface cost beside version 2: start, memory, and the same GETs through each."""

import json
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from dataplane_core.app import VERSIONS, create_app
from dataplane_core.settings import load
from tests.bench import systems, walk
from tests.bench.files import SMALL, Size, configuration
from tests.bench.load import CONNECTIONS, by_own_client
from tests.bench.reading import Sample, sample
from tests.bench.run import Run
from tests.bench.tables import Effort, Row, Table, in_turn, quartiles, timed
from tests.harness.addresses import Address, address
from tests.harness.server import ApiServer, Client, free_port, merged, quiet_settings

WITHIN = 1.15
"""How much more than version 2 alone all versions may take, and how much more a GET through another."""

SIZE = Size("1 000 servers in one backend", 1_000, 1)
FIRST = "v2"
OTHERS = [one.name for one in VERSIONS if one.name != FIRST]
OBJECTS = {
    "one server": ("servers/s0", {"backend": "be0"}),
    "1000 servers": ("servers", {"backend": "be0"}),
    "one backend": ("backends/be0", {}),
}


def at(version: str, what: str) -> Address:
    """Where an object is in a version, from its prefix on."""
    path, query = OBJECTS[what]
    found = address(version, path, query)
    return Address(f"/{version}{found.path}", found.query)


def started(folder: Path, haproxy: str, versions: list[str]) -> tuple[float, float]:
    """Seconds to the first answer, and MiB when idle, of a server of these versions."""
    server = systems.ours(SMALL, folder, haproxy, {"dataplane": {"api_versions": versions}})
    try:
        seconds = timed(server.start) / 1000
        time.sleep(1)
        assert server.process is not None
        return seconds, systems.memory(server.process.pid)
    finally:
        server.stop()


def start_in_pairs(effort: Effort, folder: Path, haproxy: str) -> Table:
    """Servers of all versions against servers of version 2 alone, in turn."""
    heads = [
        "versions",
        "first 200 after start (s)",
        "of v2 alone",
        "memory when idle (MiB)",
        "of v2 alone",
    ]
    table = Table("Versions: start and memory", heads, limit=f"both ≤ {WITHIN} times v2 alone")
    served = {"all": [FIRST, *OTHERS], "v2 alone": [FIRST]}
    rounds = []
    for number in range(max(2, effort.rounds)):
        order = list(served) if number % 2 else list(served)[::-1]
        rounds.append(
            {name: started(folder / f"{number} {name}", haproxy, served[name]) for name in order}
        )
    for name in served:
        seconds, memory = (statistics.median(one[name][kind] for one in rounds) for kind in (0, 1))
        ratios = [
            statistics.median(one[name][kind] / one["v2 alone"][kind] for one in rounds)
            for kind in (0, 1)
        ]
        cells = [name, f"{seconds:.2f}", f"{ratios[0]:.2f}", f"{memory:.0f}", f"{ratios[1]:.2f}"]
        table.rows.append(Row(cells, max(ratios) <= WITHIN if name == "all" else None))
    return table


def first_requests(effort: Effort, folder: Path, haproxy: str) -> Table:
    """The first GET through each version, which makes what requests to it need, and the second."""
    table = Table("Versions: first request", ["version", "first GET (ms)", "second GET (ms)"])
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in (FIRST, *OTHERS)}
    for number in range(max(2, effort.rounds // 2)):
        settings = {"dataplane": {"workers": 1}}
        with systems.ours(SMALL, folder / f"{number}", haproxy, settings) as server:
            client = server.client()
            for name, samples in spent.items():
                path = whole(at(name, "one server"))
                samples.append((get(client, path), get(client, path)))
            client.connection.close()
    for name, samples in spent.items():
        first, second = (statistics.median(column) for column in zip(*samples, strict=True))
        table.rows.append(Row([name, f"{first:.1f}", f"{second:.1f}"]))
    return table


def get(client: Client, path: str) -> float:
    """Milliseconds of a GET."""

    def ask() -> None:
        answer = client.call("GET", path)
        assert answer.status == 200, answer.body

    return timed(ask)


def reads_in_pairs(effort: Effort, folder: Path, haproxy: str) -> Table:
    """The same GETs through each version against version 2: over HTTP, and in one process."""
    heads = ["GET", "version", "requests/s", "of v2", "by cost", "CPU of a first GET (ms)", "of v2"]
    table = Table("Versions: reading", heads, limit=f"costs ≤ {WITHIN} times those of v2")
    with (
        systems.ours(SIZE, folder / "served", haproxy) as server,
        walker(folder / "walked") as walking,
    ):
        for what in OBJECTS:
            for name in OTHERS:
                over = over_http(effort, server, what, name)
                own, ratios = in_process(effort, walking, what, name)
                cells = [
                    what,
                    name,
                    *(f"{one:.2f}" for one in over),
                    f"{own:.2f}",
                    quartiles(ratios),
                ]
                cells[2] = f"{over[0]:.0f}"
                holds = max(over[2], statistics.median(ratios)) <= WITHIN
                table.rows.append(Row(cells, holds))
    return table


def over_http(
    effort: Effort, server: ApiServer, what: str, version: str
) -> tuple[float, float, float]:
    """Requests a second, their ratio to version 2's, and the ratio of processor time for each."""
    place = systems.at(server.port, server.process)

    def asked(name: str) -> Sample:
        rest = (whole(at(name, what)), systems.PLAIN, CONNECTIONS, effort.seconds)
        return sample(place, partial(by_own_client, server.port, *rest))

    pairs = in_turn(effort.rounds, partial(asked, version), partial(asked, FIRST))
    return (
        statistics.median(one.rate for one, _ in pairs),
        statistics.median(one.rate / other.rate for one, other in pairs),
        statistics.median(one.cost / other.cost for one, other in pairs),
    )


def in_process(
    effort: Effort, walking: walk.Walker, what: str, version: str
) -> tuple[float, list[float]]:
    """Processor milliseconds of a GET of what has just been changed, and ratios to version 2's."""

    def spent(name: str) -> float:
        place = at(name, what)
        walk.change_elsewhere(walking)
        walking.measured("GET", place.path, **place.query)
        return float(walking.result["cpu"])

    walking.measure = "time"
    pairs = []
    for number in range(max(5, effort.calls) + 1):
        order = [version, FIRST] if number % 2 else [FIRST, version]
        pairs.append({name: spent(name) for name in order})
    del pairs[0]  # the first makes what later ones find
    return (
        statistics.median(one[version] for one in pairs),
        [one[version] / one[FIRST] for one in pairs],
    )


def whole(place: Address) -> str:
    """A path with its query."""
    return f"{place.path}?{urlencode(place.query)}" if place.query else place.path


@contextmanager
def walker(folder: Path) -> Iterator[walk.Walker]:
    """The application in this process, on a configuration of `SIZE`."""
    file, settings = folder / "haproxy.cfg", folder / "settings.yaml"
    folder.mkdir(parents=True)
    file.write_text(configuration(SIZE, free_port()), "utf-8")
    name, password = systems.PLAIN.split(":")
    users = [{"name": name, "password": password, "insecure": True}]
    own = {"dataplaneapi": {"user": users}, "haproxy": {"reload": {"reload_delay": 3600}}}
    tree = merged(quiet_settings(file, folder, free_port()), own)
    settings.write_text(json.dumps(tree), "utf-8")  # JSON is YAML
    application = create_app(load(["-f", str(settings)], os.environ))
    with application.services.state.shut_on_failure():
        yield walk.Walker(application, folder)


def versions(run: Run) -> list[Table]:
    """All tables of the versions."""
    return [
        start_in_pairs(run.effort, run.new_folder(), run.haproxy),
        first_requests(run.effort, run.new_folder(), run.haproxy),
        reads_in_pairs(run.effort, run.new_folder(), run.haproxy),
    ]
