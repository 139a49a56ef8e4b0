"""What the three kinds of files share: list, upload, read, replace, delete.

A file is replaced whole: what is new is on the disk before HAProxy is told, and takes its name in
one step. Where the configuration uses the file, HAProxy is asked before that whether it takes both
together. `skip_reload` leaves HAProxy as it is, `force_reload` waits for a reload, and gives the
former file back when that fails.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import falcon

from dataplane_core.plugin import (
    BYTES,
    ApiRequest,
    Candidate,
    CheckFailed,
    Former,
    ReloadFailed,
    Services,
    locked,
    open_upload,
    sync_directory,
    to_json,
)
from dataplane_plugins.storage.certificates import bundle_in
from dataplane_plugins.storage.folders import Folder
from dataplane_plugins.storage.live import CannotUpdateLive, Live

FIELD = "file_upload"


class Files:
    """The files of one folder, and what HAProxy is told of their changes."""

    def __init__(
        self,
        services: Services,
        folder: Folder,
        described: str,
        fields: tuple[str, ...] = (FIELD,),
        refusal: type[CheckFailed] = CheckFailed,
    ) -> None:
        self.services = services
        self.folder = folder
        self.described = described
        self.fields = fields
        self.refusal = refusal
        self.live = Live(services)
        self.limit = services.settings.dataplane.body_limit

    def shown(self, name: str) -> dict[str, Any]:
        """A file as lists show it."""
        path = str(self.folder.path / name)
        return {"description": self.described, "file": path, "storage_name": name}

    def receive(
        self, req: ApiRequest, check: Callable[[bytes], Any] | None = None
    ) -> tuple[str, int, Any]:
        """Store the file of a multipart body: its name, its size in bytes, what `check` gave.

        Raises `Invalid`, `AlreadyExists`, `BadRequest`, `TooLarge`, `StorageFailed`, and
        `CheckFailed` as `judge` does; there is no such file then.
        """
        first, *others = self.fields
        upload = open_upload(req, first, self.limit, *others)
        name = self.folder.new_name(upload.filename)
        size = 0
        with self.folder.begin(name) as candidate:
            for piece in upload.pieces():
                candidate.append(piece)
                size += len(piece)
            checked = check(candidate.path.read_bytes()) if check else None
            candidate.sync()
            with self.changing():
                self.folder.check_free(name)
                with self.settled(name, candidate, self.judge(name, candidate)):
                    self.folder.add(candidate)
        return name, size, checked

    def write(
        self, name: str, data: bytes, tell: Callable[[Path], None] | None
    ) -> tuple[str, Former]:
        """Replace a file; why a reload is needed, "" if none is, and what the file held.

        `tell` brings it to HAProxy and raises `CannotUpdateLive`, or anything else to have the file
        stay as it is. Raises `NotFound`, `StorageFailed`, and `CheckFailed` as `judge` does.
        """
        path = self.folder.find(name)
        with self.changing(), Candidate(path, data, self.folder.mode) as candidate:
            former = self.folder.read(name)
            if not self.folder.mode & 0o007:
                candidate.protect()
            candidate.sync()
            version = self.judge(name, candidate)
            reason = reason_of(tell, path)
            with self.settled(name, candidate, version):
                candidate.publish()
                sync_directory(candidate.target.parent)
            return reason, Former.of(path, former)

    def remove(self, name: str, tell: Callable[[Path], None] | None) -> tuple[str, Former]:
        """Delete a file; as `write`. Raises `Conflict` where the configuration needs it."""
        path = self.folder.find(name)
        with self.changing():
            former = self.folder.read(name)
            mode = path.stat().st_mode & 0o777
            with self.services.used_files.removing(path):
                self.folder.remove(name)
            reason = reason_of(tell, path)
            return reason, Former.of(path, former, mode)

    def made(self, name: str) -> Former:
        """What was there before a file was made: none."""
        return Former.of(self.folder.path / name, None)

    def judge(self, name: str, candidate: Candidate) -> int:
        """The version with which HAProxy takes a new file; raises `CheckFailed` if it does not."""
        try:
            return self.services.used_files.check(self.folder.path / name, candidate.path)
        except CheckFailed as failed:
            raise self.refusal(failed.message, failed.findings) from None

    def settled(self, name: str, candidate: Candidate, version: int) -> Any:
        """Keep the version away from changes that the new file was judged with."""
        path = self.folder.path / name
        return self.services.used_files.settled(
            path, candidate.path, version, lambda: self.judge(name, candidate)
        )

    def changing(self) -> Any:
        """Keep other changes of the folder away: the file and HAProxy change in one order."""
        return locked(self.folder.lock)

    def settle(
        self,
        req: ApiRequest,
        resp: falcon.Response,
        name: str,
        reason: str,
        former: Former,
        done: int,
    ) -> None:
        """Answer a change: `done` if nothing is left to do, else 202 with the reload's identifier.

        Raises `ReloadFailed` when a forced reload fails, with the former file back.
        """
        services = self.services
        resp.status = done
        version = services.config.version()
        reason = f"{self.folder.path / name}: {reason}" if reason else ""
        forced = bool(req.query.get("force_reload"))
        if not forced and (not reason or req.query.get("skip_reload")):
            return
        reason = reason or f"asked for with {name}"
        with services.state.write():  # the reload begins when what it may undo is kept
            identifier = services.reloads.request(version, reason, beside=True, at_once=forced)
            services.used_files.former.keep(identifier, former)
        if not forced:
            resp.status = 202
            resp.set_header("Reload-ID", identifier)
            return
        record = services.reloads.wait(identifier)
        if record.status == "failed":
            with self.changing():  # it is there still if HAProxy could not even be asked
                former.put_back()
            services.used_files.former.forget(identifier)
            raise ReloadFailed(
                f"HAProxy could not be reloaded, and {name} is as it was: {record.said}"
            )


def reason_of(tell: Callable[[Path], None] | None, path: Path) -> str:
    """Bring a change to HAProxy: why that takes a reload, "" if it does not."""
    if tell is None:
        return "it changed"
    try:
        tell(path)
    except CannotUpdateLive as error:
        return str(error)
    return ""


def wants_live(req: ApiRequest) -> bool:
    """Whether a change is to be brought to the running HAProxy without a reload."""
    return not (req.query.get("force_reload") or req.query.get("skip_reload"))


class FileList:
    """The files of a folder: GET; upload one: POST."""

    def __init__(self, files: Files) -> None:
        self.files = files

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json([self.files.shown(name) for name in self.files.folder.names()])

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        name, size, _ = self.files.receive(req)
        resp.status = 201
        resp.data = to_json({**self.files.shown(name), "size": size})


class FileItem:
    """One file: its bytes: GET; other bytes: PUT; DELETE."""

    def __init__(self, files: Files) -> None:
        self.files = files

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        file, size = self.files.folder.open(self.files.folder.stored_name(name))
        resp.content_type = BYTES
        resp.set_stream(file, size)

    def on_put(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        def tell(path: Path) -> None:
            self.files.live.replace(path, req.raw, bundle_in(req.raw))

        name = self.files.folder.stored_name(name)
        reason, former = self.files.write(name, req.raw, tell if wants_live(req) else None)
        self.files.settle(req, resp, name, reason, former, 204)

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        self.files.remove(self.files.folder.stored_name(name), None)
        resp.status = 204
