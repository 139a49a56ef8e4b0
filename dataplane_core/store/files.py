"""Write files that are whole at any moment: temporary file beside the target, sync, rename, sync.

Every failure names the file that was meant, never a temporary file.
"""

import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from typing import Self

from dataplane_core.errors import StorageFailed, StorageFull

FileIdentity = tuple[int, int, int, int, int]
"""Device, inode, times of modification and change (ns), size: moves when the text may have."""

_END = ".tmp"  # of temporary files
_RANDOM = len("._random_") + len(_END)  # characters behind the name of the target
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def storage_errors(path: Path, action: str = "written") -> AbstractContextManager[None]:
    """Turn an `OSError` in the body into `StorageFailed` or `StorageFull` that names `path`."""
    return _StorageErrors(path, action)


class _StorageErrors:
    """See `storage_errors`; a generator, which every edit goes through, would take longer."""

    __slots__ = ("_action", "_path")

    def __init__(self, path: Path, action: str) -> None:
        self._path, self._action = path, action

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, OSError):
            reason = os.strerror(error.errno) if error.errno else str(error)
            family = StorageFull if error.errno in _FULL else StorageFailed
            raise family(f"{self._path} cannot be {self._action}: {reason}") from error


def file_identity(status: os.stat_result) -> FileIdentity:
    """Return what changes whenever the bytes of a file may have changed."""
    return (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


def identity_of(path: str | Path) -> FileIdentity | None:
    """Return the identity of the file at `path`; None where no file can be seen."""
    try:
        return file_identity(os.stat(path))
    except OSError:
        return None


def read_file(path: Path) -> tuple[bytes, os.stat_result]:
    """Return the bytes of a file, and the status that belongs to exactly these bytes."""
    with storage_errors(path, "read"), open(path, "rb") as file:
        while True:
            before = os.fstat(file.fileno())
            data = file.read()
            after = os.fstat(file.fileno())
            if file_identity(before) == file_identity(after):
                return data, after
            file.seek(0)


def sync_file(path: Path) -> None:
    """Bring what was written to a file, by whomever, to the disk."""
    with storage_errors(path):
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fdatasync(handle)
        finally:
            os.close(handle)


def sync_directory(path: Path) -> None:
    """Make renames in a directory survive a power cut."""
    with storage_errors(path):
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Candidate:
    """A temporary file beside its target, with the target's mode and owner.

    It is removed at the end of the `with` block unless it was published. Its maker holds a lock on
    it, so that `sweep` can tell the files of the dead from those in use.
    """

    def __init__(
        self, target: Path, data: bytes, mode: int = 0o600, like: Path | None = None
    ) -> None:
        self.target = Path(os.path.realpath(target))
        self._handle, self.path = _locked_temporary(self.target)
        self.published = False
        try:
            with storage_errors(target):
                self._take_rights(like or self.target, mode)
                with open(self._handle, "wb", closefd=False) as file:
                    file.write(data)
        except BaseException:
            self.close()
            raise

    def _take_rights(self, like: Path, mode: int) -> None:
        """Set mode and owner to those of a file; without the right to set the owner it stays."""
        try:
            status = os.stat(like)
        except FileNotFoundError:
            os.fchmod(self._handle, mode)
            return
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            with suppress(PermissionError):
                os.fchown(self._handle, -1, status.st_gid)
            with suppress(PermissionError):
                os.fchown(self._handle, status.st_uid, -1)
        os.fchmod(self._handle, stat.S_IMODE(status.st_mode))

    def append(self, data: bytes) -> None:
        """Write more data at the end, for a file that comes in pieces."""
        with storage_errors(self.target), open(self._handle, "ab", closefd=False) as file:
            file.write(data)

    def protect(self) -> None:
        """Take every right from all but the owner and the group."""
        os.fchmod(self._handle, stat.S_IMODE(os.fstat(self._handle).st_mode) & 0o770)

    def sync(self) -> None:
        """Bring the data to the disk; slow, and so to be done before a lock is taken."""
        with storage_errors(self.target):
            os.fsync(self._handle)

    def publish(self) -> os.stat_result:
        """Put the file in its target's place, whole and at once; return its status there."""
        with storage_errors(self.target):
            os.replace(self.path, self.target)
            self.published = True
            return os.fstat(self._handle)

    def publish_new(self) -> None:
        """Give the file its name; raises `FileExistsError` when something has the name already."""
        with storage_errors(self.target), suppress(FileExistsError):
            return os.link(self.path, self.target)
        raise FileExistsError(str(self.target))

    def close(self) -> None:
        """Remove the temporary file if it was not published."""
        if not self.published:
            with suppress(FileNotFoundError):
                os.unlink(self.path)
        with suppress(OSError):
            os.close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _locked_temporary(target: Path) -> tuple[int, Path]:
    """Return the descriptor and the path of a new, locked file beside `target`.

    Until it is locked the file looks abandoned; if `sweep` removed it, another one is made.
    """
    with storage_errors(target):
        while True:
            handle, name = tempfile.mkstemp(
                prefix=f".{target.name}.", suffix=_END, dir=target.parent
            )
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:
                return handle, Path(name)
            os.close(handle)


@contextmanager
def temporary_folder(target: Path) -> Iterator[Path]:
    """Make a folder beside `target`, and remove it at the end.

    `sweep_folder` removes the folders of processes that died.
    """
    handle, path = _locked_folder(target)
    try:
        yield path
    finally:
        rmtree(path, ignore_errors=True)
        os.close(handle)


def _locked_folder(target: Path) -> tuple[int, Path]:
    """Return the descriptor and the path of a new, locked folder beside `target`."""
    with storage_errors(target):
        while True:
            name = tempfile.mkdtemp(prefix=f".{target.name}.", suffix=_END, dir=target.parent)
            try:
                handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.path.isdir(name):
                return handle, Path(name)
            os.close(handle)


def write_atomically(
    target: Path, data: bytes, mode: int = 0o600, like: Path | None = None
) -> os.stat_result:
    """Write `target` so that at any moment it holds the old bytes or the new ones, synced.

    An existing file keeps its mode and owner, a new file gets `mode`; with `like` both get those of
    that file. A symbolic link stays, and the file that it names is replaced. Returns the status of
    the new file.
    """
    with Candidate(target, data, mode, like) as candidate:
        candidate.sync()
        status = candidate.publish()
    sync_directory(candidate.target.parent)
    return status


def sweep(target: Path) -> None:
    """Remove the temporary files of `target` whose makers have died."""
    folder, name = os.path.split(os.path.realpath(target))
    _sweep(folder, lambda one: one.startswith(f".{name}."))


def sweep_folder(folder: Path) -> None:
    """Remove the temporary files of any target in `folder` whose makers have died."""
    _sweep(folder, lambda one: one[0] == one[-_RANDOM : -_RANDOM + 1] == ".")


def _sweep(folder: str | Path, is_temporary: Callable[[str], bool]) -> None:
    """Remove what nobody has locked, of the names with the end of temporary files."""
    try:
        names = os.listdir(folder)
    except OSError:  # there is none, as a rule
        return
    for name in names:
        if not (name.endswith(_END) and is_temporary(name)):
            continue
        path = os.path.join(folder, name)
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if stat.S_ISDIR(os.fstat(handle).st_mode):
                    rmtree(path)
                else:
                    os.unlink(path)
            finally:
                os.close(handle)
