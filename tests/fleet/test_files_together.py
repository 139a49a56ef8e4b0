"""Files of one apply and its configuration are one revision of a fleet, in waves too."""

from typing import Any

import pytest

from dataplane_plugins.fleet.members.errors import Overtaken
from dataplane_plugins.fleet.records.rollout import Strategy
from tests.changes.support import APPLY, archive
from tests.fleet.support import TEXT, Node
from tests.fleet.test_following import upload
from tests.fleet.test_rollouts import begin, refusing

FLEET = "/dataplane/v1/fleet"
MAPS = "/v3/services/haproxy/storage/maps"
FILES = {"maps/one.map": "a be1\n", "maps/two.map": "b be2\n", "general/page.http": "HTTP/1.0 200 OK\r\n\r\n"}
CHANGED = TEXT.replace("maxconn 100", "maxconn 200")


def apply(node: Node, files: dict[str, str | bytes], **query: Any) -> Any:
    headers = {"Content-Type": "application/x-tar"}
    return node.call("POST", APPLY, raw=archive(files), headers=headers, **query)


def files_of(node: Node) -> dict[str, str]:
    return {
        f"{kind}/{one.name}": one.read_bytes().decode()
        for kind in ("maps", "general") for one in (node.folder / kind).iterdir()
    }  # fmt: skip


def number(node: Node) -> int:
    revision = node.member.revisions.newest()
    assert revision is not None
    return revision.number


def test_an_apply_of_files_and_a_text_is_one_revision_that_goes_in_waves(fleet):
    a, b, c = nodes = [fleet.node(name) for name in "abc"]
    fleet.settled(*nodes)
    assert apply(a, {"haproxy.cfg": TEXT, "maps/old.map": "", "maps/one.map": ""}).status_code == 200
    leader = begin(fleet, Strategy(("1", "2")), *nodes)
    before = number(a)
    answer = apply(a, {"haproxy.cfg": CHANGED, **FILES}, prune="true")
    assert answer.status_code in (200, 202), answer.text
    assert number(a) == before + 1
    for count in (1, 2, 3):
        fleet.settled(*nodes)
        for node in nodes[:count]:
            assert files_of(node) == FILES
            assert "maxconn 200" in node.file.read_text()
        for node in nodes[count:]:
            assert files_of(node) == {"maps/old.map": "", "maps/one.map": ""}
            assert "maxconn 100" in node.file.read_text()
        leader.step()
    assert [node.status.state for node in nodes] == ["applied"] * 3
    assert number(a) == before + 1
    author = a.member.revisions.newest().author
    assert author["name"] == "admin"


def test_files_alone_are_one_revision_by_who_asks(fleet):
    a, b = fleet.node("a", **fleet.served), fleet.node("b")
    fleet.settled(a, b)
    before = number(a)
    answer = apply(a, {"haproxy.cfg": TEXT, **FILES})
    assert answer.status_code == 200, answer.text
    fleet.settled(a, b)
    assert (number(a), files_of(b), b.version) == (before + 1, FILES, a.version)
    for node, way, address in ((a, "basic", None), (b, "fleet", "member a")):
        shown = node.call("GET", "/dataplane/v1/history/newest/files", at="left").json
        assert len(shown) == len(FILES)
        for one in shown:
            author = one["author"]
            assert (author["name"], author["method"]) == ("admin", way)
            assert author.get("address") == address
    newest = a.call("GET", FLEET).json["newest"]
    assert (newest["node"], newest["author"]["name"], newest["author"]["method"]) == ("a", "admin", "basic")


@pytest.mark.parametrize("refuses", ["haproxy", "fleet", "store"])
def test_what_is_refused_leaves_nothing_half_published(fleet, refuses):
    a = refusing(fleet, "a")
    b = fleet.node("b")
    begin(fleet, Strategy(("1",)), a, b)
    text = CHANGED
    if refuses == "haproxy":
        text = CHANGED.replace("server s1", "server new", 1)
    elif refuses == "fleet":
        b.server("be1", "other")
    else:
        fleet.cluster.is_down = True
    before = a.file.read_bytes()
    answer = apply(a, {"haproxy.cfg": text, **FILES})
    assert answer.status_code == {"haproxy": 400, "fleet": 409, "store": 503}[refuses], answer.text
    fleet.cluster.is_down = False
    assert (files_of(a), a.file.read_bytes()) == ({}, before)
    expected = number(a)
    fleet.settled(a, b)
    assert (files_of(a), files_of(b), number(a)) == ({}, {}, expected)


