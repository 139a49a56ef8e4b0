"""Records that a stranger has overwritten, put back or removed are put right, and that is told."""

import pytest

from dataplane_plugins.fleet.members.remembering import Memory
from dataplane_plugins.fleet.records.revisions import HEAD
from dataplane_plugins.fleet.records.rollout import PLACE, STRATEGY
from dataplane_plugins.fleet.rollouts.leading import Leader
from dataplane_plugins.fleet.rollouts.overlays import Overlays
from dataplane_plugins.fleet.rollouts.rollouts import Rollouts
from tests.fleet.test_overlays import OVERLAYS, replace_server
from tests.fleet.test_responders import FLEET
from tests.fleet.test_responders import STRATEGY as WAVES

OVERLAY = "control/overlays/node/b"
PLACES = {"head": HEAD, "strategy": STRATEGY, "rollout": PLACE, "overlay": OVERLAY}
TRICKS = ("garbled", "put back", "removed")
SURE = [(kind, trick) for kind in PLACES for trick in TRICKS if (kind, trick) != ("head", "removed")]
"""A head that is missing may be that of an emptied store, of which a person decides."""


@pytest.fixture
def pair(fleet):
    """Two members that have all kinds of records, each with an older one before it."""
    a, b = nodes = [fleet.node(name, **fleet.served) for name in "ab"]
    fleet.settled(*nodes)
    fleet.older = {}
    for number in (1, 2):
        fleet.older = {kind: a.store.get(place) for kind, place in PLACES.items()}
        assert a.call("PUT", f"{FLEET}/strategy", {**WAVES, "waves": [f"{number}"], "pause": 0}).status_code == 200
        query = replace_server(b, "be2", "s1", address=f"192.0.2.7{number}")
        assert b.call("PUT", f"{OVERLAYS}/node/b", **query).status_code == 200
        fleet.settled(*nodes)
        assert a.server("be1", f"new{number}").status_code == 202
        leader = Leader(a.member)
        for _ in range(4):
            fleet.settled(*nodes)
            leader.step()
    assert [node.status.state for node in nodes] == ["applied"] * 2
    fleet.newest = a.member.revisions.newest().number
    return nodes


def spoil(fleet, node, kind, trick):
    value = {"garbled": b"x" * 50, "put back": fleet.older[kind].value, "removed": None}[trick]
    place = PLACES[kind]
    node.store.transact([], {} if value is None else {place: value}, [place] if value is None else [])


@pytest.mark.parametrize(("kind", "trick"), SURE)
def test_members_put_right_what_they_are_sure_of(fleet, pair, kind, trick):
    a, b = pair
    texts = [node.file.read_text() for node in pair]
    spoil(fleet, a, kind, trick)
    fleet.settled(b, a)
    assert [node.file.read_text() for node in pair] == texts
    assert b.status.state == "applied"
    assert b.status.alarm
    assert any(one.startswith("b: ") for one in a.call("GET", FLEET).json["alarms"])
    assert a.call("POST", f"{FLEET}/mend").json == [], "nothing is left to do"
    fresh = fleet.fresh(b)
    assert fresh.revisions.newest().number == b.member.revisions.newest().number == fleet.newest
    assert Rollouts(fresh).strategy().waves == ("2",)
    assert Rollouts(fresh).current()[0].number == fleet.newest
    assert Overlays(fresh).last("node", "b").number == 2
    assert a.server("be1", "next").status_code == 202


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("kind", PLACES)
def test_one_command_puts_it_right(fleet, pair, kind, trick):
    a, b = pair
    spoil(fleet, a, kind, trick)
    mark = fleet.cluster.mark
    assert b.call("POST", f"{FLEET}/mend", dry_run=True).status_code == 200
    assert fleet.cluster.mark == mark
    [done] = b.call("POST", f"{FLEET}/mend").json
    assert (done["record"], done["is_right"]) == (PLACES[kind], True)
    assert done["text"]
    fleet.settled(a, b)
    assert [node.status.state for node in pair] == ["applied"] * 2
    assert a.server("be1", "next").status_code == 202


