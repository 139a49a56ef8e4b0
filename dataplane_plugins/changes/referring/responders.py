"""Answer what refers to what, and rename."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import falcon

from dataplane_core.plugin import (
    CONTROL_CHARACTERS,
    ApiRequest,
    BadRequest,
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


class Responder:
    """What all of them share: a view of the newest version of the interface."""

    def __init__(self, services: Services, view: View) -> None:
        self.services = services
        self.view = view
        self.registry = view.registry
        self._files = FileUses(view, services.file_objects)

    def uses(self, uses: Sequence[NamedUse], snapshot: Snapshot) -> list[dict[str, Any]]:
        """Return uses as JSON."""
        location = cache(self.view.location)  # many uses mean one thing
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

    def in_files(self, snapshot: Snapshot) -> NamesInFiles:
        """Return the names in files that the configuration of a snapshot uses."""
        read = reader_of_files(self.services.config.file.path, snapshot.text)
        return NamesInFiles(self.registry, snapshot.document, read)

    def file_uses(self, uses: Iterable[FileUse], snapshot: Snapshot) -> list[dict[str, Any]]:
        """Return uses in files as JSON."""
        return [self._files(one, snapshot.head.above) for one in uses]

    def _limited(self, req: ApiRequest, found: Sequence[Any]) -> Sequence[Any]:
        limit = req.query["limit"]
        if not 1 <= limit <= _MOST:
            raise BadRequest(f"limit must be from 1 to {_MOST}, instead of {limit}")
        return found[:limit]


def scripts_giving(inside: NamesInFiles, name: str) -> list[dict[str, Any]]:
    """Return the lines of scripts that give a name."""
    return [{"file": one.file, "line": one.line} for one in inside.giving(name)]


class References(Responder):
    """Who refers to an object or a file, and what an object refers to: GET."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resource, file = req.query["resource"], req.query["file"]
        if (resource is None) == (file is None):
            raise BadRequest("say which `resource` is meant, or which `file`, and not both")
        if CONTROL_CHARACTERS.search(resource or file):
            raise BadRequest("a path has no control characters")
        snapshot = self.view.snapshot(req)
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
        reference = reference_at(self.registry, document, path)
        by = referrers(self.registry, document, reference)
        to = targets(self.registry, document, reference)
        inside = self.in_files(snapshot)
        refers_to = self.uses(to, snapshot)
        for use, said in zip(to, refers_to, strict=True) if inside.used else ():
            said["targets"] += self._files.paths(inside.meant(use.line, use.property))
        for use, said in zip(to, refers_to, strict=True):
            if NameKind.LUA in use.kinds:
                said["scripts"] = scripts_giving(inside, use.name)
        in_files = self.file_uses(inside.referring_to(reference), snapshot)
        return {"referenced_by": self.uses(by, snapshot) + in_files, "refers_to": refers_to}

    def _of_place(self, snapshot: Snapshot, place: FilePlace) -> dict[str, Any]:
        """Return who refers to an object in a file, and what that refers to."""
        inside = self.in_files(snapshot)
        return {
            "referenced_by": self.file_uses(inside.referring_into(place), snapshot),
            "refers_to": self.file_uses(inside.named_in(place), snapshot),
        }

    def _of_file(self, snapshot: Snapshot, path: str) -> dict[str, Any]:
        """Return the lines that name a file, whatever keyword they have."""
        found = []
        for line in self.services.used_files.lines_naming(Path(path), snapshot.text):
            section, reference = self.services.config.file.judge.place(snapshot, line)
            found.append(
                {
                    "resource": self.view.location(reference) if reference else None,
                    "section": section.removeprefix("section "),
                    "line": line,
                    "property": "",
                    "kinds": ["file"],
                    "name": path,
                    "targets": [],
                }
            )
        uses = self.in_files(snapshot).uses_of_script(Path(path))
        return {"referenced_by": found + self.file_uses(uses, snapshot), "refers_to": []}

    def _stored(self, resource: str) -> str:
        kind, _, name = resource.removeprefix(_STORAGE).partition("/")
        if kind not in _FOLDERS or not name or "/" in name:
            raise BadRequest(f"{resource} is no path of a stored file")
        folder = getattr(self.services.settings.dataplaneapi.resources, _FOLDERS[kind])
        return str(Path(folder) / name)


class Dangling(Responder):
    """Names of what is not there: GET."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        snapshot = self.view.snapshot(req)
        path = self.services.config.file.path
        if req.query["new"]:
            before, read = self.services.config.snapshot(), reader_of_files(path, snapshot.text)
            found = newly_dangling(self.registry, before.document, snapshot.document)
            inside = newly_dangling_in_files(
                self.registry, before.document, snapshot.document, read
            )
        else:
            has_file = finder_of_files(path, snapshot.text)
            found = dangling(self.registry, snapshot.document, has_file)
            inside = [*self.in_files(snapshot).dangling()]
        items = self.uses(found, snapshot) + self.file_uses(inside, snapshot)
        resp.data = to_json({"total": len(items), "items": self._limited(req, items)})


class Unused(Responder):
    """What nothing refers to: GET."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        snapshot = self.view.snapshot(req)
        used = self.services.settings.dataplaneapi.userlist.names
        used |= self.in_files(snapshot).named()
        found = unused(self.registry, snapshot.document, used)
        items = [
            {
                "resource": self.view.location(one.resource) if one.resource else None,
                "section": one.section,
                "line": snapshot.head.above(one.line),
                "kind": one.kind,
                "name": one.name,
            }
            for one in self._limited(req, found)
        ]
        resp.data = to_json({"total": len(found), "items": items})
