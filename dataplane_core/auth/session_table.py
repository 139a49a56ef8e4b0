"""The table of sessions in the state, and the mark by which all workers see that one has ended.

A row knows its tokens by their SHA-256 alone. The mark is a file that grows by a byte with each
session that is ended, so a worker that has read a row needs no more than the file's size to know
that the row still stands.
"""

import os
import sqlite3
from collections.abc import Iterable

from dataplane_core.dataclass import dataclass
from dataplane_core.store import State
from dataplane_core.store.files import storage_errors

_STEPS = (
    """
    CREATE TABLE sessions (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        current TEXT NOT NULL UNIQUE,
        former TEXT NOT NULL,
        former_until REAL NOT NULL,
        seed BLOB NOT NULL,
        user BLOB NOT NULL,
        proof BLOB NOT NULL,
        started REAL NOT NULL,
        rotated REAL NOT NULL,
        seen REAL NOT NULL
    )
    """,
    "CREATE INDEX sessions_by_former ON sessions (former)",
    "CREATE INDEX sessions_by_user ON sessions (user)",
)
_COLUMNS = "number, current, former, former_until, seed, user, proof, started, rotated, seen"

Mark = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session: digests of its tokens, whose it is, and when it began, rotated and was used.

    The token before the present one is good until `former_until`; `seed` leads from that one to the
    present one. `proof` binds the user's stored password to the present token.
    """

    number: int
    current: str
    former: str
    former_until: float
    seed: bytes
    user: str
    proof: bytes
    started: float
    rotated: float
    seen: float


class SessionTable:
    """Sessions of all workers that share a state."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._mark = state.path("sessions.ended")
        state.migrate("sessions", _STEPS)

    def mark(self) -> Mark:
        """Return what is another value after any session was ended, in whichever process."""
        try:
            status = os.stat(self._mark)
        except OSError:  # none was ended yet
            return 0, 0
        return status.st_ino, status.st_size

    def find(self, digest: str) -> SessionRow | None:
        """Return the session with a present or former token of that digest."""
        query = f"SELECT {_COLUMNS} FROM sessions WHERE current = ? OR former = ?"
        rows = self._state.read(query, (digest, digest))
        return _row(rows[0]) if rows else None

    def is_there(self, number: int) -> bool:
        """Return whether a session was not ended or removed."""
        return bool(self._state.read("SELECT 1 FROM sessions WHERE number = ?", (number,)))

    def add(self, user: str, current: str, proof: bytes, now: float, most: int) -> int:
        """Keep a new session, and end the user's oldest ones above `most`; return its number."""
        name = _stored(user)
        with self._state.write(synced=False) as connection:
            made = connection.execute(
                "INSERT INTO sessions (current, former, former_until, seed, user, proof, started, "
                "rotated, seen) VALUES (?, '', 0, x'', ?, ?, ?, ?, ?)",
                (current, name, proof, now, now, now),
            )
            ended = connection.execute(
                "DELETE FROM sessions WHERE user = ? AND number NOT IN "
                "(SELECT number FROM sessions WHERE user = ? ORDER BY number DESC LIMIT ?)",
                (name, name, most),
            )
        if ended.rowcount:
            self._grow()
        return int(made.lastrowid or 0)

    def rotate(
        self, row: SessionRow, current: str, seed: bytes, proof: bytes, now: float, until: float
    ) -> bool:
        """Give a session another token; False if another worker was faster."""
        with self._state.write(synced=False) as connection:
            done = connection.execute(
                "UPDATE sessions SET current = ?, former = ?, former_until = ?, seed = ?, "
                "proof = ?, rotated = ?, seen = ? WHERE number = ? AND current = ?",
                (current, row.current, until, seed, proof, now, now, row.number, row.current),
            )
        return done.rowcount == 1

    def end(self, number: int) -> None:
        """End a session, in all workers before this returns."""
        self._end("number = ?", number)

    def end_all(self, user: str) -> None:
        """End all sessions of a user, likewise."""
        self._end("user = ?", _stored(user))

    def note_uses(self, uses: Iterable[tuple[int, float]]) -> None:
        """Record when sessions were used last."""
        with self._state.write(synced=False) as connection:
            sql = "UPDATE sessions SET seen = max(seen, ?) WHERE number = ?"
            connection.executemany(sql, ((moment, number) for number, moment in uses))

    def remove_expired(self, started: float, seen: float) -> None:
        """Remove the sessions that began, or were used last, before a moment."""
        expired = "started <= ? OR seen <= ?"
        if self._state.read(f"SELECT 1 FROM sessions WHERE {expired} LIMIT 1", (started, seen)):
            with self._state.write(synced=False) as connection:
                connection.execute(f"DELETE FROM sessions WHERE {expired}", (started, seen))

    def _end(self, condition: str, value: object) -> None:
        with self._state.write() as connection:
            connection.execute(f"DELETE FROM sessions WHERE {condition}", (value,))
        self._grow()

    def _grow(self) -> None:
        with storage_errors(self._mark, "written"):
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(self._mark, flags, 0o600)
            try:
                os.write(descriptor, b".")
            finally:
                os.close(descriptor)


def _stored(user: str) -> bytes:
    return user.encode("utf-8", "surrogateescape")


def _row(row: sqlite3.Row) -> SessionRow:
    values = dict(row)
    user = values.pop("user").decode("utf-8", "surrogateescape")
    return SessionRow(**values, user=user)
