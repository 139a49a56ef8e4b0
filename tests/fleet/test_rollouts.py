"""Roll-outs in waves: who has a revision when, and what follows where a member refuses it."""

import json
from typing import Any

import pytest

from dataplane_plugins.fleet.records.rollout import Strategy
from dataplane_plugins.fleet.rollouts.leading import Leader
from tests.changes.support import V3
from tests.fleet.support import Fleet, Node, begin, have


def refusing(fleet: Fleet, name: str, **settings: Any) -> Node:
    """A member whose HAProxy does not know servers called `new`."""
    script = fleet.folder / f"check-{name}"
    script.write_text('#!/bin/sh\n! grep -q "server new" "$DATAPLANEAPI_TRANSACTION_FILE"\n')
    script.chmod(0o755)
    return fleet.node(name, haproxy__reload__validate_cmd=str(script), **settings)


def test_a_wave_begins_when_the_one_before_has_it(fleet):
    a, b, c, d = nodes = [fleet.node(name) for name in "abcd"]
    leader = begin(fleet, Strategy(("1", "50%")), *nodes)
    assert a.server("be1", "new").status_code == 202
    fleet.settled(*nodes)
    assert have(*nodes) == [True, False, False, False]
    assert [node.status.state for node in nodes] == ["applied", "held", "held", "held"]
    leader.step()
    fleet.settled(*nodes)
    assert have(*nodes) == [True, True, False, False]
    leader.step()
    fleet.settled(*nodes)
    assert have(*nodes) == [True] * 4
    assert leader.step() is False
    rollout, _ = leader._rollouts.current()
    assert (rollout.state, len(rollout.waves)) == ("done", 3)


def test_nobody_changes_anything_while_members_wait(fleet):
    a, b, c = nodes = [fleet.node(name) for name in "abc"]
    leader = begin(fleet, Strategy(("1",)), *nodes)
    a.server("be1", "new")
    fleet.settled(*nodes)
    for node in nodes:
        answer = node.server("be2", "more")
        assert answer.status_code == 409, node.name
    assert "being rolled out, wave 1 of 2" in a.server("be2", "more").json["message"]
    while leader.step():
        fleet.settled(*nodes)
    assert b.server("be2", "more").status_code == 202


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("on_failure", ["stop", "rollback", "continue"])
def test_a_member_that_refuses(fleet, place, on_failure):
    """In each place of the waves, the first included: what stands then is as the strategy says."""
    nodes = [refusing(fleet, name) if n == place else fleet.node(name) for n, name in enumerate("abcd")]
    leader = begin(fleet, Strategy(("1", "2"), on_failure=on_failure), *nodes)
    answer = nodes[0].server("be1", "new")
    if place == 0:
        assert answer.status_code == 400
        assert have(*nodes) == [False] * 4
        return
    for _ in range(6):
        fleet.settled(*nodes)
        leader.step()
    fleet.settled(*nodes)
    wave = {1: 1, 2: 2, 3: 2}[place]
    waves = [1, 2, 4]
    expected = {
        "stop": [n < waves[wave] and n != place for n in range(4)],
        "rollback": [False] * 4,
        "continue": [n != place for n in range(4)],
    }[on_failure]
    assert have(*nodes) == expected
    rollout = leader._rollouts.past(2)
    states = {"stop": "stopped", "rollback": "rolled_back", "continue": "done"}
    assert rollout.state == states[on_failure]
    assert any(f"{nodes[place].name}: " in said for _, said in rollout.log)
    if on_failure == "rollback":
        assert len({node.file.read_text() for node in nodes}) == 1
        assert {node.status.state for node in nodes} == {"applied"}


def test_another_leader_goes_on(fleet):
    a, b, c = nodes = [fleet.node(name) for name in "abc"]
    begin(fleet, Strategy(("1", "2")), *nodes)
    a.server("be1", "new")
    for node in (a, b, c, b, a):
        Leader(node.member).step()
        fleet.settled(*nodes)
    assert have(*nodes) == [True] * 3
    assert Leader(b.member)._rollouts.past(2).state == "done"


def test_without_waves_a_change_is_everybodys_at_once(fleet):
    a, b = nodes = [fleet.node(name) for name in "ab"]
    begin(fleet, Strategy(), *nodes)
    a.server("be1", "new")
    b.step()
    assert have(a, b) == [True, True]


def test_a_stopped_roll_out_is_mended_by_the_next_change(fleet):
    a, b, c = nodes = [fleet.node("a"), refusing(fleet, "b"), fleet.node("c")]
    leader = begin(fleet, Strategy(("1",)), *nodes)
    a.server("be1", "new")
    for _ in range(3):
        fleet.settled(*nodes)
        leader.step()
    assert have(*nodes) == [True, False, True]
    answer = a.call("DELETE", f"{V3}/backends/be1/servers/new", version=a.version)
    assert answer.status_code in (202, 204), answer.text
    for _ in range(3):
        fleet.settled(*nodes)
        leader.step()
    assert len({node.file.read_text() for node in nodes}) == 1
    assert [node.status.state for node in nodes] == ["applied"] * 3
    assert json.loads(b.services.state.value("fleet"))["refused"] == 0


def stopped(fleet: Fleet, **settings: Any) -> tuple[Leader, Node, Node, Node]:
    """A roll-out that `b` has refused, so that `c` waits for its wave."""
    nodes = [fleet.node("a"), refusing(fleet, "b"), fleet.node("c")]
    leader = begin(fleet, Strategy(("1", "2"), **settings), *nodes)
    nodes[0].server("be1", "new")
    for _ in range(3):
        fleet.settled(*nodes)
        leader.step()
    assert leader._rollouts.current()[0].state == "stopped"
    return leader, *nodes


