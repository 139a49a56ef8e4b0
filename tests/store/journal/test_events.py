"""Events are written by the state itself, with the changes that they tell of."""

import pytest

from dataplane_core.store.author import Author
from dataplane_core.store.journal import events as module
from dataplane_core.store.journal.events import EventTable
from dataplane_core.store.journal.reloads import ReloadTable
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.versions import VersionRecord, VersionTable


@pytest.fixture
def state(tmp_path):
    state = State(tmp_path / "state")
    yield state
    state.shutdown()


@pytest.fixture
def tables(state):
    return VersionTable(state), ReloadTable(state, 0, 1), EventTable(state)


def version(number, **facts):
    author = Author(facts.pop("who", "ops"), request_id=facts.pop("request_id", ""))
    given = {"status": "active", "origin": "api", "created": 0.0, "author": author, **facts}
    return VersionRecord(number, "digest", **given)


def told(events):
    return [(one.kind, one.values) for one in events.after(0)]


def test_a_version_and_its_fate_are_told(tables):
    versions, _, events = tables
    versions.record(version(1, accepted=True))
    versions.record(version(2, transaction_id="t", request_id="r"))
    versions.apply(2)
    versions.apply(2)
    versions.record(version(3))
    with versions.state.write() as connection:
        versions.roll_back(connection, 2, 4, "HAProxy said no")
    versions.record(version(4, origin="external", who=""))
    versions.refuse(4, "unknown keyword")
    assert [(kind, values["version"]) for kind, values in told(events)] == [
        ("version", 1), ("version", 2), ("applied", 2), ("version", 3), ("rolled_back", 3),
        ("version", 4), ("refused", 4),
    ]  # fmt: skip
    values = [values for _, values in told(events)]
    assert values[1] == {
        "version": 2, "origin": "api", "user": "ops", "request_id": "r", "transaction_id": "t", "reason": "",
        "author": None,
    }  # fmt: skip
    assert (values[2]["by"], values[4]["reason"], values[6]["reason"]) == (
        "commands", "HAProxy said no", "unknown keyword",
    )  # fmt: skip


def test_a_version_is_told_with_all_that_its_author_said(tables):
    versions, _, events = tables
    author = Author("ops", "basic", "192.0.2.1:99", "curl/8", "v3", "r", "more \"room\"")
    versions.record(VersionRecord(1, "digest", "active", "api", 0.0, author))
    values = events.after(0)[0].values
    assert values["user"] == "ops"
    assert values["author"] == {
        "method": "basic", "address": "192.0.2.1:99", "client": "curl/8", "interface": "v3",
        "reason": "more \"room\"",
    }  # fmt: skip


def test_a_reload_is_told_from_its_request_to_its_end(tables):
    _, reloads, events = tables
    identifier = reloads.request(1, "a new frontend")
    reloads.request(2, "a new bind")
    job = reloads.due(early=True)
    reloads.finish(reloads.begin(job, 2), False, "[ALERT] no")
    found = [values for kind, values in told(events) if kind == "reload"]
    assert [one["status"] for one in found] == ["queued", "begun", "failed"]
    assert {one["id"] for one in found} == {identifier}
    assert found[1]["reason"] == "a new frontend; a new bind"
    assert (found[2]["version"], found[2]["response"]) == (2, "[ALERT] no")


def test_what_is_undone_is_not_told(tables):
    versions, _, events = tables
    with pytest.raises(ZeroDivisionError), versions.state.write():
        versions.record(version(1))
        raise ZeroDivisionError
    versions.record(version(2))
    assert [(one.id, one.values["version"]) for one in events.after(0)] == [(1, 2)]


def test_only_the_newest_are_kept(tables, monkeypatch):
    _, _, events = tables
    most = module.MOST_EVENTS
    events.record_all(("drift", {"number": number}) for number in range(most + 250))
    assert events.newest() == most + 250
    assert most <= events.newest() - events.oldest() + 1 <= most + 100
    page = events.after(events.newest() - 3)
    assert [one.values["number"] for one in page] == [most + 247, most + 248, most + 249]
    assert events.after(events.newest()) == []


def test_a_state_without_events_has_none(tables):
    _, _, events = tables
    assert (events.newest(), events.oldest(), events.after(0)) == (0, 0, [])
    events.record_all([])
    assert events.newest() == 0


def test_text_that_is_no_utf_8_can_be_told(tables):
    _, _, events = tables
    events.record("drift", {"said": "caf\udce9"})
    assert "caf" in events.after(0)[0].values["said"]
