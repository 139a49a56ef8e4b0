"""Answer what refers to what, and rename."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import falcon

from dataplane_core.plugin import (
    CONTROL_CHARACTERS,
    ApiRequest,
    BadRequest,
    Document,
    FilePlace,
    FileUse,
    NamedUse,
    NameKind,
    NamesInFiles,
    Reference,
    Services,
    Snapshot,
    View,
    dangling,
    finder_of_files,
    newly_dangling,
    newly_dangling_in_files,
    reader_of_files,
    reference_at,
    referrers,
    rename,
    rename_uses,
    targets,
    to_json,
    unused,
)
from dataplane_plugins.changes.file_uses import FileUses

_STORAGE = "/v3/services/haproxy/storage/"
_FOLDERS = {
    "maps": "maps_dir",
    "general": "general_storage_dir",
    "ssl_certificates": "ssl_certs_dir",
    "ssl_crt_lists": "ssl_certs_dir",
}
_MOST = 1000


class _Responder:
    """What all of them share: a view of the newest version of the interface."""

    def __init__(self, services: Services, view: View) -> None:
        self._services = services
        self._view = view
        self._registry = view.registry
        self._files = FileUses(view, services.file_objects)

    def _uses(self, uses: Sequence[NamedUse], snapshot: Snapshot) -> list[dict[str, Any]]:
        location = cache(self._view.location)  # many uses mean one thing
        return [self._use(one, snapshot, location) for one in uses]

    def _use(
        self, use: NamedUse, snapshot: Snapshot, location: Callable[[Reference], str]
    ) -> dict[str, Any]:
        """Return a use as JSON; lines are those of the file."""
        return {
            "resource": location(use.resource) if use.resource else None,
            "section": use.section,
            "line": snapshot.head.above(use.line),
            "property": use.property,
            "kinds": list(use.kinds),
            "name": use.name,
            "targets": [location(one) for one in use.targets],
        }

    def _in_files(self, snapshot: Snapshot) -> NamesInFiles:
        """Return the names in files that the configuration of a snapshot uses."""
        read = reader_of_files(self._services.config.file.path, snapshot.text)
        return NamesInFiles(self._registry, snapshot.document, read)

    def _file_uses(self, uses: Iterable[FileUse], snapshot: Snapshot) -> list[dict[str, Any]]:
        return [self._files(one, snapshot.head.above) for one in uses]

    def _limited(self, req: ApiRequest, found: Sequence[Any]) -> Sequence[Any]:
        limit = req.query["limit"]
        if not 1 <= limit <= _MOST:
            raise BadRequest(f"limit must be from 1 to {_MOST}, instead of {limit}")
        return found[:limit]


def _scripts(inside: NamesInFiles, name: str) -> list[dict[str, Any]]:
    """Return the lines of scripts that give a name."""
    return [{"file": one.file, "line": one.line} for one in inside.giving(name)]


class References(_Responder):
    """Who refers to an object or a file, and what an object refers to: GET."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resource, file = req.query["resource"], req.query["file"]
        if (resource is None) == (file is None):
            raise BadRequest("say which `resource` is meant, or which `file`, and not both")
        if CONTROL_CHARACTERS.search(resource or file):
            raise BadRequest("a path has no control characters")
        snapshot = self._view.snapshot(req)
        if file is None and resource.startswith(_STORAGE):
            file = self._stored(resource)
        place = None if file else self._files.place(resource)
        if place is not None:
            answer = self._of_place(snapshot, place)
        elif file:
            answer = self._of_file(snapshot, file)
        else:
            answer = self._of_object(snapshot, resource)
        resp.data = to_json({"resource": resource or file, **answer})

    def _of_object(self, snapshot: Snapshot, path: str) -> dict[str, Any]:
        document = snapshot.document
        reference = reference_at(self._registry, document, path)
        by = referrers(self._registry, document, reference)
        to = targets(self._registry, document, reference)
        inside = self._in_files(snapshot)
        refers_to = self._uses(to, snapshot)
        for use, said in zip(to, refers_to, strict=True) if inside.used else ():
            said["targets"] += self._files.paths(inside.meant(use.line, use.property))
        for use, said in zip(to, refers_to, strict=True):
            if NameKind.LUA in use.kinds:
                said["scripts"] = _scripts(inside, use.name)
        in_files = self._file_uses(inside.referring_to(reference), snapshot)
        return {"referenced_by": self._uses(by, snapshot) + in_files, "refers_to": refers_to}

    def _of_place(self, snapshot: Snapshot, place: FilePlace) -> dict[str, Any]:
        """Return who refers to an object in a file, and what that refers to."""
        inside = self._in_files(snapshot)
        return {
            "referenced_by": self._file_uses(inside.referring_into(place), snapshot),
            "refers_to": self._file_uses(inside.named_in(place), snapshot),
        }

    def _of_file(self, snapshot: Snapshot, path: str) -> dict[str, Any]:
        """Return the lines that name a file, whatever keyword they have."""
        found = []
        for line in self._services.used_files.lines_naming(Path(path), snapshot.text):
            section, reference = self._services.config.file.judge.place(snapshot, line)
            found.append(
                {
                    "resource": self._view.location(reference) if reference else None,
                    "section": section.removeprefix("section "),
                    "line": line,
                    "property": "",
                    "kinds": ["file"],
                    "name": path,
                    "targets": [],
                }
            )
        uses = self._in_files(snapshot).uses_of_script(Path(path))
        return {"referenced_by": found + self._file_uses(uses, snapshot), "refers_to": []}

    def _stored(self, resource: str) -> str:
        kind, _, name = resource.removeprefix(_STORAGE).partition("/")
        if kind not in _FOLDERS or not name or "/" in name:
            raise BadRequest(f"{resource} is no path of a stored file")
        folder = getattr(self._services.settings.dataplaneapi.resources, _FOLDERS[kind])
        return str(Path(folder) / name)


