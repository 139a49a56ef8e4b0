"""Keep measures that fill and empty in memory that all workers of a server share.

The memory is there before workers are forked. It is written without a lock over processes: of two
wrong passwords that two workers count for one key in the same microseconds one may be lost.
"""

import math
import mmap
import struct

_PLACE = struct.Struct("<Qdd")  # a key, how full its measure is, and since when
_TRIED = 8
_KEYS = (1 << 64) - 1


class SharedMeasures:
    """A table of measures by key; where it is full, what has been alone for longest gives way."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._memory = mmap.mmap(-1, most * _PLACE.size)

    def get(self, key: int) -> tuple[float, float] | None:
        """Return how full a measure was, and when that was; None for one that is not there."""
        key = key & _KEYS or 1
        for at in self._places(key):
            found, level, since = _PLACE.unpack_from(self._memory, at)
            if found == key and math.isfinite(level) and math.isfinite(since):
                return level, since
        return None

    def set(self, key: int, level: float, since: float) -> None:
        """Say how full a measure is, and when that is."""
        key = key & _KEYS or 1
        places = self._places(key)
        known = [_PLACE.unpack_from(self._memory, at) for at in places]
        oldest = min(range(_TRIED), key=lambda one: (known[one][0] != key, known[one][2]))
        _PLACE.pack_into(self._memory, places[oldest], key, level, since)

    def _places(self, key: int) -> list[int]:
        return [(key + one) % self._most * _PLACE.size for one in range(_TRIED)]
