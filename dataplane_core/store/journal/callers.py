"""Count who calls which version of the API, for `dataplane status`.

A request adds to numbers in memory. A thread of each worker adds these to the state now and then,
in a write that only a power cut can undo: no request waits for the disk. How many callers are told
apart is limited, and what clients send that nobody knows is not told apart at all.
"""

import sqlite3
import threading
from collections import Counter

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import StorageFailed
from dataplane_core.store.journal.counters import Counters
from dataplane_core.store.journal.state import State

MOST_CALLERS = 100
"""Callers of one version that are told apart; all others are one without a name."""

_MOST_IN_MEMORY = 1000
_SECONDS = 2.0
_LONGEST = 64
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_STEPS = (
    """
    CREATE TABLE callers (
        started REAL NOT NULL,
        version TEXT NOT NULL,
        user TEXT NOT NULL,
        agent TEXT NOT NULL,
        requests INTEGER NOT NULL,
        PRIMARY KEY (started, version, user, agent)
    ) WITHOUT ROWID
    """,
)
_SAME = "started = ? AND version = ? AND user = ? AND agent = ?"

_Key = tuple[str, str, str, str, int]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who has called a version of the API, and how often since the server was started.

    `agent` is the first word of the header `User-Agent`. Requests that nobody signed, and those of
    callers beyond the limit, have neither `user` nor `agent`.
    """

    version: str
    user: str
    agent: str
    requests: int


class Callers:
    """The callers of all versions, summed over the workers that share a state.

    `counters` get the requests by version, method and kind of answer.
    """

    def __init__(self, state: State, counters: Counters | None = None) -> None:
        self._state = state
        self._counters = Counters(state) if counters is None else counters
        self._lock = threading.Lock()
        self._unsaved: Counter[_Key] = Counter()
        state.migrate("callers", _STEPS)

    def count(
        self, version: str, user: str, agent: str, method: str = "GET", status: int = 200
    ) -> None:
        """Count a request; `agent` is the header `User-Agent`, `user` is empty for nobody."""
        if user:
            key = version, user, agent[:_LONGEST], method, status
        else:
            key = version, "", "", method, status
        with self._lock:
            if key not in self._unsaved and len(self._unsaved) >= _MOST_IN_MEMORY:
                key = version, "", "", method, status
            self._unsaved[key] += 1

    def run(self, stop: threading.Event) -> None:
        """Save what was counted, again and again until `stop`, and then once more."""
        while not stop.wait(_SECONDS):
            self.save()
        self.save()

    def save(self) -> None:
        """Add what was counted to the state; where the state fails, the next call tries again."""
        with self._lock:
            counted, self._unsaved = self._unsaved, Counter()
        if counted:
            try:
                self._add(counted)
            except StorageFailed:
                with self._lock:
                    self._unsaved.update(counted)
                return
            for (version, _, _, method, status), number in counted.items():
                known = method if method in _METHODS else "other"
                kind = f"{status // 100}xx"
                self._counters.add("requests", version, known, kind, amount=number)
        self._counters.save()

    def recorded(self) -> list[Caller]:
        """Return the callers since the server was started, those with most requests first."""
        rows = self._state.read(
            "SELECT version, user, agent, requests FROM callers WHERE started = ? "
            "ORDER BY requests DESC, user, agent",
            (self._state.started,),
        )
        return [Caller(*row) for row in rows]

    def _add(self, counted: Counter[_Key]) -> None:
        started = self._state.started
        with self._state.write(synced=False) as connection:
            connection.execute("DELETE FROM callers WHERE started != ?", (started,))
            for (version, user, agent, *_), number in counted.items():
                key = (started, version, _shown(user), _first_word(agent))
                if not _is_known(connection, key):
                    if _is_full(connection, version):
                        key = (started, version, "", "")
                    connection.execute("INSERT OR IGNORE INTO callers VALUES (?, ?, ?, ?, 0)", key)
                query = f"UPDATE callers SET requests = requests + ? WHERE {_SAME}"
                connection.execute(query, (number, *key))


def _is_known(connection: sqlite3.Connection, key: tuple[float, str, str, str]) -> bool:
    return bool(connection.execute(f"SELECT 1 FROM callers WHERE {_SAME}", key).fetchall())


def _is_full(connection: sqlite3.Connection, version: str) -> bool:
    """Return whether as many callers of a version are told apart as may be."""
    query = "SELECT count(*) FROM callers WHERE version = ? AND user != ''"
    return bool(connection.execute(query, (version,)).fetchone()[0] >= MOST_CALLERS)


def _first_word(agent: str) -> str:
    return _shown(agent.split(None, 1)[0]) if agent.strip() else ""


def _shown(text: str) -> str:
    """Return the beginning of what a client sent, as a terminal can show it."""
    return "".join(one if one.isprintable() else "?" for one in text[:_LONGEST])
