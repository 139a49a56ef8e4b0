"""`/storage/maps`: files of maps, and whether the running HAProxy has loaded them."""

import os
from typing import Any

import falcon

from dataplane_core.plugin import ApiRequest, Routes, Services, impl, to_json
from dataplane_plugins.patterns.map_files import SUFFIX
from dataplane_plugins.runtime.common import array
from dataplane_plugins.runtime.map_operations import MAP
from dataplane_plugins.storage.files import FIELD, FileItem, FileList, Files
from dataplane_plugins.storage.folders import Folder
from dataplane_plugins.storage.operations import (
    PATH,
    downloaded,
    folder,
    listed,
    removed,
    replaced,
    uploaded,
)

NOT_LOADED = "managed but not loaded map file (no runtime ID)"
_MAP = {"$ref": "map_file"}


class MapList(FileList):
    """The files of maps: GET; upload one: POST."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        names = self.files.folder.names()
        loaded = self.files.live.loaded_maps() if names else {}
        found: list[dict[str, Any]] = []
        for name in names:
            one = loaded.get(os.path.realpath(self.files.folder.path / name))
            runs = {"description": one.description, "id": one.id} if one else {}
            found.append({**self.files.shown(name), **runs})
        resp.data = to_json(found)

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        name, size, _ = self.files.receive(req)
        resp.status = 201
        resp.data = to_json({**self.files.shown(name), "description": NOT_LOADED, "size": size})


def stored_maps(services: Services, *fields: str) -> Files:
    """The files in the folder of maps; uploads come in a field of one of these names."""
    return Files(services, _folder(services), "managed map file", (*fields, FIELD))


def _folder(services: Services) -> Folder:
    return folder(services, "maps_dir", suffix=SUFFIX)


@impl
def dataplane_start(services: Services) -> None:
    """Remove what uploads left that were cut off."""
    _folder(services).sweep()


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve files of maps."""
    files = stored_maps(services)
    routes.schema("map_file", MAP)
    routes.schema("maps", array("map_file"))
    several = {
        "GET": listed(
            "getAllStorageMapFiles",
            "List files of maps. The files in `maps_dir`, whether HAProxy has loaded them or not.",
            {"$ref": "maps"},
        ),
        "POST": uploaded(
            "createStorageMapFile", "Upload a map. Its file is stored, for a rule to load it.", _MAP
        ),
    }
    one = {
        "GET": downloaded(
            "getOneStorageMap",
            "Download a map. The content of its file, which may be older than what HAProxy has.",
        ),
        "PUT": replaced(
            "replaceStorageMapFile",
            "Replace the content of a map. HAProxy gets the entries over the Runtime API, or is "
            "reloaded.",
        ),
        "DELETE": removed(
            "deleteStorageMap", "Delete a map. A file that the configuration names is kept."
        ),
    }
    routes.add(f"{PATH}/maps", MapList(files), several)
    routes.add(f"{PATH}/maps/{{name}}", FileItem(files), one)
