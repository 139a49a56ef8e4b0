"""What a change costs the disk and the state, in counts: they must not creep up."""

import os
from collections import Counter

import pytest

from dataplane_core.store import exchange
from tests.store.support import TEXT, add_server, connection_of


class Costs:
    """Counts syncs and renames of this process, and the statements that it gives SQLite."""

    def __init__(self, monkeypatch):
        self.counted = Counter()
        for name in ("fsync", "fdatasync", "replace", "rename", "link", "mkdir"):
            monkeypatch.setattr(os, name, self._counting(name, getattr(os, name)))
        monkeypatch.setattr(exchange, "_exchange", self._counting("exchange", exchange._exchange))

    def _counting(self, name, call):
        def counting(*arguments, **more):
            self.counted[name] += 1
            return call(*arguments, **more)

        return counting

    def of(self, config, action):
        """What an action costs; `commits` are those of the state, `synced` those that it waits for."""
        self.counted.clear()
        statements = []
        connection = connection_of(config.file.records.state)
        connection.set_trace_callback(statements.append)
        synced = connection.synced
        action()
        connection.set_trace_callback(None)
        for statement in statements:
            if statement.startswith("PRAGMA synchronous"):
                synced = statement.endswith("FULL")
            elif statement.startswith("COMMIT"):
                self.counted["commits"] += 1
                self.counted["synced"] += bool(synced)
        return {"statements": len(statements), **{name: self.counted[name] for name in self.counted}}


@pytest.fixture
def costs(monkeypatch):
    return Costs(monkeypatch)


@pytest.fixture
def config(bench):
    """A store that has committed twice, so that nothing is done for the first time."""
    config = bench.store()
    for version in (1, 2):
        add_server(config, "be1", f"s{version + 1}", version=version)
    return config


def syncs(told):
    return told.get("fsync", 0) + told.get("fdatasync", 0) + told.get("synced", 0)


def test_a_change_is_synced_three_times_and_put_in_its_place_once(config, costs):
    told = costs.of(config, lambda: add_server(config, "be1", "new", version=3))
    # The candidate and the intent while HAProxy checks; the folder when the file has its name.
    assert syncs(told) == 3
    assert told["exchange"] == 1
    assert told.keys().isdisjoint({"replace", "rename", "link"})
    assert told["commits"] == 2  # the intent, and the version with all that belongs to it
    assert told["statements"] <= 24


def test_the_text_to_go_back_to_is_synced_once(config, costs):
    config.file.accept(3)
    told = costs.of(config, lambda: add_server(config, "be1", "new", version=3))
    assert syncs(told) == 3
    other = config.file.records.texts
    other._synced = ""  # as in a worker that has not carried out the reload
    told = costs.of(config, lambda: add_server(config, "be1", "newer", version=4))
    assert syncs(told) == 5
    told = costs.of(config, lambda: add_server(config, "be1", "newest", version=5))
    assert syncs(told) == 3


def test_a_refused_change_is_synced_for_nothing_else(config, costs):
    def refused():
        with pytest.raises(Exception, match="refused"):
            add_server(config, "be1", "refused", version=3)

    told = costs.of(config, refused)
    assert told.get("replace", 0) == 0
    assert syncs(told) <= 3


def test_who_is_overtaken_costs_no_sync_and_no_commit(config, costs):
    def overtaken():
        with pytest.raises(Exception, match="version mismatch"), config.edit(version=3):
            add_server(config, "be1", "faster", version=3)

    winner = costs.of(config, overtaken)
    assert syncs(winner) == 3
    assert winner["commits"] == 2


def test_an_edit_in_a_transaction_is_one_commit_of_the_state(config, costs):
    transaction = config.transactions.begin(3).id
    add_server(config, "be1", "first", transaction_id=transaction)
    told = costs.of(config, lambda: add_server(config, "be1", "new", transaction_id=transaction))
    assert told["statements"] <= 3, "the transaction, the step, and who may ask for the level of syncs"
    assert told.get("commits", 0) == 0, "one statement is a commit of its own"
    assert syncs(told) <= 1
    assert told.get("replace", 0) == 0


def test_the_commit_of_a_transaction_costs_what_a_change_does(config, costs):
    transaction = config.transactions.begin(3).id
    add_server(config, "be1", "new", transaction_id=transaction)
    told = costs.of(config, lambda: config.transactions.commit(transaction))
    assert syncs(told) == 3
    assert told["exchange"] == 1
    assert told.keys().isdisjoint({"replace", "rename", "link"})
    assert told["commits"] == 2


def test_an_edit_by_hand_is_on_the_disk_before_anything_follows_on_it(bench, config, costs):
    def edited():
        bench.file.write_text(TEXT + "# by hand\n")
        assert config.version() == 4

    told = costs.of(config, edited)
    assert syncs(told) >= 3  # the text, its folder, the record


def test_an_edit_in_a_transaction_waits_for_no_sync(config, costs):
    transaction = config.transactions.begin(3).id
    for name in ("one", "two"):
        told = costs.of(config, lambda name=name: add_server(config, "be1", name, transaction_id=transaction))
        assert syncs(told) == 0
        assert told["statements"] <= 5  # the transaction; and a write of it and of one step
