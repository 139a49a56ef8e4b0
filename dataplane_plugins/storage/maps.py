"""`/storage/maps`: files of maps, and whether the running HAProxy has loaded them."""

from typing import Any

import falcon

from dataplane_core.plugin import (
    FILE_FIELD,
    ApiRequest,
    Routes,
    Services,
    array,
    impl,
    real_path,
    to_json,
)
from dataplane_plugins.patterns.map_uploads import MANAGED, MAP_FILE, map_folder, receive_map
from dataplane_plugins.storage.files import ManagedFiles, StoredFileItem, StoredFileList
from dataplane_plugins.storage.operations import (
    PATH,
    delete_operation,
    download_operation,
    list_operation,
    replace_operation,
    upload_operation,
)

_MAP = {"$ref": "map_file"}


class StoredMapList(StoredFileList):
    """The files of maps: GET; upload one: POST."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        names = self.files.folder.names()
        loaded = self.files.live.loaded_maps() if names else {}
        found: list[dict[str, Any]] = []
        for name in names:
            one = loaded.get(real_path(self.files.folder.path / name))
            runs = {"description": one.description, "id": one.id} if one else {}
            found.append({**self.files.shown(name), **runs})
        resp.data = to_json(found)

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.status = 201
        resp.data = to_json(receive_map(req, self.files.services, FILE_FIELD))


@impl
def dataplane_start(services: Services) -> None:
    """Remove what uploads left that were cut off."""
    map_folder(services).sweep()


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve files of maps."""
    files = ManagedFiles(services, map_folder(services), MANAGED)
    routes.schema("map_file", MAP_FILE)
    routes.schema("maps", array("map_file"))
    several = {
        "GET": list_operation(
            "getAllStorageMapFiles",
            "List files of maps. The files in `maps_dir`, whether HAProxy has loaded them or not.",
            {"$ref": "maps"},
        ),
        "POST": upload_operation(
            "createStorageMapFile", "Upload a map. Its file is stored, for a rule to load it.", _MAP
        ),
    }
    one = {
        "GET": download_operation(
            "getOneStorageMap",
            "Download a map. The content of its file, which may be older than what HAProxy has.",
        ),
        "PUT": replace_operation(
            "replaceStorageMapFile",
            "Replace the content of a map. HAProxy gets the entries over the Runtime API, or is "
            "reloaded.",
        ),
        "DELETE": delete_operation(
            "deleteStorageMap", "Delete a map. A file that the configuration names is kept."
        ),
    }
    routes.add(f"{PATH}/maps", StoredMapList(files), several)
    routes.add(f"{PATH}/maps/{{name}}", StoredFileItem(files), one)
