"""`/runtime/maps` and `/runtime/maps_entries`: maps of the running process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import falcon

from dataplane_core.plugin import (
    FILE_FIELD,
    AlreadyExists,
    ApiRequest,
    BadRequest,
    Fact,
    FileChange,
    NotFound,
    Routes,
    Services,
    below,
    impl,
    parse_json,
    read_file,
    rehearsing,
    runtime_argument,
    storage_errors,
    to_json,
)
from dataplane_plugins.patterns.map_files import (
    MapFiles,
    MapValues,
    check_map_entry,
    map_spellings,
    values_by_key,
)
from dataplane_plugins.patterns.map_uploads import receive_map
from dataplane_plugins.patterns.pattern_lists import PatternList, RuntimePatterns, parse_entries
from dataplane_plugins.runtime import map_operations as operations
from dataplane_plugins.runtime.common import PATH, V2, V3, rehearsed
from dataplane_plugins.runtime.map_entries_json import map_entries_json


class RuntimeMaps:
    """The maps of every process, and the files of the managed ones."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.patterns = RuntimePatterns(services, "map")
        self.used_files = services.used_files
        folder = Path(services.settings.dataplaneapi.resources.maps_dir)
        self.files = MapFiles(folder, services.state)

    def find(self, name: str) -> PatternList:
        """Return the map that a name means; raises `NotFound`, and `Conflict` for several."""
        return self.files.choose(self.patterns.all(), name)

    def known(self, name: str) -> PatternList:
        """Return what `find` does, with old counts; mostly without asking HAProxy."""
        return self.patterns.named(
            map_spellings(name), lambda found: self.files.choose(found, name)
        )

    def values(self, one: PatternList) -> MapValues:
        """Return the values of a map by their keys."""
        return values_by_key(
            (key, value) for _, key, value in parse_entries(self.patterns.dump(one))
        )

    @contextmanager
    def changing(
        self, req: ApiRequest, one: PatternList, change: Callable[[MapValues], object]
    ) -> Iterator[None]:
        """Change a map; with `force_sync` its file says the same afterwards.

        `change` makes the change of the map's values, for where HAProxy is not really told.
        """
        path = self.files.path(one) if req.query["force_sync"] else None
        if path is None and req.query["force_sync"]:
            raise BadRequest(f"{one.file} is no file in {self.files.folder}, and not written")
        with self.patterns.changing(one):
            yield
            if path is not None:
                values = self.values(one)
                if rehearsing() is not None:
                    change(values)
                self.files.write(path, values)


def map_json(one: PatternList) -> dict[str, Any]:
    """Return a map as clients see it: `description`, `file` and `id` (its number)."""
    return {"description": one.description, "file": one.file, "id": one.id}


class RuntimeMapList:
    """The managed maps, or all: GET; the file of a new one: POST."""

    def __init__(self, maps: RuntimeMaps) -> None:
        self.maps = maps

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        everything = req.query["include_unmanaged"]
        found = [
            {**map_json(one), "storage_name": Path(one.file).name}
            for one in self.maps.patterns.all()
            if everything or self.maps.files.manages(one)
        ]
        resp.data = to_json(found)

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.status = 201
        resp.data = to_json(receive_map(req, self.maps.services, operations.UPLOAD, FILE_FIELD))


