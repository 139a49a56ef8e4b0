"""Keep the texts of versions as rows: of each the lines that changed, and now and then the whole.

A text is made of the last whole one before it, with the changes since. The whole text is kept again
as soon as the changes since the last one take more room than it. So the rows take at most twice the
room of the changes, and few changes are to be taken to read a version.
"""

import sqlite3
import zlib
from collections.abc import Iterable
from typing import NamedTuple

from dataplane_core.dataclass import dataclass
from dataplane_core.store.head import digest_of
from dataplane_core.store.journal.state import State
from dataplane_core.store.line_changes import (
    line_changes,
    lines_in,
    packed_changes,
    take_changes,
    text_of,
    unpacked_changes,
)

_MOST_CHANGES = 4000
"""Versions between two whole texts, at most."""
_TABLES = (
    # `written` are the bytes of all rows up to this one, since the table was made.
    """CREATE TABLE version_texts (
        version INTEGER PRIMARY KEY,
        digest TEXT NOT NULL,
        former INTEGER,
        changes BLOB,
        written INTEGER NOT NULL)""",
    "CREATE TABLE whole_texts (version INTEGER PRIMARY KEY, text BLOB NOT NULL)",
)
_WITH_CHANGES = (
    "WITH whole AS (SELECT version, text FROM whole_texts WHERE version <= ? "
    "ORDER BY version DESC LIMIT 1) SELECT version, text AS data FROM whole UNION ALL "
    "SELECT version, changes FROM version_texts WHERE version > (SELECT version FROM whole) "
    "AND version <= ? AND changes IS NOT NULL ORDER BY version"
)
"""The last whole text up to a version, and what the versions since then changed."""


class FormerText(NamedTuple):
    """The text of the version that another one follows on."""

    version: int
    data: bytes


@dataclass(frozen=True, slots=True)
class KeptText:
    """A text as it is to be kept: what it changes of the `former` version's, or the `whole`."""

    version: int
    digest: str
    former: int | None
    changes: bytes | None
    whole: bytes | None

    @property
    def size(self) -> int:
        """The bytes that the row takes, without what SQLite adds."""
        return len(self.changes or b"") + len(self.whole or b"")


