"""Who can write to the store, and has no key, puts back older records: members go by what they saw."""

import json
from dataclasses import asdict

import pytest

from dataplane_plugins.fleet.members.remembering import Memory
from dataplane_plugins.fleet.records.rollout import PLACE, STRATEGY, Strategy
from dataplane_plugins.fleet.rollouts.leading import Leader
from dataplane_plugins.fleet.rollouts.rollouts import Rollouts
from tests.fleet.test_responders import FLEET, act
from tests.fleet.test_rollouts import begin, have, refusing


def put(node, place, entry):
    """Put a record back, or anything; nothing takes it away."""
    value = getattr(entry, "value", entry)
    node.store.transact([], {} if value is None else {place: value}, [place] if value is None else [])


def all_told(fleet, leader, *nodes):
    for _ in range(4):
        fleet.settled(*nodes)
        leader.step()


@pytest.mark.parametrize("trick", ["older", "removed", "forged"])
def test_a_strategy_that_is_taken_away_counts_all_the_same(fleet, trick):
    a, b = nodes = [fleet.node(name, **fleet.served) for name in "ab"]
    leader = begin(fleet, Strategy(), *nodes)
    older = {"older": a.store.get(STRATEGY), "removed": None, "forged": b"x"}[trick]
    leader._rollouts.set_strategy(Strategy(("1",)))
    newest = a.store.get(STRATEGY)
    fleet.settled(*nodes)
    put(a, STRATEGY, older)
    assert a.server("be1", "new").status_code == 202, "before anybody has looked"
    assert Rollouts(a.member).current()[0].is_staged
    fleet.settled(*nodes)
    assert have(*nodes) == [True, False]
    assert a.store.get(STRATEGY).mark > newest.mark
    assert Rollouts(fleet.fresh(b)).strategy() == Strategy(("1",))
    assert any("in the place of the strategy" in one for one in a.call("GET", FLEET).json["alarms"])


@pytest.mark.parametrize("state", ["paused", "stopped"])
def test_a_roll_out_that_is_put_back_goes_no_further(fleet, state):
    """A pause is not undone, and no wave passes a NACK."""
    b = fleet.node if state == "paused" else lambda name, **more: refusing(fleet, name, **more)
    a, b, c = nodes = [fleet.node("a", **fleet.served), b("b", **fleet.served), fleet.node("c", **fleet.served)]
    leader = begin(fleet, Strategy(("1", "2")), *nodes)
    a.server("be1", "new")
    fleet.settled(*nodes)
    older = a.store.get(PLACE)
    if state == "paused":
        assert act(a, "rollout", "pause").json["state"] == "paused"
    else:
        leader.step()
        older = a.store.get(PLACE)
        all_told(fleet, leader, *nodes)
    fleet.settled(*nodes)
    assert leader._rollouts.current()[0].state == state
    for first in (leader, Leader(c.member)):
        put(a, PLACE, older)
        for _ in range(3):
            first.step()
            fleet.settled(*nodes)
        assert have(*nodes) == [True, False, False]
        assert first._rollouts._read(a.store.get(PLACE).value, PLACE).state == state, "it was written anew"


def test_a_leader_that_has_seen_nothing_believes_what_members_say(fleet):
    """Those that have seen a newer record are away, and it has just come back."""
    a, b, c = nodes = [fleet.node(name, **fleet.served) for name in "abc"]
    leader = begin(fleet, Strategy(("1", "2")), *nodes)
    a.server("be1", "new")
    fleet.settled(*nodes)
    older = a.store.get(PLACE)
    act(a, "rollout", "pause")
    fleet.settled(a, b)
    put(a, PLACE, older)
    Memory(c.services.state).forget(PLACE)
    leader = Leader(c.member)
    for _ in range(3):
        assert leader.step() is False
        c.step()
    assert have(*nodes) == [True, False, False]
    assert c.status.alarm.startswith("a, b said to have seen a newer record")
    assert "`dataplane fleet pause` and `resume`" in c.status.alarm
    assert act(c, "rollout", "pause").status_code == 200
    assert act(c, "rollout", "resume").status_code == 200
    all_told(fleet, leader, *nodes)
    assert have(*nodes) == [True] * 3


