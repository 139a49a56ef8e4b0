"""Who begins a fleet, and what becomes of one whose store was emptied, replaced, or put back."""

import pytest

from dataplane_plugins.fleet.following.follower import Follower
from dataplane_plugins.fleet.records.revisions import HEAD, REVISIONS
from dataplane_plugins.fleet.rollouts.leading import Leader
from dataplane_plugins.fleet.wiring import share
from tests.fleet.memory_store import MemoryCluster
from tests.fleet.support import TEXT, Fleet, Node
from tests.fleet.test_following import upload
from tests.fleet.test_overlays import replace_server

FLEET = "/dataplane/v1/fleet"
MAPS = "/v3/services/haproxy/storage/maps"


@pytest.fixture
def pair(fleet: Fleet) -> list[Node]:
    """Two members that have made a revision, and have a map."""
    nodes = [fleet.node(name, **fleet.served) for name in ("one", "two")]
    fleet.settled(*nodes)
    assert nodes[0].server("be1", "kept").status_code in (201, 202)
    upload(nodes[0], MAPS, {"file_upload": ("a.map", b"a 1\n")})
    fleet.settled(*nodes)
    return nodes


def stepped(*nodes: Node) -> None:
    """Have members do what they do after the store was away: make themselves known, and look."""
    for _ in range(3):
        for node in nodes:
            node.member.enrol()
            node.step()


def offer(node: Node, what: Node) -> None:
    answer = node.call("POST", f"{FLEET}/nodes/{what.name}", {"action": "offer"})
    assert answer.status_code == 200, answer.text


ALL = ("control/", "revisions/", "rollouts/", "chunks/", "members/", "status/")
"""All but the signs of life, which come again by themselves after a while."""


def remove(fleet: Fleet, *prefixes: str) -> None:
    begin, cluster = "fleet/", fleet.cluster
    with cluster.changed:
        cluster.write({}, [one for one in cluster.entries if one.removeprefix(begin).startswith(prefixes)])


def test_an_emptied_store_is_begun_anew_by_nobody_but_a_person(fleet, pair):
    one, two = pair
    texts, number = [node.file.read_bytes() for node in pair], one.status.number
    remove(fleet, *ALL)
    stepped(one, two)
    third = fleet.node("three", TEXT.replace("be2", "other"), **fleet.served)
    stepped(third, one, two)
    assert one.member.revisions.newest() is None
    assert [node.status.state for node in (*pair, third)] == ["apart"] * 3
    assert "one, two had one" in third.status.reason
    said = one.call("GET", FLEET).json["alarms"]
    assert len(said) == 3
    assert f"not revision {number} that this member has: it was emptied" in said[0]
    for node in pair:
        answer = node.server("be1", "new")
        assert (answer.status_code, "it was emptied" in answer.json["message"]) == (503, True)
    assert upload(two, MAPS, {"file_upload": ("b.map", b"b\n")}).status_code == 503
    assert [node.file.read_bytes() for node in pair] == texts
    offer(two, one)
    stepped(one, two, third)
    assert [node.status.state for node in (*pair, third)] == ["applied"] * 3
    assert [node.text for node in (two, third)] == [one.text] * 2
    assert (third.folder / "maps/a.map").read_text() == "a 1\n"
    assert two.server("be1", "new").status_code in (201, 202)
    assert one.call("GET", FLEET).json["newest"]["revision"] > number


def test_an_offer_to_an_emptied_store_is_not_for_who_had_more(fleet, pair):
    one, two = pair
    assert two.server("be1", "more").status_code in (201, 202)
    two.step()
    remove(fleet, *ALL)
    stepped(one, two)
    offer(two, one)
    stepped(one, two)
    assert (one.status.state, two.status.state) == ("applied", "apart")
    assert " more " in two.file.read_text()
    two.call("POST", f"{FLEET}/nodes/two", {"action": "take"})
    stepped(two, one)
    assert two.text == one.text
    assert two.version == one.version
    assert " more " not in two.file.read_text()


def test_a_head_that_is_missing_is_made_of_the_last_revision_that_is_left(fleet, pair):
    one, two = pair
    last = one.member.revisions.newest()
    remove(fleet, HEAD)
    assert one.member.revisions.last_kept().digest == last.digest
    stepped(one, two)
    assert {node.status.state for node in pair} == {"apart"}
    offer(one, two)
    stepped(two, one)
    head = one.member.revisions.newest()
    assert (head.number, head.parent) == (last.number + 1, last.digest)
    assert {node.status.state for node in pair} == {"applied"}


def test_another_store_with_a_fleet_of_this_key_is_not_taken_for_the_own(fleet, pair):
    """Its revisions have higher numbers, and none is left that could be compared."""
    fleet.cluster, own = MemoryCluster(), fleet.cluster
    stranger = fleet.node("stranger", TEXT.replace("be2", "other"))
    stranger.step(2)
    for number in range(8):
        assert stranger.server("be1", f"new{number}").status_code in (201, 202)
    stranger.step()
    number = stranger.member.revisions.newest().number
    remove(fleet, *(f"{REVISIONS}{one:012d}" for one in range(number)))
    own.go_back(fleet.cluster.entries, fleet.cluster.mark)
    one, two = pair
    texts = [node.file.read_bytes() for node in pair]
    stepped(one, two)
    assert {node.status.state for node in pair} == {"apart"}
    assert "of a fleet that has begun anew, or is another" in one.status.reason
    assert one.server("be1", "new").status_code == 503
    assert [node.file.read_bytes() for node in pair] == texts


