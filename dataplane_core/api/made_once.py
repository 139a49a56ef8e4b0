"""Make bytes once for all processes that come of this one, in memory that they share.

A process can have another process make them: the memory that this takes goes when that one ends.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_UN, lockf
from weakref import finalize

_SIZE = 8
_HEAD = _SIZE + 1
"""Bytes in front of those that were made: their number, which is written last, and the stage."""
_NOTHING, _WANTED, _BEGUN, _FAILED = b"\0", b"w", b"b", b"f"
"""Stages of what another process is to make."""
_BEGIN_SECONDS, _MAKE_SECONDS = 1.0, 30.0
"""How long another process is waited for, until it has begun and until it is done."""
_LOOK_SECONDS = 0.005


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

    def get(
        self, make: Callable[[], bytes], call: Callable[[], bool] | None = None
    ) -> bytes:
        """Return what was made, or make it; for one thread of a process at a time.

        `call` has a process call `make_if_wanted`, and returns False if there is none.
        """
        if self._file < 0:
            return make()
        try:
            lockf(self._file, LOCK_EX)  # freed by the kernel when its holder dies
        except OSError:  # EDEADLK: threads of two processes wait crosswise, for two of these
            return make()
        try:
            if not self._size and call is not None:
                self._have_made(call)
            size = self._size
            return os.pread(self._file, size, _HEAD) if size else self._keep(make())
        finally:
            lockf(self._file, LOCK_UN)

    def make_if_wanted(self, make: Callable[[], bytes]) -> None:
        """Make what another process waits for, if there is one."""
        if self._file < 0 or self._size or self._stage != _WANTED:
            return
        self._set_stage(_BEGUN)
        try:
            self._keep(make())
        except BaseException:
            self._set_stage(_FAILED)
            raise

    def _have_made(self, call: Callable[[], bool]) -> None:
        """Have another process make it; where that fails, nothing is made afterwards."""
        self._set_stage(_WANTED)
        end = time.monotonic() + _BEGIN_SECONDS if call() else 0.0
        begun = False
        while time.monotonic() < end and not self._size:
            stage = self._stage
            if stage == _FAILED:
                break
            if stage == _BEGUN and not begun:
                begun, end = True, time.monotonic() + _MAKE_SECONDS
            time.sleep(_LOOK_SECONDS)
        self._set_stage(_NOTHING)

    @property
    def _size(self) -> int:
        return int.from_bytes(os.pread(self._file, _SIZE, 0), "big")

    @property
    def _stage(self) -> bytes:
        return os.pread(self._file, 1, _SIZE)

    def _set_stage(self, stage: bytes) -> None:
        with suppress(OSError):  # no memory: nobody else makes it then
            os.pwrite(self._file, stage, _SIZE)

    def _keep(self, made: bytes) -> bytes:
        at = 0
        with suppress(OSError):  # no memory: the next process makes it for itself
            while at < len(made):
                at += os.pwrite(self._file, memoryview(made)[at:], _HEAD + at)
            os.pwrite(self._file, len(made).to_bytes(_SIZE, "big"), 0)
        return made