def test_a_member_that_is_behind_catches_up_and_applies(fleet):
    a, b = fleet.node("a"), fleet.node("b")
    fleet.settled(a, b)
    assert apply(a, {"haproxy.cfg": CHANGED, "maps/one.map": "x\n"}).status_code in (200, 202)
    answer = apply(b, {"haproxy.cfg": CHANGED.replace("200", "300"), **FILES})
    assert answer.status_code in (200, 202), answer.text
    fleet.settled(a, b)
    assert "maxconn 300" in a.file.read_text()
    assert files_of(a) == files_of(b) == FILES


def test_a_file_that_was_edited_by_hand_is_refused_at_once(fleet, monkeypatch):
    a = fleet.node("a")
    fleet.settled(a)
    apply(a, {"haproxy.cfg": CHANGED, "maps/one.map": "x\n"})
    fleet.settled(a)
    (a.folder / "maps" / "one.map").write_text("by hand\n")
    judge, asked = type(a.services.config.file.judge), []
    judging = judge.judging
    monkeypatch.setattr(judge, "judging", lambda *more: asked.append(1) or judging(*more))
    answer = apply(a, {"haproxy.cfg": TEXT, **FILES})
    assert (answer.status_code, len(asked)) == (409, 1)
    assert "maps/one.map was changed on this member by hand" in answer.json["message"]
    assert files_of(a) == {"maps/one.map": "by hand\n"}
    fleet.settled(a)
    assert apply(a, {"haproxy.cfg": TEXT, **FILES}).status_code in (200, 202)


def test_a_member_that_puts_a_version_back_does_not_wait_for_itself(fleet):
    a, b = fleet.node("a"), fleet.node("b")
    fleet.settled(a, b)
    first = b.version
    for node, most in ((b, "200"), (a, "300")):
        text = CHANGED.replace("200", most)
        assert apply(node, {"haproxy.cfg": text, "maps/one.map": most}).status_code in (200, 202)
        a.step()
    answer = b.call("POST", f"/dataplane/v1/history/{first}/rollback")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (409, "1")
    assert "repeat the change" in answer.json["message"]
    fleet.settled(a, b)
    assert b.call("POST", f"/dataplane/v1/history/{first}/rollback").status_code in (200, 202)


def test_what_is_being_applied_is_no_edit_by_hand(fleet, monkeypatch):
    """The member looks while HAProxy checks: what is there may be taken back."""
    a, b = fleet.node("a"), fleet.node("b")
    fleet.settled(a, b)
    before, seen = number(a), []
    judge = a.services.config.file.judge
    judging = type(judge).judging

    def looked(*arguments: Any) -> Any:
        if not seen:
            seen.append(files_of(a))
            with pytest.raises(Overtaken):
                a.follower.step()
        return judging(*arguments)

    monkeypatch.setattr(type(judge), "judging", looked)
    assert apply(a, {"haproxy.cfg": CHANGED, **FILES}).status_code in (200, 202)
    assert (seen, number(a)) == ([FILES], before + 1)


def test_the_history_of_each_member_says_who_changed_a_file(fleet):
    a, b = nodes = [fleet.node(name, **fleet.served) for name in "ab"]
    fleet.settled(*nodes)
    (a.folder / "maps" / "by-hand.map").write_text("")
    fleet.settled(*nodes)
    upload(a, MAPS, {"file_upload": ("h.map", b"one\n")})
    fleet.settled(*nodes)
    b.call("PUT", f"{MAPS}/h.map", raw="two\n", headers={"Content-Type": "text/plain", "X-Change-Reason": "ticket 7"})
    fleet.settled(*nodes)
    assert a.call("DELETE", f"{MAPS}/h.map").status_code == 204
    fleet.settled(*nodes)
    for node in nodes:
        each = node.call("GET", "/dataplane/v1/history/newest/files", at="each").json
        made = [one for one in each if one["path"].endswith("h.map")]
        assert [one["author"]["name"] for one in made] == ["admin"] * 2
        assert [one.get("reason") for one in made] == [None, "ticket 7"]
        there = "basic", "fleet"
        assert [one["author"]["method"] for one in made] == [*(there if node is a else reversed(there))]
    by_hand = a.call("GET", "/dataplane/v1/history/newest/files", at="left").json
    assert [one.get("author") for one in by_hand] == [None]


def test_who_uploads_a_file_and_commits_what_uses_it_is_told_when(fleet):
    a, b = nodes = [fleet.node(name) for name in "ab"]
    leader = begin(fleet, Strategy(("1",)), *nodes)
    assert upload(a, MAPS, {"file_upload": ("h.map", b"a b\n")}).status_code == 201
    refused = a.server("be1", "new")
    assert (refused.status_code, refused.headers.get("Retry-After")) == (409, "5")
    assert "send the change again when it is over" in refused.json["message"]
    assert "wait=all" in refused.json["message"]
    for _ in range(3):
        fleet.settled(*nodes)
        leader.step()
    assert a.server("be1", "new").status_code in (201, 202)
