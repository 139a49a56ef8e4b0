"""A state file that cannot be read is put aside; the configuration and the texts beside it stay."""

import sqlite3

import pytest

from dataplane_core.store.journal.broken_state import put_aside_if_broken
from dataplane_core.store.journal.state import State
from tests.store.support import TEXT, Bench, add_server


def made(bench):
    """Three versions, and a transaction that is open."""
    config = bench.store()
    config.file.recover()
    assert add_server(config, "be1", "s2", version=1).version == 2
    assert add_server(config, "be1", "s3", version=2).version == 3
    config.transactions.begin(3)
    config.file.records.state.shutdown()
    return bench.directory / "state" / State.FILE


def header(file):
    file.write_bytes(b"x" * 100 + file.read_bytes()[100:])


def cut(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def garbage(file):
    file.write_bytes(bytes(range(256)) * 300)


def empty(file):
    file.write_bytes(b"")


def inside(file):
    data = bytearray(file.read_bytes())
    for start in range(4096, len(data), 4096):
        data[start : start + 64] = b"\xff" * 64
    file.write_bytes(data)


@pytest.mark.parametrize("fault", [header, cut, garbage, empty, inside])
def test_a_broken_state_is_put_aside_and_made_anew(bench, fault, caplog):
    file = made(bench)
    text = bench.text
    fault(file)
    config = bench.store()
    config.file.recover()
    assert config.version() == 3 and bench.text == text
    assert "s2" in config.raw_text(2)[0] and "s3" not in config.raw_text(2)[0]
    assert config.transactions.list() == []
    assert [one.version for one in config.history.latest()] == [3, 2, 1]
    assert config.history.last_accepted().version == 3
    [aside] = file.parent.glob(f"{State.FILE}.broken-*")
    [said] = [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
    assert f"was put aside as {aside.name}: lost are transactions that were open" in said
    assert add_server(config, "be1", "s4", version=3).version == 4
    config.file.records.state.shutdown()
    caplog.clear()
    again = bench.store()
    again.file.recover()
    assert again.version() == 4 and not caplog.records


def test_a_text_that_was_edited_meanwhile_follows_on_the_last_one(bench):
    file = made(bench)
    garbage(file)
    bench.file.write_text(TEXT + "\nbackend mine\n")
    config = bench.store()
    config.file.recover()
    assert config.version() == 4 and config.history.newest().origin == "external"
    assert config.history.last_accepted().version == 3


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_NOMEM])
def test_a_state_of_which_a_page_cannot_be_read_at_a_moment_stays(bench, monkeypatch, code):
    """SQLite tells that as it tells of a broken page, and the disk may give the page again."""
    file = made(bench)
    told = f"*** in database main ***\nOn page 32: unable to get the page. error code={code}"

    class Told(sqlite3.Connection):
        def execute(self, sql, *more):
            return super().execute("SELECT ?", (told,)) if "check" in sql else super().execute(sql, *more)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *place, **how: connect(*place, **{"factory": Told, **how}))
    assert put_aside_if_broken(file) == ""
    monkeypatch.undo()
    assert bench.store().history.newest().version == 3


def test_a_state_that_looks_broken_once_stays(bench, monkeypatch):
    """So a read that failed looked at a start: SQLite called the file malformed, and its history was put aside."""
    file, looks = made(bench), []
    connect = sqlite3.connect

    class Malformed(sqlite3.Connection):
        def execute(self, sql, *more):
            looks.append(sql)
            if len(looks) > 1:
                return super().execute(sql, *more)
            error = sqlite3.DatabaseError("database disk image is malformed")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error

    monkeypatch.setattr(sqlite3, "connect", lambda *place, **how: connect(*place, **{"factory": Malformed, **how}))
    assert put_aside_if_broken(file) == ""
    assert len(looks) == 2
    monkeypatch.undo()
    assert bench.store().history.newest().version == 3


def test_a_state_of_which_the_system_does_not_give_all_bytes_stays(bench, monkeypatch):
    file = made(bench)
    garbage(file)

    def failing(*place, **how):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("builtins.open", failing)
    assert put_aside_if_broken(file) == ""
    monkeypatch.undo()
    assert "was put aside" in put_aside_if_broken(file)


def test_a_sound_state_stays(bench, caplog):
    file = made(bench)
    config = bench.store()
    config.file.recover()
    assert len(config.transactions.list()) == 1
    assert not list(file.parent.glob("*.broken-*")) and not caplog.records


def test_a_worker_puts_nothing_aside(tmp_path):
    bench = Bench(tmp_path)
    first = bench.store()
    first.version()
    file = tmp_path / "state" / State.FILE
    assert State(tmp_path / "state").first is False
    assert file.exists() and not list(file.parent.glob("*.broken-*"))
