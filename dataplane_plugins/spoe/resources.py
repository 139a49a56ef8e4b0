"""Responders of SPOE files and of their scopes."""

from typing import Any

import falcon

from dataplane_core.plugin import (
    FILE_FIELD,
    ApiRequest,
    BadRequest,
    NotFound,
    Snapshot,
    open_upload,
    parse_json,
    to_json,
)
from dataplane_plugins.spoe import scopes
from dataplane_plugins.spoe.files import SpoeFiles
from dataplane_plugins.spoe.view import SpoeView


class SpoeFileList:
    """All files: GET; a new one: POST."""

    def __init__(self, files: SpoeFiles, limit: int) -> None:
        self._files = files
        self._limit = limit

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json(self._files.paths())

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        upload = open_upload(req, FILE_FIELD, self._limit)
        data = b"".join(upload.pieces())
        resp.status = 201
        resp.data = to_json(self._files.create(upload.filename, data))


class SpoeFileItem:
    """One file: GET, DELETE."""

    def __init__(self, view: SpoeView) -> None:
        self._view = view

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        store = req.seen(self._view.files.store(name))
        text, _ = store.raw_text()
        resp.data = to_json(self.shown_text(store.snapshot().version, text))

    def shown_text(self, version: int, text: str) -> Any:
        """Return the text of a version of the file as the answer has it."""
        return self._view.version.wrap(version, text)

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        self._view.files.delete(name)
        resp.status = 204


class WrappedSpoeFileItem(SpoeFileItem):
    """One file, whose text is always the member of an object."""

    def shown_text(self, version: int, text: str) -> Any:
        return {"data": text}


class SpoeFileVersion:
    """The number of a file's newest version: GET."""

    def __init__(self, view: SpoeView) -> None:
        self._view = view

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json(self._view.snapshot(req).version)


class ScopeList:
    """All scopes of a file: GET; a new one: POST."""

    def __init__(self, view: SpoeView) -> None:
        self._view = view

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        self._view.answer_read(req, resp, lambda snapshot: scopes.names(snapshot.document))

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        name = parse_json(req.raw)
        if not isinstance(name, str):
            raise BadRequest("the body must be a JSON string: the scope in brackets")
        with self._view.edit(req) as edit:
            edit.document = scopes.add_scope(edit.document, name)
        self._view.answer_change(req, resp, edit.outcome, 201)
        resp.data = to_json(name)


class ScopeItem:
    """One scope: GET, DELETE."""

    def __init__(self, view: SpoeView) -> None:
        self._view = view

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        def read(snapshot: Snapshot) -> str:
            if name not in scopes.names(snapshot.document):
                raise NotFound(f"missing object: scope {name} does not exist")
            return name

        self._view.answer_read(req, resp, read)

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        with self._view.edit(req) as edit:
            edit.document = scopes.remove_scope(edit.document, name)
        self._view.answer_change(req, resp, edit.outcome, 204)
