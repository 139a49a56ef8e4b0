"""Count what the workers do, in sums that all of them share, since the server was started.

Whoever counts adds to a number in memory. A thread of each worker adds these to the state now and
then, as `Callers` does; what a worker that was killed had not added is lost.
"""

import json
import threading
from collections import Counter

from dataplane_core.errors import StorageFailed
from dataplane_core.store.journal.state import State

_MOST = 10_000
"""Sums that a worker holds at once: those who count name no more, so this is never reached."""

_STEPS = (
    """
    CREATE TABLE counters (
        started REAL NOT NULL,
        labels TEXT NOT NULL,
        amount REAL NOT NULL,
        PRIMARY KEY (started, labels)
    ) WITHOUT ROWID
    """,
)

Key = tuple[str, ...]
"""What is counted, and the values of its labels."""


class Counters:
    """Sums by what is counted and by the values of its labels, of which there must be few."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._unsaved: Counter[Key] = Counter()
        state.migrate("counters", _STEPS)

    def add(self, name: str, *labels: str, amount: float = 1) -> None:
        """Add to the sum of a name and its labels."""
        key = (name, *labels)
        with self._lock:
            if key in self._unsaved or len(self._unsaved) < _MOST:
                self._unsaved[key] += amount  # type: ignore[assignment]  # fractions are sums too

    def save(self) -> None:
        """Add what was counted to the state; where the state fails, the next call tries again."""
        with self._lock:
            counted, self._unsaved = self._unsaved, Counter()
        if not counted:
            return
        try:
            self._write(counted)
        except StorageFailed:
            with self._lock:
                self._unsaved.update(counted)

    def totals(self) -> dict[Key, float]:
        """Return the sums of all workers, with all that this one has counted."""
        self.save()
        sql = "SELECT labels, amount FROM counters WHERE started = ?"
        rows = self._state.read(sql, (self._state.started,))
        return {tuple(json.loads(row["labels"])): row["amount"] for row in rows}

    def _write(self, counted: Counter[Key]) -> None:
        started = self._state.started
        rows = [(started, json.dumps(key), amount) for key, amount in counted.items()]
        with self._state.write(synced=False) as connection:
            connection.execute("DELETE FROM counters WHERE started != ?", (started,))
            connection.executemany(
                "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT (started, labels) "
                "DO UPDATE SET amount = amount + excluded.amount",
                rows,
            )
