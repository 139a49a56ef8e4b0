"""What the three kinds of files share: list, upload, read, replace, delete.

A file is replaced whole: what is new is on the disk before HAProxy is told, and takes its name in
one step. Where the configuration uses the file, HAProxy is asked before that whether it takes both
together. `skip_reload` leaves HAProxy as it is, `force_reload` waits for a reload, and gives the
former file back when that fails.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import falcon

from dataplane_core.plugin import (
    BYTES,
    FILE_FIELD,
    ApiRequest,
    BringToHaproxy,
    CheckFailed,
    Folder,
    Former,
    ReloadFailed,
    Services,
    StoredFiles,
    Upload,
    open_upload,
    rehearsing,
    resource_folder,
    to_json,
)
from dataplane_plugins.tls.live import CannotUpdateLive, LoadedFiles
from dataplane_plugins.tls.pem import pem_or_none

CHANGED = "it changed"
"""The reason for a reload where a file was changed and HAProxy was not asked to take it live."""


class ManagedFiles(StoredFiles):
    """The files of one folder, and how their changes reach HAProxy.

    `described` is the description that lists show of each file, `most_bytes` are those of the
    largest body with one, if the setting allows as many.
    """

    def __init__(
        self,
        services: Services,
        folder: Folder,
        described: str,
        refusal: type[CheckFailed] = CheckFailed,
    ) -> None:
        super().__init__(folder, services.used_files, refusal)
        self.most_bytes = sys.maxsize
        self.services = services
        self.described = described
        self.live = LoadedFiles(services)

    def shown(self, name: str) -> dict[str, Any]:
        """Return a file as lists show it."""
        path = str(self.folder.path / name)
        return {"description": self.described, "file": path, "storage_name": name}

    def receive(
        self, req: ApiRequest, check: Callable[[bytes], Any] | None = None
    ) -> tuple[str, int, Any]:
        """Store the file of a multipart body, as `add`; raises `BadRequest` and `TooLarge` too."""
        upload = self._upload(req)
        return self.add(upload.filename, upload.pieces(), check)

    def uploaded(self, req: ApiRequest) -> bytes:
        """Return the file of a multipart body; raises `BadRequest` and `TooLarge`."""
        return b"".join(self._upload(req).pieces())

    def _upload(self, req: ApiRequest) -> Upload:
        limit = self.services.settings.dataplane.body_limit
        return open_upload(req, FILE_FIELD, min(limit, self.most_bytes))

    def content(self, name: str) -> bytes:
        """Return what a file holds, or would hold after a change that is only planned."""
        noted = rehearsing()
        found = None if noted is None else noted.content(self.folder.path / name)
        return self.folder.read(name) if found is None else found

    def made(self, name: str) -> Former:
        """Return what was there before a file was made: nothing."""
        return Former.of(self.folder.path / name, None)

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
        if (noted := rehearsing()) is not None:
            noted.reasons.append(reason)
            return
        with services.state.write():  # the reload begins when what it may undo is kept
            identifier = services.reloads.request(version, reason, beside=True, at_once=forced)
            services.used_files.former.store(identifier, former)
        if not forced:
            resp.status = 202
            resp.set_header("Reload-ID", identifier)
            return
        self._await_forced(identifier, name, former)

    def _await_forced(self, identifier: str, name: str, former: Former) -> None:
        """Wait for a forced reload; raises `ReloadFailed`, with the former file, if that fails."""
        record = self.services.reloads.wait(identifier)
        if record.status == "failed":
            with self.changing():  # it is there still if HAProxy could not even be asked
                former.put_back()
            self.services.used_files.former.forget(identifier)
            raise ReloadFailed(
                f"HAProxy could not be reloaded, and {name} is as it was: {record.said}"
            )


def live_unless_reloaded(req: ApiRequest, change: Callable[[Path], None]) -> BringToHaproxy:
    """Return what brings a change to HAProxy, unless the request asks for a reload, or for none.

    `change` raises `CannotUpdateLive` with the reason why a reload is needed.
    """

    def bring(path: Path) -> str:
        if req.query.get("force_reload") or req.query.get("skip_reload"):
            return CHANGED
        try:
            change(path)
        except CannotUpdateLive as error:
            return str(error)
        return ""

    return bring


class StoredFileList:
    """The files of a folder: GET; upload one: POST."""

    def __init__(self, files: ManagedFiles) -> None:
        self.files = files

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json([self.files.shown(name) for name in self.files.folder.names()])

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        name, size, _ = self.files.receive(req)
        resp.status = 201
        resp.data = to_json({**self.files.shown(name), "size": size})


class StoredFileItem:
    """One file: its bytes: GET; other bytes: PUT; DELETE."""

    def __init__(self, files: ManagedFiles) -> None:
        self.files = files

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        file, size = self.files.folder.open(self.files.folder.stored_name(name))
        resp.content_type = BYTES
        resp.set_stream(file, size)

    def on_put(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        self._replace(req, resp, name, req.raw)

    def _replace(self, req: ApiRequest, resp: falcon.Response, name: str, data: bytes) -> None:
        def change(path: Path) -> None:
            self.files.live.replace(path, data, pem_or_none(data))

        name = self.files.folder.stored_name(name)
        reason, former = self.files.write(name, data, live_unless_reloaded(req, change))
        self.files.settle(req, resp, name, reason, former, 204)

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        self.files.remove(self.files.folder.stored_name(name), lambda path: CHANGED)
        resp.status = 204


class UploadedFileItem(StoredFileItem):
    """One file, of which a PUT sends other bytes in a form; the name in the form is ignored."""

    def on_put(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        self._replace(req, resp, name, self.files.uploaded(req))


def certificate_folder(services: Services) -> Folder:
    """Return the folder of certificates, keys and lists of certificates."""
    return resource_folder(services.settings, services.state, "ssl_certs_dir", mode=0o600)
