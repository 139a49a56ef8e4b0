import errno
import os
import sqlite3
import stat
import threading

import pytest

from dataplane_core.errors import StorageFailed, StorageFull
from dataplane_core.store.journal.state import State
from dataplane_core.store.locks import locked
from tests.harness.processes import open_files
from tests.store.support import connection_of

TABLE = ("CREATE TABLE numbers (value INTEGER)",)


@pytest.fixture
def state(tmp_path):
    state = State(tmp_path / "state")
    state.migrate("numbers", TABLE)
    yield state
    state.close()


def add(state: State, value: int) -> None:
    with state.write() as connection:
        connection.execute("INSERT INTO numbers VALUES (?)", (value,))


def values(state: State) -> list[int]:
    return [row["value"] for row in state.read("SELECT value FROM numbers ORDER BY value")]


def test_directory_is_private(state):
    assert stat.S_IMODE(state.directory.stat().st_mode) == 0o700


def test_rows_survive_a_restart(state):
    add(state, 1)
    state.shutdown()
    again = State(state.directory)
    assert again.first
    assert values(again) == [1]
    again.shutdown()
    state.__init__(state.directory)


def test_a_forked_worker_is_not_a_start_of_the_server(state):
    assert state.first
    pid = os.fork()
    if pid == 0:
        os._exit(state.first)
    assert os.waitpid(pid, 0)[1] == 0


def test_a_second_worker_is_not_a_start_of_the_server(state):
    other = State(state.directory)
    assert state.first
    assert not other.first
    assert other.started == state.started
    other.shutdown()


def test_a_state_that_cannot_be_opened_is_left_as_unused(tmp_path):
    (tmp_path / State.FILE).mkdir()
    with pytest.raises(StorageFailed):
        State(tmp_path)
    assert str(tmp_path / State.ALIVE) not in open_files()
    (tmp_path / State.FILE).rmdir()
    state = State(tmp_path)
    assert state.first
    state.shutdown()


def test_an_exception_undoes_the_write(state):
    with pytest.raises(ZeroDivisionError), state.write() as connection:
        connection.execute("INSERT INTO numbers VALUES (1)")
        raise ZeroDivisionError
    assert values(state) == []
    add(state, 2)
    assert values(state) == [2]


def test_a_write_within_a_write_is_part_of_it(state):
    with pytest.raises(LookupError), state.write():
        add(state, 1)
        assert values(state) == [1]
        raise LookupError
    assert values(state) == []
    with state.write(synced=False):
        add(state, 1)
        add(state, 2)
    add(state, 3)
    assert values(state) == [1, 2, 3]


def test_every_thread_writes(state):
    threads = [threading.Thread(target=add, args=(state, number)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values(state) == list(range(8))


def test_a_forked_child_writes_through_a_connection_of_its_own(state):
    add(state, 1)
    child = os.fork()
    if child == 0:
        try:
            add(state, 2)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    add(state, 3)
    assert values(state) == [1, 2, 3]


def test_steps_run_once_and_in_order(state):
    steps = (*TABLE, "ALTER TABLE numbers ADD COLUMN note TEXT")
    state.migrate("numbers", steps)
    state.migrate("numbers", steps)
    assert [row["name"] for row in state.read("PRAGMA table_info(numbers)")] == ["value", "note"]


def test_a_newer_state_is_refused(state):
    state.migrate("numbers", (*TABLE, "ALTER TABLE numbers ADD COLUMN note TEXT"))
    with pytest.raises(StorageFailed, match="newer version"):
        state.migrate("numbers", TABLE)


def test_facts(state):
    assert state.value("color") is None
    state.set_value("color", "red")
    state.set_value("color", "blue")
    assert state.value("color") == "blue"


def test_a_full_database_is_507(state):
    connection = connection_of(state)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageFull), state.write() as write:
        write.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(50_000)])
    connection.execute("PRAGMA max_page_count = 1000000")
    add(state, 1)
    assert values(state) == [1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is not held up by modes")
def test_a_directory_that_everybody_may_write_is_refused(tmp_path):
    tmp_path.chmod(0o777)
    with pytest.raises(StorageFailed, match="0700"):
        State(tmp_path)


def test_the_journal_is_a_write_ahead_log(state):
    with sqlite3.connect(state.file) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_without_a_write_ahead_log_there_is_nothing_to_sync(state):
    state.set_value("a", "b")
    state.shutdown()
    assert not list(state.directory.glob("*-wal"))
    state.sync()
    assert State(state.directory).value("a") == "b"


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOMEM])
def test_a_log_that_cannot_be_looked_at_is_not_on_the_disk(state, monkeypatch, number):
    state.set_value("a", "b")
    real = {name: getattr(os, name) for name in ("open", "stat")}

    def failing(name, path, *more, **how):
        if str(path).endswith("-wal"):
            raise OSError(number, os.strerror(number), path)
        return real[name](path, *more, **how)

    for name in real:
        monkeypatch.setattr(os, name, lambda *place, name=name, **how: failing(name, *place, **how))
    with pytest.raises(StorageFailed, match="sqlite-wal"):
        state.sync()
    monkeypatch.undo()
    state.sync()


def test_a_log_that_somebody_has_removed_is_not_on_the_disk(state):
    state.set_value("a", "b")
    state.path("state.sqlite-wal").rename(state.path("elsewhere"))
    with pytest.raises(StorageFailed, match="sqlite-wal"):
        state.sync()
    state.path("elsewhere").rename(state.path("state.sqlite-wal"))


def test_only_their_owner_reads_the_files_of_the_state(tmp_path):
    before = os.umask(0)
    try:
        state = State(tmp_path / "state")
        state.set_value("a", "b")
        with locked(state.path("some.lock")):
            pass
        assert modes(tmp_path / "state") == {0o600}
        assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_files_that_a_former_server_made_are_closed_to_others(tmp_path):
    state = State(tmp_path)
    state.set_value("a", "b")
    state.file.chmod(0o644)
    state.shutdown()
    tmp_path.chmod(0o755)
    (tmp_path / "haproxy.sock").touch(0o644)
    again = State(tmp_path)
    assert again.value("a") == "b"
    assert stat.S_IMODE(again.file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "haproxy.sock").stat().st_mode) == 0o644
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def modes(folder):
    return {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()}
