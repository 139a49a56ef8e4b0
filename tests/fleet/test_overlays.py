"""What is a group's or a member's own: it stays there when the shared configuration changes."""

import subprocess

import pytest

from dataplane_core.plugin import Conflict
from dataplane_plugins.fleet.records.overlay import Overlay
from dataplane_plugins.fleet.records.rollout import Strategy
from dataplane_plugins.fleet.rollouts.leading import Leader
from dataplane_plugins.fleet.rollouts.overlay_changes import OverlayChanges
from dataplane_plugins.fleet.rollouts.overlays import Overlays
from dataplane_plugins.fleet.rollouts.rollouts import Rollouts
from tests.changes.support import V3
from tests.fleet.support import TEXT, Fleet, Node
from tests.fleet.test_responders import act

OVERLAYS = "/dataplane/v1/fleet/overlays"
TRANSACTIONS = "/v3/services/haproxy/transactions"


@pytest.fixture
def nodes(fleet) -> list[Node]:
    made = [fleet.node(name, fleet__group=group, **fleet.served) for name, group in (("a", "core"), ("b", "edge"), ("c", "edge"))]
    fleet.settled(*made)
    return made


def replace_server(node: Node, backend: str, name: str, **properties) -> dict[str, str]:
    begun = node.call("POST", TRANSACTIONS, version=node.version).json["id"]
    path = f"{V3}/backends/{backend}/servers/{name}"
    body = {**node.call("GET", path, transaction_id=begun).json, **properties}
    answer = node.call("PUT", path, body, transaction_id=begun)
    assert answer.status_code == 202, answer.text
    return {"transaction_id": begun}


def addresses(nodes, backend="be2", name="s1"):
    path = f"{V3}/backends/{backend}/servers/{name}"
    return [node.call("GET", path).json["address"] for node in nodes]


def test_a_member_has_its_own(fleet, nodes):
    a, b, c = nodes
    query = replace_server(b, "be2", "s1", address="192.0.2.77")
    answer = b.call("PUT", f"{OVERLAYS}/node/b", **query)
    assert answer.status_code == 200, answer.text
    assert "+  server s1 192.0.2.77:80" in answer.json["diff"]
    fleet.settled(*nodes)
    assert addresses(nodes) == ["192.0.2.3", "192.0.2.77", "192.0.2.3"]
    assert [node.status.state for node in nodes] == ["applied"] * 3
    assert len({node.version for node in nodes}) == 1
    assert b.call("GET", f"{TRANSACTIONS}/{query['transaction_id']}").status_code == 404

    assert c.server("be1", "new").status_code == 202
    fleet.settled(*nodes)
    assert addresses(nodes) == ["192.0.2.3", "192.0.2.77", "192.0.2.3"]
    assert b.server("be2", "more").status_code == 202
    fleet.settled(*nodes)
    assert addresses(nodes, "be2", "more") == ["192.0.2.9"] * 3
    assert addresses(nodes, "be1", "new") == ["192.0.2.9"] * 3
    assert a.text == c.text != b.text

    assert a.call("DELETE", f"{OVERLAYS}/node/b").status_code == 204
    fleet.settled(*nodes)
    assert a.text == b.text == c.text


def test_a_group_has_its_own_and_a_member_more(fleet, nodes):
    a, b, c = nodes
    a.call("PUT", f"{OVERLAYS}/group/edge", **replace_server(a, "be2", "s1", address="192.0.2.50"))
    fleet.settled(*nodes)
    assert addresses(nodes) == ["192.0.2.3", "192.0.2.50", "192.0.2.50"]
    c.call("PUT", f"{OVERLAYS}/node/c", **replace_server(c, "be2", "s1", weight=7))
    fleet.settled(*nodes)
    assert addresses(nodes) == ["192.0.2.3", "192.0.2.50", "192.0.2.50"]
    assert ["weight 7" in node.text for node in nodes] == [False, False, True]
    found = b.call("GET", OVERLAYS).json
    assert [(one["kind"], one["name"]) for one in found] == [("group", "edge"), ("node", "c")]
    assert "weight 7" in b.call("GET", f"{OVERLAYS}/node/c").json["diff"]
    b.call("PUT", f"{OVERLAYS}/group/edge", **replace_server(b, "be1", "s2", address="192.0.2.60"))
    fleet.settled(*nodes)
    assert addresses(nodes) == ["192.0.2.3", "192.0.2.50", "192.0.2.50"]
    assert addresses(nodes, "be1", "s2") == ["192.0.2.2", "192.0.2.60", "192.0.2.60"]


