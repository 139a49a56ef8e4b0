"""Keep the records of reloads: rows of the state file, which every worker reads and writes."""

import math
import time
from sqlite3 import Connection, Row
from typing import Literal

from dataplane_core.dataclass import dataclass
from dataplane_core.store.journal.counters import Counters
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.version_records import storable_text
from dataplane_core.store.messages import one_line

_STEPS = (
    """
    CREATE TABLE reloads (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL,
        first_version INTEGER NOT NULL,
        version INTEGER NOT NULL,
        reason TEXT NOT NULL,
        due REAL NOT NULL,
        begun REAL,
        attempts INTEGER NOT NULL DEFAULT 0,
        over REAL,
        response TEXT NOT NULL DEFAULT '',
        restored INTEGER
    )
    """,
    "CREATE INDEX reloads_by_state ON reloads (state, number)",
    "ALTER TABLE reloads ADD COLUMN versions INTEGER NOT NULL DEFAULT 1",
)
_UNDONE = "state = 'queued' AND versions AND version < ?"
_DAY = 86400.0
_SHORTEST_KEPT = 60.0  # whoever waits for a forced reload is still to read its end


@dataclass(frozen=True, slots=True)
class ReloadRecord:
    """A reload: asked for, under way, or over.

    `reload_timestamp` is its end in seconds since 1970, None before. `version` is what HAProxy was
    to load; `response` is HAProxy's own words, or why HAProxy could not be asked; `restored` is the
    version that was made of the last accepted text after a failure.
    """

    id: str
    status: Literal["in_progress", "succeeded", "failed"]
    reload_timestamp: int | None
    response: str
    version: int
    reason: str = ""
    restored: int | None = None

    @property
    def said(self) -> str:
        """The response as one line, for sentences and the log."""
        return one_line(self.response)


@dataclass(frozen=True, slots=True)
class Job:
    """A reload as the leader works on it, with the version that HAProxy is to load."""

    number: int
    id: str
    version: int
    begun: float
    attempts: int


