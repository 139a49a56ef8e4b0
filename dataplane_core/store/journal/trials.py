"""Keep which versions wait for a confirmation, and what became of those that did.

One version waits at most. It is recorded in the write that makes it the newest, and whatever ends
its wait by another version is recorded in the write that makes that one the newest.
"""

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, cast

from dataplane_core.dataclass import dataclass
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.version_records import (
    MOST_VERSIONS,
    VersionRecord,
    storable_text,
)
from dataplane_core.store.trial import Trial, read_trial, stored_trial

TrialStatus = Literal["waits", "returning", "confirmed", "taken_back", "stays", "replaced"]
_COLUMNS = "version, trial, who, status, reason, ended_by, ended, back"
_OPEN = "status IN ('waits', 'returning')"


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """A version that waits for its confirmation, or did.

    `waits` for it; `returning`: the former state is being put back; `confirmed`; `taken_back`: the
    former state is `back` as a version; `stays` although nobody confirmed it, as the former text
    cannot come back; `replaced` by what a person wrote. `reason` says why, `ended_by` who did it.
    """

    version: int
    trial: Trial
    who: str
    status: TrialStatus
    reason: str = ""
    ended_by: str = ""
    ended: float | None = None
    back: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is not decided yet what becomes of the version."""
        return self.status in ("waits", "returning")


class TrialTable:
    """The table of versions that were to be confirmed; made with that of versions."""

    def __init__(self, state: State) -> None:
        self._state = state

    def open(self) -> TrialRecord | None:
        """Return the version that waits for its confirmation; None where none does."""
        found = self._select(_OPEN)
        return found[0] if found else None

    def get(self, version: int) -> TrialRecord | None:
        """Return what is known of a version that had to be confirmed; None for any other."""
        found = self._select("version = ?", version)
        return found[0] if found else None

    def latest(self, limit: int, before: int | None = None) -> list[TrialRecord]:
        """Return the newest versions that had to be confirmed, the newest first."""
        below = 1 << 62 if before is None else before
        return self._select("version < ? ORDER BY version DESC LIMIT ?", below, limit)

    def among(self, versions: Iterable[int]) -> dict[int, TrialRecord]:
        """Return those of some versions that had to be confirmed."""
        asked = tuple(versions)
        if not asked:
            return {}
        found = self._select("version BETWEEN ? AND ?", min(asked), max(asked))
        return {one.version: one for one in found if one.version in {*asked}}

    def confirm(self, version: int, who: str) -> bool:
        """Record that a version is confirmed; return False where it does not wait any more."""
        return self._end("status = 'waits'", version, "confirmed", "", who)

    def begin_return(self, version: int, reason: str, who: str = "") -> bool:
        """Record that a version is to go; return False where it does not wait any more."""
        with self._state.write() as connection:
            done = connection.execute(
                "UPDATE trials SET status = 'returning', reason = ?, ended_by = ? "
                "WHERE version = ? AND status = 'waits'",
                (storable_text(reason), storable_text(who), version),
            )
            return done.rowcount == 1

    def explain(self, version: int, reason: str) -> None:
        """Add to the reason why a version goes."""
        with self._state.write() as connection:
            sql = f"UPDATE trials SET reason = ? WHERE version = ? AND {_OPEN}"
            connection.execute(sql, (storable_text(reason), version))

    def keep(self, version: int, reason: str) -> bool:
        """Record that a version stays although nobody has confirmed it."""
        return self._end(_OPEN, version, "stays", reason, None)

    def move(self, version: int, trial: Trial) -> None:
        """Count the time of a trial in another way."""
        with self._state.write() as connection:
            sql = f"UPDATE trials SET trial = ? WHERE version = ? AND {_OPEN}"
            connection.execute(sql, (stored_trial(trial), version))

    def add(self, connection: sqlite3.Connection, record: VersionRecord) -> None:
        """Record that a version waits for its confirmation, which has become the newest."""
        if record.trial is None:
            return
        connection.execute(
            "INSERT OR REPLACE INTO trials (version, trial, who, before, status) "
            "VALUES (?, ?, ?, ?, 'waits')",
            (record.version, stored_trial(record.trial), storable_text(record.who),
             record.trial.before),
        )  # fmt: skip
        oldest = record.version - MOST_VERSIONS
        connection.execute("DELETE FROM trials WHERE version < ?", (oldest,))

    def end_by(self, connection: sqlite3.Connection, record: VersionRecord) -> TrialRecord | None:
        """Record what a new version has made of the one that waits; return that as it was.

        A version that puts a former text back takes the one that waits back; any other was written
        by somebody whom nobody could stop.
        """
        sql = f"SELECT {_COLUMNS} FROM trials WHERE {_OPEN} AND version < ?"
        row = connection.execute(sql, (record.version,)).fetchone()
        if row is None:
            return None
        former = _record_of(row)
        goes = record.origin == "restore" or record.text_of is not None
        status = "taken_back" if goes else "replaced"
        reason = former.reason or (
            record.reason or f"version {record.text_of} was put back"
            if goes
            else f"version {record.version} was written by hand"
        )
        connection.execute(
            "UPDATE trials SET status = ?, reason = ?, ended = ?, back = ?, "
            "ended_by = CASE ended_by WHEN '' THEN ? ELSE ended_by END WHERE version = ?",
            (status, storable_text(reason), time.time(), record.version if goes else None,
             storable_text(record.who), former.version),
        )  # fmt: skip
        return replace(former, status=cast(TrialStatus, status), reason=reason)

    def clear(self, connection: sqlite3.Connection) -> None:
        """Forget all versions."""
        connection.execute("DELETE FROM trials")

    def _end(
        self, condition: str, version: int, status: TrialStatus, reason: str, who: str | None
    ) -> bool:
        with self._state.write() as connection:
            done = connection.execute(
                "UPDATE trials SET status = ?, reason = ?, ended = ?, "
                f"ended_by = coalesce(?, ended_by) WHERE version = ? AND {condition}",
                (status, storable_text(reason), time.time(),
                 None if who is None else storable_text(who), version),
            )  # fmt: skip
            return done.rowcount == 1

    def _select(self, condition: str, *values: object) -> list[TrialRecord]:
        rows = self._state.read(f"SELECT {_COLUMNS} FROM trials WHERE {condition}", values)
        return [_record_of(row) for row in rows]


def _record_of(row: sqlite3.Row) -> TrialRecord:
    trial = read_trial(row["trial"])
    assert trial is not None
    return TrialRecord(
        version=row["version"],
        trial=trial,
        who=row["who"],
        status=cast(TrialStatus, row["status"]),
        reason=row["reason"],
        ended_by=row["ended_by"],
        ended=row["ended"],
        back=row["back"],
    )