def test_what_an_overlay_has_made_otherwise_is_not_changed_for_all(fleet, nodes):
    a, b, _ = nodes
    b.call("PUT", f"{OVERLAYS}/node/b", **replace_server(b, "be2", "s1", address="192.0.2.77"))
    fleet.settled(*nodes)
    query = replace_server(b, "be2", "s1", address="192.0.2.88")
    answer = b.call("PUT", f"{TRANSACTIONS}/{query['transaction_id']}")
    assert answer.status_code == 409
    assert "overlay of node b" in answer.json["message"]


def test_a_shared_change_that_does_not_go_with_an_overlay_is_refused_there(fleet, nodes):
    a, b, c = nodes
    b.call("PUT", f"{OVERLAYS}/node/b", **replace_server(b, "be2", "s1", address="192.0.2.77"))
    fleet.settled(*nodes)
    query = replace_server(a, "be2", "s1", address="192.0.2.99")
    assert a.call("PUT", f"{TRANSACTIONS}/{query['transaction_id']}").status_code == 202
    fleet.settled(*nodes)
    assert addresses(nodes) == ["192.0.2.99", "192.0.2.77", "192.0.2.99"]
    assert b.status.state == "refused"
    assert "the overlay of node b does not go with" in b.status.reason
    assert a.call("DELETE", f"{OVERLAYS}/node/b").status_code == 204
    fleet.settled(*nodes)
    assert addresses(nodes) == ["192.0.2.99"] * 3


@pytest.mark.parametrize("place", ["cluster/a", "node/a b", "node/..", "group/" + "x" * 65])
def test_what_is_no_group_or_member_is_refused(nodes, place):
    a = nodes[0]
    query = replace_server(a, "be2", "s1", weight=3)
    assert a.call("PUT", f"{OVERLAYS}/{place}", **query).status_code in (404, 422)
    assert a.call("GET", f"{OVERLAYS}/node/a").status_code == 404


def test_of_two_changes_of_one_overlay_one_is_refused(nodes):
    b = nodes[1]
    overlays = Overlays(b.member)
    changes, head = OverlayChanges(b.member, overlays, Rollouts(b.member)), b.member.revisions.newest()
    made = Overlay("node", "b", "", "").followed_by(head.text, head.text, head.number + 1)
    changes.put(made, head, {})
    with pytest.raises(Conflict, match="changed meanwhile"):
        changes.put(made, head, {})
    b.step(2)
    query = replace_server(b, "be2", "s1", address="192.0.2.77")
    assert b.call("PUT", f"{OVERLAYS}/node/b", **query).status_code == 200


@pytest.mark.parametrize("trick", ["removed", "put back"])
def test_an_overlay_that_a_stranger_takes_away_or_puts_back_changes_nothing(nodes, trick):
    b, place = nodes[1], "control/overlays/node/b"
    for address in ("192.0.2.77", "192.0.2.78"):
        older = b.store.get(place)
        b.call("PUT", f"{OVERLAYS}/node/b", **replace_server(b, "be2", "s1", address=address))
        b.step(2)
    text = b.file.read_text()
    assert "192.0.2.78" in text
    b.store.transact([], {place: older.value} if trick == "put back" else {}, [] if trick == "put back" else [place])
    b.step(3)
    assert b.file.read_text() == text
    assert b.status.state == "applied"
    assert "changed the overlay of node b" in b.status.alarm
    assert Overlays(nodes[0].member).last("node", "b").number == 2, "it was written anew"
    b.store.transact([], {place: older.value} if trick == "put back" else {}, [] if trick == "put back" else [place])
    b.follower._orders.give("b", "take", b.member.revisions.newest().number)
    b.step(3)
    assert b.status.state == "applied"
    assert ("192.0.2.77" if trick == "put back" else "192.0.2.3") in b.file.read_text(), "somebody has decided so"


