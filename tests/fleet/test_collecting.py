"""What no member needs any more goes from the store, and nothing else."""

import pytest

from dataplane_plugins.fleet.records.chunks import COLLECTED, PLACE
from dataplane_plugins.fleet.records.revisions import REVISIONS
from dataplane_plugins.fleet.rollouts import collecting
from dataplane_plugins.fleet.rollouts.collecting import Collector
from dataplane_plugins.fleet.rollouts.overlays import Overlays
from tests.fleet.support import Fleet
from tests.fleet.test_overlays import OVERLAYS, replace_server
from tests.fleet.test_responders import act

CHANGES = 8


@pytest.fixture
def fleet(tmp_path, monkeypatch) -> Fleet:
    monkeypatch.setattr(collecting, "KEPT", 3)
    return Fleet(tmp_path)


def keys(node, prefix):
    return [one.key for one in node.store.list(prefix, names_only=True).entries]


def changed(fleet):
    """Two members, and some revisions."""
    a, b = fleet.node("a"), fleet.node("b")
    fleet.settled(a, b)
    for number in range(CHANGES):
        assert a.server("be1", f"n{number}").status_code == 202
    fleet.settled(a, b)
    return a, b


def test_the_newest_revisions_stay_with_all_that_they_name(fleet):
    a, b = changed(fleet)
    newest = a.member.revisions.newest().number
    collector, before = Collector(a.member), keys(a, PLACE)
    collector.collect()
    assert [int(one.removeprefix(REVISIONS)) for one in keys(a, REVISIONS)] == [newest - 2, newest - 1, newest]
    assert keys(a, PLACE) == before, "what nobody names goes when it was not named twice"
    assert collector.collect() > 0
    assert len(keys(a, PLACE)) < len(before)
    texts = [fleet.fresh(a).revisions.text(a.member.revisions.get(number)) for number in range(newest - 2, newest + 1)]
    assert texts[-1] == a.text
    assert collector.collect() == 0
    c = fleet.node("c").step(2)
    assert c.text == a.text


def test_a_change_goes_on_with_what_was_removed_meanwhile(fleet):
    """Members take pieces for kept that are not any more: what they put is there all the same."""
    a, b = changed(fleet)
    text = a.text
    for number in range(CHANGES):
        assert a.call("DELETE", f"/v3/services/haproxy/configuration/backends/be1/servers/n{number}",
                      version=a.version).status_code in (202, 204)  # fmt: skip
    fleet.settled(a, b)
    collector = Collector(a.member)
    collector.collect()
    collector.collect()
    assert a.call("POST", "/v3/services/haproxy/configuration/raw", raw=text, version=a.version,
                  headers={"Content-Type": "text/plain"}).status_code == 202  # fmt: skip
    assert fleet.fresh(a).revisions.text(a.member.revisions.newest()) == a.text
    fleet.settled(a, b)
    assert b.text == a.text


def test_what_is_removed_between_putting_and_writing_is_put_once_more(fleet, monkeypatch):
    a, b = changed(fleet)
    first = a.sharer._rollouts.first
    seen = []

    def removed(*given, **named):
        if not seen:
            seen.append(a.store.transact([], {COLLECTED: b"now"}))
        return first(*given, **named)

    monkeypatch.setattr(a.sharer._rollouts, "first", removed)
    assert a.server("be1", "late").status_code == 202
    b.step()
    assert "server late" in b.file.read_text()


def test_overlays_and_files_keep_what_they_are_made_of(fleet):
    a, b = changed(fleet)
    (a.folder / "maps/kept.map").write_text("a b\n")
    fleet.settled(a, b)
    for number in range(5):
        a.server("be2", f"m{number}")
    fleet.settled(a, b)
    collector = Collector(b.member)
    for _ in range(3):
        collector.collect()
    c = fleet.node("c").step(2)
    assert (c.folder / "maps/kept.map").read_text() == "a b\n"


def test_who_leads_no_more_removes_nothing(fleet):
    a, _ = changed(fleet)
    hold = a.store.hold("leader", b"a", 15)
    hold.release()
    before = keys(a, REVISIONS)
    Collector(a.member).collect(hold)
    assert keys(a, REVISIONS) == before


def own_of(node, where, address, **query):
    transaction = replace_server(node, "be2", "s1", address=address)
    assert node.call("PUT", f"{OVERLAYS}/{where}", **transaction, **query).status_code == 200


def nobody_names(fleet, *nodes):
    """Have nothing in the store, and in memory, but what records name."""
    collector = Collector(nodes[0].member)
    collector.collect()
    collector.collect()
    fleet.settled(*nodes)
    for node in nodes:
        node.member.revisions.chunks._cache.clear()


@pytest.mark.parametrize("what", ["an edit by hand", "take"])
def test_what_a_member_has_with_its_overlay_is_made_again(fleet, what):
    """No record names the text that it has."""
    a, b = nodes = [fleet.node(name, **fleet.served) for name in "ab"]
    fleet.settled(*nodes)
    own_of(b, "node/b", "192.0.2.77")
    fleet.settled(*nodes)
    assert a.server("be1", "new").status_code == 202
    fleet.settled(*nodes)
    nobody_names(fleet, *nodes)
    text = b.text
    b.file.write_text(b.file.read_text().replace("192.0.2.1:80", "192.0.2.11:80"))
    if what == "take":
        assert act(a, "nodes/b", "take").status_code == 200
    fleet.settled(*nodes)
    assert [node.status.state for node in nodes] == ["applied"] * 2, b.status.reason
    assert ("192.0.2.11:80" in a.text) is (what != "take")
    assert b.text == (text if what == "take" else text.replace("192.0.2.1:80", "192.0.2.11:80"))


def test_what_an_overlay_was_made_of_is_in_the_store(fleet):
    a, b = nodes = [fleet.node(name, fleet__group="edge", **fleet.served) for name in "ab"]
    fleet.settled(*nodes)
    own_of(b, "group/edge", "192.0.2.77")
    fleet.settled(*nodes)
    assert a.server("be1", "new").status_code == 202
    fleet.settled(*nodes)
    own_of(b, "node/b", "192.0.2.78", dry_run=True)
    nobody_names(fleet, *nodes)
    own_of(b, "node/b", "192.0.2.78")
    fleet.settled(*nodes)
    chunks = fleet.fresh(a).revisions.chunks
    made = Overlays(a.member).last("node", "b")
    assert b"192.0.2.77" in chunks.get(made.base)
    assert b"192.0.2.78" in chunks.get(made.own)