class TextTable:
    """The tables of texts. Methods that take a connection are part of a larger write."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._last: _LastWhole | None = None
        state.migrate("texts", _TABLES)

    def prepared(
        self, version: int, digest: str, data: bytes, former: FormerText | None
    ) -> KeptText:
        """Return a text as it is to be kept; this takes the time that comparing both texts does."""
        if former is None:
            return KeptText(version, digest, None, None, zlib.compress(data))
        changes = packed_changes(line_changes(former.data, data))
        due = self._due(former.version, len(changes))
        return KeptText(
            version, digest, former.version, changes, zlib.compress(data) if due else None
        )

    def add(self, connection: sqlite3.Connection, kept: KeptText) -> None:
        """Keep the text of a version that the file has."""
        values = (kept.version, kept.digest, kept.former, kept.changes, kept.size)
        connection.execute(
            "INSERT OR REPLACE INTO version_texts SELECT ?, ?, ?, ?, ? + coalesce("
            "(SELECT written FROM version_texts ORDER BY version DESC LIMIT 1), 0)",
            values,
        )
        if kept.whole is not None:
            _add_whole(connection, kept.version, kept.whole)
            self._last = _LastWhole(kept.version, kept.version, len(kept.whole), 0)
        elif (last := self._last) is not None:
            follows = last.version == kept.former
            since = last.since + kept.size
            self._last = last._replace(version=kept.version, since=since) if follows else None

    def read(self, version: int, digest: str) -> bytes | None:
        """Return the text of a version; None when it is not kept (any more)."""
        # One statement: texts may be forgotten meanwhile, but not between two of its rows.
        found = self._state.read(_WITH_CHANGES, (version, version))
        if not found:
            return None
        data = zlib.decompress(found[0]["data"])
        if len(found) > 1:
            lines = lines_in(data)
            for row in found[1:]:
                take_changes(lines, unpacked_changes(row["data"]))
            data = text_of(lines)
        return data if digest_of(data) == digest else None

    def owners(self, version: int) -> list[int]:
        """Return, for each line of a version's text, the version that it came with.

        Lines of the oldest text that is kept may be older.
        """
        owners: list[int] = []
        rows = self._state.read(
            "SELECT version, digest, changes FROM version_texts WHERE version <= ? "
            "ORDER BY version",
            (version,),
        )
        for row in rows:
            if row["changes"] is None:
                data = self.read(row["version"], row["digest"]) or b""
                owners = [row["version"]] * len(lines_in(data))
            else:
                take_changes(owners, unpacked_changes(row["changes"]), mark=row["version"])
        return owners

    def oldest(self) -> int | None:
        """Return the lowest version whose text is kept; None without any."""
        found = self._state.read("SELECT min(version) AS version FROM version_texts")
        return None if found[0]["version"] is None else int(found[0]["version"])

    def missing(self, versions: Iterable[int]) -> set[int]:
        """Return those of some versions whose texts are not here, and are not too old."""
        oldest = self.oldest() or 0
        asked = {version for version in versions if version >= oldest}
        marks = ", ".join("?" * len(asked))
        sql = f"SELECT version FROM version_texts WHERE version IN ({marks})"
        return asked.difference(row["version"] for row in self._state.read(sql, (*asked,)))

    def first_of(self, number: int) -> int | None:
        """Return the lowest of the `number` newest versions; None when there are not more."""
        found = self._state.read(
            "SELECT version FROM version_texts ORDER BY version DESC LIMIT 2 OFFSET ?",
            (number - 1,),
        )
        return int(found[0]["version"]) if len(found) == 2 else None

    def size(self, oldest: int, newest: int) -> int:
        """Return about how many bytes are kept from one version to another."""
        found = self._state.read(
            "SELECT max(written) - min(written) AS size FROM version_texts WHERE version IN (?, ?)",
            (oldest, newest),
        )
        return int(found[0]["size"] or 0)

    def first_within(self, size: int) -> int | None:
        """Return the lowest of the newest versions that take no more than about `size` bytes."""
        found = self._state.read(
            "SELECT min(version) AS version FROM version_texts WHERE written > "
            "(SELECT max(written) FROM version_texts) - ?",
            (size,),
        )
        return None if found[0]["version"] is None else int(found[0]["version"])

    def forget_below(self, version: int) -> None:
        """Remove the texts of all versions below one; that one is kept whole."""
        rows = self._state.read("SELECT digest FROM version_texts WHERE version = ?", (version,))
        data = self.read(version, rows[0]["digest"]) if rows else None
        if data is None:
            return
        whole = zlib.compress(data)
        with self._state.write(synced=False) as connection:
            _add_whole(connection, version, whole)
            connection.execute(
                "UPDATE version_texts SET former = NULL, changes = NULL WHERE version = ?",
                (version,),
            )
            connection.execute("DELETE FROM whole_texts WHERE version < ?", (version,))
            connection.execute("DELETE FROM version_texts WHERE version < ?", (version,))

    def clear(self, connection: sqlite3.Connection) -> None:
        """Forget all texts."""
        self._last = None
        connection.execute("DELETE FROM version_texts")
        connection.execute("DELETE FROM whole_texts")

    def _due(self, former: int, size: int) -> bool:
        """Tell whether changes of `size` bytes on a version call for the whole text again."""
        last = self._last
        if last is None or last.version != former:
            last = self._last_whole(former)
        if last is None or former - last.whole >= _MOST_CHANGES:
            return True
        return last.since + size > last.size

    def _last_whole(self, version: int) -> "_LastWhole | None":
        """Return what is known of the last whole text up to a version; None without one."""
        found = self._state.read(
            "SELECT f.written - w.written AS since, w.version, length(t.text) AS size "
            "FROM version_texts AS f, version_texts AS w, whole_texts AS t "
            "WHERE f.version = ? AND w.version = t.version AND t.version = "
            "(SELECT max(version) FROM whole_texts WHERE version <= ?)",
            (version, version),
        )
        if not found:
            return None
        last = found[0]
        return _LastWhole(version, last["version"], last["size"], last["since"])


class _LastWhole(NamedTuple):
    """The last `whole` text up to a version: its size, and the bytes of the changes `since`."""

    version: int
    whole: int
    size: int
    since: int


def _add_whole(connection: sqlite3.Connection, version: int, whole: bytes) -> None:
    connection.execute("INSERT OR REPLACE INTO whole_texts VALUES (?, ?)", (version, whole))
