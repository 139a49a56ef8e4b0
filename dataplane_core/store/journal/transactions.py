"""Keep transactions as rows of the state file: the steps of each edit, and what became of them."""

import os
import sqlite3
import time
import zlib
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import Literal

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import NotFound, TooMany
from dataplane_core.store.change import Origin
from dataplane_core.store.failpoints import failpoint
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.transaction_steps import (
    INSERT_STEP,
    ROWS,
    TABLES,
    step_of,
    step_values,
)
from dataplane_core.store.journal.version_records import storable_text
from dataplane_core.store.locks import KeptLock, try_lock
from dataplane_core.store.overlay import Step
from dataplane_core.store.trial import CLOCK

TransactionStatus = Literal["in_progress", "failed", "outdated", "success"]
COMMITTED = "another transaction was committed"
RESTORED = "a version that HAProxy refused was taken back"
CHANGED = "the configuration was changed"
OVERTAKEN = frozenset({COMMITTED, RESTORED, CHANGED})
"""Why a transaction is outdated that can still be put on the newest version."""
RESTARTED = (
    "the machine was restarted while it was open, and its last changes may be missing; begin a new "
    "transaction"
)
_MOST_CLOSED = 100
_TOUCH_SECONDS = 60.0
_TOUCHES = 10  # in the time after which a transaction is outdated, if that is short
_ROW = f"{ROWS} WHERE id = ?"


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """One transaction: `base` is the version it starts from, `sequence` counts its edits.

    `boot` identifies the machine's uptime (`State.boot`) whose end may undo the last edits. It is
    empty when all of them are on the disk.
    """

    id: str
    base: int
    status: TransactionStatus
    sequence: int
    created: float
    touched: float
    who: str = ""
    reason: str = ""
    boot: str = ""


