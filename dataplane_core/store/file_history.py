"""Follow the files beside the configuration: what each of them held in each version.

Files in the folders of the storage are kept by content. Of files elsewhere that a text names by
their whole path the digest is kept: enough to tell whether such a file is still the same.

What the server itself puts there is kept before it is in place. What others put there is found at
the next commit, or when somebody looks: a file is read only
where its identity (inode, size, times) is another than when it was read last.
"""

import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from dataplane_core.digests import sha256, sha256_of_pieces
from dataplane_core.errors import DataplaneError, StorageFailed
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.settings import Settings
from dataplane_core.store.author import who_asks
from dataplane_core.store.contents import Contents
from dataplane_core.store.files import FileIdentity, file_identity, read_file
from dataplane_core.store.journal.file_states import FileState, FileStates
from dataplane_core.store.journal.state import State

FOLDERS = ("maps_dir", "ssl_certs_dir", "general_storage_dir", "spoe_dir")
"""The settings below `dataplaneapi.resources` that name folders of the storage."""
_log = logging.getLogger(__name__)
_LARGEST = 64 << 20
_HUGE, _PIECE = 1 << 30, 1 << 20
_ORPHAN_SECONDS = 3600.0
_CLOCK_TICK_NS = 50_000_000
# a literal first is found fast
_NAMED = lazy_pattern(r"/(?<![\w./%-]/)(?:[\w.+=@:-]+/)+[\w.+=@:-]+")


