"""Responders of SPOE files: the files, their scopes, and what stands in a scope."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import falcon

from dataplane_core.plugin import (
    FILE_FIELD,
    ApiRequest,
    BadRequest,
    Codec,
    Edit,
    Model,
    NotFound,
    Outcome,
    Prop,
    Section,
    Snapshot,
    View,
    open_upload,
    parse_json,
    to_json,
)
from dataplane_plugins.spoe import scopes
from dataplane_plugins.spoe.files import SpoeFiles

NAME = Prop("name", pattern=r"^[A-Za-z0-9-_.:]+$", required=True, help="Name of the section.")


@dataclass(frozen=True, slots=True)
class Part:
    """A kind of section in a scope, and what its objects are called."""

    kind: str
    model: Model
    titles: str
    title: str
    more: tuple[Prop, ...] = ()

    @property
    def schema(self) -> str:
        """The name of the definition."""
        return self.model.name

    @property
    def props(self) -> tuple[Prop, ...]:
        """The properties of one object."""
        return (NAME, *self.model.props, *self.more)

    @property
    def example(self) -> dict[str, Any]:
        """An object for the specification."""
        return {"name": self.kind.removeprefix("spoe-")}


class SpoeResource:
    """What responders on one file share; the file is the parameter `spoe`."""

    def __init__(self, files: SpoeFiles) -> None:
        self.files = files

    def snapshot(self, req: ApiRequest) -> Snapshot:
        """The file as the request sees it."""
        return self.files.store(req.query["spoe"]).snapshot(req.query.get("transaction_id"))

    @contextmanager
    def edit(self, req: ApiRequest) -> Iterator[Edit]:
        """Change the file; a missing scope is a bad request here, not a missing object."""
        query = req.query
        with self.files.store(query["spoe"]).edit(
            version=query.get("version"),
            transaction_id=query.get("transaction_id"),
            who=req.who,
            request_id=req.request_id,
        ) as edit:
            yield edit

    @staticmethod
    def show(req: ApiRequest, resp: falcon.Response, snapshot: Snapshot, data: Any) -> None:
        """Answer with data of the file."""
        resp.data = to_json(req.served.view.version.wrap(snapshot.version, data))

    @staticmethod
    def changed(resp: falcon.Response, outcome: Outcome, status: int, echo: Any = None) -> None:
        """Answer a change."""
        resp.status = status
        if outcome.reload_id is not None:
            resp.set_header("Reload-ID", outcome.reload_id)
        if echo is not None:
            resp.data = to_json(echo)


class FileList(SpoeResource):
    """All files: GET; a new one: POST."""

    def __init__(self, files: SpoeFiles, limit: int) -> None:
        super().__init__(files)
        self._limit = limit

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json(self.files.paths())

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        upload = open_upload(req, FILE_FIELD, self._limit)
        data = b"".join(upload.pieces())
        resp.status = 201
        resp.data = to_json(self.files.create(upload.filename, data))


class FileItem(SpoeResource):
    """One file: GET, DELETE."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        store = self.files.store(name)
        text, _ = store.raw_text()
        self.show(req, resp, store.snapshot(), text)

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        self.files.delete(name)
        resp.status = 204


class Version(SpoeResource):
    """The number of a file's newest version: GET."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json(self.snapshot(req).version)


class ScopeList(SpoeResource):
    """All scopes of a file: GET, POST."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        snapshot = self.snapshot(req)
        self.show(req, resp, snapshot, scopes.names(snapshot.document))

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        name = parse_json(req.raw)
        if not isinstance(name, str):
            raise BadRequest("the body must be a JSON string: the scope in brackets")
        with self.edit(req) as edit:
            edit.document = scopes.add_scope(edit.document, name)
        self.changed(resp, edit.outcome, 201, name)


class ScopeItem(SpoeResource):
    """One scope: GET, DELETE."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        snapshot = self.snapshot(req)
        if name not in scopes.names(snapshot.document):
            raise NotFound(f"missing object: scope {name} does not exist")
        self.show(req, resp, snapshot, name)

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        with self.edit(req) as edit:
            edit.document = scopes.remove_scope(edit.document, name)
        self.changed(resp, edit.outcome, 204)


class PartResource(SpoeResource):
    """What the list and one agent, message or group share."""

    def __init__(self, files: SpoeFiles, part: Part) -> None:
        super().__init__(files)
        self.part = part
        self._codecs: dict[View, Codec] = {}

    def object(self, view: View, section: Section) -> Any:
        """A section as clients see it."""
        codec = self._codecs.get(view)
        if codec is None:
            codec = self._codecs[view] = view.make_codec(self.part.schema, self.part.props)
        return codec.project({"name": section.name, **self.part.model.read(section)})

    @staticmethod
    def given(req: ApiRequest) -> dict[str, Any]:
        """The values of the body but the name."""
        return {path: value for path, value in req.body.values.items() if path != "name"}


class PartList(PartResource):
    """All sections of a kind in a scope: GET, POST."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        snapshot, view = self.snapshot(req), req.served.view
        found = scopes.parts(snapshot.document, req.query["scope"], self.part.kind)
        self.show(req, resp, snapshot, [self.object(view, section) for section in found])

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        values = self.given(req)
        section = Section.new(self.part.kind, req.body.values["name"])
        with self.edit(req) as edit:
            scope = req.query["scope"]
            if scope not in scopes.names(edit.document):
                raise BadRequest(f"missing parent: scope {scope} does not exist")
            new = self.part.model.put(section, values)
            edit.document = scopes.add(edit.document, scope, new)
        self.changed(resp, edit.outcome, 201, req.body.echo)


class PartItem(PartResource):
    """One section of a scope: GET, PUT, DELETE."""

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        snapshot = self.snapshot(req)
        self.show(req, resp, snapshot, self._read(req, snapshot, name))

    def shown(self, req: ApiRequest, name: str) -> Any:
        """The section as a GET shows it."""
        return self._read(req, self.snapshot(req), name)

    def _read(self, req: ApiRequest, snapshot: Snapshot, name: str) -> Any:
        section = scopes.find(snapshot.document, req.query["scope"], self.part.kind, name)
        return self.object(req.served.view, section)

    def on_put(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        values = self.given(req)
        with self.edit(req) as edit:
            section = scopes.find(edit.document, req.query["scope"], self.part.kind, name)
            edit.document = edit.document.replace(section, self.part.model.put(section, values))
        self.changed(resp, edit.outcome, 200, req.body.echo)

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        with self.edit(req) as edit:
            section = scopes.find(edit.document, req.query["scope"], self.part.kind, name)
            edit.document = edit.document.remove(section)
        self.changed(resp, edit.outcome, 204)
