"""Let the worker that leads know whether anybody listens to events, in any worker.

Who listens shares a lock on a file, which the kernel frees when its process dies.
"""

import fcntl
import os
from pathlib import Path

from dataplane_core.plugin import storage_errors


class Listening:
    """The lock that listeners share."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self) -> int:
        """Return a descriptor; until it is closed, somebody listens. Raises `StorageFailed`."""
        with storage_errors(self._path, "locked"):
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
            fcntl.flock(handle, fcntl.LOCK_SH)
        return handle

    def anybody(self) -> bool:
        """Return whether somebody listens."""
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(handle)
        return False
