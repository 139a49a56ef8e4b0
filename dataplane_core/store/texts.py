"""Keep texts as files: those that may be needed next, and the operator's backups of all others.

The server's own are `versions/<n>-<digest>.cfg`. As the name says which text it is, a text can be
put there before it is certain to become version n: another text for version n has another name.
And a file that a process or a machine left in the middle of a write is no text: its digest differs.
The texts of versions that nobody is about to write or to load are rows of the state alone.

The text of the newest version is safe in haproxy.cfg, so its copy here is brought to the disk only
when it becomes the text to go back to: one that HAProxy has accepted.
"""

import os
import re
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from dataplane_core.errors import StorageFailed
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.store.candidate import write_atomically
from dataplane_core.store.files import make_folder, storage_errors, sync_directory, sync_file
from dataplane_core.store.head import digest_of, encode_text
from dataplane_core.store.snapshot import Snapshot

_MOST_OLD = 8
"""Texts of former versions that are left until they are looked at."""
_NUMBERED = lazy_pattern(r"([0-9]+)(?:-[0-9a-f]+)?\.cfg")


class VersionTexts:
    """One file for each version that may have to be written or loaded."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._synced = ""

    def write(self, version: int, digest: str, data: bytes) -> None:
        """Write the text of a version; a power cut may undo that until `sync`."""
        make_folder(self.directory, 0o700)
        path = self._path(version, digest)
        # Whoever writes the same text at the same time writes the same bytes.
        with storage_errors(path), open(path, "wb", opener=_keeping) as file:
            file.write(data)

    def sync(self, version: int, digest: str) -> None:
        """Bring the text of a version to the disk, if this process has not just done that.

        It may be kept no longer: another process may remove it at any moment.
        """
        path = self._path(version, digest)
        if path.name == self._synced:
            return
        try:
            sync_file(path)
        except StorageFailed as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return
            raise
        sync_directory(self.directory)
        self._synced = path.name

    def size(self, version: int, digest: str) -> int:
        """Return the size of a text in bytes; 0 when it is not kept."""
        with suppress(OSError):
            return self._path(version, digest).stat().st_size
        return 0

    def read(self, version: int, digest: str) -> bytes | None:
        """Return the text of a version; None when it is not kept (any more)."""
        path = self._path(version, digest)
        with storage_errors(path, "read"), suppress(FileNotFoundError):
            data = path.read_bytes()
            return data if digest_of(data) == digest else None
        return None

    def all_of(self, version: int) -> list[tuple[str, bytes, float]]:
        """Return the texts kept for a version: each behind the digest that it should have.

        Behind it stands when it was written, in seconds since 1970.
        """
        paths = self.directory.glob(f"{version}-*.cfg")
        names = ((path, path.stem.partition("-")[2]) for path in paths)
        return [(digest, path.read_bytes(), path.stat().st_mtime) for path, digest in names]

    def remove(self, version: int, digest: str) -> None:
        """Remove a text that became no version."""
        with suppress(OSError):
            self._path(version, digest).unlink()

    def clear(self) -> None:
        """Remove all texts."""
        for _, name in self._found():
            (self.directory / name).unlink(missing_ok=True)

    def prune(
        self,
        newest: int,
        needed: Callable[[], Collection[int]],
        missing: Callable[[Collection[int]], Collection[int]],
    ) -> None:
        """Remove the texts of versions that the state has too, once there are some.

        The texts of versions that are `needed` stay, those that the state is `missing`, and those
        above the `newest` version, which are being committed.
        """
        found = self._found()
        old = {number for number, _ in found if number < newest}
        if len(old) < _MOST_OLD:
            return
        old.difference_update(needed())
        if old:
            old.difference_update(missing(old))
        for number, name in found:
            if number in old:
                (self.directory / name).unlink(missing_ok=True)

    def kept(self) -> list[int]:
        """Return the versions of which there is a file, in order."""
        return sorted({number for number, _ in self._found()})

    def _found(self) -> list[tuple[int, str]]:
        if not self.directory.is_dir():
            return []
        matches = map(_NUMBERED.fullmatch, os.listdir(self.directory))
        return [(int(match[1]), match[0]) for match in matches if match]

    def _path(self, version: int, digest: str) -> Path:
        return self.directory / f"{version}-{digest}.cfg"


def _keeping(path: str, flags: int) -> int:
    """Open a file for writing without emptying it first: a reader finds the same bytes in it."""
    return os.open(path, flags & ~os.O_TRUNC, 0o600)


class Backups:
    """Copies of past versions for the operator: `<directory>/<name>.<version>`, `number` of them.

    The settings `backups_number` and `backups_dir` ask for them; the server itself reads a copy
    only when it has no text of its own for a version.
    """

    def __init__(self, config_file: Path, directory: str, number: int) -> None:
        self._directory = Path(directory) if directory else config_file.parent
        self._name = config_file.name
        self._number = number

    def write(self, base: Snapshot) -> None:
        """Copy a version that is about to be replaced, and remove the copies beyond the number."""
        if self._number <= 0:
            return
        make_folder(self._directory)
        write_atomically(self._directory / f"{self._name}.{base.version}", encode_text(base.text))
        for old in self._versions()[: -self._number]:
            (self._directory / f"{self._name}.{old}").unlink(missing_ok=True)

    def read(self, version: int) -> bytes | None:
        """Return the copy of a version; None without one."""
        with suppress(FileNotFoundError):
            return (self._directory / f"{self._name}.{version}").read_bytes()
        return None

    def _versions(self) -> list[int]:
        pattern = re.compile(re.escape(self._name) + r"\.([0-9]+)")
        names = map(pattern.fullmatch, os.listdir(self._directory))
        return sorted(int(match[1]) for match in names if match)
