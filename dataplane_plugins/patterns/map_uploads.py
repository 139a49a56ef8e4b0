"""Maps that clients upload: stored in the folder of maps, where a rule can load them."""

from typing import Any

from dataplane_core.plugin import (
    ApiRequest,
    Folder,
    Services,
    StoredFiles,
    open_upload,
    resource_folder,
)

SUFFIX = ".map"
"""What the name of a stored map ends with; who names one may leave it out."""

MANAGED = "managed map file"
"""The description of each file in the folder of maps."""

_NOT_LOADED = "managed but not loaded map file (no runtime ID)"
_TEXT = {"type": "string"}
MAP_FILE = {
    "type": "object",
    "properties": {
        "description": _TEXT,
        "file": _TEXT,
        "id": _TEXT,
        "size": {"type": "integer", "x-nullable": True},
        "storage_name": _TEXT,
    },
}
"""The schema of a map's file; `id` is HAProxy's number of a map that it has loaded."""


def map_folder(services: Services) -> Folder:
    """Return the folder of the managed maps."""
    return resource_folder(services.settings, services.state, "maps_dir", SUFFIX)


def receive_map(req: ApiRequest, services: Services, *fields: str) -> dict[str, Any]:
    """Store the file of a multipart body, and return it as clients see it.

    The file stands in one of `fields`. Raises `Invalid`, `AlreadyExists`, `BadRequest`, `TooLarge`,
    `StorageFailed`, and `CheckFailed` where HAProxy refuses the configuration with it.
    """
    first, *others = fields
    upload = open_upload(req, first, services.settings.dataplane.body_limit, *others)
    files = StoredFiles(map_folder(services), services.used_files)
    name, size, _ = files.add(upload.filename, upload.pieces())
    return {
        "description": _NOT_LOADED,
        "file": str(files.folder.path / name),
        "storage_name": name,
        "size": size,
    }
