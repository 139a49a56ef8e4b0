"""Count the bytes of long bodies that are there at once, within one budget of the worker."""

import threading


class BodyBudget:
    """Room for bodies that have come, or are coming, until their requests are answered."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self.taken = 0

    def take(self, size: int) -> bool:
        """Take room for more bytes; False, and nothing is taken, where there is none."""
        with self._lock:
            if self.taken + size > self._most:
                return False
            self.taken += size
        return True

    def give(self, size: int) -> None:
        """Give room back."""
        with self._lock:
            self.taken -= size