def test_no_overlay_brings_a_line_that_opens_the_system(fleet):
    node = fleet.node("a", dataplane__dangerous_lines="refuse", **fleet.served)
    fleet.settled(node)
    begun = node.call("POST", TRANSACTIONS, version=node.version).json["id"]
    path = f"{V3}/global"
    body = {**node.call("GET", path, transaction_id=begun).json, "insecure_fork_wanted": True}
    assert node.call("PUT", path, body, transaction_id=begun).status_code == 202
    answer = node.call("PUT", f"{OVERLAYS}/node/a", transaction_id=begun)
    assert (answer.status_code, "insecure-fork-wanted" in answer.json["message"]) == (403, True)
    assert node.call("GET", f"{OVERLAYS}/node/a").status_code == 404


@pytest.mark.haproxy
def test_weights_threads_and_names_are_a_members_own_and_haproxy_takes_both_files(fleet, haproxy_program):
    """Over HTTP, in transactions of version 3 and of version 2; each file is judged by HAProxy alone."""
    real = {"haproxy__reload__validate_cmd": "", "haproxy__haproxy_bin": haproxy_program}
    text = f"{TEXT}\nfrontend site\n  bind unix@{fleet.folder}/site.sock\n  default_backend be1\n"
    a, b = nodes = [fleet.node(name, text, **fleet.served, **real) for name in "ab"]
    fleet.settled(*nodes)
    assert a.call("PUT", f"{OVERLAYS}/node/b", **replace_server(a, "be1", "s1", weight=3)).status_code == 200
    fleet.settled(*nodes)
    begun = b.call("POST", "/v2/services/haproxy/transactions", version=b.version).json["id"]
    own = b.call("GET", "global", transaction_id=begun).json["data"]
    assert b.call("PUT", "global", {**own, "nbthread": 2, "node": "edge-b"}, transaction_id=begun).status_code == 202
    answer = b.call("PUT", f"{OVERLAYS}/node/b", transaction_id=begun)
    assert answer.status_code == 200, answer.text
    assert all(line in answer.json["diff"] for line in ("+  nbthread 2", "+  node edge-b", "weight 3"))
    changed = {one["resource"]: one["properties"] for one in answer.json["changes"]}
    assert changed[f"{V3}/backends/be1/servers/s1"]["weight"]["after"] == 3
    assert [name for name in changed if name.endswith("/global")]
    fleet.settled(*nodes)
    assert [("nbthread 2" in node.text, "weight 3" in node.text) for node in nodes] == [(False, False), (True, True)]
    assert [node.status.state for node in nodes] == ["applied", "applied"]
    for node in nodes:
        done = subprocess.run([haproxy_program, "-c", "-f", str(node.file)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    shared = a.call("PUT", f"{V3}/backends/be1/servers/s2", {"name": "s2", "address": "192.0.2.2", "port": 80, "weight": 9}, version=a.version)
    assert shared.status_code in (200, 202), shared.text
    fleet.settled(*nodes)
    assert ["weight 9" in node.text for node in nodes] == [True, True]
    assert "nbthread 2" in b.text


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
def test_a_single_change_is_a_members_own(nodes, fleet, version):
    a, b, c = nodes
    path, parent = f"/{version}/services/haproxy/configuration/servers/s1", {"backend": "be1"}
    if version == "v3":
        path, parent = f"{V3}/backends/be1/servers/s1", {}
    body = {"name": "s1", "address": "192.0.2.1", "port": 80, "weight": 9}
    mark = a.version
    answer = a.call("PUT", path, body, version=mark, overlay="group/edge", **parent)
    assert answer.status_code in (200, 202), answer.text
    assert a.version == mark
    assert a.services.config.transactions.list() == []
    fleet.settled(*nodes)
    assert ["weight 9" in node.text for node in nodes] == [False, True, True]
    body["weight"] = 7
    assert b.call("PUT", path, body, version=b.version, overlay="node/b", **parent).status_code in (200, 202)
    fleet.settled(*nodes)
    assert ["weight 7" in node.text for node in nodes] == [False, True, False]
    for wrong in ({"overlay": "b"}, {"overlay": "node/b", "wait": "all"}, {"overlay": "node/b", "dry_run": True}):
        assert a.call("PUT", path, body, version=a.version, **wrong, **parent).status_code in (400, 422), wrong
    assert a.call("PUT", path, body, version=1000, overlay="node/b", **parent).status_code == 409
    assert a.call("POST", "/v3/services/haproxy/transactions", version=a.version, overlay="node/b").status_code == 400
    assert a.services.config.transactions.list() == []


def leading(fleet: Fleet, nodes: list[Node], on_failure: str) -> Leader:
    """An overlay of a group goes by the strategy: one of its members first."""
    leader = Leader(nodes[0].member)
    leader._rollouts.set_strategy(Strategy(("1",), on_failure=on_failure))
    while leader.step():
        pass
    query = replace_server(nodes[0], "be2", "s1", address="192.0.2.50")
    answer = nodes[0].call("PUT", f"{OVERLAYS}/group/edge", **query)
    assert answer.status_code == 200, answer.text
    fleet.settled(*nodes)
    return leader


def test_an_overlay_of_a_group_goes_in_waves_of_its_members(fleet, nodes):
    leader = leading(fleet, nodes, "stop")
    assert addresses(nodes) == ["192.0.2.3", "192.0.2.50", "192.0.2.3"]
    assert [node.status.state for node in nodes] == ["applied", "applied", "held"]
    rollout = leader._rollouts.current()[0]
    assert (rollout.waves, rollout.besides, rollout.overlays) == ((("b",), ("c",)), ("a",), ("group/edge",))
    for node in nodes:
        assert node.server("be1", "new").status_code == 409
    while leader.step():
        fleet.settled(*nodes)
    assert addresses(nodes) == ["192.0.2.3", "192.0.2.50", "192.0.2.50"]
    assert nodes[0].server("be1", "new").status_code == 202
    while leader.step():
        fleet.settled(*nodes)
    assert addresses(nodes, "be1", "new") == ["192.0.2.9"] * 3
    assert addresses(nodes) == ["192.0.2.3", "192.0.2.50", "192.0.2.50"]
    assert nodes[1].call("DELETE", f"{OVERLAYS}/group/edge").status_code == 204
    fleet.settled(*nodes)
    assert addresses(nodes) == ["192.0.2.3", "192.0.2.3", "192.0.2.50"]
    while leader.step():
        fleet.settled(*nodes)
    assert addresses(nodes) == ["192.0.2.3"] * 3


@pytest.mark.parametrize("on_failure", ["stop", "rollback", "continue"])
def test_a_member_that_refuses_an_overlay(fleet, on_failure):
    script = fleet.folder / "check"
    script.write_text('#!/bin/sh\n! grep -q "192.0.2.50" "$DATAPLANEAPI_TRANSACTION_FILE"\n')
    script.chmod(0o755)
    own = {"c": {"haproxy__reload__validate_cmd": str(script)}}
    groups = {"a": "core", "b": "edge", "c": "edge"}
    nodes = [fleet.node(name, fleet__group=group, **fleet.served, **own.get(name, {})) for name, group in groups.items()]
    fleet.settled(*nodes)
    leader = leading(fleet, nodes, on_failure)
    for _ in range(4):
        leader.step()
        fleet.settled(*nodes)
    back = on_failure == "rollback"
    assert addresses(nodes) == ["192.0.2.3", "192.0.2.3" if back else "192.0.2.50", "192.0.2.3"]
    states = {"stop": "stopped", "rollback": "rolled_back", "continue": "done"}
    assert leader._rollouts.past(2).state == states[on_failure]
    assert nodes[2].status.state == ("applied" if back else "refused")
    assert len(nodes[0].call("GET", OVERLAYS).json) == (0 if back else 1)


def test_an_overlay_that_follows_on_a_stopped_one_goes_back_to_what_was_before_both(fleet, nodes):
    leader = leading(fleet, nodes, "stop")
    assert act(nodes[0], "rollout", "abort").status_code == 200
    fleet.settled(*nodes)
    assert addresses(nodes) == ["192.0.2.3", "192.0.2.50", "192.0.2.3"]
    query = replace_server(nodes[1], "be2", "s1", address="192.0.2.51")
    answer = nodes[1].call("PUT", f"{OVERLAYS}/group/edge", **query)
    assert answer.status_code == 200, answer.text
    fleet.settled(*nodes)
    assert addresses(nodes) == ["192.0.2.3", "192.0.2.51", "192.0.2.3"]
    assert act(nodes[0], "rollout", "return").status_code == 200
    leader.step()
    fleet.settled(*nodes)
    assert addresses(nodes) == ["192.0.2.3"] * 3
    assert [node.status.state for node in nodes] == ["applied"] * 3