class TransactionTable:
    """The tables of transactions. Methods that take a connection are part of a larger write.

    Moments are those of `State.now`: who sets the clock ends no transaction, and keeps none. One
    that was not used for `ttl` seconds is outdated; a closed transaction is removed
    after the same time, or when a hundred others were closed since.

    An edit survives `kill -9`, but does not wait for the disk: a power cut may undo the last edits
    of an open transaction. So a transaction remembers in which uptime of the machine it was edited,
    and has failed in any other one. Without such edits it lives on (`settle`).
    """

    def __init__(self, state: State, ttl: float) -> None:
        self._state = state
        self._ttl = ttl
        paths = (state.path(f"edit-{number:02d}.lock") for number in range(16))
        self._locks = [KeptLock(path) for path in paths]
        state.migrate("transactions", TABLES)

    def editing(self, transaction_id: str) -> AbstractContextManager[None]:
        """Lock a transaction against edits and commits of all other workers."""
        number = zlib.crc32(transaction_id.encode("utf-8", "replace")) % len(self._locks)
        return self._locks[number]

    def get(self, transaction_id: str) -> TransactionRecord | None:
        """Return a transaction as it is now; None without one."""
        found = self._state.read(_ROW, (storable_text(transaction_id),))
        return self._row(found[0]) if found else None

    def all(self) -> list[TransactionRecord]:
        """Return all transactions, the oldest first."""
        rows = self._state.read(f"{ROWS} ORDER BY created, id")
        return [self._row(row) for row in rows]

    def begin(self, base: int, who: str, limit: int) -> TransactionRecord:
        """Record and return a new transaction on version `base`.

        Raises `TooMany` when `limit` transactions are in use since the server started.
        """
        now = self._state.now()
        boot = self._state.boot
        row = TransactionRecord(_new_id(), base, "in_progress", 0, now, now, who, "", boot)
        with self._state.write(synced=not boot) as connection:
            self._forget(connection, now)
            sql = "SELECT count(*) FROM transactions WHERE status = 'in_progress' AND touched >= ?"
            used = max(now - self._ttl, self._state.started_at)
            if connection.execute(sql, (used,)).fetchone()[0] >= limit:
                raise TooMany(
                    f"cannot start a new transaction, reached the maximum amount of {limit} active "
                    "transactions available: commit or delete one, or raise max_open_transactions"
                )
            self._insert(connection, row)
        return row

    def record_failure(self, base: int, who: str, reason: str) -> TransactionRecord:
        """Record, as a failed transaction, a change made with a version that HAProxy refused."""
        now = self._state.now()
        row = TransactionRecord(_new_id(), base, "failed", 0, now, now, who, reason)
        with self._state.write() as connection:
            self._forget(connection, now)
            self._insert(connection, row)
        return row

    def store(self, row: TransactionRecord, steps: Sequence[Step]) -> TransactionRecord | None:
        """Add the steps of one edit; return None when the transaction is not as `row` any more.

        The row itself is written when it was last used some time ago, or before this start.
        """
        now, boot = time.clock_gettime(CLOCK) + self._state.ahead, self._state.boot
        lately = now - min(_TOUCH_SECONDS, self._ttl / _TOUCHES)
        is_touched = row.touched > max(lately, self._state.started_at)
        if not steps and is_touched:
            return row
        # The first edit of an uptime waits for the disk: `boot` has to be there before a power cut.
        synced = not boot or row.boot != boot
        sequence = row.sequence + bool(steps)
        values = [step_values(row.id, sequence, *one) for one in enumerate(steps)]
        if is_touched and not synced and len(values) == 1:  # as almost all edits
            if self._state.execute(INSERT_STEP, values[0]) != 1:
                return None
            failpoint("edit-stored")
            return _after(row, sequence, row.touched, boot)
        with self._state.write(synced=synced) as connection:
            changed = connection.execute(
                "UPDATE transactions SET touched = ?, boot = ? "
                "WHERE id = ? AND status = 'in_progress' AND ? = "
                "(SELECT coalesce(max(sequence), 0) FROM edits WHERE transaction_id = id)",
                (now, boot, row.id, row.sequence),
            )
            if changed.rowcount != 1:
                return None
            connection.executemany(INSERT_STEP, values)
        failpoint("edit-stored")
        return _after(row, sequence, now, boot)

    def steps(self, transaction_id: str, above: int, until: int) -> list[Step]:
        """Return the steps of the edits numbered from `above` + 1 to `until`, in order."""
        rows = self._state.read(
            "SELECT * FROM edits WHERE transaction_id = ? AND sequence > ? AND sequence <= ? "
            "ORDER BY sequence, step",
            (transaction_id, above, until),
        )
        return [step_of(row) for row in rows]

    def close(self, transaction_id: str, status: TransactionStatus, reason: str) -> None:
        """Record that a transaction has failed or is outdated."""
        with self._state.write() as connection:
            connection.execute(
                "UPDATE transactions SET status = ?, reason = ?, touched = ? "
                "WHERE id = ? AND status = 'in_progress'",
                (status, storable_text(reason), self._state.now(), transaction_id),
            )

    def delete(self, transaction_id: str) -> bool:
        """Remove a transaction; return False when there was none."""
        with self._state.write() as connection:
            return self.remove(connection, storable_text(transaction_id))

    def remove(self, connection: sqlite3.Connection, transaction_id: str) -> bool:
        """Remove a transaction with its edits; return False when there was none."""
        mine = (transaction_id,)
        connection.execute("DELETE FROM edits WHERE transaction_id = ?", mine)
        return connection.execute("DELETE FROM transactions WHERE id = ?", mine).rowcount > 0

    def finish(
        self,
        connection: sqlite3.Connection,
        version: int,
        origin: Origin,
        transaction_id: str | None,
    ) -> None:
        """Remove the transaction of a commit, and outdate those that the commit overtook.

        A change made with a version outdates nothing here: a transaction that it made stale is
        refused at its own commit.
        """
        if transaction_id is not None:
            self.remove(connection, transaction_id)
        if transaction_id is not None or origin == "restore":
            connection.execute(
                "UPDATE transactions SET status = 'outdated', reason = ?, touched = ? "
                "WHERE status = 'in_progress' AND base < ?",
                (COMMITTED if transaction_id else RESTORED, self._state.now(), version),
            )

    def settle(self) -> None:
        """Bring all edits to the disk, so that open transactions outlive the machine's uptime.

        Nothing is done while somebody edits a transaction, who has to know whether it was settled.
        """
        boot = self._state.boot
        sql = "SELECT 1 FROM transactions WHERE status = 'in_progress' AND boot = ? LIMIT 1"
        if not boot or not self._state.read(sql, (boot,)):
            return
        with ExitStack() as held:
            for lock in self._locks:
                handle = try_lock(lock.path)
                if handle is None:
                    return
                held.callback(os.close, handle)
            with self._state.write() as connection:
                connection.execute("UPDATE transactions SET boot = '' WHERE boot = ?", (boot,))

    def clear(self, connection: sqlite3.Connection) -> None:
        """Forget all transactions."""
        connection.execute("DELETE FROM edits")
        connection.execute("DELETE FROM transactions")

    def bases(self) -> set[int]:
        """Return the versions that open transactions start from."""
        sql = "SELECT DISTINCT base FROM transactions WHERE status = 'in_progress'"
        return {row["base"] for row in self._state.read(sql)}

    def _forget(self, connection: sqlite3.Connection, now: float) -> None:
        connection.execute(
            "UPDATE transactions SET status = 'failed', reason = ?, touched = ? "
            "WHERE status = 'in_progress' AND boot NOT IN ('', ?)",
            (RESTARTED, now, self._state.boot),
        )
        connection.execute(
            "UPDATE transactions SET status = 'outdated', reason = 'not used', touched = ? "
            "WHERE status = 'in_progress' AND touched < ?",
            (now, now - self._ttl),
        )
        connection.execute(
            "DELETE FROM transactions WHERE status != 'in_progress' AND (touched < ? OR id NOT IN "
            "(SELECT id FROM transactions WHERE status != 'in_progress' "
            "ORDER BY touched DESC LIMIT ?))",
            (now - self._ttl, _MOST_CLOSED),
        )
        connection.execute(
            "DELETE FROM edits WHERE transaction_id NOT IN (SELECT id FROM transactions)"
        )

    def _insert(self, connection: sqlite3.Connection, row: TransactionRecord) -> None:
        connection.execute(
            "INSERT INTO transactions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.id, row.base, row.status, 0, row.created, row.touched,
                storable_text(row.who), storable_text(row.reason), row.boot,
            ),
        )  # fmt: skip

    def _row(self, found: sqlite3.Row) -> TransactionRecord:
        row = TransactionRecord(*found)  # the columns are its fields, in their order
        if row.status != "in_progress":
            return row
        if row.boot and row.boot != self._state.boot:
            return replace(row, status="failed", reason=RESTARTED)
        if row.touched < time.clock_gettime(CLOCK) + self._state.ahead - self._ttl:
            return replace(row, status="outdated", reason="not used")
        return row


def _after(row: TransactionRecord, sequence: int, touched: float, boot: str) -> TransactionRecord:
    """Return a transaction after an edit; each one comes by, and `replace` is slower."""
    return TransactionRecord(
        row.id, row.base, row.status, sequence, row.created, touched, row.who, row.reason, boot
    )


def unknown_transaction(transaction_id: str) -> NotFound:
    """Return the error for a transaction that does not exist, or does no longer."""
    return NotFound(f"transaction does not exist: {transaction_id}")


def _new_id() -> str:
    """Return a random UUID (version 4); the module of that name looks at the platform first."""
    number = int.from_bytes(os.urandom(16), "big")
    number = number & ~(0xF000 << 64) | 4 << 76
    number = number & ~(0xC000 << 48) | 8 << 60
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
