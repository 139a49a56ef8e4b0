"""Find where the names of files lead: relative names, links, and `..` included.

HAProxy takes a relative name from its working directory, from what `default-path` says, or from a
base directory of the kind of file (`crt-base`, `ca-base`, `server-state-base`). Each of them is a
folder that the configuration names, or stands near it; a name is tried in all of them.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from dataplane_core.store.files import real_path

_LONGEST = 4096


class DirectoryEntry(NamedTuple):
    """A name in a folder; `folder` is the folder's real path."""

    folder: str
    name: str

    @property
    def path(self) -> str:
        """Path of the entry; a link in its name is not followed."""
        return os.path.join(self.folder, self.name)


def entry_of(path: Path | str) -> DirectoryEntry:
    """Return the entry that a path names, whether or not it exists."""
    folder, name = os.path.split(os.path.abspath(path))
    return DirectoryEntry(real_path(folder), name)


class Folders:
    """The folders that relative names may start from, with what is known of their entries.

    With `from_config` they may start from where the configuration is.
    """

    def __init__(self, config_file: Path, *, from_config: bool) -> None:
        near = config_file.resolve().parent
        first = (os.getcwd(), "/", *((str(near), str(near.parent)) if from_config else ()))
        self.near = tuple(dict.fromkeys(map(real_path, first)))
        self._bases = list(self.near)
        self._real: dict[str, str] = {}

    def subfolders(self) -> set[str]:
        """Return the names of the folders in those that names start from: they need no slash."""
        return {entry.name for folder in self.near for entry in _listed(folder) if entry.is_dir()}

    def learn(self, names: Iterable[str]) -> None:
        """Let relative names start from those of `names` that lead to folders."""
        for name in names:
            for entry in self.entries(name):
                path = real_path(entry.path)
                if path not in self._bases and os.path.isdir(path):
                    self._bases.append(path)

    def entries(self, name: str) -> Iterator[DirectoryEntry]:
        """Yield every entry that a name may mean."""
        if not name or len(name) > _LONGEST or "\0" in name:
            return
        for base in ("/",) if name.startswith("/") else tuple(self._bases):
            folder, last = os.path.split(os.path.join(base, name))
            if last in ("", ".", ".."):
                folder, last = os.path.split(real_path(os.path.join(folder, last)))
            yield DirectoryEntry(self.real(folder), last)

    def names_of(self, path: Path) -> set[DirectoryEntry]:
        """Return the entries of a file: its own, where a link leads to, and links to it.

        Links are looked for in the folders that names start from.
        """
        real = real_path(path)
        links = (
            DirectoryEntry(folder, entry.name)
            for folder in self._bases
            for entry in _listed(folder)
            if entry.is_symlink() and real_path(entry.path) == real
        )
        return {entry_of(path), entry_of(real), *links}

    def real(self, folder: str) -> str:
        """Return the real path of a folder, looked up once."""
        real = self._real.get(folder)
        if real is None:
            real = self._real[folder] = real_path(folder)
        return real


def _listed(folder: str) -> list[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(folder) as found:
        return list(found)
    return []
