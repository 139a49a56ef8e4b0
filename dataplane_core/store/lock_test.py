"""Ask whether some process holds a lock on a file, without a trace in the folder."""

import fcntl
import os
from pathlib import Path

from dataplane_core.store.files import storage_errors


def is_locked(path: Path) -> bool:
    """Return whether anybody holds a lock on a file, shared or not; False where there is no file.

    Raises `StorageFailed` for a file that cannot be opened.
    """
    with storage_errors(path, "opened"):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False
