"""The log of the state stays where it is while a process writes it, whatever becomes of SQLite's locks."""

import errno
import os
import sqlite3
import subprocess
import sys

import pytest

from dataplane_core.store.journal import kept_log
from dataplane_core.store.journal.state import State

LOOK = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT value FROM facts').fetchall())"


@pytest.fixture
def state(tmp_path):
    state = State(tmp_path / "state")
    yield state
    state.shutdown()


def look(state):
    """What another process finds, which closes its connection then."""
    run = [sys.executable, "-c", LOOK, str(state.file)]
    return subprocess.run(run, check=True, capture_output=True, text=True).stdout


def lose_locks(state):
    """Do what SQLite does where it cannot look at a file that it has just opened once more."""
    os.close(os.open(state.file, os.O_RDONLY))


def test_who_looks_at_the_state_removes_no_log_that_is_in_use(state):
    state.set_value("first", "kept at once")
    lose_locks(state)
    assert "kept at once" in look(state)
    state.set_value("second", "kept later")
    assert "kept later" in look(state)
    assert state.value("second") == "kept later"


def test_another_server_and_this_one_see_the_same_after_locks_were_lost(tmp_path):
    one, two = State(tmp_path), State(tmp_path)
    for number in range(5):
        one.set_value(f"one{number}", "1")
        lose_locks(one)
        two.set_value(f"two{number}", "2")
        two.close()
    assert one.value("two4") == "2"
    assert two.value("one4") == "1"
    assert len(one.read("SELECT * FROM facts WHERE name LIKE 'one_' OR name LIKE 'two_'")) == 10
    two.shutdown()
    one.set_value("more", "3")
    one.shutdown()
    assert not list(tmp_path.glob("*-wal"))
    with sqlite3.connect(tmp_path / State.FILE) as last:
        assert last.execute("SELECT value FROM facts WHERE name = 'more'").fetchall() == [("3",)]


def test_a_forked_worker_keeps_the_log_by_a_lock_of_its_own(state):
    state.set_value("first", "1")
    child = os.fork()
    if child == 0:
        try:
            state.set_value("second", "2")
            held = state._connections.log.held
            state.shutdown()
        finally:
            os._exit(0 if held else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    lose_locks(state)
    assert "2" in look(state)
    state.set_value("third", "later")
    assert "later" in look(state)


def test_the_log_stays_where_its_lock_cannot_be_had(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(kept_log, "_lock", fail)
        state = State(tmp_path)
        state.set_value("first", "kept at once")
        log = state._connections.log
        assert not log.held
    assert "kept at once" in look(state)
    state.set_value("second", "kept later")
    assert "kept later" in look(state)
    log.hold()
    assert log.held
    state.shutdown()
    assert not list(tmp_path.glob("*-wal"))
