"""Take turns in having changes checked, so that a change that is bound to lose costs no check.

Of several changes to one version, at most one is written. Whoever is first has its change checked;
the others wait for what becomes of it. Once it is written they are refused without a check of their
own, and if it is refused the next one has the turn.

A turn is a lock file in the state directory, which all workers share; the kernel frees the turn of
a process that dies. Who is next holds a second lock file, so that nobody who comes later has a turn
before: a client that sends one refused change after the other keeps nobody waiting for long. Turns
save work and protect nothing: whoever has waited for too long goes
ahead without one, and the lock on haproxy.cfg (`lock_file`) decides who was first.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dataplane_core.store.locks import try_lock

_SHORTEST, _LONGEST = 0.001, 0.05  # seconds between two looks; they grow with the time waited
_GROWTH = 1.25


class Turns:
    """The turns of the changes to one file, kept in two lock files in `folder`.

    Nobody waits for longer than `patience` seconds: as long as a check by HAProxy may take.
    """

    def __init__(self, folder: Path, patience: float) -> None:
        self._turn, self._next = folder / "turn.lock", folder / "next-turn.lock"
        self._patience = patience
        self._freed = threading.Condition()

    @contextmanager
    def taken(self, reconsider: Callable[[], object]) -> Iterator[None]:
        """Have the turn while the body runs.

        `reconsider` is called again and again while somebody else has the turn, and once more at
        the end of the wait; what it raises ends the wait.
        """
        handle = self._wait(reconsider)
        try:
            reconsider()
            yield
        finally:
            self._free(handle)

    def _wait(self, reconsider: Callable[[], object]) -> int | None:
        """Return the descriptor that holds the turn; None when the patience is at its end."""
        deadline = time.monotonic() + self._patience
        following = self._lock(self._next, deadline, reconsider)
        try:
            return self._lock(self._turn, deadline, reconsider)
        finally:
            self._free(following)

    def _lock(
        self, path: Path, deadline: float, reconsider: Callable[[], object]
    ) -> int | None:
        """Lock a file, and return its descriptor; None when it is not free until `deadline`."""
        pause = _SHORTEST
        while (handle := try_lock(path)) is None and time.monotonic() < deadline:
            reconsider()
            with self._freed:
                self._freed.wait(pause)
            pause = min(pause * _GROWTH, _LONGEST)
        return handle

    def _free(self, handle: int | None) -> None:
        if handle is not None:
            os.close(handle)
            with self._freed:  # threads of this worker need not look again and again
                self._freed.notify_all()