class Dangling(_Responder):
    """Names of what is not there: GET."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        snapshot = self._view.snapshot(req)
        path = self._services.config.file.path
        if req.query["new"]:
            before, read = self._services.config.snapshot(), reader_of_files(path, snapshot.text)
            found = newly_dangling(self._registry, before.document, snapshot.document)
            inside = newly_dangling_in_files(
                self._registry, before.document, snapshot.document, read
            )
        else:
            has_file = finder_of_files(path, snapshot.text)
            found = dangling(self._registry, snapshot.document, has_file)
            inside = [*self._in_files(snapshot).dangling()]
        items = self._uses(found, snapshot) + self._file_uses(inside, snapshot)
        resp.data = to_json({"total": len(items), "items": self._limited(req, items)})


class Unused(_Responder):
    """What nothing refers to: GET."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        snapshot = self._view.snapshot(req)
        used = self._services.settings.dataplaneapi.userlist.names
        used |= self._in_files(snapshot).named()
        found = unused(self._registry, snapshot.document, used)
        items = [
            {
                "resource": self._view.location(one.resource) if one.resource else None,
                "section": one.section,
                "line": snapshot.head.above(one.line),
                "kind": one.kind,
                "name": one.name,
            }
            for one in self._limited(req, found)
        ]
        resp.data = to_json({"total": len(found), "items": items})


class Rename(_Responder):
    """A new name for an object, and for all that refers to it: POST."""

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        before = self._view.snapshot(req)
        with self._view.edit(req) as edit:
            edit.document, new, uses = self._renamed(edit.document, req.body.values)
        self._view.answer_change(req, resp, edit.outcome, 200)
        answer = {"resource": new, "changed": self._uses(uses, before)}
        if "lua" in req.body.values:
            answer["scripts"] = _scripts(self._in_files(before), req.body.values["lua"])
        resp.data = to_json(answer)

    def _renamed(
        self, document: Document, wanted: Mapping[str, Any]
    ) -> tuple[Document, str, Sequence[NamedUse]]:
        """Return the document after it, the path or name that there is then, and the uses."""
        given = [one for one in ("resource", "file", "lua") if one in wanted]
        if len(given) != 1:
            raise BadRequest("say one of `resource`, `file` and `lua`")
        what, old, name = given[0], wanted[given[0]], wanted["name"]
        if what != "resource":
            kind = NameKind.FILE if what == "file" else NameKind.LUA
            document, uses = rename_uses(self._registry, document, kind, old, name)
            return document, name, uses
        reference = reference_at(self._registry, document, old)
        done = rename(self._registry, document, reference, name)
        return done.document, self._view.location(done.reference), done.uses