class RuntimeMapItem:
    """One map: GET; add or set many entries at once: PUT; empty it: DELETE."""

    def __init__(self, maps: RuntimeMaps) -> None:
        self.maps = maps

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        resp.data = to_json(map_json(self.maps.find(name)))

    def on_put(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        given = _entries_of(parse_json(req.raw))
        one, new = self.maps.find(name), values_by_key(given)
        with self.maps.changing(req, one, lambda values: values.update(new)):
            values = self.maps.values(one)
            values.update(new)
            rows = [(key, value) for key, several in values.items() for value in several]
            self.maps.patterns.replace(one, rows)
        resp.status = 201
        resp.data = to_json([{"key": key, "value": value} for key, value in given])

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        path = self._removable(name) if req.query["forceDelete"] else None
        one = self.maps.find(name)
        with self.maps.changing(req, one, MapValues.clear):
            self.maps.patterns.send("clear", one)
        if path is not None and (noted := rehearsing()) is not None:
            noted.files.append(FileChange(path, read_file(path)[0], None))
        elif path is not None:
            with self.maps.used_files.removing(path), storage_errors(path, "deleted"):
                path.unlink(missing_ok=True)
        resp.status = 204

    def _removable(self, name: str) -> Path | None:
        """Return the file of a managed map; raises `BadRequest`, and `Conflict` if it is used."""
        one, files = self.maps.find(name), self.maps.files
        if not files.manages(one):
            raise BadRequest(f"{name} is outside {files.folder}; its file stays")
        path = files.path(one)
        if path is not None:
            self.maps.used_files.check_removal(path)
        return path


def _entries_of(body: Any) -> list[tuple[str, str]]:
    """Return the keys and values of an upload; raises `BadRequest` and `Invalid`."""
    if not isinstance(body, list):
        raise BadRequest("the body must be an array of objects with a key and a value")
    given: list[tuple[str, str]] = []
    for item in body:
        if not isinstance(item, dict):
            raise BadRequest("the body must be an array of objects with a key and a value")
        key, value = item.get("key") or "", item.get("value") or ""
        if not isinstance(key, str) or not isinstance(value, str):
            raise BadRequest("key and value in body must be strings")
        check_map_entry(key, value)
        given.append((key, value))
    return given


class MapEntryList:
    """The entries of a map: GET; a new one: POST."""

    def __init__(self, maps: RuntimeMaps) -> None:
        self.maps = maps

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = map_entries_json(self.maps.patterns.dump(self.maps.known(req.query["map"])))

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        key, value = req.body.values.get("key"), req.body.values.get("value")
        if key is None or value is None:
            raise BadRequest("key and value in body are required")
        check_map_entry(key, value)
        one = self.maps.known(req.query["map"])
        with self.maps.changing(req, one, lambda values: values.update({key: [value]})):
            if self.maps.patterns.find(one, key) is not None:
                raise AlreadyExists(f"object already exists: the map has the key {key}")
            self.maps.patterns.send("add", one, runtime_argument(key), runtime_argument(value))
        resp.status = 201
        resp.data = to_json(req.body.echo)


class MapEntryItem:
    """One key: GET; another value: PUT; take it away: DELETE."""

    def __init__(self, maps: RuntimeMaps) -> None:
        self.maps = maps

    def on_get(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        found = self.maps.patterns.find(self.maps.known(req.query["map"]), id)
        if found is None:
            raise NotFound(f"the map has no key {id}")
        resp.data = to_json({"key": found[1], "value": found[2]})

    def on_put(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        value = req.body.values["value"]
        check_map_entry(id.lstrip("#") or "key", value)
        one = self.maps.known(req.query["map"])

        def change(values: MapValues) -> None:
            values[id] = [value] * len(values.get(id, ()))

        with self.maps.changing(req, one, change):
            word = self.maps.patterns.word(one, id)
            self.maps.patterns.send("set", one, word, runtime_argument(value))
        resp.data = to_json({"key": id, "value": value})

    def on_delete(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        one = self.maps.known(req.query["map"])
        with self.maps.changing(req, one, lambda values: values.pop(id, None)):
            self.maps.patterns.send("del", one, self.maps.patterns.word(one, id))
        resp.status = 204


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve maps and their entries."""
    maps = RuntimeMaps(services)
    operations.define_map_schemas(routes)
    routes.add(f"{PATH}/maps", RuntimeMapList(maps), rehearsed(operations.MAP_LIST))
    routes.add(f"{PATH}/maps/{{name}}", RuntimeMapItem(maps), rehearsed(operations.MAP_ITEM))
    several, one = MapEntryList(maps), MapEntryItem(maps)
    item = rehearsed(operations.MAP_ENTRY_ITEM)
    routes.add(f"{PATH}/maps_entries", several, rehearsed(operations.MAP_ENTRY_LIST), V2)
    routes.add(f"{PATH}/maps_entries/{{id}}", one, item, V2)
    path, parents = f"{PATH}/maps/{{parent_name}}/entries", {"parent_name": "map"}
    routes.add(path, *below(several, rehearsed(operations.MAP_ENTRY_LIST_V3), parents), V3)
    routes.add(f"{path}/{{id}}", *below(one, item, parents), V3)


@impl
def dataplane_status(services: Services) -> Iterator[Fact]:
    """Yield the maps of the running process, with how many entries they have."""
    for one in RuntimeMaps(services).patterns.all():
        count = f" with {one.counts[-1]} entries" if one.counts else ""
        yield Fact("map", f"{one.label}{count}")
