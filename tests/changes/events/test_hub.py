"""What a stream is given: all events in order, from where a client was, and no more than it takes."""

import json

import pytest

from dataplane_core.errors import StorageFailed, TooMany
from dataplane_core.store.journal.events import EventTable
from dataplane_core.store.journal.reloads import ReloadTable
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.versions import VersionTable
from dataplane_plugins.changes.events import hub as module
from dataplane_plugins.changes.events.hub import EventHub
from tests.harness.waiting import stays, until


class Taken:
    """A client that takes all, or nothing."""

    def __init__(self, takes=True):
        self.data, self.takes, self.finished = b"", takes, False

    @property
    def unsent(self):
        return 0 if self.takes else len(self.data)

    def push(self, data):
        self.data += data

    def finish(self):
        self.finished = True

    @property
    def events(self):
        """The events that came, as dictionaries of their fields."""
        parts = [part for part in self.data.decode().split("\n\n") if part and not part.startswith((":", "retry"))]
        found = [dict(line.split(": ", 1) for line in part.split("\n")) for part in parts]
        return [{**one, "data": json.loads(one["data"])} for one in found]

    @property
    def ids(self):
        return [int(one["id"]) for one in self.events if "id" in one]


@pytest.fixture
def hub(tmp_path):
    state = State(tmp_path / "state")
    VersionTable(state)
    ReloadTable(state, 0, 1)
    hub = EventHub(EventTable(state), state, 3)
    yield hub
    for feed in list(hub._fed):
        feed.close()
    until(lambda: not hub._runs)
    state.shutdown()


def record(hub, *numbers):
    for number in numbers:
        hub._events.record("drift", {"number": number})


def attached(hub, *given, takes=True, **named):
    sink, feed = Taken(takes), hub.open(*given, **named)
    feed.attach(sink)
    return sink, feed


def test_news_come_to_all_streams(hub):
    record(hub, 1, 2)
    first, _ = attached(hub, None)
    second, _ = attached(hub, 1)
    until(lambda: first.data and second.ids == [2])
    record(hub, 3)
    until(lambda: first.ids == [3] and second.ids == [2, 3])
    event = first.events[0]
    assert event["event"] == "drift"
    assert event["data"]["number"] == 3
    assert event["data"]["time"].endswith("Z")
    assert first.data.startswith(b"retry: ")


def test_a_stream_comes_from_another_worker_too(hub):
    """The events are rows: who wrote them does not matter."""
    sink, _ = attached(hub, None)
    other = EventTable(hub._events._state)
    other.record("drift", {"number": 7})
    until(lambda: sink.ids == [1])


def test_only_the_kinds_that_are_wanted(hub):
    sink, _ = attached(hub, 0, frozenset({"reload"}))
    record(hub, 1)
    hub._events.record("reload", {"id": "x"})
    until(lambda: sink.ids == [2])


def test_a_client_that_takes_nothing_is_sent_little(hub):
    hub._events.record_all(("drift", {"text": "x" * 1000}) for _ in range(5000))
    sink, _ = attached(hub, 0, takes=False)
    until(lambda: len(sink.data) > module._MOST_UNSENT)
    sent = len(sink.data)
    assert sent < 500_000
    assert stays(lambda: len(sink.data) == sent)
    sink.takes = True
    until(lambda: len(sink.ids) == 5000)
    assert sink.ids == list(range(1, 5001))


def test_events_that_are_gone_are_told_of(hub):
    record(hub, *range(5))
    with hub._events._state.write() as connection:
        connection.execute("DELETE FROM events WHERE id < 4")
    sink, _ = attached(hub, 1)
    until(lambda: sink.ids == [4, 5])
    assert sink.events[0] == {"event": "gap", "data": {"first": 2, "last": 3}}


def test_a_number_of_another_state_begins_anew(hub):
    record(hub, 1)
    sink, _ = attached(hub, 900)
    until(lambda: sink.ids == [1])
    assert sink.events[0]["event"] == "gap"


def test_a_stream_that_does_not_follow_ends_behind_the_newest(hub):
    record(hub, *range(450))
    sink, _ = attached(hub, 0, follows=False)
    until(lambda: sink.finished)
    assert sink.ids == list(range(1, 451))


def test_a_silent_stream_shows_that_it_lives(hub, monkeypatch):
    monkeypatch.setattr(module, "BEAT", 0.0)
    sink, _ = attached(hub, None)
    until(lambda: sink.data.count(b":\n\n") > 1)


def test_a_stream_ends_after_its_time(hub, monkeypatch):
    monkeypatch.setattr(module, "LIFE", 0.0)
    sink, _ = attached(hub, None)
    until(lambda: sink.finished)


def test_the_streams_are_limited_and_those_that_are_gone_do_not_count(hub):
    feeds = [hub.open(None) for _ in range(3)]
    with pytest.raises(TooMany):
        hub.open(None)
    feeds[0].close()
    del feeds[1]  # a request that failed before it was answered
    hub.open(None)


def test_nobody_listens_once_all_streams_are_gone(hub):
    assert not hub.listening.anybody()
    _, feed = attached(hub, None)
    until(hub.listening.anybody)
    feed.close()
    until(lambda: not hub.listening.anybody())
    assert not hub._runs


def test_a_fault_of_the_state_is_waited_out(hub, monkeypatch, caplog):
    monkeypatch.setattr(module, "_REST", 0.01)
    sink, _ = attached(hub, None)
    until(lambda: sink.data)
    kept, faults = hub._events.newest, [ZeroDivisionError("unforeseen"), *[StorageFailed("no disk")] * 3]

    def newest():
        if faults:
            raise faults.pop()
        return kept()

    hub._events.newest = newest
    record(hub, 1)
    until(lambda: sink.ids == [1])
    said = ["events cannot be read: no disk", "events cannot be read: ZeroDivisionError('unforeseen')"]
    until(lambda: [one.getMessage() for one in caplog.records] == [*said, "events can be read again"])


def test_a_server_that_knows_no_feeds_iterates(hub):
    record(hub, 1, 2)
    feed = hub.open(0, follows=False)
    data = b"".join(feed)
    assert data.count(b"event: drift") == 2
    assert feed not in hub._open


def test_a_thread_that_cannot_be_started_is_started_for_the_next_stream(hub, monkeypatch):
    def refuse(*given, **named):
        raise RuntimeError("can't start new thread")

    feed = hub.open(None)
    with monkeypatch.context() as patched:
        patched.setattr(module.threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            feed.attach(Taken())
    feed.close()
    sink, _ = attached(hub, 0)
    record(hub, 1)
    until(lambda: sink.ids == [1])


def test_a_stream_that_cannot_go_on_ends(hub, monkeypatch, caplog):
    monkeypatch.setattr(hub, "page", lambda position: 1 / 0)
    record(hub, 1)
    sink, feed = attached(hub, 0)
    until(lambda: sink.finished)
    assert "a stream of events is given up" in caplog.text
    feed.close()
