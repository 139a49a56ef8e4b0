"""What a large fleet answers is bounded, and so is what the store is asked for it."""

import base64
import json
from collections import Counter

import pytest

from dataplane_plugins.fleet.members.reporting import Status, written
from dataplane_plugins.fleet.records.overlay import Overlay
from dataplane_plugins.fleet.records.rollout import Rollout, Strategy
from dataplane_plugins.fleet.records.sealing import NodeKey, Signer
from dataplane_plugins.fleet.rollouts.overlays import Overlays
from dataplane_plugins.fleet.rollouts.rollouts import Rollouts
from tests.fleet.memory_store import MemoryStore
from tests.fleet.support import Fleet
from tests.fleet.test_responders import FLEET

MANY = 300


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A member of a fleet with many others, of each of which there are the records alone."""
    fleet = Fleet(tmp_path)
    node = fleet.node("a", **fleet.served).step(2)
    key, puts = node.member._key, {}
    for number in range(MANY):
        name = f"m{number:03d}"
        own = NodeKey.kept(tmp_path / "member.key")
        facts = {"public": base64.b64encode(own.public).decode(), "group": "edge"}
        puts[f"members/{name}"] = key.seal(json.dumps(facts).encode(), f"members/{name}")
        status = written(Status("refused", 1, 1, 2, "x" * 500, group="edge"))
        signer = Signer(key, name, own, lambda one: b"")
        puts[f"status/{name}"] = signer.write(status, f"status/{name}")
        puts[f"alive/{name}"] = b""
    for place, value in puts.items():
        node.store.transact([], {place: value})
    node.asked = Counter()
    for method in ("get", "list", "transact", "wait"):
        counted(monkeypatch, node.asked, method)
    return node


def counted(monkeypatch, asked, method):
    former = getattr(MemoryStore, method)

    def count(store, *given, **more):
        asked[method] += 1
        return former(store, *given, **more)

    monkeypatch.setattr(MemoryStore, method, count)


def test_members_are_shown_in_pages(large):
    whole = large.call("GET", FLEET).json
    assert len(whole["nodes"]) == MANY + 1
    assert len(whole["alarms"]) == 101
    assert whole["alarms"][-1] == f"{MANY - 100} more are not told here"
    page = large.call("GET", FLEET, limit=100).json
    assert (len(page["nodes"]), page["left_out"]) == (100, MANY - 99)
    names, after = [], ""
    while found := large.call("GET", f"{FLEET}/nodes", limit=90, **({"after": after} if after else {})).json:
        names += [one["name"] for one in found]
        after = names[-1]
    assert names == ["a", *(f"m{number:03d}" for number in range(MANY))]
    for path in ("", "/nodes", "/traffic", "/overlays", "/rollouts"):
        for limit in (0, 1001):
            assert large.call("GET", FLEET + path, limit=limit).status_code == 400


@pytest.mark.parametrize(("path", "most"), [("", 8), ("/nodes", 4), ("/nodes/m007", 4)])
def test_the_store_is_asked_a_few_times_however_many_members_there_are(large, path, most):
    large.call("GET", FLEET + path)
    large.asked.clear()
    assert large.call("GET", FLEET + path).status_code == 200
    assert large.asked.total() <= most, large.asked


def test_a_process_that_begins_reads_the_keys_of_members_at_once(large):
    large.asked.clear()
    large.call("GET", FLEET)
    assert large.asked.total() <= 12, large.asked


def test_roll_outs_are_read_many_at_a_time(large):
    rollouts = Rollouts(large.member)
    for number in range(1, 261):
        place = f"rollouts/{number:012d}"
        large.store.transact([], {place: rollouts.values(Rollout(number, number, number - 1, Strategy()))[place]})
    large.store.transact([], {"rollouts/000000000255": b"x"})
    large.asked.clear()
    found = [one.number for one in rollouts.pasts(258, 15)]
    assert found == [258, 257, 256, *range(254, 243, -1)]
    assert large.asked == {"list": 2}
    large.asked.clear()
    assert [one.number for one in rollouts.pasts(260, 1000)] == [one for one in range(260, 0, -1) if one != 255]
    assert large.asked == {"list": 3}


def test_overlays_are_shown_in_pages(large):
    overlays = Overlays(large.member)
    text = large.member.revisions.newest().text
    for number in range(5):
        large.store.transact(*overlays.written(Overlay("node", f"m{number:03d}", text, text, number=1)))
    large.store.transact([], {"control/overlays/node/z": b"x" * 100})
    pages = [large.call("GET", f"{FLEET}/overlays", limit=3, after=after).json for after in ("group/", "node/m002")]
    assert [[one["name"] for one in page] for page in pages] == [["m000", "m001", "m002"], ["m003", "m004"]]


def test_what_is_too_large_to_be_a_members_is_not_opened(large, monkeypatch):
    opened = []
    former = type(large.member._key).open

    def noting(key, sealed, place):
        opened.append(len(sealed))
        return former(key, sealed, place)

    monkeypatch.setattr(type(large.member._key), "open", noting)
    places = ("status/m001", "status/stranger", "members/m002", "control/rollout", "control/jobs/x", "control/orders/a")
    with large.store.cluster.changed:  # no matter what one transaction may have
        large.store.cluster.write({large.store.name(place): b"x" * (1 << 20) for place in places}, [])
    found = large.call("GET", f"{FLEET}/nodes").json
    assert len(found) == MANY, "one is no member any more"
    assert "state" not in next(one for one in found if one["name"] == "m001")
    large.step(2)
    assert large.status.state == "applied"
    assert max(opened) < 1 << 19
