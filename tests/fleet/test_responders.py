"""`/dataplane/v1/fleet`: what a fleet is, and what people decide about it."""

import pytest

from dataplane_plugins.fleet.responders import fleet_responders as responders
from dataplane_plugins.fleet.rollouts.leading import Leader
from tests.fleet.support import Fleet
from tests.fleet.test_rollouts import refusing

FLEET = "/dataplane/v1/fleet"
STRATEGY = {"waves": ["1"], "on_failure": "stop"}


def served(fleet, *names, refuses=""):
    nodes = [(refusing if name == refuses else Fleet.node)(fleet, name, **fleet.served) for name in names]
    fleet.settled(*nodes)
    leader = Leader(nodes[0].member)
    while leader.step():
        pass
    return leader, nodes


def act(node, what, action, **query):
    return node.call("POST", f"{FLEET}/{what}", {"action": action}, **query)


def test_the_fleet_is_shown_by_every_member(fleet):
    _, (a, b) = served(fleet, "a", "b")
    a.server("be1", "new")
    b.step()
    for node in (a, b):
        found = node.call("GET", FLEET).json
        assert (found["fleet"], found["node"], found["reachable"]) == ("default", node.name, True)
        assert [one["name"] for one in found["nodes"]] == ["a", "b"]
        assert {one["state"] for one in found["nodes"]} == {"applied"}
        assert found["newest"]["version"] == node.version
        assert (found["newest"]["node"], found["newest"]["author"]["name"]) == ("a", "admin")
        assert found["alarms"] == []
    assert a.call("GET", f"{FLEET}/nodes/b").json["version"] == b.version
    assert a.call("GET", f"{FLEET}/nodes/c").status_code == 404


def test_without_the_store_what_is_known_is_told(fleet):
    _, (a,) = served(fleet, "a")
    fleet.cluster.is_down = True
    found = a.call("GET", FLEET).json
    assert found["reachable"] is False
    assert [one["name"] for one in found["nodes"]] == ["a"]
    assert "cannot be read" in found["alarms"][0]
    answer = a.call("GET", f"{FLEET}/rollout")
    assert (answer.status_code, "store of the fleet" in answer.json["message"]) == (503, True)


def test_a_roll_out_is_paused_goes_on_and_is_aborted(fleet):
    leader, nodes = served(fleet, "a", "b", "c")
    a, b, c = nodes
    assert a.call("PUT", f"{FLEET}/strategy", STRATEGY).json["waves"] == ["1"]
    assert b.call("GET", f"{FLEET}/strategy").json["on_failure"] == "stop"
    a.server("be1", "new")
    assert act(b, "rollout", "pause").json["state"] == "paused"
    again = act(b, "rollout", "pause")
    assert (again.status_code, again.json["message"]) == (
        409, "the roll-out of version 2 is paused: it can resume or abort or return"
    )  # fmt: skip
    leader.step()
    assert a.call("GET", f"{FLEET}/rollout").json["wave"] == 0
    assert act(c, "rollout", "resume").json["state"] == "running"
    assert act(c, "rollout", "abort").json["state"] == "aborted"
    fleet.settled(*nodes)
    assert [node.version for node in nodes] == [a.version, a.version - 1, a.version - 1]
    alarms = a.call("GET", FLEET).json["alarms"]
    assert any(one.startswith("b is held at version") for one in alarms)
    assert act(a, "rollout", "return").json["state"] == "returning"
    leader.step()
    fleet.settled(*nodes)
    assert len({node.file.read_text() for node in nodes}) == 1
    assert "server new" not in a.file.read_text()
    past = a.call("GET", f"{FLEET}/rollouts").json
    assert [one["state"] for one in past[1:2]] == ["rolled_back"]
    one = a.call("GET", f"{FLEET}/rollouts/{past[1]['revision']}").json
    assert one["made"]["author"]["name"] == "admin"


def test_a_member_that_refused_tries_again_when_it_is_told(fleet):
    _, (a, b) = served(fleet, "a", "b", refuses="b")
    a.server("be1", "new")
    b.step(2)
    found = a.call("GET", f"{FLEET}/nodes/b").json
    assert (found["state"], bool(found["reason"])) == ("refused", True)
    assert any(one.startswith("b is refused") for one in a.call("GET", FLEET).json["alarms"])
    (fleet.folder / "check-b").write_text("#!/bin/sh\n")
    b.step(2)
    assert b.status.state == "refused"
    assert act(a, "nodes/b", "retry").status_code == 200
    b.step(2)
    assert b.status.state == "applied"
    assert b.file.read_text() == a.file.read_text()


