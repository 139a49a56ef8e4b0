"""What is simulated is what real traffic meets, in forty configurations.

In the tests of every day that is HAProxy 2.8; `DATAPLANE_SIMULATED=2.6,3.0,3.2` has others, too.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from dataplane_core.text import Document
from dataplane_core.wiring import make_manager, register_collections
from dataplane_plugins.changes.simulation.expectations import read_requests
from dataplane_plugins.changes.simulation.pool import Pool
from dataplane_plugins.changes.simulation.scratch_text import Subject
from dataplane_plugins.changes.simulation.simulator import Simulator
from tests.changes.simulation.configurations import CASES, Case
from tests.changes.simulation.reality import Met, Place, Servers, placed, running, send, write_files
from tests.harness.fixtures import one_haproxy

VERSIONS = os.environ.get("DATAPLANE_SIMULATED", "2.8").split(",")


class Machine:
    """Servers, files and scratch processes for all cases of a version."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.folder = program, folder
        self.servers = Servers()
        write_files(folder)
        self.registry = register_collections(make_manager())
        self.pool = Pool(lambda: program, self.registry, folder / "haproxy.cfg")
        self.simulator = Simulator(self.pool, self.registry, lambda reference: None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.pool.close()
        self.servers.close()

    def simulated(self, place: Place, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
        document = Document.parse(place.text, self.registry.language)
        requests = read_requests([{"destination": "127.0.0.1", "source": "127.0.0.1", **one} for one in values])
        return self.simulator.results(Subject(document), requests)


@pytest.fixture(scope="module", params=VERSIONS)
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with Machine(one_haproxy(request.param), tmp_path_factory.mktemp("reality")) as made:
        yield made


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_simulated_backend_is_the_one_that_is_reached(machine: Machine, case: Case) -> None:
    place = placed(case, machine.folder, machine.servers)
    values = list(case.requests)
    simulated = machine.simulated(place, values)
    asked = read_requests(values)
    with running(machine.program, place.text, machine.folder):
        reached = [send(one, given, place) for one, given in zip(asked, values, strict=True)]
    addresses = addresses_of(place.text)
    found = [
        (given, wrong, met)
        for given, result, met in zip(values, simulated, reached, strict=True)
        if (wrong := disagreement(result, met, addresses))
    ]
    assert found == []


def addresses_of(text: str) -> dict[str, dict[str, str]]:
    """The servers' names by their addresses, by backend."""
    found: dict[str, dict[str, str]] = {}
    backend = ""
    for line in text.splitlines():
        words = line.split()
        if words[:1] in (["backend"], ["listen"]):
            backend = words[1]
        elif words[:1] == ["server"]:
            found.setdefault(backend, {})[words[2].split(":")[0]] = words[1]
    return found


def disagreement(result: dict[str, Any], met: Met, addresses: dict[str, dict[str, str]]) -> str:
    """In what a simulation and real traffic differ; empty where they agree."""
    outcome = result["outcome"]
    if outcome == "forwarded":
        servers = addresses.get(result["backend"], {})
        name = servers.get(met.server)
        if name is None:
            return f"simulated: backend {result['backend']}"
        if result["server"] is not None and result["server"] != name:
            return f"simulated: server {result['server']}, met {name}"
        return "" if result["server"] or name in result["candidates"] else f"{name} is no candidate"
    if met.server:
        return f"simulated: {outcome}"
    if outcome in ("answered", "no_server"):
        mine = (result["status"], result["location"])
        return "" if mine == (met.status, met.location) else f"simulated: {mine}"
    return "" if met.status == result["status"] else f"simulated: {outcome}"


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 40
    assert sum(len(case.requests) for case in CASES) >= 400