def test_what_some_have_refused_is_never_what_a_roll_back_puts_back(fleet):
    leader, a, b, c = stopped(fleet)
    leader._rollouts.set_strategy(Strategy(("1", "2"), on_failure="rollback"))
    assert a.server("be2", "more").status_code == 202
    for _ in range(4):
        fleet.settled(a, b, c)
        leader.step()
    fleet.settled(a, b, c)
    assert leader._rollouts.past(3).state == "rolled_back"
    assert have(a, b, c) == [False] * 3
    assert len({node.file.read_text() for node in (a, b, c)}) == 1


def test_a_file_that_another_member_changes_brings_no_stopped_version_to_it(fleet):
    _, a, b, c = stopped(fleet)
    body = '--x\r\nContent-Disposition: form-data; name="file_upload"; filename="a.map"\r\n\r\na 1\n\r\n--x--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = c.call("POST", "/v3/services/haproxy/storage/maps", raw=body.encode(), headers=kind)
    assert answer.status_code == 409, answer.text
    assert "has not come to this member" in answer.json["message"]
    fleet.settled(a, b, c)
    assert have(a, b, c) == [True, False, False]


def test_a_version_with_a_higher_number_passes_no_wave(fleet):
    """The member that has it was edited by hand and back: its text is the same, its number is not."""
    _, a, b, c = stopped(fleet)
    text = a.file.read_text()
    for one in (text.replace("192.0.2.3", "192.0.2.4"), text):
        a.file.write_text(one)
        assert a.call("GET", f"{V3}/version").status_code == 200
    fleet.settled(a, b, c)
    assert have(a, b, c) == [True, False, False]
    assert a.status.state == "applied"
    assert a.version > 2


@pytest.mark.parametrize("history", ["kept", "removed"])
@pytest.mark.parametrize("trick", ["older", "removed", "forged"])
def test_members_wait_where_somebody_has_removed_the_roll_out(fleet, trick, history):
    """What is kept of each roll-out puts the present one right; without it, they say so."""
    a, b = nodes = [fleet.node("a"), fleet.node("b")]
    leader = begin(fleet, Strategy(), *nodes)
    a.server("be1", "first")
    fleet.settled(*nodes)
    older = a.store.get("control/rollout").value
    leader._rollouts.set_strategy(Strategy(("1",)))
    while leader.step():
        pass
    assert a.server("be1", "new").status_code == 202
    puts = {"older": older, "forged": b"x"}
    a.store.transact([], {"control/rollout": puts[trick]} if trick in puts else {}, [] if trick in puts else ["control/rollout"])
    if history == "removed":
        a.store.transact([], {}, ["rollouts/000000000003"])
    b.step(2)
    assert b.status.state == "held"
    assert ("somebody has removed it" in b.status.reason) is (history == "removed")
    assert ("somebody who is no member" in b.status.alarm) is (history == "kept" or trick != "older")
    assert have(*nodes) == [True, False]
    if history == "kept":
        assert leader._rollouts.past(3) == leader._rollouts.current()[0]
        return
    assert a.server("be1", "next").status_code == 202
    for _ in range(3):
        fleet.settled(*nodes)
        leader.step()
    assert have(*nodes) == [True, True]


def test_a_wave_that_is_resumed_has_its_whole_time(fleet):
    a, b = nodes = [fleet.node("a"), fleet.node("b")]
    leader = begin(fleet, Strategy(("1",), timeout=60), *nodes)
    a.server("be1", "new")
    leader.step()
    leader._since -= 100
    leader.step()
    rollout, mark = leader._rollouts.current()
    assert rollout.state == "stopped"
    leader._rollouts.change(rollout.noted(0.0, "resumed", state="running"), mark)
    leader.step()
    assert leader._rollouts.current()[0].state == "running"


def test_a_member_that_was_away_has_what_all_had_before_a_roll_out_that_it_waits_for(fleet):
    a, b, c = nodes = [fleet.node(name) for name in "abc"]
    leader = begin(fleet, Strategy(), *nodes)
    a.server("be1", "before")
    fleet.settled(a, b)
    leader._rollouts.set_strategy(Strategy(("1",)))
    while leader.step():
        pass
    assert a.server("be1", "new").status_code == 202
    fleet.settled(*nodes)
    assert have(*nodes) == [True, False, False]
    assert c.file.read_text() == b.file.read_text()
    assert (b.status.state, c.status.state) == ("held", "held")


def test_a_wave_waits_for_a_member_that_a_stranger_has_removed(fleet):
    a, b, c = nodes = [fleet.node(name) for name in "abc"]
    leader = begin(fleet, Strategy(("1",)), *nodes)
    a.server("be1", "new")
    fleet.settled(*nodes)
    leader.step()
    a.store.transact([], {}, ["members/b", "status/b"])
    fleet.settled(a, c)
    leader.step()
    assert leader._rollouts.current()[0].state == "running"
    a.store.transact([], {"members/b": b"x"})
    b.member.enrol()
    assert b.member.remove("b")
    leader.step()
    assert leader._rollouts.current()[0].state == "done"


def test_the_pause_begins_when_a_wave_is_over(fleet):
    a, b = nodes = [fleet.node("a"), fleet.node("b")]
    leader = begin(fleet, Strategy(("1",), pause=60), *nodes)
    a.server("be1", "new")
    leader.step()
    leader._since -= 100
    leader.step()
    fleet.settled(*nodes)
    leader.step()
    assert leader._rollouts.current()[0].wave == 0
    leader._rests -= 60
    leader.step()
    assert leader._rollouts.current()[0].wave == 1
