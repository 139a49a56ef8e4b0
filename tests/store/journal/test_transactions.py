"""Transactions in the state file, also in one that a former version wrote."""

from dataplane_core.store import State
from dataplane_core.store.journal import transactions as rows
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
    state.migrate("transactions", rows._TABLES[:2])
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