@pytest.mark.parametrize("what", ["text", "file"])
def test_a_store_that_was_put_back_goes_on_from_nobody_who_knows_more(fleet, what):
    """What the older head has may be what this member changes: that would be a fork."""
    one, two = (fleet.node(name, **fleet.served) for name in ("one", "two"))
    fleet.settled(one, two)
    kept, mark = dict(fleet.cluster.entries), fleet.cluster.mark
    if what == "text":
        upload(one, MAPS, {"file_upload": ("a.map", b"a 1\n")})
    else:
        assert one.server("be1", "kept").status_code in (201, 202)
    fleet.settled(one, two)
    fleet.cluster.go_back(kept, mark)
    for node in (one, two):
        if what == "text":
            answer = node.server("be1", "new")
        else:
            answer = upload(node, MAPS, {"file_upload": ("b.map", b"b\n")})
        assert (answer.status_code, "it was put back" in answer.json["message"]) == (503, True)
        assert " new " not in node.file.read_text()
        assert not (node.folder / "maps/b.map").exists()
    assert two.member.revisions.newest().mark <= mark


def test_what_a_store_lost_that_was_put_back_is_put_anew(fleet, pair):
    """A process remembers what it has put: of that, too, it forgets what the store may have lost."""
    one, two = pair
    kept, mark = dict(fleet.cluster.entries), fleet.cluster.mark
    for name in ("x", "y"):
        assert two.server("be1", name).status_code in (201, 202)
        two.step()
    upload(two, MAPS, {"file_upload": ("b.map", b"b\n")})
    fleet.settled(one, two)
    fleet.cluster.go_back(kept, mark)
    stepped(one, two)
    assert {node.status.state for node in pair} == {"apart"}
    offer(one, two)
    stepped(two, one)
    fresh = fleet.fresh(one)
    head = fresh.revisions.newest()
    assert " y " in fresh.revisions.text(head)
    assert {node.status.state for node in pair} == {"applied"}
    third = fleet.node("three")
    stepped(third)
    assert third.text == two.text
    assert (third.folder / "maps/b.map").read_text() == "b\n"


def test_other_processes_put_anew_what_the_store_has_lost(fleet, pair):
    """One had made a text that is lost; after the offer of another it is made once more."""
    one, two = pair
    kept, mark = dict(fleet.cluster.entries), fleet.cluster.mark
    assert one.server("be1", "x").status_code in (201, 202)
    fleet.settled(one, two)
    fleet.cluster.go_back(kept, mark)
    two.file.write_text(two.file.read_text().replace(" x ", " z "))
    stepped(one, two)
    offer(two, two)
    stepped(two)
    one.call("POST", f"{FLEET}/nodes/one", {"action": "take"})
    stepped(one, two)
    text = one.file.read_text()
    one.file.write_text(text.replace(" z ", " x "))
    stepped(one, two)
    assert " x " in two.file.read_text()
    assert fleet.fresh(two).revisions.text(two.member.revisions.newest()) == one.text


@pytest.mark.parametrize("who", ["the other", "itself"])
def test_an_overlay_whose_contents_are_lost_is_told_and_set_anew(fleet, pair, who):
    one, two = pair
    place = f"{FLEET}/overlays/node/two"
    assert two.call("PUT", place, **replace_server(two, "be2", "s1", address="192.0.2.77")).status_code == 200
    stepped(one, two)
    assert "192.0.2.77" in two.file.read_text()
    remove(fleet, *ALL)
    two.follower = Follower(*share(two.services, two.store))  # as after a start
    stepped(one, two)
    text = two.file.read_text()
    offer(one, one if who == "the other" else two)
    stepped(one, two, one, two)
    assert one.status.state == "applied", one.status
    if who == "the other":
        assert (two.status.state, two.file.read_text()) == ("refused", text)
        assert "delete the overlay, and set it anew" in two.status.reason
        assert one.call("DELETE", place).status_code == 204
        stepped(two)
        assert two.text == one.text
        assert two.call("PUT", place, **replace_server(two, "be2", "s1", address="192.0.2.78")).status_code == 200
        stepped(two)
        assert "192.0.2.78" in two.file.read_text()
    assert two.status.state == "applied", two.status
    assert ("192.0.2.77" in one.file.read_text()) is (who == "itself")


def test_an_offer_that_comes_too_late_leaves_what_the_member_has(fleet, pair, monkeypatch):
    one, two = pair
    remove(fleet, "control/head", REVISIONS)
    stepped(one, two)
    offer(one, two)
    monkeypatch.setattr(two.member.revisions, "add", lambda *given: None)
    two.step()
    stepped(one, two)
    assert {node.status.state for node in pair} == {"apart"}
    assert two.status.number > 0


def test_one_who_was_never_in_a_fleet_begins_one(fleet):
    one = fleet.node("one").step(2)
    assert one.status.state == "applied"
    head = one.member.revisions.newest()
    assert one.server("be1", "new").status_code in (201, 202)
    assert one.member.revisions.newest().origin == head.origin
    assert len(head.origin) == 32
    assert Leader(one.member).statuses()["one"].number == 1
