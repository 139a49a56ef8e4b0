"""Lock files by `flock(2)`; the kernel frees the lock of a holder that dies.

The server removes no lock file. If somebody else does while the server runs, nobody goes on with
the lock of the removed file: who takes a lock looks whether its file is still the one of that name,
and takes that of the new file if not. Only who holds the lock at that moment is not alone.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dataplane_core.store.files import storage_errors

_TRIED = fcntl.LOCK_EX | fcntl.LOCK_NB
_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def locked(path: Path | str, mode: int = 0o600, folder: int | None = None) -> Iterator[int]:
    """Lock the file `path`, which is made with `mode` if missing, and yield its descriptor.

    Its folder may be open already: `folder`. Threads of one process exclude each other too, as each
    opens the file for itself. A link is not followed.
    """
    handle = _taken(path, fcntl.LOCK_EX, mode, folder)
    assert handle is not None
    try:
        yield handle
    finally:
        os.close(handle)


def try_lock(path: Path) -> int | None:
    """Lock the file `path` if nobody has; return its descriptor, or None.

    The lock is held until the descriptor is closed.
    """
    return _taken(path, _TRIED)


def is_locked(path: Path) -> bool:
    """Return whether anybody holds a lock on a file, shared or not, and leave no trace.

    False where there is no file; raises `StorageFailed` for one that cannot be opened.
    """
    with storage_errors(path, "opened"):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
    try:
        fcntl.flock(handle, _TRIED)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


class KeptLock:
    """A lock on a file, which is made if missing, for `with`; it is `locked`, and quicker.

    The file stays open between uses, as to open it takes longer than to lock it. To the kernel,
    whoever has a descriptor holds its lock: so each process opens the file for itself, and threads
    of one process exclude each other first.
    """

    __slots__ = ("_handle", "_process", "_threads", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = threading.Lock()
        self._handle, self._process = -1, 0

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            if self._process != os.getpid():
                self._open()
            fcntl.flock(self._handle, fcntl.LOCK_EX)
            while not _is_in_place(self._handle, self.path):
                self._open()
                fcntl.flock(self._handle, fcntl.LOCK_EX)
        except BaseException:
            if self._process == os.getpid():  # or others would wait for who holds nothing
                with suppress(OSError):
                    fcntl.flock(self._handle, fcntl.LOCK_UN)
            self._threads.release()
            with storage_errors(self.path, "locked"):  # not around it all: every edit comes by
                raise

    def __exit__(self, *error: object) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
        except OSError:  # what was done with the lock held is done; to close the file frees it, too
            self._close()
        finally:
            self._threads.release()

    def _close(self) -> None:
        os.close(self._handle)
        self._handle = self._process = -1

    def _open(self) -> None:
        if self._handle >= 0:  # the parent's, or that of a file that is gone
            self._close()
        self._handle = _open(self.path)
        self._process = os.getpid()

    def __del__(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)


def _taken(path: Path | str, how: int, mode: int = 0o600, folder: int | None = None) -> int | None:
    """Return the descriptor of a lock; None where it is held, and `how` says not to wait."""
    name = path if folder is None else os.path.basename(path)
    with storage_errors(path, "locked"):
        while True:
            handle = _open(name, mode, folder)
            try:
                fcntl.flock(handle, how)
                if _is_in_place(handle, name, folder):
                    return handle
            except BaseException as error:
                os.close(handle)
                if how == _TRIED and isinstance(error, OSError):
                    return None
                raise
            os.close(handle)


def _open(path: Path | str, mode: int = 0o600, folder: int | None = None) -> int:
    return os.open(path, _LOCK, mode, dir_fd=folder)


def _is_in_place(handle: int, path: Path | str, folder: int | None = None) -> bool:
    """Tell whether a file that is open still has its name."""
    try:
        named = os.stat(path, dir_fd=folder, follow_symlinks=False)
        held = os.fstat(handle)
    except FileNotFoundError:
        return False
    return (named.st_ino, named.st_dev) == (held.st_ino, held.st_dev)
