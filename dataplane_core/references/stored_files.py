"""Change the files in a folder, each judged with the configuration that uses the file.

A file is replaced whole: the new one is on the disk before HAProxy gets it, and takes its name in
one step. Where the configuration uses the file, HAProxy is asked before that whether it takes both
together.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from dataplane_core.errors import CheckFailed, NotFound
from dataplane_core.references.former import Former
from dataplane_core.references.used_files import UsedFiles
from dataplane_core.store.candidate import Candidate
from dataplane_core.store.folder import Folder
from dataplane_core.store.locks import locked
from dataplane_core.store.rehearsal import FileChange, rehearsing

BringToHaproxy = Callable[[Path], str]
"""Brings a change of a file to HAProxy; returns why that takes a reload, "" if it does not."""


class StoredFiles:
    """The files of one folder.

    `refusal` is the error that is raised where HAProxy refuses a new file.
    """

    def __init__(
        self, folder: Folder, used_files: UsedFiles, refusal: type[CheckFailed] = CheckFailed
    ) -> None:
        self.folder = folder
        self.used_files = used_files
        self.refusal = refusal

    def add(
        self, given: str, pieces: Iterable[bytes], check: Callable[[bytes], Any] | None = None
    ) -> tuple[str, int, Any]:
        """Store a new file; return its name, its size in bytes, and what `check` returned.

        `given` is the name that its sender gave it. Raises `Invalid`, `AlreadyExists`,
        `StorageFailed`, what `pieces` and `check` raise, and `CheckFailed` where HAProxy refuses
        the configuration with it; there is no such file then.
        """
        name = self.folder.new_name(given)
        size = 0
        with self.folder.begin(name) as candidate:
            for piece in pieces:
                candidate.append(piece)
                size += len(piece)
            data = candidate.data()
            checked = check(data) if check else None
            candidate.sync()
            with self.changing():
                self.folder.check_free(name)
                version = self._judge(name, candidate)
                if (noted := rehearsing()) is not None:
                    path = self.folder.path / name
                    noted.files.append(FileChange(path, None, data))
                    return name, size, checked
                kept = self.used_files.kept(self.folder.path / name, data)
                with kept, self._settled(name, candidate, version):
                    self.folder.add(candidate)
        return name, size, checked

    def write(self, name: str, data: bytes, bring: BringToHaproxy) -> tuple[str, Former]:
        """Replace a file; return why a reload is needed, "" if none is, and the former content.

        What `bring` raises leaves the file as it is. Raises `NotFound`, `StorageFailed`, and
        `CheckFailed` as `add` does.
        """
        with self.changing():
            return self.write_alone(name, data, bring)

    def write_alone(self, name: str, data: bytes, bring: BringToHaproxy) -> tuple[str, Former]:
        """Replace a file as `write` does, for who keeps other changes away already."""
        path = self.folder.find(name)
        with self.folder.replacing(name, data) as candidate:
            former = candidate.present()
            if former is None:  # it has become a link or a folder just now
                raise NotFound(f"missing object: there is no file {name} in {self.folder.path}")
            if not self.folder.mode & 0o007:
                candidate.protect()
            candidate.sync()
            version = self._judge(name, candidate)
            reason = bring(path)
            if (noted := rehearsing()) is not None:
                noted.files.append(FileChange(path, former, data))
                return reason, Former(path, former, 0o600, data)
            kept = self.used_files.kept(path, data)
            with kept, self._settled(name, candidate, version):
                candidate.publish()
                candidate.sync_folder()
            return reason, Former(path, former, 0o600, data)

    def remove(self, name: str, bring: BringToHaproxy) -> tuple[str, Former]:
        """Delete a file, and return as `write` does.

        Raises `Conflict` where the configuration needs the file.
        """
        path = self.folder.find(name)
        self.folder.check_changeable(name)
        with self.changing():
            former, mode = self.folder.read_with_mode(name)
            if (noted := rehearsing()) is not None:
                self.used_files.check_removal(path)
                noted.files.append(FileChange(path, former, None))
                return bring(path), Former.of(path, former, mode)
            with self.used_files.kept(path, None), self.used_files.removing(path):
                self.folder.remove(name)
            return bring(path), Former.of(path, former, mode)

    def changing(self) -> AbstractContextManager[int]:
        """Keep other changes of the folder away: the file and HAProxy change in one order."""
        return locked(self.folder.lock)

    def _judge(self, name: str, candidate: Candidate) -> int:
        """Return the version of the configuration with which HAProxy takes a new file."""
        try:
            return self.used_files.check(self.folder.path / name, candidate.path)
        except CheckFailed as failed:
            raise self.refusal(failed.message, failed.findings) from None

    def _settled(
        self, name: str, candidate: Candidate, version: int
    ) -> AbstractContextManager[None]:
        """Keep changes away from the version of the configuration that a file was judged with."""
        path = self.folder.path / name
        return self.used_files.settled(
            path, candidate.path, version, lambda: self._judge(name, candidate)
        )
