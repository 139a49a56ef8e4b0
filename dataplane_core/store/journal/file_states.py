"""Keep which content each file beside the configuration had, version by version, as rows.

A row is written where a file is another than it was: so versions that change no file cost nothing.
What a file was in a version is its last row up to that version.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Literal, NamedTuple

from dataplane_core.store.author import NOBODY, Author
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.version_records import storable_text

Kept = Literal["content", "digest", "gone"]
"""The content is kept; only its digest is; there is no such file."""
_ALL_LATE = 1 << 62
_FORGET = (
    "DELETE FROM file_states WHERE version = ? AND late AND path = ? AND late <= coalesce("
    "(SELECT late FROM file_states WHERE version = ? AND late AND path = ? "
    "ORDER BY late DESC LIMIT 1 OFFSET 99), 0)"
)
"""Forgets all late states of a file in a version but the last 99 ones."""
_TABLES = (
    """CREATE TABLE file_states (
        version INTEGER NOT NULL,
        late INTEGER NOT NULL,
        path TEXT NOT NULL,
        digest TEXT NOT NULL,
        size INTEGER NOT NULL,
        mode INTEGER NOT NULL,
        kept TEXT NOT NULL,
        PRIMARY KEY (version, late, path)) WITHOUT ROWID""",
    "ALTER TABLE file_states ADD COLUMN author TEXT NOT NULL DEFAULT ''",
)


class FileState(NamedTuple):
    """A file at one moment: its digest (SHA-256), size and mode, and how much of it is kept."""

    path: str
    digest: str
    size: int
    mode: int
    kept: Kept


class FileStates:
    """The table of the states of files.

    A state is `late` where the file was found so after the version was written, before the next.
    The first of those that come together has a 1 in that column, later ones a 2, and so on.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        state.migrate("file states", _TABLES)

    def mark(self) -> tuple[int, int]:
        """Return what changes whenever states of the newest version have come."""
        found = self._state.read(
            "SELECT version, late FROM file_states ORDER BY version DESC, late DESC LIMIT 1"
        )
        return (found[0]["version"], found[0]["late"]) if found else (0, 0)

    def add(
        self, connection: sqlite3.Connection, version: int, states: Sequence[FileState],
        late: bool, author: Author = NOBODY,
    ) -> int:  # fmt: skip
        """Keep the states of files that are not as they were, within a larger write.

        `author` asked for them, if that is known, and is not that of the version.

        Of the late states of a file in one version the last hundred stay. Returns the number of
        the turn.
        """
        turn = self._next_late(connection, version) if late else 0
        if late:
            paths = [storable_text(one.path) for one in states]
            connection.executemany(_FORGET, [(version, path, version, path) for path in paths])
        by = "" if author == NOBODY else storable_text(json.dumps(asdict(author)))
        rows = [
            (version, turn, storable_text(one.path), one.digest, one.size, one.mode, one.kept, by)
            for one in states
        ]
        sql = "INSERT OR REPLACE INTO file_states VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        connection.executemany(sql, rows)
        return turn

    def _next_late(self, connection: sqlite3.Connection, version: int) -> int:
        sql = "SELECT coalesce(max(late), 0) + 1 FROM file_states WHERE version = ?"
        return int(connection.execute(sql, (version,)).fetchone()[0])

    def at(self, version: int, *, late: bool) -> Mapping[str, FileState]:
        """Return all files by path: as the version found them, or as it left them (`late`)."""
        rows = self._state.read(
            "SELECT path, digest, size, mode, kept FROM file_states "
            "WHERE (version, late) <= (?, ?) ORDER BY version, late",
            (version, _ALL_LATE if late else 0),
        )
        return {row["path"]: FileState(*row) for row in rows}

    def authors(self, version: int, *, late: bool) -> Mapping[str, Author]:
        """Return who made files what `at` says, by path, where that is known."""
        rows = self._state.read(
            "SELECT path, author FROM file_states WHERE (version, late) <= (?, ?) "
            "ORDER BY version, late",
            (version, _ALL_LATE if late else 0),
        )
        return {row["path"]: _author(row["author"]) for row in rows}

    def between(self, version: int) -> Sequence[tuple[FileState, Author]]:
        """Return what files became before the next version was written, one after the other.

        Each with who asked for that, if it is known.
        """
        rows = self._state.read(
            "SELECT path, digest, size, mode, kept, author FROM file_states "
            "WHERE version = ? AND late ORDER BY late, path",
            (version,),
        )
        return [(FileState(*row[:5]), _author(row[5])) for row in rows]

    def forget_below(self, connection: sqlite3.Connection, version: int) -> None:
        """Remove the states that no version from this one on can see."""
        connection.execute(
            "DELETE FROM file_states AS old WHERE (version, late) < (?, 0) AND EXISTS "
            "(SELECT 1 FROM file_states AS newer WHERE newer.path = old.path "
            "AND (newer.version, newer.late) > (old.version, old.late) "
            "AND (newer.version, newer.late) <= (?, 0))",
            (version, version),
        )

    def digests(self) -> set[str]:
        """Return the digests of all contents that some state has."""
        rows = self._state.read("SELECT DISTINCT digest FROM file_states WHERE kept = 'content'")
        return {row["digest"] for row in rows}

    def clear(self, connection: sqlite3.Connection) -> None:
        """Forget all states."""
        connection.execute("DELETE FROM file_states")


def _author(said: str) -> Author:
    return Author(**json.loads(said)) if said else NOBODY
