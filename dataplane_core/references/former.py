"""Keep what a stored file held before a change, for as long as a failed reload may need it back.

The state keeps it under the reload's identifier: whichever worker does the reload, or does it again
after a death, puts it back when the reload fails.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from pathlib import Path
from shutil import rmtree

from dataplane_core.dataclass import dataclass
from dataplane_core.digests import blake2b
from dataplane_core.errors import DataplaneError
from dataplane_core.store.candidate import Candidate, write_atomically
from dataplane_core.store.files import make_folder, storage_errors, sync_directory
from dataplane_core.store.head import digest_of
from dataplane_core.store.journal.state import State
from dataplane_core.store.place import read_present

_log = logging.getLogger(__name__)
_LONGEST_KEPT = 86400.0
"""Seconds after which a reload is over, whatever became of it."""
_TEXT = "text-"
"""What a folder begins with that is kept for a version's text, not for a reload."""
BROUGHT = "brought-"
"""What a folder begins with that is kept for a change, until HAProxy has loaded its version."""


@dataclass(frozen=True, slots=True)
class Former:
    """A file before a change: its path, data and mode; `data` is None where there was no file.

    `now` is the changed file, as its bytes or as their digest; "" for a file that was deleted.
    """

    path: Path
    data: bytes | None
    mode: int
    now: str | bytes

    @property
    def digest(self) -> str:
        """Digest of the changed file: taken when somebody asks, as most changes are not undone."""
        return digest_of(self.now) if isinstance(self.now, bytes) else self.now

    @classmethod
    def of(cls, path: Path, data: bytes | None, mode: int = 0o600) -> "Former":
        """Return what a file held that has just been changed."""
        return cls(path, data, mode, _digest(path))

    def put_back(self) -> bool:
        """Undo the change, unless others have changed the file since; return whether it did."""
        if self.data is None:
            if _digest(self.path) != self.digest:
                return False
            with storage_errors(self.path, "deleted"):
                self.path.unlink(missing_ok=True)
            sync_directory(self.path.parent)
            return True
        with Candidate(self.path, self.data, self.mode) as candidate:
            present = candidate.present()
            if ("" if present is None else digest_of(present)) != self.digest:
                return False
            candidate.sync()
            candidate.publish()
            candidate.sync_folder()
        return True


Restore = Callable[[Former, str], bool]
"""Puts back a file as a version, for a reason; tells whether it did."""


class FormerFiles:
    """The former contents of files that were changed for a reload which is not over.

    `awaited` returns the ids of all such reloads.
    """

    def __init__(self, state: State, awaited: Callable[[], Container[str]] = tuple) -> None:
        self._folder, self._awaited = state.path("former"), awaited
        self.restorers: dict[Path, Restore] = {}
        """What puts back the files of a folder that have versions of their own."""

    def store(self, reload_id: str, former: Former) -> None:
        """Keep a file; of several changes for one reload, what was there before the first."""
        place = self._place(reload_id, former.path)
        first = _loaded(place)
        if first is not None:
            former = Former(former.path, first.data, first.mode, former.now)
        _store(place, former)

    def put_back(self, reload_id: str, reason: str = "") -> list[str]:
        """Put back all files of a reload that has failed for a reason; return their paths."""
        found = []
        for former in self._found(reload_id):
            try:
                if self._restored(former, reason) or former.put_back():
                    found.append(str(former.path))
                    _log.warning("%s is as it was before reload %s", former.path, reload_id)
            except DataplaneError as error:
                _log.error("a reload failed, and %s", error.message)
        self.forget(reload_id)
        return found

    def _restored(self, former: Former, reason: str) -> bool:
        restore = self.restorers.get(former.path.parent)
        return restore is not None and restore(former, reason)

    def begun(self, prefix: str) -> list[str]:
        """Return the identifiers, of those with a prefix, for which files are kept."""
        return sorted(folder.name for folder in self._folder.glob(f"{prefix}*"))

    def undo(self, change: str) -> None:
        """Put back all files of a change that is none any more; raises `StorageFailed`.

        What could not be put back is still kept then.
        """
        for former in self._found(change):
            if former.put_back():
                _log.warning("%s is as it was before its change", former.path)
        self.forget(change)

    def store_for_text(self, version: int, former: Former) -> None:
        """Keep a file that the text of a version uses, to which a failed reload would go back."""
        self.store(f"{_TEXT}{version}", former)

    def texts(self) -> list[int]:
        """Return the versions for whose texts files are kept, the newest first."""
        found = (folder.name.removeprefix(_TEXT) for folder in self._folder.glob(f"{_TEXT}*"))
        return sorted(map(int, found), reverse=True)

    def of_text(self, version: int) -> list[Former]:
        """Return the files that the text of a version uses, and that were changed since."""
        return list(self._found(f"{_TEXT}{version}"))

    def forget_texts(self, but: Container[int] = ()) -> None:
        """Delete what is kept for the texts of all versions `but` those that may come back."""
        for version in self.texts():
            if version not in but:
                rmtree(self._folder / f"{_TEXT}{version}", ignore_errors=True)

    def forget(self, reload_id: str) -> None:
        """Delete what is kept for a reload that is over, and what is older than any reload."""
        rmtree(self._folder / reload_id, ignore_errors=True)
        with suppress(OSError), os.scandir(self._folder) as found:
            old = [one for one in found if self._is_old(one)]
            awaited = self._awaited() if old else ()
            for one in old:
                if one.name not in awaited:
                    rmtree(one.path, ignore_errors=True)

    def _is_old(self, folder: os.DirEntry[str]) -> bool:
        """Return whether what is kept for a reload looks older than any; the clock may be wrong."""
        old = folder.stat().st_mtime < time.time() - _LONGEST_KEPT
        return old and not folder.name.startswith((_TEXT, BROUGHT))

    def _found(self, reload_id: str) -> Iterator[Former]:
        folder = self._folder / reload_id
        kept = map(_loaded, sorted(folder.glob("*.file")) if folder.is_dir() else [])
        return filter(None, kept)

    def _place(self, reload_id: str, path: Path) -> Path:
        name = blake2b(os.fsencode(path), 16).hex()
        return self._folder / reload_id / f"{name}.file"


def _store(place: Path, former: Former) -> None:
    facts = {"path": str(former.path), "mode": former.mode, "now": former.digest}
    head = json.dumps({**facts, "new": former.data is None}).encode()
    make_folder(place.parent, 0o700)
    write_atomically(place, head + b"\n" + (former.data or b""), 0o600)


def _loaded(place: Path) -> Former | None:
    try:
        head, _, data = place.read_bytes().partition(b"\n")
    except OSError:
        return None
    facts = json.loads(head)
    kept = None if facts["new"] else data
    return Former(Path(facts["path"]), kept, facts["mode"], facts["now"])


def _digest(path: Path) -> str:
    present = read_present(path)
    return "" if present is None else digest_of(present[0])
