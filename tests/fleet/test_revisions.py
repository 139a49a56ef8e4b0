"""The revisions of a fleet: one after another, each by one member, and none that a stranger made."""

from dataclasses import replace

import pytest

from dataplane_plugins.fleet.records.chunks import Chunks
from dataplane_plugins.fleet.records.revisions import (
    HEAD,
    Revision,
    Revisions,
    changed_files,
    descends,
)
from dataplane_plugins.fleet.records.sealing import FleetKey, Forged, NodeKey, Signer
from tests.fleet.memory_store import MemoryCluster, MemoryStore

FIRST = Revision(1, 1, "", "0a", "0b", "one", 5.0, {"name": "ann"})


@pytest.fixture
def cluster() -> MemoryCluster:
    return MemoryCluster()


@pytest.fixture
def revisions(tmp_path, cluster):
    keys = {name: NodeKey.kept(tmp_path / name) for name in ("one", "two")}
    made = []
    for name, own in keys.items():
        key, store = FleetKey(bytes(32), "shop"), MemoryStore(cluster)
        signer = Signer(key, name, own, lambda name: keys[name].public)
        made.append(Revisions(store, signer, Chunks(store, key)))
    return made


def test_what_one_adds_others_read(revisions):
    one, two = revisions
    assert two.newest() is None
    assert one.add(FIRST, None)
    found = two.newest()
    assert found.origin
    assert replace(found, digest="", origin="", mark=0) == FIRST
    assert replace(two.get(1), mark=0) == replace(found, mark=0)
    assert two.get(2) is None


def test_of_two_that_follow_on_one_the_second_is_refused(revisions):
    one, two = revisions
    one.add(FIRST, None)
    assert two.add(replace(FIRST, node="two"), None) is None
    head = one.newest()
    assert one.add(replace(FIRST, number=2), head)
    assert two.add(replace(FIRST, number=2, node="two"), head) is None
    assert two.newest().node == "one"


def test_no_record_stands_in_for_another(revisions, cluster):
    one, two = revisions
    one.add(FIRST, None)
    former = cluster.entries[f"fleet/{HEAD}"].value
    one.add(replace(FIRST, number=2), one.newest())
    MemoryStore(cluster).transact([], {"revisions/000000000002": former})
    with pytest.raises(Forged):
        two.get(2)
    MemoryStore(cluster).transact([], {HEAD: cluster.entries["fleet/revisions/000000000001"].value})
    with pytest.raises(Forged):
        two.newest()


def test_nobody_makes_a_revision_of_another_member(revisions):
    one, two = revisions
    one.add(replace(FIRST, node="two"), None)
    with pytest.raises(Forged, match="another revision"):
        two.newest()


def test_what_follows_on_a_revision_is_told_from_what_does_not(revisions):
    one, _ = revisions
    one.add(FIRST, None)
    for number in range(2, 6):
        one.add(replace(FIRST, number=number), one.newest())
    newest, second = one.newest(), one.get(2)
    assert descends(one, newest, second) is True
    assert descends(one, newest, newest) is True
    assert descends(one, newest, replace(second, digest="other")) is False
    assert descends(one, second, newest) is False
    one._store.transact([], {}, ["revisions/000000000004"])
    assert descends(one, newest, second) is None


def test_files_are_a_list_of_their_own(revisions):
    one, two = revisions
    files = {"maps/a b.map": "0x", "general/ä": "1y"}
    address = one.put_files(files)
    assert two.files(address) == files
    assert two.files_address(dict(reversed(files.items()))) == address
    assert (two.files(""), two.files(one.put_files({}))) == ({}, {})
    assert changed_files(files, {"maps/a b.map": "0z", "new": "1"}) == ["general/ä", "maps/a b.map", "new"]
