"""Keep a lock file open between uses: to open it takes longer than to lock it."""

import fcntl
import os
import threading
from pathlib import Path

from dataplane_core.store.files import storage_errors


class KeptLock:
    """A lock on a file, which is made if missing, for `with`; see `files.locked`.

    To the kernel, whoever has a descriptor holds its lock: so each process opens the file for
    itself, and threads of one process exclude each other first.
    """

    __slots__ = ("_handle", "_process", "_threads", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = threading.Lock()
        self._handle, self._process = -1, 0

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            with storage_errors(self.path, "locked"):
                if self._process != os.getpid():
                    self._open()
                fcntl.flock(self._handle, fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, *error: object) -> None:
        fcntl.flock(self._handle, fcntl.LOCK_UN)
        self._threads.release()

    def _open(self) -> None:
        if self._handle >= 0:  # the parent's
            os.close(self._handle)
            self._handle = -1
        self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        self._process = os.getpid()

    def __del__(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
