"""Clients of three members on three etcds, beside kills, stops and cuts: `python -m tests.fleet.proof` has longer forms."""

from pathlib import Path

import pytest

from tests.fleet.proof.rounds import Proof
from tests.fleet.proof.stores import Etcd
from tests.harness.waiting import until

pytest.importorskip("etcd3gw", reason="etcd3gw is not installed here: the extra `fleet` brings it")
ROUNDS, SECONDS = 20, 0.3


@pytest.mark.server
def test_what_was_acknowledged_is_in_one_order_and_nothing_else_ever_ran(tmp_path: Path) -> None:
    store = Etcd(tmp_path)
    until(store.ready)
    proof = Proof(tmp_path, store, 3, seed=1)
    try:
        assert proof.settled()
        for number in range(ROUNDS):
            assert proof.round(seconds=SECONDS) == [], number
        outcomes = {one.outcome for one in proof.operations}
        assert "done" in outcomes, outcomes
    finally:
        proof.close()
