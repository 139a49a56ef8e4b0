"""Shorten the wait for a HAProxy process that has just kept silent, so that a client waits once."""

import time
from collections.abc import Hashable

DEADLINE = 1.25
"""Seconds for one answer: no request is to wait longer than 2 s for all sockets together."""

AGAIN = 0.1
"""Seconds for an answer of a process that has just kept silent."""

_MEMORY = 5.0
"""Seconds for which a silence is remembered."""
_LONGEST_CUT = 2.0
"""Deadlines above this many seconds are not cut: they are for answers that take long."""


class Timeouts:
    """Remembers which processes kept silent; safe to share between threads.

    A process that is well answers within milliseconds.
    """

    def __init__(self) -> None:
        self._silent_until: dict[Hashable, float] = {}

    def seconds(self, process: Hashable, wanted: float) -> float:
        """Return how many of `wanted` seconds to wait for an answer of a process."""
        if not self._silent_until:
            return wanted
        silent = time.monotonic() < self._silent_until.get(process, 0.0)
        return min(wanted, AGAIN) if silent and wanted <= _LONGEST_CUT else wanted

    def note_silence(self, process: Hashable) -> None:
        """Remember that a process gave no answer in time."""
        self._silent_until[process] = time.monotonic() + _MEMORY

    def note_answer(self, process: Hashable) -> None:
        """Forget a silence: the process is well again."""
        if self._silent_until:
            self._silent_until.pop(process, None)
