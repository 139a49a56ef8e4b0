"""Folders of files that HAProxy reads: what they hold, and what a name in them may be.

Only regular files are there for clients. A FIFO or a device would hang or harm whoever reads it,
and a link that leads out of the folder could show, or replace, any file of the machine.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import AlreadyExists, Code, Invalid, NotFound
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.settings import Settings
from dataplane_core.store.candidate import Candidate
from dataplane_core.store.files import (
    keep_change,
    make_folder,
    mounted_alone,
    real_path,
    storage_errors,
    sweep_folder,
)
from dataplane_core.store.in_place import is_mounted
from dataplane_core.store.journal.state import State
from dataplane_core.store.place import (
    MOVED,
    is_inside,
    open_present,
    open_real_folder,
    opened_without_links,
)

_NAME = lazy_pattern(r"[A-Za-z0-9_][A-Za-z0-9_.+=@-]*")
_UNKNOWN = {errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
"""What is said of a file, or of a folder, that says nothing about whether it is there."""
_LONGEST = 200  # a temporary file's name is longer, and file systems take 255 bytes


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder of files.

    `suffix` is what every new name ends with, `mode` that of new files; `allowed` are folders
    elsewhere that links may lead to.
    """

    path: Path
    lock: Path
    suffix: str = ""
    mode: int = 0o644
    allowed: tuple[str, ...] = ()

    @property
    def folders(self) -> tuple[str, ...]:
        """The folder, and those elsewhere, in which a file may lie."""
        return (str(self.path), *self.allowed)

    def new_name(self, given: str) -> str:
        """Return the name of a file to be made; raises `Invalid` for one that cannot be stored."""
        if not given:
            raise Invalid("the file in the body needs a filename", code=Code.REQUIRED)
        name = given if given.endswith(self.suffix) else given + self.suffix
        if not _NAME.fullmatch(given) or len(name) > _LONGEST:
            raise Invalid(
                f"{given[:80]!r} cannot be stored under its name: letters, digits and _.+=@- are "
                f"taken, a letter, digit or _ first, {_LONGEST} characters at most",
                code=Code.PATTERN,
            )
        return name

    def stored_name(self, given: str) -> str:
        """Return the name of a file that is there, given with its path or without its suffix.

        A word that names no file is returned as it is.
        """
        name = given.removeprefix(f"{self.path}/")
        spellings = (name, name + self.suffix)
        return next((one for one in spellings if self._target(one) is not None), given)

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        try:
            with os.scandir(self.path) as found:
                return sorted(one.name for one in found if self._shows(one))
        except OSError as error:
            self._raise_unknown(error, self.path)
            return []

    def has(self, name: str) -> bool:
        """Return whether there is a file that clients may see."""
        return self._target(name) is not None

    def find(self, name: str) -> Path:
        """Return the path of a file; raises `NotFound`."""
        if self._target(name) is None:
            raise self._missing(name)
        return self.path / name

    def open(self, name: str) -> tuple[IO[bytes], int]:
        """Return a file to read from, and its size in bytes.

        Raises `NotFound` and `StorageFailed`.
        """
        file = self._opened(name)
        return file, os.fstat(file.fileno()).st_size

    def _opened(self, name: str) -> IO[bytes]:
        """Open a file in the folder that its name leads to; raises as `open` does.

        Where a link is followed, it is once: what is opened is no link, nor lies behind one.
        """
        target = self._target(name)
        if target is None:
            raise self._missing(name)
        parent, last = os.path.split(target)
        try:
            folder = open_real_folder(parent)
            try:
                return os.fdopen(open_present(last, folder), "rb")
            finally:
                os.close(folder)
        except OSError as error:
            if error.errno in MOVED:  # just now
                raise self._missing(name) from None
            with storage_errors(self.path / name, "read"):
                raise

    def _missing(self, name: str) -> NotFound:
        return NotFound(f"missing object: there is no file {name} in {self.path}")

    def read(self, name: str) -> bytes:
        """Return the bytes of a file; raises as `open` does."""
        file, _ = self.open(name)
        with file, storage_errors(self.path / name, "read"):
            return file.read()

    def read_with_mode(self, name: str) -> tuple[bytes, int]:
        """Return the bytes of a file and its mode; raises as `open` does."""
        file = self._opened(name)
        with file, storage_errors(self.path / name, "read"):
            return file.read(), stat.S_IMODE(os.fstat(file.fileno()).st_mode)

    def begin(self, name: str) -> Candidate:
        """Make a temporary file for a new file; raises `AlreadyExists`, `StorageFailed`."""
        self.check_free(name)
        return Candidate(self._real / name, b"", self.mode, real=True)

    def replacing(self, name: str, data: bytes) -> Candidate:
        """Make a temporary file for one that is there.

        Raises `NotFound`, `MountedAlone` and `StorageFailed`.
        """
        target = self._target(name)
        if target is None:
            raise self._missing(name)
        self.check_changeable(name)
        return Candidate(Path(target), data, self.mode, real=True)

    def putting(self, name: str, data: bytes) -> Candidate:
        """Make a temporary file for one that may be there; raises as `replacing` does."""
        if os.path.lexists(self.path / name):
            return self.replacing(name, data)
        return Candidate(self._real / name, data, self.mode, real=True)

    @property
    def _real(self) -> Path:
        """The folder without links in its path; it is made where there is none."""
        make_folder(self.path)
        return Path(real_path(self.path))

    def check_changeable(self, name: str) -> None:
        """Raise `MountedAlone` for a file that nothing can replace."""
        path = real_path(self.path / name)
        if is_mounted(path):
            raise mounted_alone(path)

    def check_free(self, name: str) -> None:
        """Raise `AlreadyExists` if anything has the name, be it no file."""
        if os.path.lexists(self.path / name):
            raise AlreadyExists(f"object already exists: {self.path / name}")

    def add(self, candidate: Candidate) -> None:
        """Give a new file its name; raises `AlreadyExists`, `StorageFailed`."""
        try:
            candidate.publish_new()
        except FileExistsError:
            raise AlreadyExists(f"object already exists: {candidate.target}") from None
        candidate.sync_folder()

    def remove(self, name: str) -> None:
        """Delete a file; of a link, the link. Raises `NotFound`, `StorageFailed`."""
        path = self.find(name)
        with opened_without_links(self._real / name) as opened:
            with storage_errors(path, "deleted"), suppress(FileNotFoundError):
                os.unlink(name, dir_fd=opened.folder)
            keep_change(self.path, opened.folder)

    def sweep(self) -> None:
        """Remove the temporary files of uploads whose process died."""
        sweep_folder(self.path)

    def _raise_unknown(self, error: OSError, path: Path) -> None:
        """Raise `StorageFailed` where an error does not say whether there is a file."""
        if error.errno in _UNKNOWN:
            with storage_errors(path, "looked at"):
                raise error

    def _shows(self, one: os.DirEntry[str]) -> bool:
        plain = one.is_file(follow_symlinks=False) and not one.name.startswith(".")
        return plain or self._target(one.name) is not None

    def _target(self, name: str) -> str | None:
        """Return the real path of a file that clients may see; None for anything else."""
        if not name or name.startswith(".") or "/" in name or "\0" in name:
            return None
        try:
            path = os.path.realpath(self.path / name, strict=True)
            regular = stat.S_ISREG(os.stat(path).st_mode)
        except ValueError:
            return None
        except OSError as error:
            self._raise_unknown(error, self.path / name)
            return None
        return path if regular and is_inside(path, self.folders) else None


def resource_folder(
    settings: Settings, state: State, name: str, suffix: str = "", mode: int = 0o644
) -> Folder:
    """Return the folder that the setting `dataplaneapi.resources.<name>` names."""
    return Folder(
        Path(getattr(settings.dataplaneapi.resources, name)),
        state.path(f"{name}.lock"),
        suffix,
        mode,
        settings.dataplane.link_targets,
    )
