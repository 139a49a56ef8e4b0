"""Copy the server's state, to look at it while nothing of the original is touched.

Neither a lock nor a file is made in the original's folder: the two files of the database are read,
and written elsewhere, where they can be used in every way. What is written there is thrown away.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from dataplane_core.errors import StorageFailed
from dataplane_core.store.disk_faults import DiskFaults
from dataplane_core.store.files import file_identity, storage_errors
from dataplane_core.store.journal.state import State
from dataplane_core.store.locks import is_locked

_MEMORY = "/dev/shm"
_ATTEMPTS = 20


class StateCopy(State):
    """A state that was copied into a folder of its own; `in_use` is what the original is."""

    is_copy = True

    def __init__(self, folder: str, in_use: bool) -> None:
        super().__init__(folder)
        self._in_use = in_use

    @property
    def first(self) -> bool:
        """Whether no process uses the original."""
        return not self._in_use

    def _is_first(self) -> bool:
        """Begin nothing: the start that counts is the server's."""
        return False


@contextmanager
def state_copy(directory: str) -> Iterator[StateCopy]:
    """Copy the state in `directory`, which need not be there; the copy goes at the end.

    Raises `StorageFailed` when the state cannot be read.
    """
    memory = _MEMORY if os.access(_MEMORY, os.W_OK | os.X_OK) else None
    with TemporaryDirectory(prefix="dataplane-", dir=memory) as folder:
        for name, data in _database(Path(directory)).items():
            Path(folder, name).write_bytes(data)
        state = StateCopy(folder, is_locked(Path(directory) / State.ALIVE))
        try:
            yield state
        finally:
            state.shutdown()


def _database(directory: Path) -> dict[str, bytes]:
    """Return the database and its log, by file name, as they are at one moment.

    A writer may be at work: SQLite knows entries that are not whole by their checksums.
    """
    file = directory / State.FILE
    for _ in range(_ATTEMPTS):
        before = _identity_of(file)
        if before is None:
            return {}
        log, mark = file.with_name(f"{file.name}-wal"), file.with_name(DiskFaults.FILE)
        found = {path.name: _bytes(path) for path in (file, log, mark) if path.exists()}
        if _identity_of(file) == before:
            return found
    raise StorageFailed(f"{file} cannot be read: it is written all the time")


def _identity_of(path: Path) -> object:
    try:
        return file_identity(os.stat(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read: {error.strerror}") from error


def _bytes(path: Path) -> bytes:
    with storage_errors(path, "read"):
        return path.read_bytes() if path.exists() else b""
