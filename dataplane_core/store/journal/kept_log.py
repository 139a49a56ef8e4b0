"""Keep SQLite's write-ahead log in its place for as long as a process uses the state.

The last connection of all processes removes the log when it is closed, and knows of others by
their locks on the state file. The system drops all of these that a process has, however, as soon
as the process closes any descriptor of that file: SQLite does so where one more connection cannot
be opened (unixOpen, `fstat`). Whoever closes a connection then removes the log that the process
goes on writing, and everything in it is lost.

So each process has a lock of another kind, which belongs to a descriptor and not to the process
(fcntl(2), open file description locks), where SQLite's own would be that it has the file open.
"""

import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path

_FIRST, _COUNT = 0x40000002, 510  # SHARED_FIRST and SHARED_SIZE of SQLite's os.h
_PLACE = "hhxxxxqqixxxx"  # struct flock


class KeptLog:
    """The lock of each process that keeps the log of a state file; `held` where there is one."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._handle, self._process = -1, 0
        self._is_locked = False

    @property
    def held(self) -> bool:
        """Whether nobody removes the log while this process lives."""
        return self._is_locked and self._is_open

    @property
    def _is_open(self) -> bool:
        return self._process == os.getpid()

    def hold(self) -> None:
        """Take the lock, once in a process; a system that has no such locks goes without.

        SQLite has changed the file to a write-ahead log, or it could not do so any more. Where the
        lock cannot be had now, the file stays open all the same, for the next call: to close it
        would drop the locks of SQLite, which are all that keeps the log then.
        """
        with suppress(OSError):
            if not self._is_open:
                handle = os.open(self._file, os.O_RDONLY | os.O_CLOEXEC)
                self._handle, self._process, self._is_locked = handle, os.getpid(), False
            if not self._is_locked:
                _lock(self._handle, fcntl.F_RDLCK)
                self._is_locked = True

    def let_go(self) -> None:
        """Give the lock back; to close its file as well is the last that is done with the state."""
        if self.held:
            with suppress(OSError):
                _lock(self._handle, fcntl.F_UNLCK)

    def close(self) -> None:
        """Close the file, once this process has closed all of its connections."""
        if self._is_open:
            os.close(self._handle)
            self._handle, self._process, self._is_locked = -1, 0, False

    def __del__(self) -> None:
        self.close()


def _lock(handle: int, how: int) -> None:
    place = struct.pack(_PLACE, how, os.SEEK_SET, _FIRST, _COUNT, 0)
    fcntl.fcntl(handle, fcntl.F_OFD_SETLK, place)
