"""What the double of a store has besides what every store does: a clock, faults, an older backup."""

import pytest

from dataplane_plugins.fleet.stores import StoreRefused, StoreUnreachable, Undecided
from tests.fleet.memory_store import MemoryCluster, MemoryStore


def test_time_can_be_passed():
    store = MemoryStore()
    hold = store.hold("leader", b"", 10)
    for _ in range(3):
        store.cluster.pass_time(9)
        assert hold.renew()
    store.cluster.pass_time(11)
    assert store.get("leader") is None and not hold.renew()


def test_faults_can_be_had():
    cluster = MemoryCluster()
    store, other = MemoryStore(cluster), MemoryStore(cluster)
    cluster.lost_answers = 1
    with pytest.raises(Undecided):
        store.transact([], {"a": b"1"})
    cluster.lost_requests = 1
    with pytest.raises(Undecided):
        store.transact([], {"a": b"2"})
    assert other.get("a").value == b"1"
    cluster.refusal = "no space"
    with pytest.raises(StoreRefused, match="no space"):
        store.transact([], {"a": b"2"})
    store.is_cut_off = True
    with pytest.raises(StoreUnreachable):
        store.get("a")
    assert other.get("a") is not None


def test_history_can_be_lost():
    store = MemoryStore()
    store.transact([], {"a": b"1"})
    kept, mark = dict(store.cluster.entries), store.cluster.mark
    store.transact([], {"a": b"2"})
    store.cluster.compact()
    assert store.wait("b", mark, 60) > mark
    newest = store.list("").mark
    store.cluster.go_back(kept, mark)
    assert store.wait("b", newest, 60) == mark and store.get("a").value == b"1"
