"""Limit the lines that somebody without a right to anything can have written."""

import json
from collections.abc import Iterator

from dataplane_core.plugin import State

MOST = 60
"""Lines of one kind in a minute; what comes beyond is counted."""
_FACT = "audit_limits"
_MINUTE = 60


class AuditLimits:
    """Counts lines by kind and minute in the state, under the lock of the file."""

    def __init__(self, state: State) -> None:
        self._state = state

    def permits(self, kind: str, moment: float) -> bool:
        """Count a line, and return whether it may be written."""
        known = self._known()
        minute = int(moment) // _MINUTE
        former, lines, left_out = known.get(kind, [minute, 0, 0])
        if former != minute:
            lines = 0
        permitted = lines < MOST
        known[kind] = [minute, lines + permitted, left_out + (not permitted)]
        self._save(known)
        return permitted

    def has_left_out(self, moment: float) -> bool:
        """Return whether lines were left out in a minute that is over."""
        minute = int(moment) // _MINUTE
        return any(left_out and at != minute for at, _, left_out in self._known().values())

    def take_left_out(self, moment: float) -> Iterator[tuple[str, int]]:
        """Yield how many lines of a kind were left out in a minute that is over, and forget it."""
        if self.has_left_out(moment):
            known = self._known()
            for kind, (at, _, left_out) in known.items():
                if left_out and at != int(moment) // _MINUTE:
                    known[kind] = [at, 0, 0]
                    yield kind, left_out
            self._save(known)

    def _known(self) -> dict[str, list[int]]:
        return dict(json.loads(self._state.value(_FACT) or "{}"))

    def _save(self, known: dict[str, list[int]]) -> None:
        with self._state.write(synced=False):
            self._state.set_value(_FACT, json.dumps(known))
