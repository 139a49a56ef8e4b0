"""Remember that a disk has failed to keep what was written: nothing is changed until a new start.

After a sync that fails with EIO the kernel may take the lost pages for clean, so that a later sync
succeeds and says nothing (fsync(2)). So the server changes nothing any more, whichever worker has
met the failure, and comes back by a start that has read and written its files anew.
"""

import errno
import os
from contextlib import suppress
from pathlib import Path
from weakref import WeakSet

from dataplane_core.errors import DataplaneError, StorageFailed

REMEDY = "The server changes nothing until the disk is right and the server was started anew"
_LOST = {errno.EIO}
_MOST = 500
_remembered: "WeakSet[DiskFaults]" = WeakSet()


class NotOnDisk(StorageFailed):
    """A change is in place, and a disk that fails may undo it."""


class ReadOnly(DataplaneError):
    """Nothing is changed until the server was started anew, as a disk has lost writes."""

    status = 503


class DiskFaults:
    """What is known of failed syncs, in this process and in a file of the state directory."""

    FILE = "read-only"

    def __init__(self, directory: Path) -> None:
        self._mark = os.path.join(directory, self.FILE)
        self._reason = ""
        _remembered.add(self)

    def reason(self) -> str:
        """Return why nothing may be changed; empty where everything may."""
        if not self._reason:
            with suppress(OSError), open(self._mark, encoding="utf-8", errors="replace") as file:
                self._reason = file.read(_MOST) or "a sync failed"
        return self._reason

    def refuse(self) -> None:
        """Raise `ReadOnly` where nothing may be changed; cheap where everything may."""
        if self._reason or os.access(self._mark, os.F_OK):
            raise ReadOnly(f"{self.reason()}. {REMEDY}")

    def note(self, reason: str) -> None:
        """Refuse all changes from now on, in every process of the server."""
        if not self._reason:
            self._reason = reason
            # It need not be synced: after a power cut, what the disk has is what is read.
            with suppress(OSError), open(self._mark, "xb", opener=_private) as file:
                file.write(reason.encode("utf-8", "replace"))

    def clear(self) -> None:
        """Allow changes again, after all files were found to be right."""
        self._reason = ""
        with suppress(FileNotFoundError):
            os.unlink(self._mark)


def sync(handle: int, path: str | Path, *, data_alone: bool = False) -> None:
    """Bring an open file, or folder, to the disk; what may be lost where that fails is remembered.

    Raises `OSError`. With `data_alone`, moments and rights of the file may come later.
    """
    try:
        os.fdatasync(handle) if data_alone else os.fsync(handle)
    except OSError as error:
        if error.errno in _LOST:
            note_lost(f"{path} could not be brought to the disk: {os.strerror(error.errno or 0)}")
        raise


def note_lost(reason: str) -> None:
    """Remember in every state that this process uses that a disk has lost something."""
    for one in list(_remembered):
        one.note(reason)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
