"""Give memory back in a lull: once requests have been worked on, and no more come for a moment."""

import time
from math import inf

from dataplane_core.text.heap import give_back

_SECONDS = 0.2
"""How long no request is under way in a lull."""
_SHARE = 200
"""Memory is given back in at most one part of so many of the time: it takes some milliseconds."""


class Lull:
    """Knows how many requests have gone to the application, and since when none is under way."""

    def __init__(self) -> None:
        self._given_back = 0  # the count when memory was given back
        self._last = 0
        self._since = inf
        self._earliest = -inf  # when memory may be given back again

    def look(self, count: int, is_busy: bool) -> float:
        """Give memory back if it is time; return in how many seconds to look again.

        `count` are the requests until now; `is_busy` tells whether one of them is under way.
        """
        if count == self._given_back:
            return inf
        now = time.monotonic()
        if is_busy or count != self._last:
            self._last, self._since = count, now
        left = max(self._since + _SECONDS, self._earliest) - now
        if left > 0:
            return left
        self._given_back = count
        give_back()
        end = time.monotonic()
        self._earliest = end + (end - now) * _SHARE
        return inf
