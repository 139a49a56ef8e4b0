"""Clients of three members on three of a store, beside kills, stops and cuts: `python -m tests.fleet.proof` has longer forms."""

import time
from pathlib import Path

import pytest

from tests.fleet.proof.networks import CUTS, no_namespaces
from tests.fleet.proof.rounds import Proof
from tests.fleet.proof.stores import STORES
from tests.harness.waiting import until
from tests.torture import clocks

SECONDS = 0.3
YEAR = 365 * 86400
LIBRARIES = {"etcd": "etcd3gw", "consul": "consul"}


@pytest.mark.server
@pytest.mark.parametrize(
    ("kind", "cut", "jumps", "rounds"),
    [("etcd", "proxies", False, 14), ("etcd", "namespaces", True, 6), ("consul", "namespaces", True, 3)],
)
def test_what_was_acknowledged_is_in_one_order_and_nothing_else_ever_ran(
    tmp_path: Path, kind: str, cut: str, jumps: bool, rounds: int
) -> None:
    pytest.importorskip(LIBRARIES[kind], reason="the library is not installed here: the extra `fleet` brings it")
    reason = no_namespaces() if cut == "namespaces" else ""
    if reason or (jumps and clocks.missing()):
        pytest.skip(reason or clocks.missing())
    network = CUTS[cut]()
    try:
        store = STORES[kind](tmp_path, network=network)
    except BaseException:
        network.close()
        raise
    closing = store
    try:
        until(store.ready)
        proof = closing = Proof(tmp_path, store, 3, seed=1, set_clock=str(clocks.library(tmp_path)) if jumps else "")
        assert proof.settled()
        for number in range(rounds):
            assert proof.round(seconds=SECONDS) == [], number
        outcomes = {one.outcome for one in proof.operations}
        assert "done" in outcomes, outcomes
        if jumps:
            proof.members[0].set_clock(10 * YEAR)
            assert proof.members[0].ask("clock")["time"] > time.time() + 9 * YEAR, "its clock can be set"
    finally:
        closing.close()