class FileHistory:
    """The states of files, and the contents of those in the folders of the storage."""

    def __init__(self, settings: Settings, state: State) -> None:
        resources = settings.dataplaneapi.resources
        self.folders = tuple(dict.fromkeys(getattr(resources, name) for name in FOLDERS))
        self._config_file = settings.haproxy.config_file
        self.states = FileStates(state)
        self.contents = Contents(state.path("contents"))
        self._state = state
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[FileIdentity, FileState]] = {}
        self._recorded: dict[str, FileState] = {}
        self._mark: tuple[int, int] | None = None

    def changes(self, text: str) -> list[FileState]:
        """Return the files that are not as they were recorded last, where a text is the newest.

        What is new of their contents is kept when this returns.
        """
        with self._lock:
            self._learn()
            now = self._now(text)
            self.contents.sync()
            recorded = self._recorded
            found = [one for path, one in now.items() if recorded.get(path) != one]
            gone = (
                FileState(path, "", 0, 0, "gone")
                for path, one in recorded.items()
                if path not in now and one.kept != "gone"
            )
            return [*found, *gone]

    @contextmanager
    def kept(self, path: str, data: bytes | None, version: Callable[[], int]) -> Iterator[None]:
        """Keep what the body puts into a file of the storage; None where it deletes the file.

        The content is on the disk before the body: where there is no room for it, nothing happens.
        """
        if not self.is_stored(path) or os.path.islink(path) or len(data or b"") > _LARGEST:
            yield
            return
        digest = ""
        if data is not None:
            with self._lock:
                digest = self.contents.keep(data)
                self.contents.sync()
        yield
        try:
            self._note(version(), path, digest, len(data or b""))
        except (OSError, DataplaneError) as error:  # it is looked at again
            _log.warning("what %s holds is not noted: %s", path, error)

    def _note(self, version: int, path: str, digest: str, size: int) -> None:
        """Record that a file was made another, or was deleted, after a version was written."""
        mode = stat.S_IMODE(os.stat(path).st_mode) if digest else 0
        found = FileState(path, digest, size, mode, "content" if digest else "gone")
        with self._lock:
            self._learn()
            if self._recorded.get(path) == found:
                return
            with self._state.write(synced=False) as connection:
                turn = self.states.add(connection, version, [found], True, who_asks())
            self._recorded[path] = found
            if self._mark is not None and self._mark[0] <= version:
                self._mark = version, turn

    def now(self, path: str) -> FileState | None:
        """Return a file as it is now; None for what is no file."""
        with self._lock:
            return self._state_of(path, stored=self.is_stored(path))

    def is_stored(self, path: str) -> bool:
        """Tell whether a file is in a folder of the storage."""
        return os.path.dirname(path) in self.folders

    def forget_below(self, version: int) -> None:
        """Remove what no version from this one on needs, and contents that nobody needs."""
        with self._state.write(synced=False) as connection:
            self.states.forget_below(connection, version)
        self.sweep()

    def sweep(self) -> None:
        """Remove contents that no state has, but for those that were kept just now."""
        old = self.contents.old(time.time() - _ORPHAN_SECONDS)
        needed = self.states.digests()
        self.contents.remove(name for name in old if name not in needed)

    def _learn(self) -> None:
        """Read what was recorded, unless it is what this process knows already."""
        mark = self.states.mark()
        if mark != self._mark:
            self._recorded = dict(self.states.at(mark[0], late=True))
            self._mark = mark

    def _now(self, text: str) -> Mapping[str, FileState]:
        """Return the files as they are now."""
        found = {}
        for path in self._stored():
            if (one := self._state_of(path, stored=True)) is not None:
                found[path] = one
        for path in self._named(text):
            if path not in found and (one := self._state_of(path, stored=False)) is not None:
                found[path] = one
        self._seen = {path: self._seen[path] for path in found if path in self._seen}
        return found

    def _stored(self) -> Iterator[str]:
        """Yield the files in the folders; a link may lead anywhere, and is none of them."""
        for folder in self.folders:
            with suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    hidden = entry.name.startswith(".") or not entry.name.isprintable()
                    if not hidden and not entry.is_symlink():
                        yield entry.path

    def _named(self, text: str) -> Iterable[str]:
        """Return the whole paths in a text that lead out of the storage, to folders that exist."""
        paths = {match[0] for match in _NAMED.finditer(text)} if "/" in text else set()
        folders: dict[str, bool] = {}
        for path in paths:
            folder = os.path.dirname(path)
            if folder not in folders:
                folders[folder] = folder not in self.folders and os.path.isdir(folder)
            if folders[folder] and path != self._config_file:
                yield path

    def _state_of(self, path: str, *, stored: bool) -> FileState | None:
        """Return a file as it is now, as it was if it cannot be read; None for what is none."""
        try:
            status = os.lstat(path) if stored else os.stat(path)
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        identity, known = file_identity(status), self._seen.get(path)
        if known is not None and known[0] == identity:
            return known[1]
        try:
            found = self._read(Path(path), status, stored=stored)
        except (OSError, StorageFailed) as error:
            _log.warning("%s is not kept for the history: %s", path, error)
            return self._recorded.get(path)
        # A second change in one tick of the clock leaves no trace in the times.
        if abs(time.time_ns() - status.st_mtime_ns) > _CLOCK_TICK_NS:
            self._seen[path] = identity, found
        return found

    def _read(self, path: Path, status: os.stat_result, *, stored: bool) -> FileState:
        mode = stat.S_IMODE(status.st_mode)
        if stored and status.st_size <= _LARGEST:
            data, _ = read_file(path, follow=False)
            return FileState(str(path), self.contents.keep(data), len(data), mode, "content")
        return FileState(str(path), _digest(path, status), status.st_size, mode, "digest")


def _digest(path: Path, status: os.stat_result) -> str:
    """Return the digest of a file's bytes, as many as its size says.

    A text may name any file: reading some that the kernel makes, such as those of processes, does
    not end. What is huge is known by its times.
    """
    if status.st_size > _HUGE:
        return sha256(repr(file_identity(status)).encode())
    with open(path, "rb") as file:
        return sha256_of_pieces(_pieces(file, status.st_size), status.st_size)


def _pieces(file: IO[bytes], size: int) -> Iterator[bytes]:
    """Yield a file, up to `size` bytes of it."""
    while size > 0 and (piece := file.read(min(size, _PIECE))):
        yield piece
        size -= len(piece)
