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
    """A folder for one process; its lock tells that its maker lives.

    The process of root's is nobody's, and may only pass the folder: what root is to read there is
    not to be replaced by it, or by others of nobody's.
    """

    def __init__(self) -> None:
        self.path, self._lock = _locked()
        who = owner()
        if who is not None:
            os.chown(self._lock, -1, who[1])
            os.chmod(self._lock, 0o710)

    def __enter__(self) -> "ScratchFolder":
        return self

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _locked() -> tuple[Path, int]:
    """Return a new folder and the descriptor of its lock."""
    while True:
        path = tempfile.mkdtemp(prefix=_PREFIX)
        with suppress(FileNotFoundError):  # somebody sweeps: it was not locked yet
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.path.isdir(path):
                return Path(path), handle
            os.close(handle)


def sweep() -> None:
    """Remove the folders of scratch processes whose makers were killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if os.fstat(handle).st_uid == os.geteuid():
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(handle)
