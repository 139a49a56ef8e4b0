"""Bring the files of an archive to their folders, and back where the change that needs them fails.

HAProxy judges a configuration with the files that are there. So they are put in place first, each
whole and at once, and what was there before is kept until the change is a version, on the disk: a
server that is killed in between finds it there at its next start, and puts it back unless the
change became a version.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

from dataplane_core.plugin import (
    BadRequest,
    Candidate,
    ChangePlan,
    Conflict,
    Document,
    Folder,
    Former,
    NotFound,
    Services,
    StorageFailed,
    StoredFiles,
    VersionRecord,
    encode_text,
    locked,
    noting_commands,
    resource_folder,
    storage_errors,
    sync_directory,
    try_lock,
)
from dataplane_plugins.changes.applying import BEGUN
from dataplane_plugins.changes.applying.file_changes import FileChange, Foreseeing
from dataplane_plugins.patterns.map_uploads import map_folder
from dataplane_plugins.tls.live import CannotUpdateLive, LoadedFiles
from dataplane_plugins.tls.pem import check_pem, pem_or_none

_CERTIFICATES = "ssl_certificates"
_MOST_VERSIONS = 100


class DesiredFiles:
    """The files that archives bring; their folders are called as in `/services/haproxy/storage`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._config = services.config
        self._kept = services.used_files.former
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

    def _others(self, names: Mapping[Path, set[str]]) -> Iterator[FileChange]:
        """Yield the removals of files that are not among `names`, in these folders."""
        folders = {folder.path: folder for folder in self._folders.values()}
        for path, wanted in names.items():
            folder = folders[path]
            for name in folder.names():
                if name not in wanted:
                    yield FileChange(folder, name, None, _read(folder, name))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other applies away, after what a killed one has left is put right."""
        with locked(self._lock):
            self._recover()
            yield

    def recover(self) -> None:
        """Put right what a killed apply has left, unless one is under way."""
        handle = try_lock(self._lock)
        if handle is not None:
            try:
                self._recover()
            finally:
                os.close(handle)

    @property
    def _lock(self) -> Path:
        return self._services.state.path("apply.lock")

    @contextmanager
    def in_place(self, changes: Sequence[FileChange], base: int, after: Document) -> Iterator[None]:
        """Have the files in their places while the change that needs them is made.

        What the body raises puts the former ones back. `base` and `after` say which change it is.
        """
        changes = [one for one in changes if one.data is not None]
        if not changes:
            yield
            return
        begun = f"{BEGUN}{base}-{_digest(after)}"
        put: list[Former] = []
        with ExitStack() as held:
            for lock in dict.fromkeys(one.lock for one in self._folders.values()):
                held.enter_context(locked(lock))  # all, in the order in which a rollback has them
            self._keep_for_history()
            try:
                for one in changes:
                    put.append(self._keep(one, begun))
                    self._put(one)
                yield
            except BaseException:
                # A version may stay although HAProxy could not be reloaded with it.
                if self._is_newest(base, after):
                    self._kept.forget(begun)
                else:
                    self._undo(put, begun)
                raise
            self._kept.forget(begun)

    def _is_newest(self, base: int, after: Document) -> bool:
        """Return whether a change has become the version that is in force."""
        newest = self._config.snapshot()
        return newest.version > base and _digest(newest.document) == _digest(after)

    def _undo(self, put: Sequence[Former], begun: str) -> None:
        """Put back what was there before; what cannot be stays kept, for the next start."""
        try:
            for former in reversed(put):
                former.put_back()
        except StorageFailed as error:
            self._services.log.error("a change failed, and %s", error.message)
        else:
            self._kept.forget(begun)

    def _keep_for_history(self) -> None:
        """Have the history keep what the files hold now: the version's files as it left them."""
        history, snapshot = self._config.file.records.files, self._config.snapshot()
        if history is not None:
            history.record(snapshot.version, snapshot.text)

    def _keep(self, one: FileChange, begun: str) -> Former:
        """Return what a file holds now, which is kept on the disk, too."""
        assert one.data is not None
        former = Former(one.path, _read(one.folder, one.name), one.folder.mode, one.data)
        self._kept.store(begun, former)
        return former

    def _put(self, one: FileChange) -> None:
        """Put a file in its place."""
        with storage_errors(one.folder.path, "made"):
            one.folder.path.mkdir(parents=True, exist_ok=True)
        with Candidate(one.path, one.data or b"", one.folder.mode) as candidate:
            if not one.folder.mode & 0o007:
                candidate.protect()
            candidate.sync()
            candidate.publish()
        sync_directory(one.path.parent)

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
        former = Former(one.path, one.former, one.folder.mode, one.data)
        if reload_id is not None:
            self._kept.store(reload_id, former)
            reason = self._services.reloads.record(reload_id).reason
            return {"state": "queued", "reload_id": reload_id, "reload_reason": reason}
        try:
            with locked(one.folder.lock), noting_commands() as commands:
                self._live.replace(one.path, one.data, pem_or_none(one.data), adds=True)
        except CannotUpdateLive as failure:
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

    def _recover(self) -> None:
        """Put back the files of applies whose process died before the change was a version."""
        for begun in self._kept.begun(BEGUN):
            base, _, digest = begun.removeprefix(BEGUN).partition("-")
            record = self._became(int(base), digest)
            if record is None:
                self._kept.put_back(begun)
            elif record.delivery is not None and record.delivery.reload_id is not None:
                self._kept.hand_over(begun, record.delivery.reload_id)
            self._kept.forget(begun)

    def _became(self, base: int, digest: str) -> VersionRecord | None:
        """Return the version that a change has become; None if it was rolled back."""
        config, newest = self._config, self._config.version()
        for version in range(newest, max(base, newest - _MOST_VERSIONS), -1):
            with suppress(NotFound):
                if _digest(config.file.snapshot_of(version).document) == digest:
                    record = config.history.get(version)
                    return None if record is None or record.status == "rolled back" else record
        return None


def _digest(document: Document) -> str:
    return blake2b(encode_text(document.text()), digest_size=16).hexdigest()


def _read(folder: Folder, name: str) -> bytes | None:
    try:
        return folder.read(name)
    except NotFound:
        return None
