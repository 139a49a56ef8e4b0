"""Bring the files of an archive to their folders, and back where the change that needs them fails.

HAProxy judges a configuration with the files that are there. So they are put in place first, each
whole and at once, and go with the version that the change becomes (`BroughtFiles`).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from dataplane_core.plugin import (
    BadRequest,
    ChangePlan,
    Conflict,
    Folder,
    Former,
    NotFound,
    Replacement,
    Services,
    SharedFile,
    StoredFiles,
    locked,
    noting_commands,
    resource_folder,
)
from dataplane_plugins.changes.applying.file_changes import FileChange, Foreseeing
from dataplane_plugins.patterns.map_uploads import map_folder
from dataplane_plugins.tls.live import CannotUpdateLive, LoadedFiles
from dataplane_plugins.tls.pem import check_pem, pem_or_none

_CERTIFICATES = "ssl_certificates"


class DesiredFiles:
    """The files that archives bring; their folders are called as in `/services/haproxy/storage`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._config = services.config
        self._kept, self._brought = services.used_files.former, services.used_files.brought
        self._live = LoadedFiles(services)
        certificates = resource_folder(
            services.settings, services.state, "ssl_certs_dir", mode=0o600
        )
        self._folders = {
            "maps": map_folder(services),
            _CERTIFICATES: certificates,
            "ssl_crt_lists": certificates,
            "general": resource_folder(services.settings, services.state, "general_storage_dir"),
            "spoe_files": resource_folder(services.settings, services.state, "spoe_dir"),
        }

    def changes(self, files: Mapping[str, bytes], *, prune: bool) -> list[FileChange]:
        """Return the files that differ from those that are there, by the paths in an archive.

        With `prune`, others in the folders that the archive has are to go, unless they are used.
        Raises `BadRequest` for another folder, `Invalid` for a name or a certificate that cannot be
        stored, `AlreadyExists` for a name that something else has than a file.
        """
        found, names = [], dict[Path, set[str]]()
        for path, data in files.items():
            kind, _, given = path.partition("/")
            folder = self._folders.get(kind)
            if folder is None or "/" in given:
                places = ", ".join(self._folders)
                raise BadRequest(f"{path[:80]!r} in the archive is in none of the folders {places}")
            if kind == _CERTIFICATES:
                check_pem(data)
            name, known = folder.new_name(given), names.setdefault(folder.path, set())
            if name in known:
                raise BadRequest(f"the archive has {name[:80]} twice")
            known.add(name)
            former = _read(folder, name)
            if former is None:
                folder.check_free(name)
            if former != data:
                found.append(FileChange(folder, name, data, former))
        return [*found, *(self._others(names) if prune else ())]

    def removal(self, path: str) -> FileChange | None:
        """Return the removal of the file at a path in an archive; None where there is none."""
        kind, _, name = path.partition("/")
        former = _read(self._folders[kind], name)
        return None if former is None else FileChange(self._folders[kind], name, None, former)

    def change_of(self, path: Path, data: bytes) -> FileChange | None:
        """Return the change of a file that is there; None for one that is not stored here."""
        for folder in self._folders.values():
            if folder.path == path.parent:
                return FileChange(folder, path.name, data, _read(folder, path.name))
        return None

    def _others(self, names: Mapping[Path, set[str]]) -> Iterator[FileChange]:
        """Yield the removals of files that are not among `names`, in these folders."""
        folders = {folder.path: folder for folder in self._folders.values()}
        for path, wanted in names.items():
            folder = folders[path]
            for name in folder.names():
                if name not in wanted:
                    yield FileChange(folder, name, None, _read(folder, name))

    def alone(self) -> AbstractContextManager[None]:
        """Keep others away who replace files, after what a killed one has left is put right."""
        return self._brought.alone()

    @contextmanager
    def in_place(
        self, changes: Sequence[FileChange], *, makes_version: bool, text: str | None = None
    ) -> Iterator[str]:
        """Have the files in their places while the change that needs them is made.

        Of those that go, who shares them is told which the new `text` does not use. The rest is as
        in `BroughtFiles.in_place`.
        """
        going = self._going(changes, text)
        changes = [one for one in changes if one.data is not None]
        if not changes:
            with self._brought.in_place((), 0, makes_version=makes_version, going=going) as brings:
                yield brings
            return
        with ExitStack() as held:
            for lock in dict.fromkeys(one.lock for one in self._folders.values()):
                held.enter_context(locked(lock))  # all, in the order in which a rollback has them
            base = self._config.file.record_files().version
            files = [Replacement(_former(one), partial(self._put, one)) for one in changes]
            yield held.enter_context(
                self._brought.in_place(files, base, makes_version=makes_version, going=going)
            )

    def _going(self, changes: Sequence[FileChange], text: str | None) -> Sequence[SharedFile]:
        """Return the files that go, for those who share them."""
        if text is None or self._config.sharing.files is None:
            return ()
        uses = partial(self._services.used_files.is_used_by, text)
        gone = [one for one in changes if one.data is None and not uses(one.path)]
        return [SharedFile(str(one.path), one.former, None) for one in gone]

    def _put(self, one: FileChange) -> None:
        """Put a file in its place."""
        with one.folder.putting(one.name, one.data or b"") as candidate:
            if not one.folder.mode & 0o007:
                candidate.protect()
            candidate.sync()
            candidate.publish()
            candidate.sync_folder()

    def is_used(self, changes: Sequence[FileChange]) -> bool:
        """Return whether the configuration that is in force uses one of the files."""
        uses = self._services.used_files.uses
        return any(one.data is not None and uses(one.path) for one in changes)

    def follow(
        self, changes: Sequence[FileChange], reload_id: str | None, *, is_reloaded: bool
    ) -> list[dict[str, Any]]:
        """Bring files to HAProxy whose change is a version; return what became of each.

        `reload_id` is the reload that is to come anyway; else HAProxy gets them while it runs, or a
        reload is asked for, unless it `is_reloaded` already. What goes is deleted, unless HAProxy
        uses it.
        """
        shown = []
        for one in changes:
            if one.data is None:
                state = self._remove(one)
            else:
                state = {"state": "reloaded"} if is_reloaded else self._bring(one, reload_id)
            if state:
                shown.append({"file": str(one.path), "change": one.change, **state})
        return shown

    def _bring(self, one: FileChange, reload_id: str | None) -> dict[str, Any]:
        assert one.data is not None
        used_files = self._services.used_files
        if not used_files.uses(one.path):
            return {"state": "unused"}
        if reload_id is not None:
            reason = self._services.reloads.record(reload_id).reason
            return {"state": "queued", "reload_id": reload_id, "reload_reason": reason}
        try:
            with locked(one.folder.lock), noting_commands() as commands:
                self._live.replace(one.path, one.data, pem_or_none(one.data), adds=True)
        except CannotUpdateLive as failure:
            former = Former(one.path, one.former, one.folder.mode, one.data)
            return self._reload(former, f"{one.path}: {failure}")
        return {"state": "applied", "commands": [*dict.fromkeys(commands)]}

    def foreseen(self, changes: Sequence[FileChange], plan: ChangePlan) -> list[dict[str, Any]]:
        """Return what `follow` would do with files after a change that is only planned."""
        foreseeing = Foreseeing(self._live, plan)
        return [foreseeing.shown(one) for one in changes]

    def _reload(self, former: Former, reason: str) -> dict[str, Any]:
        services, version = self._services, self._config.version()
        with services.state.write():  # the reload begins when what it may undo is kept
            reload_id = services.reloads.request(version, reason, beside=True)
            self._kept.store(reload_id, former)
        return {"state": "queued", "reload_id": reload_id, "reload_reason": reason}

    def _remove(self, one: FileChange) -> dict[str, Any]:
        try:
            StoredFiles(one.folder, self._services.used_files).remove(one.name, lambda path: "")
        except (Conflict, NotFound):
            return {}
        return {"state": "applied"}


def _former(one: FileChange) -> Former:
    """Return what a file holds now."""
    assert one.data is not None
    former = _read(one.folder, one.name)
    return Former(one.path, former, one.folder.mode, one.data)


def _read(folder: Folder, name: str) -> bytes | None:
    try:
        return folder.read(name)
    except NotFound:
        return None
