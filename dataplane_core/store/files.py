"""Read and sync files, make temporary folders, and remove what the dead have left of both.

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
from typing import IO

from dataplane_core.errors import StorageFailed, StorageFull
from dataplane_core.store.disk_faults import NotOnDisk, sync

FileIdentity = tuple[int, int, int, int, int]
"""Device, inode, times of modification and change (ns), size: moves when the text may have."""

END = ".tmp"
"""What names of temporary files and folders end with."""
_RANDOM = len("._random_") + len(END)  # characters behind the name of the target
_LISTED = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_ANY = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
_MOST_SWAPS = 100
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class MountedAlone(StorageFailed):
    """A file is mounted by itself: no other can take its name, and it cannot be removed."""

    status = 409


class LinkRefused(StorageFailed):
    """A link stands where a file has to be, and is not followed."""

    status = 409


class storage_errors(AbstractContextManager[None]):  # noqa: N801 - used as a function is
    """Turn an `OSError` in the body into `StorageFailed` or `StorageFull` that names `path`.

    A generator, which every edit goes through, would take longer.
    """

    __slots__ = ("_action", "_path")

    def __init__(self, path: Path | str, action: str = "written") -> None:
        self._path, self._action = path, action

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, OSError):
            if error.errno == errno.EBUSY:
                raise mounted_alone(self._path) from error
            if error.errno == errno.ELOOP:
                raise LinkRefused(
                    f"{self._path} cannot be {self._action}: a link is there, which is not followed"
                ) from error
            reason = os.strerror(error.errno) if error.errno else str(error)
            family = StorageFull if error.errno in _FULL else StorageFailed
            raise family(f"{self._path} cannot be {self._action}: {reason}") from error


def mounted_alone(path: str | Path) -> MountedAlone:
    """Return what is told of a file that is mounted by itself."""
    return MountedAlone(
        f"{path} is mounted by itself, so that it can be neither replaced nor removed: mount its "
        "folder instead, or change the file where it is mounted from"
    )


def file_identity(status: os.stat_result) -> FileIdentity:
    """Return what changes whenever the bytes of a file may have changed."""
    return (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


def real_path(path: str | Path) -> str:
    """Return a path without links, also where somebody swaps links meanwhile.

    `os.path.realpath` looks whether a name is a link before it reads the link: in between it may
    have become something else.
    """
    for _ in range(_MOST_SWAPS):
        with suppress(OSError):
            return os.path.realpath(path)
    return os.path.abspath(path)


def identity_of(path: str | Path) -> FileIdentity | None:
    """Return the identity of the file at `path`; None where no file can be seen."""
    try:
        return file_identity(os.stat(path))
    except OSError:
        return None


def read_file(path: Path, *, follow: bool = True) -> tuple[bytes, os.stat_result]:
    """Return the bytes of a file, and the status that belongs to exactly these bytes.

    Where links are not to be followed, one at `path` is a failure.
    """
    opener = None if follow else _unless_link
    with storage_errors(path, "read"), open(path, "rb", opener=opener) as file:
        return read_handle(file)


def read_handle(file: IO[bytes]) -> tuple[bytes, os.stat_result]:
    """Return the bytes of an open file, and the status that belongs to exactly these bytes."""
    while True:
        before = os.fstat(file.fileno())
        data = file.read()
        after = os.fstat(file.fileno())
        if file_identity(before) == file_identity(after):
            return data, after
        file.seek(0)


def _unless_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def forget_cached(path: Path) -> None:
    """Have the next who reads a file read the disk, as far as the system can be asked for that."""
    with storage_errors(path, "read"), open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def sync_file(path: Path, target: Path | None = None) -> None:
    """Bring what was written to a file, by whomever, to the disk.

    It is a temporary file where there is a `target`, which a failure names.
    """
    meant = target or path
    with storage_errors(meant):
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            sync_handle(handle, meant)
        finally:
            os.close(handle)


def sync_handle(handle: int, path: str | Path) -> None:
    """Bring the data of an open file to the disk; raises `OSError`, of which `DiskFaults` know."""
    sync(handle, path, data_alone=True)


def sync_directory(path: Path, folder: int | None = None) -> None:
    """Make changes in a directory, which may be open already, survive a power cut."""
    with storage_errors(path):
        where = path if folder is None else "."
        handle = os.open(where, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        try:
            sync(handle, path)
        finally:
            os.close(handle)


def keep_change(path: Path, folder: int | None = None) -> None:
    """Sync a directory in which something was changed; raises `NotOnDisk` where that fails.

    The change is in place then, and whoever asked for it has to know.
    """
    try:
        sync_directory(path, folder)
    except StorageFailed as error:
        reason = error.message.rpartition(": ")[2]
        raise NotOnDisk(
            f"what was changed in {path} is in place, but not safe on the disk: {reason}; a power "
            "cut may undo it"
        ) from error


def make_folder(path: str | Path, mode: int = 0o777) -> None:
    """Make a folder where there is none, and those above it, so that no power cut takes them away.

    Without that, all that is stored in a new folder may go with its name.
    """
    if not os.path.isdir(path):
        with storage_errors(path, "made"):
            _make_folder(os.fspath(path).rstrip("/"), mode)


def _make_folder(path: str, mode: int) -> None:
    above = os.path.dirname(path) or "."
    if not os.path.isdir(above):
        _make_folder(above, 0o777)
    try:
        os.mkdir(path, mode)
    except FileExistsError:  # just now
        if not os.path.isdir(path):
            raise
    with suppress(PermissionError):  # who may not read it cannot sync it
        handle = os.open(above, _LISTED)
        try:
            sync(handle, above)
        finally:
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
        with suppress(OSError):  # rmtree lets some failures through all the same
            rmtree(path, ignore_errors=True)
        os.close(handle)


def _locked_folder(target: Path) -> tuple[int, Path]:
    """Return the descriptor and the path of a new, locked folder beside `target`."""
    with storage_errors(target):
        while True:
            name = tempfile.mkdtemp(prefix=f".{target.name}.", suffix=END, dir=target.parent)
            try:
                handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                if os.path.isdir(name):
                    return handle, Path(name)
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)


def sweep(name: str, folder: int) -> None:
    """Remove the temporary files of a target in an open folder whose makers have died."""
    with suppress(OSError):
        _sweep(os.open(".", _LISTED, dir_fd=folder), lambda one: one.startswith(f".{name}."))


def sweep_folder(folder: Path) -> None:
    """Remove the temporary files of any target in `folder` whose makers have died."""
    with suppress(OSError):  # there is none, as a rule
        _sweep(os.open(folder, _LISTED), lambda one: one[0] == one[-_RANDOM : -_RANDOM + 1] == ".")


def _sweep(folder: int, is_temporary: Callable[[str], bool]) -> None:
    """Remove what nobody has locked, of the names with the end of temporary files."""
    try:
        for name in os.listdir(folder):
            if name.endswith(END) and is_temporary(name):
                with suppress(OSError):
                    _remove_unlocked(name, folder)
    finally:
        os.close(folder)


def _remove_unlocked(name: str, folder: int) -> None:
    handle = os.open(name, _ANY, dir_fd=folder)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            rmtree(name, dir_fd=folder)
        else:
            os.unlink(name, dir_fd=folder)
    finally:
        os.close(handle)