@pytest.mark.parametrize("deed", ["take", "offer"])
def test_a_member_that_is_apart_is_told_what_counts(fleet, deed):
    fleet.served["fleet__hand_edits"] = "hold"
    _, (a, b) = served(fleet, "a", "b")
    b.file.write_text(b.file.read_text().replace("192.0.2.3", "192.0.2.33"))
    b.step(2)
    assert b.status.state == "apart"
    act(a, "nodes/b", deed)
    fleet.settled(a, b)
    assert [node.status.state for node in (a, b)] == ["applied", "applied"]
    for node in (a, b):
        assert ("192.0.2.33" in node.file.read_text()) is (deed == "offer")


def test_a_store_that_was_put_back_is_told_and_nobody_follows_it(fleet):
    _, (a, b) = served(fleet, "a", "b")
    before, mark = dict(fleet.cluster.entries), fleet.cluster.mark
    a.server("be1", "new")
    fleet.settled(a, b)
    fleet.cluster.go_back(before, mark)
    text = a.file.read_text()
    fleet.settled(a, b)
    assert [node.file.read_text() for node in (a, b)] == [text, text]
    assert {node.status.state for node in (a, b)} == {"apart"}
    assert "was put back" in a.status.reason
    act(b, "nodes/a", "offer")
    fleet.settled(a, b, a, b)
    assert [node.text for node in (a, b)] == [a.text] * 2
    assert "server new" in b.file.read_text()


def test_a_member_that_is_away_is_forgotten(fleet):
    _, (a, b) = served(fleet, "a", "b")
    assert a.call("DELETE", f"{FLEET}/nodes/b").status_code == 409
    fleet.cluster.pass_time(100)
    a.step()
    assert "b is away" in a.call("GET", FLEET).json["alarms"]
    assert a.call("DELETE", f"{FLEET}/nodes/b", dry_run=True).status_code == 200
    assert a.call("DELETE", f"{FLEET}/nodes/b").status_code == 204
    assert [one["name"] for one in a.call("GET", f"{FLEET}/nodes").json] == ["a"]


def test_a_client_waits_for_the_end_of_a_roll_out(fleet, monkeypatch):
    leader, (a, b) = served(fleet, "a", "b")
    a.call("PUT", f"{FLEET}/strategy", STRATEGY)
    a.server("be1", "new")
    a.step()
    wait = a.store.__class__.wait

    def go_on(store, prefix, mark, seconds):
        leader.step()
        b.step()
        return wait(store, prefix, mark, 0)

    monkeypatch.setattr(a.store.__class__, "wait", go_on)
    found = a.call("GET", f"{FLEET}/rollout", wait="all").json
    assert found["state"] == "done"
    assert a.call("GET", f"{FLEET}/rollout", wait="soon").status_code == 400
    assert a.call("GET", f"{FLEET}/rollout", timeout=999).status_code == 400


@pytest.mark.parametrize("wave", ["x", "101x", "group:", "-1", "10%%", ""])
def test_a_wave_that_is_none_is_refused(fleet, wave):
    _, (a,) = served(fleet, "a")
    assert a.call("PUT", f"{FLEET}/strategy", {"waves": [wave]}).status_code in (400, 422)


def test_all_of_it_can_be_tried_dry(fleet):
    _, (a, b) = served(fleet, "a", "b")
    a.server("be1", "new")
    b.step()
    mark = fleet.cluster.mark
    assert a.call("PUT", f"{FLEET}/strategy", STRATEGY, dry_run=True).status_code == 200
    assert act(a, "rollout", "return", dry_run=True).status_code == 200
    for action in ("retry", "take", "offer", "exclude", "include"):
        assert act(a, "nodes/b", action, dry_run=True).status_code == 200
    assert fleet.cluster.mark == mark
    assert responders.ACTIONS == ("start", "pause", "resume", "abort", "return")


def test_who_is_left_out_says_so(fleet):
    leader, (a, b) = served(fleet, "a", "b")
    a.call("PUT", f"{FLEET}/strategy", STRATEGY)
    a.server("be1", "new")
    for name in "ab":
        assert act(a, f"nodes/{name}", "exclude").status_code == 200
    while leader.step():
        pass
    fleet.settled(a, b)
    assert a.call("GET", f"{FLEET}/rollout").json["state"] == "done"
    assert b.status.reason == "it is left out of version 2: `dataplane fleet include b` takes it in again"
    assert act(a, "nodes/b", "include").status_code == 200
    fleet.settled(a, b)
    assert b.text == a.text
