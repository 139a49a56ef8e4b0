"""Let the workers see how many connections each has, so that new ones go to who has fewest."""

import mmap

_ABSENT = (1 << 31) - 1  # more than any worker has
_PLACES = 512


class ConnectionCounts:
    """A number for each worker, in memory that all of them share; made before they are forked."""

    def __init__(self) -> None:
        self._numbers = memoryview(mmap.mmap(-1, 4 * _PLACES)).cast("i")
        self._numbers[0] = 1  # the places that are or were in use are below this number
        self._free = set(range(1, _PLACES))

    def take(self) -> int:
        """Return a free place for a worker that is about to be forked; 0 when there is none."""
        if not self._free:
            return 0
        place = min(self._free)
        self._free.discard(place)
        self._numbers[place] = _ABSENT
        self._numbers[0] = max(self._numbers[0], place + 1)
        return place

    def free(self, place: int) -> None:
        """Take back the place of a worker that has ended."""
        if place:
            self._numbers[place] = _ABSENT
            self._free.add(place)

    def tell(self, place: int, count: int) -> None:
        """Say how many connections the worker at `place` has."""
        if place:
            self._numbers[place] = count

    def leave(self, place: int) -> None:
        """Say that the worker at `place` accepts no more connections."""
        self.tell(place, _ABSENT)

    def fewest(self) -> int:
        """Return the smallest number of connections that a worker has."""
        return min(self._numbers[1 : self._numbers[0]], default=_ABSENT)
