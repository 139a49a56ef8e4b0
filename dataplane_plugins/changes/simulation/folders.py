"""The folders of scratch processes, for their owner alone."""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

_PREFIX = "dataplane-simulation-"
_NOBODY = 65534


def owner() -> tuple[int, int] | None:
    """Return the user and group of scratch processes, where root starts them; else None."""
    if os.geteuid() != 0:
        return None
    import pwd

    with suppress(KeyError):
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid
    return _NOBODY, _NOBODY


class ScratchFolder:
    """A folder for one process; its lock tells that its maker lives."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        who = owner()
        if who is not None:
            os.chown(self.path, *who)

    def __enter__(self) -> "ScratchFolder":
        return self

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def sweep() -> None:
    """Remove the folders of scratch processes whose makers were killed."""
    mine = {os.geteuid(), *(owner() or ())}
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if os.fstat(handle).st_uid in mine:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(handle)
