"""Keep what has happened as numbered rows of the state, which every worker can read on from.

What happens to versions and reloads is written by triggers of the state itself: an event stands
there if and only if the change that it tells of does, whoever made the change and however that
process ended. Plugins add events of their own (`record`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dataplane_core.dataclass import dataclass
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.version_records import storable_text
from dataplane_core.text.moments import written_time

MOST_EVENTS = 10_000
"""Events that are kept, and up to a hundred more."""

_PAGE = 200
_NOW = "(julianday('now') - 2440587.5) * 86400.0"
_VERSION = "'version', NEW.version"


def _told(kind: str, fields: str) -> str:
    return (
        f"INSERT INTO events (moment, kind, data) VALUES ({_NOW}, '{kind}', json_object({fields}));"
    )


def _trigger(name: str, moment: str, when: str, told: str) -> str:
    return f"CREATE TRIGGER {name} AFTER {moment} WHEN {when} BEGIN {told} END"


_RELOAD = (
    "'id', NEW.id, 'status', NEW.state, 'version', NEW.version, 'reason', NEW.reason, "
    "'response', NEW.response, 'restored', NEW.restored"
)
_TRIAL = (
    f"{_VERSION}, 'state', NEW.status, 'reason', NEW.reason, 'user', NEW.ended_by, "
    "'back', NEW.back"
)
# A trigger that is to be another one takes two steps more: one that drops it, one that makes it.
_STEPS = (
    """
    CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        moment REAL NOT NULL,
        kind TEXT NOT NULL,
        data TEXT NOT NULL
    )
    """,
    _trigger(
        "old_events", "INSERT ON events", "NEW.id % 100 = 0",
        f"DELETE FROM events WHERE id <= NEW.id - {MOST_EVENTS};",
    ),
    _trigger(
        "event_of_version", "INSERT ON history", "TRUE",
        _told(
            "version",
            f"{_VERSION}, 'origin', NEW.origin, 'user', NEW.who, 'request_id', NEW.request_id, "
            "'transaction_id', NEW.transaction_id, 'reason', NEW.reason",
        ),
    ),
    _trigger(
        "event_of_commands", "UPDATE OF applied ON history", "NEW.applied > OLD.applied",
        _told("applied", f"{_VERSION}, 'by', 'commands'"),
    ),
    _trigger(
        "event_of_return", "UPDATE OF status ON history",
        "NEW.status = 'rolled back' AND OLD.status != NEW.status",
        _told("rolled_back", f"{_VERSION}, 'reason', NEW.reason"),
    ),
    _trigger(
        "event_of_refusal", "UPDATE OF reason ON history",
        "NEW.status = 'active' AND NEW.reason != OLD.reason AND NOT NEW.accepted",
        _told("refused", f"{_VERSION}, 'reason', NEW.reason"),
    ),
    _trigger(
        "event_of_request", "UPDATE OF id ON reloads", "OLD.id = '' AND NEW.id != ''",
        _told("reload", _RELOAD),
    ),
    _trigger(
        "event_of_reload", "UPDATE OF state ON reloads", "NEW.state != OLD.state",
        _told("reload", _RELOAD),
    ),
    "DROP TRIGGER event_of_version",
    _trigger(
        "event_of_version", "INSERT ON history", "TRUE",
        _told(
            "version",
            f"{_VERSION}, 'origin', NEW.origin, 'user', NEW.who, 'request_id', NEW.request_id, "
            "'transaction_id', NEW.transaction_id, 'reason', NEW.reason, "
            "'author', json(nullif(NEW.author, ''))",
        ),
    ),
    _trigger("event_of_trial", "INSERT ON trials", "TRUE", _told("confirmation", _TRIAL)),
    _trigger(
        "event_of_decision", "UPDATE OF status ON trials", "NEW.status != OLD.status",
        _told("confirmation", _TRIAL),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: `moment` is in seconds since 1970, `data` is a JSON object."""

    id: int
    moment: float
    kind: str
    data: str

    @property
    def time(self) -> str:
        """The moment as RFC 3339 has it, in UTC with milliseconds."""
        return written_time(self.moment)

    @property
    def values(self) -> dict[str, Any]:
        """The data as a dictionary."""
        return dict(json.loads(self.data))


class EventTable:
    """The events of all workers; made after the tables that its triggers watch."""

    def __init__(self, state: State) -> None:
        self._state = state
        state.migrate("events", _STEPS)

    def record(self, kind: str, data: Mapping[str, Any]) -> None:
        """Add an event of a plugin's; a power cut may undo that."""
        self.record_all([(kind, data)])

    def record_all(self, events: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Add events in one write."""
        rows = [(kind, storable_text(json.dumps(data))) for kind, data in events]
        if rows:
            with self._state.write(synced=False) as connection:
                sql = f"INSERT INTO events (moment, kind, data) VALUES ({_NOW}, ?, ?)"
                connection.executemany(sql, rows)

    def newest(self) -> int:
        """Return the number of the newest event; 0 before the first."""
        rows = self._state.read("SELECT max(id) FROM events")
        return int(rows[0][0] or 0)

    def oldest(self) -> int:
        """Return the number of the oldest event that is kept; 0 before the first."""
        rows = self._state.read("SELECT min(id) FROM events")
        return int(rows[0][0] or 0)

    def after(
        self, number: int, limit: int = _PAGE, kinds: Sequence[str] = ()
    ) -> list[Event]:
        """Return the events that follow on one, all or those of some kinds, the oldest first."""
        marks = ", ".join("?" * len(kinds))
        only = f" AND kind IN ({marks})" if kinds else ""
        sql = f"SELECT * FROM events WHERE id > ?{only} ORDER BY id LIMIT ?"
        return [Event(*row) for row in self._state.read(sql, (number, *kinds, limit))]
