"""Give memory back in a lull: once requests have been worked on, and no more come for a moment."""

import time
from math import inf

from dataplane_core.text.heap import give_back

_WORTH = 100
"""Requests after which memory is worth giving back, which takes some milliseconds."""
_SECONDS = 0.2
"""How long no request comes in a lull."""


class Lull:
    """Knows how many requests have gone to the application, and since when no more have."""

    def __init__(self) -> None:
        self._given_back = 0  # the count when memory was given back
        self._last = 0
        self._since = inf

    def look(self, count: int) -> float:
        """Give memory back if it is time; return in how many seconds to look again.

        `count` are the requests until now.
        """
        if count - self._given_back < _WORTH:
            return inf
        now = time.monotonic()
        if count != self._last:
            self._last, self._since = count, now
        left = self._since + _SECONDS - now
        if left > 0:
            return left
        self._given_back = count
        give_back()
        return inf
