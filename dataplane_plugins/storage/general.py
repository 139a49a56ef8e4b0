"""`/storage/general`: any other files: pages of errors, lists of addresses, scripts."""

from dataplane_core.plugin import (
    Folder,
    Routes,
    Services,
    array,
    impl,
    resource_folder,
)
from dataplane_plugins.storage.files import FileItem, FileList, Files
from dataplane_plugins.storage.operations import (
    PATH,
    SIZE,
    TAG,
    TEXT,
    downloaded,
    listed,
    removed,
    replaced,
    uploaded,
)

FILE = {
    "type": "object",
    "properties": {
        "description": TEXT,
        "file": TEXT,
        "id": TEXT,
        "size": SIZE,
        "storage_name": TEXT,
    },
}
_FILE = {"$ref": "general_file"}


def _folder(services: Services) -> Folder:
    return resource_folder(services.settings, services.state, "general_storage_dir")


@impl
def dataplane_start(services: Services) -> None:
    """Remove what uploads left that were cut off."""
    _folder(services).sweep()


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve other files."""
    files = Files(services, _folder(services), "managed general use file")
    routes.tag(TAG, "Files beside the configuration: certificates, maps and others.", 40)
    routes.schema("general_file", FILE)
    routes.schema("general_files", array("general_file"))
    several = {
        "GET": listed(
            "getAllStorageGeneralFiles",
            "List other files. The files in `general_storage_dir`, such as error pages and Lua "
            "scripts.",
            {"$ref": "general_files"},
        ),
        "POST": uploaded(
            "createStorageGeneralFile",
            "Upload a file. It is stored under the name that the upload gives it; nothing is "
            "reloaded.",
            _FILE,
        ),
    }
    one = {
        "GET": downloaded(
            "getOneStorageGeneralFile", "Download a file. Its content as it is on disk."
        ),
        "PUT": replaced(
            "replaceStorageGeneralFile",
            "Replace the content of a file. HAProxy is reloaded, as it reads such files when it "
            "starts.",
        ),
        "DELETE": removed(
            "deleteStorageGeneralFile", "Delete a file. One that the configuration names is kept."
        ),
    }
    routes.add(f"{PATH}/general", FileList(files), several)
    routes.add(f"{PATH}/general/{{name}}", FileItem(files), one)
