"""Make bytes once for all processes that come of this one, in memory that they share."""

import os
from collections.abc import Callable
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_UN, lockf
from weakref import finalize

_HEAD = 8
"""Bytes in front of those that were made: their number, which is written last."""


class MadeOnce:
    """What one process makes and all others read; they are forked after this object is made.

    Where the system has no such memory, each process makes it. One that dies while it makes
    something leaves that to the next.
    """

    def __init__(self) -> None:
        try:
            self._file = os.memfd_create("made once")
        except (AttributeError, OSError):
            self._file = -1
        else:
            finalize(self, os.close, self._file)

    def get(self, make: Callable[[], bytes]) -> bytes:
        """Return what was made, or make it; for one thread of a process at a time."""
        if self._file < 0:
            return make()
        try:
            lockf(self._file, LOCK_EX)  # freed by the kernel when its holder dies
        except OSError:  # EDEADLK: threads of two processes wait crosswise, for two of these
            return make()
        try:
            size = int.from_bytes(os.pread(self._file, _HEAD, 0), "big")
            return os.pread(self._file, size, _HEAD) if size else self._keep(make())
        finally:
            lockf(self._file, LOCK_UN)

    def _keep(self, made: bytes) -> bytes:
        at = 0
        with suppress(OSError):  # no memory: the next process makes it for itself
            while at < len(made):
                at += os.pwrite(self._file, memoryview(made)[at:], _HEAD + at)
            os.pwrite(self._file, len(made).to_bytes(_HEAD, "big"), 0)
        return made
