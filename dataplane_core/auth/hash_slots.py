"""Verify passwords in few threads at once, so that the other threads go on answering."""

import threading
from collections.abc import Callable

from dataplane_core.errors import DataplaneError


class Busy(DataplaneError):
    """Too many threads are busy with passwords of strangers."""

    status = 503
    retry_after = 1


class _UnderWay:
    """A password that is being verified: others that ask the same wait for its verdict."""

    def __init__(self) -> None:
        self.is_known = threading.Event()
        self.verdict = False


class HashSlots:
    """Room for a quarter of `threads` to verify at once.

    An equal credential is verified once for all that ask at the same time. Whoever is doubted finds
    half of all threads at most busy with passwords, or is told to come again.
    """

    def __init__(self, threads: int) -> None:
        self._running = threading.Semaphore(max(1, threads // 4))
        self._places = max(1, threads // 2)
        self._lock = threading.Lock()
        self._under_way: dict[bytes, _UnderWay] = {}
        self._inside = 0

    def verdict(self, digest: bytes, verify: Callable[[], bool], is_doubted: bool) -> bool:
        """Return what `verify` returns for the credential that a digest stands for.

        Raises `Busy`.
        """
        with self._lock:
            if is_doubted and self._inside >= self._places:
                raise Busy("too many passwords are being verified; try again")
            self._inside += 1
            other = self._under_way.get(digest)
            mine = self._under_way[digest] = _UnderWay() if other is None else other
        try:
            if other is not None:
                other.is_known.wait()
                return other.verdict
            with self._running:
                mine.verdict = verify()
            return mine.verdict
        finally:
            with self._lock:
                self._inside -= 1
                if other is None:
                    del self._under_way[digest]
                    mine.is_known.set()
