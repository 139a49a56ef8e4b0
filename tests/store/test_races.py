"""Several processes at once: nothing that was acknowledged is lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.waiting import PATIENCE
from tests.store.support import TEXT

ACTOR = Path(__file__).with_name("actor.py")
PROCESSES = 4


def run(bench, arguments):
    """One actor for each list of arguments, at once; the names of the servers that each added."""
    command = [sys.executable, str(ACTOR), str(bench.directory), "race"]
    actors = [
        subprocess.Popen([*command, *line], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in arguments
    ]
    added = []
    for actor in actors:
        out, err = actor.communicate(timeout=2 * PATIENCE)
        assert actor.returncode == 0, err.decode()
        lines = [json.loads(line) for line in out.splitlines()]
        added.append([line["added"] for line in lines if "added" in line])
    return added


def servers(bench):
    words = [line.split() for line in bench.text.splitlines()]
    return [word[1] for word in words if word[:1] == ["server"] and "-" in word[1]]


@pytest.mark.parametrize("states", [["state"], ["one", "two"]], ids=["one server", "two servers"])
@pytest.mark.parametrize("backends", [["be1"], ["be1", "be2"]], ids=["same", "disjoint"])
def test_every_acknowledged_change_is_there_once_and_has_a_version_of_its_own(
    bench, states, backends
):
    added = run(
        bench,
        [
            [f"p{number}", states[number % len(states)], backends[number % len(backends)]]
            for number in range(PROCESSES)
        ],
    )
    everything = [name for names in added for name in names]
    assert len(everything) == PROCESSES * 12
    assert sorted(servers(bench)) == sorted(everything)
    config = bench.store(states[0])
    assert config.version() == 1 + len(everything)
    for names in added:
        mine = [name for name in servers(bench) if name in names]
        assert mine == names
    kept = [line for line in bench.text.splitlines() if "-" not in line and "_version" not in line]
    assert kept == TEXT.splitlines()
    assert bench.litter() == []


def test_edits_of_one_transaction_by_several_workers_are_all_in_it(bench):
    config = bench.store()
    identifier = config.transactions.begin(1).id
    added = run(bench, [[f"p{n}", "state", "be1", identifier] for n in range(PROCESSES)])
    config.transactions.commit(identifier)
    assert sorted(servers(bench)) == sorted(name for names in added for name in names)
    assert config.version() == 2
