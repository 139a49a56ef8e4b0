"""Transactions in the state file, also in one that a former version wrote."""

import pytest

from dataplane_core.store import State
from dataplane_core.store.journal.transaction_steps import TABLES
from dataplane_core.store.journal.transactions import TransactionTable
from dataplane_core.store.overlay import Action, Step, replay
from dataplane_core.text import Document, SectionKey
from tests.store.support import LANGUAGE

KEY = SectionKey("backend", "b", 0)
ROWS = [
    (1, 0, "replace", 1, "backend b\n  server s ::1\n  # \udcff\n".encode("utf-8", "surrogateescape")),
    (2, 0, "insert", 2, b"backend c\n"),
    (2, 1, "remove", 0, None),
    (3, 0, "preamble", 0, b"# top\n"),
]


def test_an_open_transaction_of_a_former_version_goes_on(tmp_path):
    """It kept the whole text of each section that an edit touched."""
    state = State(tmp_path / "state")
    state.migrate("transactions", TABLES[:2])
    with state.write() as connection:
        connection.execute("INSERT INTO transactions VALUES ('t', 1, 'in_progress', 3, 1e12, 1e12, '', '')")
        for sequence, step, action, position, text in ROWS:
            values = ("t", sequence, step, action, position, *KEY, text)
            connection.execute("INSERT INTO edits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    table = TransactionTable(state, 60.0)
    record = table.get("t")
    steps = [Step(Action.LINES, 0, KEY, "  server t ::2\n", 2, 0), Step(Action.HEADER, 0, KEY, "backend b # c\n")]
    assert table.store(record, steps).sequence == 4
    base = Document.parse("global\nbackend b\n", LANGUAGE)
    document = replay(base, table.steps("t", 0, 4))
    assert document.text() == "# top\nbackend b # c\n  server s ::1\n  # \udcff\n  server t ::2\nbackend c\n"
    assert table.steps("t", 3, 4) == steps
    state.shutdown()


def test_an_edit_waits_for_the_disk_until_the_state_says_in_which_uptime_it_was_made(tmp_path, monkeypatch):
    state = State(tmp_path / "state")
    table = TransactionTable(state, 60.0)
    step = Step(Action.PREAMBLE, 0, SectionKey("", "", 0), "# more\n")
    waited = []
    write, execute = State.write, State.execute
    monkeypatch.setattr(
        State, "write", lambda self, *, synced=True: waited.append(synced) or write(self, synced=synced)
    )
    monkeypatch.setattr(
        State, "execute", lambda self, *statement: waited.append(False) or execute(self, *statement)
    )
    row = table.begin(1, "", 10)
    row = table.store(row, [step])
    row = table.store(row, [step])
    assert waited == [False, False, False]
    table.settle()
    table.settle()  # nothing is left to do
    assert waited[3:] == [True]
    row = table.store(table.get(row.id), [step])
    table.store(row, [step])
    assert waited[4:] == [True, False]
    state.boot = ""  # a system that does not tell
    table.store(table.get(table.begin(1, "", 10).id), [step])
    table.settle()
    assert waited[6:] == [True, True]
    state.shutdown()


def test_who_edits_meanwhile_is_not_settled(tmp_path):
    state = State(tmp_path / "state")
    table = TransactionTable(state, 60.0)
    row = table.begin(1, "", 10)
    with table.editing(row.id):
        table.settle()
    assert table.get(row.id).boot == state.boot
    table.settle()
    assert table.get(row.id).boot == ""
    state.shutdown()


def test_an_edit_alone_writes_no_row_of_its_transaction(tmp_path):
    state = State(tmp_path / "state")
    table = TransactionTable(state, 600.0)
    step = Step(Action.PREAMBLE, 0, SectionKey("", "", 0), "# more\n")
    row = table.begin(1, "", 10)
    after = table.store(table.store(row, [step]), [step])
    assert table.get(row.id) == after
    assert (after.sequence, after.touched) == (2, row.touched)
    state.ahead += 61
    later = table.store(after, [step])
    assert later == table.get(row.id)
    assert later.touched > row.touched + 60
    state.started_at = state.now()  # who goes on after a start is counted among those who are open
    again = table.store(later, [step])
    assert again == table.get(row.id)
    assert again.touched >= state.started_at
    state.shutdown()


@pytest.mark.parametrize("count", [1, 2])
def test_an_edit_of_what_has_changed_meanwhile_is_none(tmp_path, count):
    """Somebody removed the file of the lock, or the transaction."""
    state = State(tmp_path / "state")
    table = TransactionTable(state, 600.0)
    steps = [Step(Action.PREAMBLE, 0, SectionKey("", "", 0), "# more\n")] * count
    row = table.begin(1, "", 10)
    assert table.store(row, steps) is not None
    assert table.store(row, steps) is None
    row = table.get(row.id)
    table.close(row.id, "failed", "for a reason")
    assert table.store(row, steps) is None
    table.delete(row.id)
    assert table.store(row, steps) is None
    assert table.steps(row.id, 0, 10) == []
    state.shutdown()
