"""Find a file behind its links, and open its folder: what is swapped later leads nobody elsewhere.

A path is resolved once. From then on the folder is open, no link in it is followed, and whatever is
read, locked and written is what lies in this folder.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self, TypeVar

from dataplane_core.errors import NotFound
from dataplane_core.store.exchange import FileChanged
from dataplane_core.store.files import read_handle, real_path, storage_errors

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PRESENT = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
MOVED = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
"""What is found where somebody has moved a file, or put a link in its place."""
_MOST_SWAPS = 100
T = TypeVar("T")


class OpenedPlace:
    """A file, by its name in its folder, which is open until the end of the `with` block.

    `real` is its path without links.
    """

    __slots__ = ("_parent", "_place", "folder", "name", "real")

    def __init__(self, place: "FilePlace", real: str, folder: int) -> None:
        self._place = place
        self.real = real
        self.folder = folder
        self._parent, self.name = os.path.split(real)

    def read(self) -> tuple[bytes, os.stat_result]:
        """Return the bytes of the file, and the status that belongs to exactly these bytes.

        Raises `FileChanged` where its path leads elsewhere by now, `NotFound` and `StorageFailed`.
        """
        with storage_errors(self._place.path, "read"):
            try:
                handle = open_present(self.name, self.folder)
            except OSError as error:
                if error.errno == errno.ENOENT:
                    self._place.check_missing()
                if error.errno in MOVED - {errno.ENOENT}:
                    raise self._place.swapped() from None
                raise
            with os.fdopen(handle, "rb") as file:
                found = read_handle(file)
            if self._place.real() != self.real:
                raise self._place.swapped()
            self.check_folder()
        return found

    def check_folder(self) -> None:
        """Raise `FileChanged` where the folder was moved, and its path is that of another one.

        Raises `OSError` where the system does not tell.
        """
        try:
            found, opened = os.stat(self._parent), os.fstat(self.folder)
            if (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino):
                return
        except OSError as error:
            if error.errno not in MOVED:
                raise
        raise FileChanged(f"{self._place.path} was changed meanwhile: {self._parent} was moved")

    def beside(self, end: str) -> str:
        """Return the path of the hidden file in the folder that is named after this one."""
        return f"{self.real[: -len(self.name)]}.{self.name}{end}"

    def close(self) -> None:
        """Close the folder."""
        with suppress(OSError):
            os.close(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class FilePlace:
    """The file that a path names, behind links; with `folders` it has to lie in one of these."""

    __slots__ = ("_folders", "path")

    def __init__(self, path: Path, folders: Sequence[str] | None = None) -> None:
        self.path = path
        self._folders = folders

    def real(self) -> str:
        """Return the path of the file without links; raises `NotFound` where it may not lie."""
        found = real_path(self.path)
        if self._folders is not None and not is_inside(found, self._folders):
            raise self._missing()
        return found

    def open(self, action: str = "written") -> OpenedPlace:
        """Open the folder of the file; a failure says that it cannot be read, written or the like.

        Raises `NotFound` where the file may not lie there, and `StorageFailed`.
        """
        for _ in range(_MOST_SWAPS):
            real = self.real()
            try:
                return OpenedPlace(self, real, open_real_folder(os.path.dirname(real)))
            except OSError as error:
                if error.errno not in MOVED or real_path(self.path) == real:
                    self.check_missing(error)
                    with storage_errors(self.path, action):
                        raise
        raise self.swapped()

    def settled(self, body: Callable[[OpenedPlace], T]) -> T:
        """Return what `body` makes of the file, called again where links were swapped meanwhile.

        Raises as `open` does, and `FileChanged` where they are swapped all the time.
        """
        for _ in range(_MOST_SWAPS):
            with suppress(FileChanged), self.open("read") as opened:
                return body(opened)
        raise self.swapped()

    def read(self) -> tuple[bytes, os.stat_result]:
        """Return the bytes of the file, and their status; raises as `settled` does."""
        return self.settled(OpenedPlace.read)

    def check_missing(self, error: OSError | None = None) -> None:
        """Raise `NotFound` for a missing file whose place is restricted, as clients name it."""
        if self._folders is not None and (error is None or error.errno in MOVED):
            raise self._missing()

    def swapped(self) -> FileChanged:
        """Return what is told of links that have led elsewhere meanwhile."""
        return FileChanged(f"{self.path} was changed meanwhile: it leads to another file")

    def _missing(self) -> NotFound:
        return NotFound(f"missing object: there is no file {self.path}")


def opened_without_links(target: Path) -> OpenedPlace:
    """Open the folder of a file by a path that has no links; raises `NotFound` where it has."""
    try:
        return OpenedPlace(FilePlace(target), str(target), open_real_folder(target.parent))
    except OSError as error:
        if error.errno in MOVED:
            raise NotFound(f"missing object: {target.parent} has become another folder") from None
        with storage_errors(target):
            raise


def is_inside(path: str, folders: Iterable[str]) -> bool:
    """Tell whether a path without links lies in one of some folders, which may be links."""
    return any(path.startswith(real_path(folder).rstrip("/") + "/") for folder in folders)


def open_real_folder(path: str | Path) -> int:
    """Return a descriptor of a folder for `dir_fd`; raises `OSError` where its path has a link.

    The system tells where a folder lies that is open. Where it does not, the path is walked along.
    """
    name = os.fspath(path)
    handle = os.open(name, _FOLDER)
    with suppress(OSError):
        if os.readlink(f"/proc/self/fd/{handle}") == name:
            return handle
    os.close(handle)
    return _walked(name)


def _walked(path: str) -> int:
    handle = os.open("/", _FOLDER)
    try:
        for part in path.split("/"):
            if part:
                outer, handle = handle, os.open(part, _FOLDER, dir_fd=handle)
                os.close(outer)
    except BaseException:
        os.close(handle)
        raise
    return handle


def open_present(name: str, folder: int) -> int:
    """Return a descriptor of a regular file in an open folder; raises `OSError` for all else."""
    handle = os.open(name, _PRESENT, dir_fd=folder)
    try:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            return handle
        raise FileNotFoundError(errno.ENOENT, "it is no regular file", name)
    except BaseException:
        os.close(handle)
        raise


def read_present(path: Path, folder: Path | None = None) -> tuple[bytes, int] | None:
    """Return what a file holds, and its mode; None where there is no regular file.

    A link is followed once; with `folder` to a file in that folder alone, which has no link in its
    path, and without one to any.
    """
    parent, name = os.path.split(real_path(path))
    if folder is not None and parent != str(folder):
        return None
    with storage_errors(path, "read"):
        try:
            opened = open_real_folder(parent)
            try:
                handle = open_present(name, opened)
            finally:
                os.close(opened)
        except OSError as error:
            if error.errno in MOVED:
                return None
            raise
        with os.fdopen(handle, "rb") as file:
            return file.read(), stat.S_IMODE(os.fstat(handle).st_mode)