def test_a_roll_out_by_an_older_strategy_is_held_by_who_knows_better(fleet):
    """The member that planned it had not seen the strategy when somebody took it away."""
    a, b, c = nodes = [fleet.node(name, **fleet.served) for name in "abc"]
    leader = begin(fleet, Strategy(), *nodes)
    older = a.store.get(STRATEGY)
    leader._rollouts.set_strategy(Strategy(("1", "2")))
    fleet.settled(b, c)
    put(a, STRATEGY, older)
    Memory(a.services.state).forget(STRATEGY)
    assert a.server("be1", "new").status_code == 202
    all_told(fleet, Leader(b.member), b, c)
    assert have(*nodes) == [True, False, False]
    assert "goes by an older strategy" in b.status.reason
    assert Rollouts(b.member).current()[0].state == "stopped"
    assert act(b, "rollout", "resume").status_code == 200
    all_told(fleet, Leader(b.member), *nodes)
    assert have(*nodes) == [True] * 3


def test_what_another_process_of_a_member_has_written_just_now_is_no_alarm(fleet):
    """It has remembered that, and the follower has read the store some moments before."""
    a, b = nodes = [fleet.node(name, **fleet.served) for name in "ab"]
    leader = begin(fleet, Strategy(("1",)), *nodes)
    a.server("be1", "new")
    fleet.settled(*nodes)
    with a.member.store.at_once():
        assert a.member.store.get(PLACE) is not None
        assert act(a, "rollout", "pause").status_code == 200
        Rollouts(fleet.fresh(a)).set_strategy(Strategy(("2",)))
        assert a.member.store.is_at_once
        a.follower.step()
    assert a.status.alarm == ""
    assert leader._rollouts.current()[0].state == "paused"
    assert not leader._rollouts.strategies.bypasses(leader._rollouts.current()[0])


def test_who_is_told_to_take_goes_by_the_store(fleet):
    """A store that was put back is a fact, once somebody has decided so."""
    a, b = nodes = [fleet.node(name, **fleet.served) for name in "ab"]
    leader = begin(fleet, Strategy(), *nodes)
    before, mark = dict(fleet.cluster.entries), fleet.cluster.mark
    leader._rollouts.set_strategy(Strategy(("1",)))
    a.server("be1", "new")
    all_told(fleet, leader, *nodes)
    fleet.cluster.go_back(before, mark)
    fleet.settled(*nodes)
    assert {node.status.state for node in nodes} == {"apart"}
    for node in nodes:
        assert act(a, f"nodes/{node.name}", "take").status_code == 200
    all_told(fleet, leader, *nodes)
    assert {node.status.state for node in nodes} == {"applied"}
    assert have(*nodes) == [False, False]
    assert a.server("be1", "new").status_code == 202
    all_told(fleet, leader, *nodes)
    assert have(*nodes) == [True, True]


def test_a_member_that_has_died_with_a_later_record_is_named(fleet):
    """It has seen a roll-out of which the store has nothing any more, and nobody decides for it."""
    a, b, c = nodes = [fleet.node(name, **fleet.served) for name in "abc"]
    leader = begin(fleet, Strategy(("1", "2")), *nodes)
    a.server("be1", "new")
    fleet.settled(*nodes)
    said = json.dumps({**asdict(b.status), "seen": {PLACE: [9, 9]}}).encode()
    put(a, "status/b", b.member.signer.write(said, "status/b"))
    leader = Leader(c.member)
    for _ in range(3):
        assert leader.step() is False
        a.step()
        c.step()
    assert c.status.alarm.startswith("b said to have seen a newer record")
    assert "`remove NODE`" in c.status.alarm
    fleet.cluster.pass_time(100)
    fleet.settled(a, c)
    assert a.call("DELETE", f"{FLEET}/nodes/b").status_code == 204
    all_told(fleet, leader, a, c)
    assert have(a, c) == [True] * 2
