"""How long HAProxy is waited for: once in full, then no more until it answers again."""

import time
from collections.abc import Hashable

DEADLINE = 1.25
"""Seconds for one answer. No request is to wait longer than 2 s for sockets, all in all."""

AGAIN = 0.1
"""Seconds for one that has just kept silent."""

_MEMORY = 5.0
_ON_PURPOSE = 2.0  # whoever gives more knows that the answer takes long: loading, committing


class Timeouts:
    """Remembers who kept silent, so that questions that follow do not each wait as long anew.

    A process that is well answers within milliseconds. Safe to share between threads.
    """

    def __init__(self) -> None:
        self._silent: dict[Hashable, float] = {}

    def seconds(self, who: Hashable, wanted: float) -> float:
        """How long to wait for an answer where `wanted` seconds would be right for the first."""
        silent = time.monotonic() < self._silent.get(who, 0.0)
        return min(wanted, AGAIN) if silent and wanted <= _ON_PURPOSE else wanted

    def lost(self, who: Hashable) -> None:
        """It did not answer in time."""
        self._silent[who] = time.monotonic() + _MEMORY

    def answered(self, who: Hashable) -> None:
        """It is well again."""
        self._silent.pop(who, None)