def test_what_nobody_here_has_seen_is_told(fleet, pair):
    a, b = pair
    for kind in ("strategy", "overlay"):
        spoil(fleet, a, kind, "garbled")
    Memory(a.services.state).forget(STRATEGY)
    done = {one["record"]: one for one in a.call("POST", f"{FLEET}/mend").json}
    assert {one["is_right"] for one in done.values()} == {False}
    assert set(done) == {STRATEGY, OVERLAY}
    assert "mend on another member" in done[STRATEGY]["text"]
    assert {one["is_right"] for one in b.call("POST", f"{FLEET}/mend").json} == {True}
    assert a.call("POST", f"{FLEET}/mend").json == []


def test_no_member_goes_back_by_itself(fleet, pair):
    """The newest revision is gone from the store altogether: who has it is asked."""
    a, b = pair
    a.store.transact([], {HEAD: b"x"}, [f"revisions/{fleet.newest:012d}"])
    fresh = fleet.node("c", **fleet.served)
    for node in (b, a):
        answer = node.server("be1", "next")
        assert answer.status_code == 503
    assert b.call("POST", f"{FLEET}/mend").json[0]["is_right"] is False
    done = fresh.call("POST", f"{FLEET}/mend").json
    assert (done[0]["record"], done[0]["is_right"]) == (HEAD, True)
    fleet.settled(a, b)
    assert {node.status.state for node in pair} == {"apart"}
    a.call("POST", f"{FLEET}/nodes/a", {"action": "offer"})
    fleet.settled(a, b, fresh)
    assert [node.status.state for node in (a, b, fresh)] == ["applied"] * 3
    assert "new2" in fresh.file.read_text()


def test_orders_that_are_none_stop_nobody(fleet, pair):
    a, b = pair
    a.store.transact([], {"control/orders/b": b"x"})
    a.server("be1", "next")
    b.step(2)
    assert a.store.get("control/orders/b") is None
    assert b.status.state in ("applied", "held")


def test_a_head_of_another_member_is_believed_as_far_as_it_is_kept(fleet, pair):
    """Members do not speak for others: a head that one has signed anew is a revision that is kept."""
    a, b = pair
    head = a.member.revisions.newest()
    place = f"revisions/{fleet.newest:012d}"
    kept = a.member.signer.read(a.store.get(place).value, place)[1]
    for body, is_believed in ((kept, True), (kept.replace(b'"version": ', b'"version": 1'), False)):
        a.store.transact([], {HEAD: b.member.signer.write(body, HEAD)})
        if is_believed:
            assert a.member.revisions.newest().digest == head.digest
        else:
            with pytest.raises(Exception, match="another revision"):
                a.member.revisions.newest()


@pytest.mark.parametrize("trick", ["garbled", "removed"])
def test_one_command_puts_contents_anew(fleet, pair, trick):
    a, b = pair
    a.file.with_name("maps").joinpath("hosts.map").write_text("one two\n")
    fleet.settled(*pair)
    pieces = [one.key for one in a.store.list("chunks/").entries]
    for one in pieces:
        a.store.transact([], {one: b"x"} if trick == "garbled" else {}, [] if trick == "garbled" else [one])
    answer = next(node for node in pair if node.member.revisions.newest().text == node.member.revisions.chunks.address(node.text.encode()))
    [done] = answer.call("POST", f"{FLEET}/mend").json
    assert (done["record"], done["is_right"]) == ("chunks/", True)
    fresh = fleet.fresh(b).revisions
    newest = fresh.newest()
    assert fresh.text(newest) == answer.text
    assert [fresh.chunks.get(one) for one in fresh.files(newest.files).values()] == [b"one two\n"]
    assert [one for one in answer.call("POST", f"{FLEET}/mend").json if one["record"] == "chunks/"] == []
