"""Keep the records of the versions that haproxy.cfg has had: who made them, when, their fate."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import cast

from dataplane_core.store.change import Origin
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.version_records import (
    COLUMNS,
    MOST_VERSIONS,
    TABLES,
    DeliveryRecord,
    VersionRecord,
    record_of,
    storable_text,
    stored_delivery,
    values_of,
)

_MOST_ASKED = 500
"""Versions that one statement names at most."""


class VersionTable:
    """The table of versions, and that of intents: versions on their way into the file.

    An intent is recorded while HAProxy still checks, without a lock, and means nothing until
    haproxy.cfg holds its text: a process that finds that text in the file, without a number, knows
    which version it is. So nothing has to be recorded between the check and the rename.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        state.migrate("history", TABLES)

    def newest(self) -> VersionRecord | None:
        """Return the version with the highest number; None before the first."""
        found = self._select("TRUE ORDER BY version DESC LIMIT 1")
        return found[0] if found else None

    def get(self, version: int) -> VersionRecord | None:
        """Return a version; None without one."""
        found = self._select("version = ?", version)
        return found[0] if found else None

    def latest(self, limit: int = 100) -> list[VersionRecord]:
        """Return the newest versions, the newest first."""
        return self._select("TRUE ORDER BY version DESC LIMIT ?", limit)

    def found(self, condition: str, values: Sequence[object], limit: int) -> list[VersionRecord]:
        """Return the newest versions that fulfil a condition in SQL, the newest first."""
        return self._select(f"{condition} ORDER BY version DESC LIMIT ?", *values, limit)

    def among(self, versions: Iterable[int]) -> list[VersionRecord]:
        """Return those of some versions that are known."""
        asked = tuple(versions)
        if len(asked) > _MOST_ASKED:
            return [one for one in self._select("TRUE") if one.version in {*asked}]
        return self._select(f"version IN ({', '.join('?' * len(asked))})", *asked)

    def below(self, version: int) -> VersionRecord | None:
        """Return the newest version below a number; None without one."""
        found = self.found("version < ?", (version,), 1)
        return found[0] if found else None

    def first_since(self, moment: float) -> int | None:
        """Return the lowest version made since a moment (seconds since 1970); None without one."""
        sql = "SELECT min(version) AS version FROM history WHERE created >= ?"
        return cast(int | None, self.state.read(sql, (moment,))[0]["version"])

    def intents(self, digest: str | None = None) -> list[VersionRecord]:
        """Return the versions that were about to be written: all, or those with one text."""
        if digest is None:
            return self._select("TRUE ORDER BY version", table="intents")
        return self._select("digest = ? ORDER BY version", digest, table="intents")

    def bringing(self, brings: str) -> VersionRecord | None:
        """Return the version for which files were replaced under a name; None without one."""
        found = self.found("brings = ?", (brings,), 1)
        return found[0] if found else None

    def last_accepted(self) -> VersionRecord | None:
        """Return the newest version that HAProxy has loaded and that was not rolled back."""
        found = self._select("accepted AND status = 'active' ORDER BY version DESC LIMIT 1")
        return found[0] if found else None

    def by_hand(self, above: int) -> VersionRecord | None:
        """Return the newest version above a number that holds what a person wrote."""
        found = self._select(
            "version > ? AND status = 'active' AND (origin = 'external' OR "
            "origin = 'restore' AND NOT accepted) ORDER BY version DESC LIMIT 1", above,
        )  # fmt: skip
        return found[0] if found else None

    def last_rejected(self) -> VersionRecord | None:
        """Return the newest version that a person wrote and that was rolled back."""
        rejected = "origin = 'external' AND status = 'rolled back'"
        found = self._select(f"{rejected} ORDER BY version DESC LIMIT 1")
        return found[0] if found else None

    def refuse(self, version: int, reason: str) -> None:
        """Record that HAProxy refuses a version, which stays in the file and needs nothing more."""
        sql = "UPDATE history SET reason = ?, followed = 1 WHERE version = ? AND status = 'active'"
        with self.state.write() as connection:
            connection.execute(sql, (storable_text(reason), version))

    def unfollowed(self, origin: Origin) -> list[VersionRecord]:
        """Return the active versions of one origin for which a reload is still to be asked for."""
        return self._select("NOT followed AND status = 'active' AND origin = ?", origin)

    def transaction_since(self, version: int) -> bool:
        """Tell whether a transaction made one of the versions above `version`."""
        return bool(self._select("version > ? AND transaction_id IS NOT NULL LIMIT 1", version))

    def intend(self, record: VersionRecord) -> int:
        """Record a version that may become the file's; return the number of this attempt.

        Two attempts may have the same text and version: a client that asks twice. A power cut may
        undo the record until `State.sync`.
        """
        with self.state.write(synced=False) as connection:
            return _insert(connection, "intents", record)

    def record(self, record: VersionRecord) -> None:
        """Record a version that the file has, and remove the oldest beyond ten thousand."""
        with self.state.write() as connection:
            _insert(connection, "history", record)
            oldest = record.version - MOST_VERSIONS
            connection.execute("DELETE FROM history WHERE version < ?", (oldest,))
            connection.execute("DELETE FROM intents WHERE version <= ?", (record.version,))

    def forget(self, attempt: int, record: VersionRecord) -> bool:
        """Remove an attempt that has failed; tell whether no other has its text."""
        same = "SELECT 1 FROM {} WHERE version = ? AND digest = ?"
        with self.state.write(synced=False) as connection:
            connection.execute("DELETE FROM intents WHERE attempt = ?", (attempt,))
            sql = " UNION ALL ".join(same.format(table) for table in ("intents", "history"))
            values = (record.version, record.digest) * 2
            return connection.execute(sql, values).fetchone() is None

    def forget_intents(self, before: float) -> None:
        """Remove the intents from before a moment (seconds since 1970): their processes ended."""
        with self.state.write(synced=False) as connection:
            connection.execute("DELETE FROM intents WHERE created < ?", (before,))

    def clear(self, connection: sqlite3.Connection) -> None:
        """Forget all versions."""
        connection.execute("DELETE FROM history")
        connection.execute("DELETE FROM intents")

    def follow(self, version: int, reload_id: str | None = None, reason: str = "") -> None:
        """Record that nothing is left to do about a version and those before it.

        With `reload_id`, that reload brings the version to HAProxy, for a reason.
        """
        with self.state.write() as connection:
            if reload_id is not None:
                delivery = DeliveryRecord((), reload_id, storable_text(reason))
                sql = "UPDATE history SET delivery = ? WHERE version <= ? AND NOT followed"
                connection.execute(sql, (stored_delivery(delivery), version))
            sql = "UPDATE history SET followed = 1 WHERE NOT followed AND version <= ?"
            connection.execute(sql, (version,))

    def accept(self, version: int) -> None:
        """Record that HAProxy has loaded a version."""
        sql = "UPDATE history SET accepted = 1 WHERE version = ? AND status = 'active'"
        with self.state.write() as connection:
            connection.execute(sql, (version,))

    def apply(self, version: int, commands: Sequence[str] = ()) -> None:
        """Record that HAProxy took a version over its socket, by these commands.

        HAProxy runs the version, then, if it ran the version before.
        """
        delivery = stored_delivery(DeliveryRecord(tuple(map(storable_text, commands))))
        with self.state.write() as connection:
            sql = "UPDATE history SET applied = 1, followed = 1, delivery = ? WHERE version = ?"
            connection.execute(sql, (delivery, version))
        before = self._select("version < ? ORDER BY version DESC LIMIT 1", version)
        if before and before[0].accepted:
            self.accept(version)

    def applied_between(self, above: int, below: int) -> bool:
        """Tell whether HAProxy took one of the versions between the two numbers over its socket."""
        return bool(self._select("applied AND version > ? AND version < ? LIMIT 1", above, below))

    def roll_back(
        self, connection: sqlite3.Connection, above: int, below: int, reason: str
    ) -> None:
        """Record that the versions between the two numbers are not in force any more."""
        connection.execute(
            "UPDATE history SET status = 'rolled back', followed = 1, reason = ?, undone_by = ? "
            "WHERE version > ? AND version < ? AND status = 'active'",
            (storable_text(reason), below, above, below),
        )

    def undo(self, connection: sqlite3.Connection, above: int, below: int) -> None:
        """Record that version `below` put back the text of version `above`, as somebody wanted.

        Versions up to `above` are in force again if they were not since a later one.
        """
        connection.execute(
            "UPDATE history SET undone_by = NULL WHERE version <= ? AND undone_by > ? "
            "AND status = 'active'",
            (above, above),
        )
        connection.execute(
            "UPDATE history SET undone_by = ? WHERE version > ? AND version < ?",
            (below, above, below),
        )

    def _select(
        self, condition: str, *parameters: object, table: str = "history"
    ) -> list[VersionRecord]:
        rows = self.state.read(f"SELECT {COLUMNS} FROM {table} WHERE {condition}", parameters)
        return [record_of(row) for row in rows]


def _insert(connection: sqlite3.Connection, table: str, record: VersionRecord) -> int:
    values = values_of(record)
    marks = ", ".join("?" * len(values))
    sql = f"INSERT OR REPLACE INTO {table} ({COLUMNS}) VALUES ({marks})"
    return connection.execute(sql, values).lastrowid or 0