class ReloadTable:
    """The reloads that were asked for; who does them is somebody else (`haproxy.reload`).

    One at most is `queued`; changes join it until its reload begins, `delay` seconds after the
    first of them, as `State.now` counts them: who sets the clock makes no reload early or late.
    """

    def __init__(
        self, state: State, delay: float, retention_days: int, counters: Counters | None = None
    ) -> None:
        self._state, self._counters = state, counters
        self._delay = delay
        self._kept = max(retention_days * _DAY, _SHORTEST_KEPT)
        state.migrate("reloads", _STEPS)

    def request(
        self, version: int, reason: str = "", *, beside: bool = False, at_once: bool = False
    ) -> str:
        """Ask for a reload with `version`, due within `delay` seconds; return its id.

        A reload that waits already takes the version in. `reason` says which change needs the
        reload. `beside`: a file beside the configuration asks for it, and it is due whatever
        becomes of the version. `at_once` leaves the delay out.
        """
        due, reason = self._state.now() + (0.0 if at_once else self._delay), storable_text(reason)
        with self._state.write() as connection:
            query = "SELECT * FROM reloads WHERE state = 'queued' ORDER BY number LIMIT 1"
            row = connection.execute(query).fetchone()
            if row is None:
                return _insert(connection, version, reason, due, beside)
            connection.execute(
                "UPDATE reloads SET version = ?, reason = ?, due = ?, versions = max(versions, ?) "
                "WHERE number = ?",
                (
                    version, _joined(row["reason"], reason), min(due, row["due"]), not beside,
                    row["number"],
                ),  # fmt: skip
            )
            return str(row["id"])

    def due(self, *, early: bool = False) -> Job | None:
        """Return the waiting reload, if its time has come, or if it may be done `early`.

        One that is due later than any can be was asked for by another clock, before the machine
        was started again.
        """
        now = math.inf if early else self._state.now()
        rows = self._state.read(
            "SELECT * FROM reloads WHERE state = 'queued' AND (due <= ? OR due > ?) "
            "ORDER BY number LIMIT 1",
            (now, now + self._delay + 1.0),
        )
        return _job(rows[0]) if rows else None

    def begun(self) -> list[Job]:
        """Return the reloads that were begun and are not over."""
        return [
            _job(row) for row in self._state.read("SELECT * FROM reloads WHERE state = 'begun'")
        ]

    def under_way(self) -> bool:
        """Return whether a reload has begun and is not over.

        It may have read haproxy.cfg before a change.
        """
        return bool(self.begun())

    def awaited(self) -> bool:
        """Return whether a reload is asked for and not over."""
        return any(record.status == "in_progress" for record in self.all())

    def awaited_ids(self) -> list[str]:
        """Return the ids of the reloads that are asked for and not over."""
        return [record.id for record in self.all() if record.status == "in_progress"]

    def loading(self) -> list[int]:
        """Return the versions that HAProxy is being reloaded with."""
        return [job.version for job in self.begun()]

    def begin(self, job: Job, version: int) -> Job:
        """Record that a reload begins: no change joins it any more.

        `version` is what the file held a moment ago. A change that has joined since has a higher
        number, and HAProxy will read it too.
        """
        now = time.time()
        with self._state.write() as connection:
            connection.execute(
                "UPDATE reloads SET state = 'begun', version = max(version, ?), begun = ?, "
                "attempts = ? WHERE number = ?",
                (version, now, job.attempts + 1, job.number),
            )
            query = "SELECT * FROM reloads WHERE number = ?"
            return _job(connection.execute(query, (job.number,)).fetchone())

    def finish(self, job: Job, ok: bool, response: str, restored: int | None = None) -> None:
        """Record the end of a reload, and remove records older than the settings say."""
        now = time.time()
        with self._state.write() as connection:
            connection.execute(
                "UPDATE reloads SET state = ?, over = ?, response = ?, restored = ? "
                "WHERE number = ?",
                ("succeeded" if ok else "failed", now, response, restored, job.number),
            )
            connection.execute("DELETE FROM reloads WHERE over < ?", (now - self._kept,))
        if self._counters is not None:
            self._counters.add("reloads", "succeeded" if ok else "failed")

    def undone(self, restored: int) -> list[str]:
        """Return the ids of the waiting reloads of changes that version `restored` has undone.

        A reload that only files beside the configuration wait for is not among them.
        """
        rows = self._state.read(f"SELECT id FROM reloads WHERE {_UNDONE}", (restored,))
        return [row["id"] for row in rows]

    def roll_back(self, restored: int, response: str) -> None:
        """Close the waiting reloads of changes that version `restored` has undone, as failed."""
        with self._state.write() as connection:
            connection.execute(
                "UPDATE reloads SET state = 'failed', over = ?, response = ?, restored = ? "
                f"WHERE {_UNDONE}",
                (time.time(), response, restored, restored),
            )

    def all(self) -> list[ReloadRecord]:
        """Return every record that is kept, the oldest first."""
        return [_record(row) for row in self._state.read("SELECT * FROM reloads ORDER BY number")]

    def get(self, reload_id: str) -> ReloadRecord | None:
        """Return a record; None for an id that never was, or is kept no longer."""
        rows = self._state.read("SELECT * FROM reloads WHERE id = ?", (reload_id,))
        return _record(rows[0]) if rows else None


def _insert(
    connection: Connection, version: int, reason: str, due: float, beside: bool
) -> str:
    cursor = connection.execute(
        "INSERT INTO reloads (state, first_version, version, reason, due, versions) "
        "VALUES ('queued', ?, ?, ?, ?, ?)",
        (version, version, reason, due, not beside),
    )
    reload_id = f"{time.strftime('%Y-%m-%d')}-{cursor.lastrowid}"
    connection.execute("UPDATE reloads SET id = ? WHERE number = ?", (reload_id, cursor.lastrowid))
    return reload_id


def _joined(old: str, new: str) -> str:
    return "; ".join(dict.fromkeys(part for part in (*old.split("; "), new) if part))[:2000]


def _job(row: Row) -> Job:
    return Job(
        row["number"],
        row["id"],
        row["version"],
        row["begun"] or 0.0,
        row["attempts"],
    )


def _record(row: Row) -> ReloadRecord:
    over = row["state"] in ("succeeded", "failed")
    return ReloadRecord(
        row["id"],
        row["state"] if over else "in_progress",
        int(row["over"]) if over else None,
        row["response"],
        row["version"],
        row["reason"],
        row["restored"],
    )
