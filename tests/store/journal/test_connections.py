"""Connections to the state file: as many as are used at the same time."""

import gc
import os
import sqlite3
import threading
import time
from contextlib import suppress

import pytest

from dataplane_core.errors import StorageFailed, StorageFull
from dataplane_core.store.journal import connections as module
from dataplane_core.store.journal.connections import Connections
from dataplane_core.store.journal.state import State
from tests.harness.processes import open_files

TABLE = ("CREATE TABLE numbers (value INTEGER)",)


@pytest.fixture
def state(tmp_path):
    state = State(tmp_path / "state")
    state.migrate("numbers", TABLE)
    yield state
    state.shutdown()


@pytest.fixture
def opened(monkeypatch):
    """The connections that are opened from now on."""
    found = []
    make = Connections._open

    def noted(self):
        found.append(make(self))
        return found[-1]

    monkeypatch.setattr(Connections, "_open", noted)
    return found


def in_threads(*works):
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_that_take_turns_share_one(state, opened):
    state.close()
    for number in range(5):
        in_threads(lambda number=number: state.set_value("number", str(number)))
        in_threads(lambda: state.value("number"))
    assert state.value("number") == "4"
    assert len(opened) == 1


def test_one_that_writes_has_it_alone(state, opened):
    state.close()
    found = []
    with state.write() as connection:
        connection.execute("INSERT INTO numbers VALUES (1)")
        in_threads(lambda: found.append(state.read("SELECT * FROM numbers")))
        assert len(state.read("SELECT * FROM numbers")) == 1
    assert found == [[]]
    assert len(opened) == 2
    assert len({id(one) for one in opened}) == 2


def test_at_a_start_one_is_waited_for_before_another_is_opened(state, opened, monkeypatch):
    state.close()
    connections, slept = state._connections, []
    connections._begun = os.getpid(), time.monotonic()
    connections._waited = time.monotonic()
    first = connections.take()
    monkeypatch.setattr(module.time, "sleep", lambda _: connections.leave(first))
    assert connections.take() is first
    monkeypatch.setattr(module.time, "sleep", slept.append)
    assert connections.take() is not first
    assert slept and len(opened) == 2
    for begun in ((os.getpid(), time.monotonic() - 5), (os.getppid(), time.monotonic())):
        slept.clear()
        connections._begun, connections._waited = begun, time.monotonic()
        connections.take()
        assert not slept


def test_who_waits_alone_is_patient_and_many_are_not(state, opened, monkeypatch):
    state.close()
    connections = state._connections
    first = connections.take()
    connections._begun = os.getpid(), time.monotonic() - 5
    connections._waited = 0.0
    monkeypatch.setattr(module.time, "sleep", lambda _: connections.leave(first))
    assert connections.take() is first
    assert connections.take() is not first
    assert len(opened) == 2


def test_nobody_waits_for_a_connection_where_none_is_open(tmp_path, monkeypatch):
    """A start closes its own, and goes on at once with the next."""
    slept = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    state = State(tmp_path / "state")
    for _ in range(3):
        state.migrate("numbers", TABLE)
        assert state.value("a") is None
        state.close()
    state.shutdown()
    assert slept == []


def test_one_that_is_forked_away_is_left_alone(state, opened):
    state.set_value("a", "b")
    state._connections.free[0].process += 1  # as in a child
    left = state._connections.free[0]
    assert state.value("a") == "b"
    assert left is not opened[0]
    assert left.execute("SELECT 1").fetchone()[0] == 1


def test_one_whose_write_failed_is_used_again(state, opened):
    state.close()
    for _ in range(3):
        with pytest.raises(LookupError), state.write() as connection:
            connection.execute("INSERT INTO numbers VALUES (1)")
            raise LookupError
    assert state.read("SELECT * FROM numbers") == []
    assert len(opened) == 1


def test_nothing_is_kept_of_a_write_in_which_the_disk_was_full(state):
    """SQLite undoes all of it at once, of which the caller of a part may know nothing."""
    state.close()
    with pytest.raises(StorageFull), state.write() as connection:
        connection.execute("INSERT INTO numbers VALUES (1)")
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with suppress(StorageFull), state.write() as same:
            while True:
                same.execute("INSERT INTO numbers VALUES (zeroblob(1000))")
        connection.execute("INSERT INTO numbers VALUES (2)")
        with state.write():
            connection.execute("INSERT INTO numbers VALUES (3)")
    assert state.read("SELECT * FROM numbers") == []
    with state.write() as connection:
        connection.execute("INSERT INTO numbers VALUES (4)")
    assert [row["value"] for row in state.read("SELECT * FROM numbers")] == [4]


def test_none_is_open_once_they_are_closed(state):
    with state.write():
        in_threads(lambda: state.value("a"), lambda: state.value("b"))
    assert open_files().count(str(state.file)) > 1
    state.close()
    gc.collect()
    assert open_files().count(str(state.file)) == 1  # that of `KeptLog`


def test_nothing_is_kept_of_a_write_of_which_one_statement_found_the_disk_full(state):
    state.close()
    with pytest.raises(StorageFull), state.write() as connection:
        connection.execute("INSERT INTO numbers VALUES (1)")
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with suppress(StorageFull):
            while True:
                state.execute("INSERT INTO numbers VALUES (zeroblob(1000))", ())
        connection.execute("INSERT INTO numbers VALUES (2)")
    assert state.read("SELECT * FROM numbers") == []
    connection.execute("PRAGMA max_page_count = 1000000")
    assert state.execute("INSERT INTO numbers VALUES (?)", (3,)) == 1


def test_who_is_forked_within_a_write_is_told_at_once(state):
    """It would wait for the end of that write, and the write perhaps for it."""
    with state.write() as connection:
        connection.execute("INSERT INTO numbers VALUES (1)")
        child = os.fork()
        if child == 0:
            try:
                state.read("SELECT * FROM numbers")
            except StorageFailed as error:
                os._exit(7 if "forked within a write" in error.message else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert len(state.read("SELECT * FROM numbers")) == 1


@pytest.fixture
def refused(state, monkeypatch):
    """Has SQLite open what it finds for reading alone, as where a descriptor lacks at that moment."""
    connect = sqlite3.connect

    def opened(file, *more, **how):
        return connect(f"file:{file}?mode=ro", *more, uri=True, **how)

    state.close()
    monkeypatch.setattr(sqlite3, "connect", opened)


def test_a_connection_that_only_reads_is_taken_for_no_write_that_comes_later(state, refused, monkeypatch):
    assert state.read("SELECT * FROM numbers") == []
    with pytest.raises(StorageFailed, match="readonly"):
        state.set_value("a", "1")
    with pytest.raises(StorageFailed, match="readonly"):
        state.execute("INSERT INTO numbers VALUES (?)", (1,))
    monkeypatch.undo()
    state.set_value("a", "1")
    assert state.execute("INSERT INTO numbers VALUES (?)", (1,)) == 1
    assert state.value("a") == "1"


def test_who_opens_a_connection_waits_for_no_write(state):
    state.close()
    with state.write() as connection:
        connection.execute("INSERT INTO numbers VALUES (1)")
        in_threads(lambda: state.read("SELECT * FROM numbers"))
        assert not any(one.only_reads for one in state._connections.free)
