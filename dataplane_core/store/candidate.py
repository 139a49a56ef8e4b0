"""Write files that are whole at any moment: temporary file beside the target, sync, rename, sync.

All of that is done in one folder, which is opened once by a path without links: whoever swaps a
link or a folder meanwhile has nothing written elsewhere. Every failure names the file that was
meant, never a temporary file.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from dataplane_core.store.disk_faults import sync
from dataplane_core.store.exchange import replace_if_same
from dataplane_core.store.files import (
    END,
    file_identity,
    keep_change,
    storage_errors,
    sync_directory,
)
from dataplane_core.store.in_place import journal_of, recover_in_place, status_after, write_in_place
from dataplane_core.store.place import (
    MOVED,
    FilePlace,
    OpenedPlace,
    open_present,
    opened_without_links,
)
from dataplane_core.store.rights import copy_rights

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Candidate:
    """A temporary file beside its target, with the target's rights (`copy_rights`).

    It is removed at the end of the `with` block unless it was published. Its maker holds a lock on
    it, so that `sweep` can tell the files of the dead from those in use. Links are followed once,
    now; a target that is `real` has none in its path, and `NotFound` is raised where it has. The
    place of the target is open as long as the candidate is: `at`.
    """

    def __init__(
        self,
        target: Path | FilePlace,
        data: bytes,
        mode: int = 0o600,
        like: OpenedPlace | None = None,
        *,
        real: bool = False,
    ) -> None:
        self.published = True  # there is nothing to remove yet
        self._handle = -1
        if isinstance(target, FilePlace):
            self.at = target.open()
        else:
            self.at = opened_without_links(target) if real else FilePlace(target).open()
        self.target = Path(self.at.real)
        self._folder = self.at.folder
        with storage_errors(self.target):
            try:
                self._handle, self._name = _locked_temporary(self.at.name, self._folder)
                self.published = False
                self.path = self.target.parent / self._name
                like = like or self.at
                if not copy_rights(self._handle, like.name, like.folder):
                    os.fchmod(self._handle, mode)
                with open(self._handle, "wb", closefd=False) as file:
                    file.write(data)
            except BaseException:
                self.close()
                raise

    def present(self) -> bytes | None:
        """Return what the target holds now; None where there is no such file."""
        with storage_errors(self.target, "read"):
            try:
                handle = open_present(self.target.name, self._folder)
            except OSError as error:
                if error.errno in MOVED:
                    return None
                raise
            with os.fdopen(handle, "rb") as file:
                return file.read()

    def data(self) -> bytes:
        """Return what was written so far."""
        size = os.fstat(self._handle).st_size
        with storage_errors(self.target, "read"), open(self._handle, "rb", closefd=False) as file:
            file.seek(0)
            return file.read(size)

    def append(self, data: bytes) -> None:
        """Write more data at the end, for a file that comes in pieces."""
        with storage_errors(self.target), open(self._handle, "ab", closefd=False) as file:
            file.write(data)

    def protect(self) -> None:
        """Take every right from all but the owner and the group."""
        with storage_errors(self.target):
            os.fchmod(self._handle, stat.S_IMODE(self.status().st_mode) & 0o770)

    def status(self) -> os.stat_result:
        """Return the status of the file as it is now."""
        return os.fstat(self._handle)

    def sync(self) -> None:
        """Bring the data to the disk; slow, and so to be done before a lock is taken."""
        with storage_errors(self.target):
            sync(self._handle, self.target)

    def publish(
        self,
        *,
        in_place: bool = False,
        over: tuple[int | str, ...] | None = None,
        locked: OpenedPlace | None = None,
    ) -> os.stat_result | None:
        """Put the file in its target's place, whole and at once; return its status there.

        The status is None where the system does not tell it: the file is in place all the same.
        With `in_place` the bytes of a target are replaced that is mounted by itself, which takes
        somebody who calls `recover` once the process is dead that does this. Raises `FileChanged`,
        with the target as it is, where that is not the file that was read with the identity `over`,
        or where its folder was moved, or that of `locked`, which was opened at another moment.
        """
        name, folder = self.target.name, self._folder
        with storage_errors(self.target):
            self.at.check_folder()
            if locked is not None:
                locked.check_folder()
            try:
                if over is None:
                    os.replace(self._name, name, src_dir_fd=folder, dst_dir_fd=folder)
                else:
                    replace_if_same(self._name, name, folder, over)
            except OSError as error:
                if error.errno != errno.EBUSY or not in_place:
                    raise
                status = write_in_place(name, folder, self.data())
                self.published = True
                with suppress(OSError):  # the next `sweep` removes it
                    os.unlink(self._name, dir_fd=folder)
                return status
        self.published = True
        return status_after(self._handle)

    def publish_new(self) -> None:
        """Give the file its name; raises `FileExistsError` when something has the name already.

        Raises `FileChanged` where the folder was moved.
        """
        with storage_errors(self.target), suppress(FileExistsError):
            self.at.check_folder()
            return os.link(
                self._name, self.target.name, src_dir_fd=self._folder, dst_dir_fd=self._folder
            )
        raise FileExistsError(str(self.target))

    def sync_folder(self) -> None:
        """Make what was published survive a power cut; raises `NotOnDisk`."""
        keep_change(self.target.parent, self._folder)

    def close(self) -> None:
        """Remove the temporary file if it was not published."""
        if not self.published:
            with suppress(FileNotFoundError):
                os.unlink(self._name, dir_fd=self._folder)
        if self._handle >= 0:
            with suppress(OSError):
                os.close(self._handle)
        self.at.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def is_interrupted(place: FilePlace) -> bool:
    """Tell whether a process has died while it wrote a file in place."""
    return os.access(journal_of(place.real()), os.F_OK)


def recover(opened: OpenedPlace, is_wanted: Callable[[bytes], bool]) -> None:
    """Finish or undo what was being written in place (`recover_in_place`); the target is locked."""
    with storage_errors(Path(opened.real)):
        recover_in_place(opened.name, opened.folder, is_wanted)


def _locked_temporary(name: str, folder: int) -> tuple[int, str]:
    """Return the descriptor and the name of a new, locked file for a target in an open folder.

    Until it is locked the file looks abandoned; if `sweep` removed it, another one is made.
    """
    while True:
        temporary = f".{name}.{os.urandom(4).hex()}{END}"
        try:
            handle = os.open(temporary, _NEW, 0o600, dir_fd=folder)
        except FileExistsError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:
                return handle, temporary
        except BaseException:  # nobody knows of it, and no other server looks here before its start
            with suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            os.close(handle)
            raise
        os.close(handle)


def write_atomically(
    target: Path,
    data: bytes,
    mode: int = 0o600,
    like: OpenedPlace | None = None,
    *,
    real: bool = False,
    over: os.stat_result | None = None,
) -> os.stat_result:
    """Write `target` so that at any moment it holds the old bytes or the new ones, synced.

    An existing file keeps its rights, a new file gets `mode`; with `like` both get those of that
    file. A symbolic link stays, and the file that it names is replaced, unless the target is
    `real`, as in `Candidate`. Returns the status of the new file, from before it had its name.
    Raises `FileChanged`, with the file as it is, where that is not the one with the status `over`.
    """
    known = None if over is None else file_identity(over)
    with Candidate(target, data, mode, like, real=real) as candidate:
        candidate.sync()
        with storage_errors(target):
            status = candidate.status()
        candidate.publish(over=known)
        sync_directory(candidate.target.parent, candidate.at.folder)
    return status
