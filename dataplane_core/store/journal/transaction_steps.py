"""Say how transactions and the steps of their edits are rows of the state file."""

import sqlite3
from typing import Any

from dataplane_core.store.head import decode_text, encode_text
from dataplane_core.store.journal.version_records import storable_text
from dataplane_core.store.overlay import Action, Step
from dataplane_core.text import SectionKey

TABLES = (
    """CREATE TABLE transactions (
        id TEXT PRIMARY KEY,
        base INTEGER NOT NULL,
        status TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        created REAL NOT NULL,
        touched REAL NOT NULL,
        who TEXT NOT NULL,
        reason TEXT NOT NULL)""",
    """CREATE TABLE edits (
        transaction_id TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        step INTEGER NOT NULL,
        action TEXT NOT NULL,
        position INTEGER NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        ordinal INTEGER NOT NULL,
        text BLOB,
        PRIMARY KEY (transaction_id, sequence, step))""",
    "ALTER TABLE edits RENAME TO former_edits",
    """CREATE TABLE edits (
        transaction_id TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        step INTEGER NOT NULL,
        action TEXT NOT NULL,
        position INTEGER NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        ordinal INTEGER NOT NULL,
        text BLOB,
        line INTEGER NOT NULL,
        removed INTEGER NOT NULL,
        PRIMARY KEY (transaction_id, sequence, step)) WITHOUT ROWID""",
    "INSERT INTO edits SELECT *, 0, 0 FROM former_edits",
    "DROP TABLE former_edits",
    "ALTER TABLE transactions ADD COLUMN boot TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE transactions RENAME COLUMN sequence TO former_sequence",  # the steps tell it
)
ROWS = (
    "SELECT id, base, status, "
    "(SELECT coalesce(max(sequence), 0) FROM edits WHERE transaction_id = transactions.id), "
    "created, touched, who, reason, boot FROM transactions"
)
"""Reads transactions, in columns as `TransactionRecord` has its fields."""

INSERT_STEP = (
    f"INSERT OR IGNORE INTO edits SELECT {', '.join('?' * 11)} "
    "FROM transactions WHERE id = ? AND status = 'in_progress'"
)
"""Adds one step, unless the transaction is closed, or somebody has added one of its number."""


def step_values(
    transaction_id: str, sequence: int, number: int, step: Step
) -> tuple[Any, ...]:
    """Return what `INSERT_STEP` takes for one step of an edit."""
    kind, name, ordinal = step.key
    text = None if step.text is None else encode_text(step.text)
    return (
        transaction_id, sequence, number, step.action, step.position, storable_text(kind),
        storable_text(name), ordinal, text, step.line, step.removed, transaction_id,
    )  # fmt: skip


def step_of(row: sqlite3.Row) -> Step:
    """Return the step of a row."""
    key = SectionKey(row["kind"], row["name"], row["ordinal"])
    text = None if row["text"] is None else decode_text(row["text"])
    action = Action(row["action"])
    return Step(action, row["position"], key, text, row["line"], row["removed"])
