"""Limit how many calls wait for a simulation, so that threads are left for all other requests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dataplane_core.plugin import DataplaneError

_RETRY_SECONDS = 2


class ScratchBusy(DataplaneError):
    """Others simulate, and as many as may wait for that do so."""

    status = 503
    retry_after = _RETRY_SECONDS


class Admission:
    """Lets in at most so many calls at a time; who comes later is sent away at once."""

    def __init__(self, most: int) -> None:
        self._places = threading.BoundedSemaphore(most)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places while the body runs; raises `ScratchBusy` if there is none."""
        if not self._places.acquire(blocking=False):
            raise ScratchBusy(
                f"others are simulating, and more wait for it: try again in {_RETRY_SECONDS} s"
            )
        try:
            yield
        finally:
            self._places.release()
