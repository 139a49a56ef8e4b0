"""A version is in the file before HAProxy has loaded it: who cannot be reloaded with it has not got it."""


import pytest

from dataplane_core.haproxy.control import ReloadResult
from dataplane_plugins.fleet.records.rollout import Strategy
from dataplane_plugins.fleet.rollouts.leading import Leader
from tests.fleet.support import Fleet, Node

ENDS = {
    "stop": ("stopped", [False, False], ["refused", "held"]),
    "rollback": ("rolled_back", [False, False], ["applied", "applied"]),
    "continue": ("done", [False, True], ["refused", "applied"]),
}
"""What becomes of a roll-out by its strategy, who has the version then, and what they say."""


def unbound(fleet: Fleet, name: str) -> Node:
    """A member whose HAProxy takes any file, and is not reloaded with a server called `new`."""
    script = fleet.folder / f"reload-{name}"
    script.write_text(f'#!/bin/sh\n! grep -q "server new" {fleet.folder}/{name}/haproxy.cfg || {{ echo cannot bind; exit 1; }}\n')
    script.chmod(0o755)
    return fleet.node(name, haproxy__reload__reload_cmd=str(script), haproxy__reload__restart_cmd=str(script))


def changed(fleet: Fleet, on_failure: str, *nodes: Node) -> Leader:
    """The first member has taken a change that goes in waves; it is in its file, and not loaded."""
    fleet.settled(*nodes)
    leader = Leader(nodes[0].member)
    leader._rollouts.set_strategy(Strategy(("1",), on_failure=on_failure))
    while leader.step():
        pass
    assert nodes[0].server("be1", "new").status_code == 202
    return leader


def led(fleet: Fleet, leader: Leader, *nodes: Node) -> None:
    for _ in range(3):
        fleet.settled(*nodes)
        leader.step()
    fleet.settled(*nodes)


@pytest.mark.parametrize("on_failure", ENDS)
def test_the_member_that_took_a_change_cannot_be_reloaded_with_it(fleet: Fleet, on_failure: str) -> None:
    """What it puts back is neither an edit by hand nor a revision, and no other wave begins before."""
    a, b = unbound(fleet, "a"), fleet.node("b")
    leader = changed(fleet, on_failure, a, b)
    a.follower.step()
    leader.step()
    assert (a.status.state, leader._rollouts.current()[0].wave) == ("taking", 0)
    led(fleet, leader, a, b)
    state, have, say = ENDS[on_failure]
    rollout = leader._rollouts.past(2)
    assert rollout.state == state
    assert any("a: HAProxy could not be reloaded: exit status 1; cannot bind" in said for _, said in rollout.log)
    assert ["server new" in one.file.read_text() for one in (a, b)] == have
    assert [one.status.state for one in (a, b)] == say
    newest = a.member.revisions.newest()
    assert newest.number == (3 if on_failure == "rollback" else 2)


def test_who_is_told_to_retry_has_haproxy_asked_again(fleet: Fleet) -> None:
    a, b = unbound(fleet, "a"), fleet.node("b")
    leader = changed(fleet, "stop", a, b)
    led(fleet, leader, a, b)
    (fleet.folder / "reload-a").write_text("#!/bin/sh\n")
    leader_orders = a.follower._orders
    leader_orders.give("a", "retry", 2)
    fleet.settled(a, b)
    assert (a.status.state, a.status.number) == ("applied", 2)
    assert "server new" in a.file.read_text()
    assert "server new" not in b.file.read_text()


@pytest.mark.parametrize("taker", ["a", "b"])
def test_a_member_whose_haproxy_does_not_run_waits_for_it(
    fleet: Fleet, taker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a version when its HAProxy has loaded it, which is asked again until it runs."""
    a, b = fleet.node("a"), fleet.node("b")
    down, other = (a, b) if taker == "a" else (b, a)
    fleet.settled(a, b)
    control = down.services.reloads.control
    said = ReloadResult(False, "HAProxy's master cannot be reached", asked=False)
    monkeypatch.setattr(control, "reload", lambda: said)
    monkeypatch.setattr(control, "status", lambda: "down")
    leader = Leader(other.member)
    leader._rollouts.set_strategy(Strategy(("1",)))
    assert a.server("be1", "new").status_code == 202
    for _ in range(4):
        for node in (a, b):
            node.load()
            node.follower.attempts.once()
        leader.step()
    rollout = leader._rollouts.current()[0]
    assert rollout.state == "running"
    assert rollout.wave == (0 if taker == "a" else 1)
    assert (down.status.state, down.status.number) == ("waiting", 1)
    assert "HAProxy could not be reloaded" in down.status.reason
    monkeypatch.undo()
    for _ in range(4):
        fleet.settled(a, b)
        leader.step()
    assert [node.status.state for node in (a, b)] == ["applied"] * 2
    assert leader._rollouts.current()[0].state == "done"
