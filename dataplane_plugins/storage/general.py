"""`/storage/general`: any other files: pages of errors, lists of addresses, scripts."""

from dataplane_core.plugin import (
    Body,
    Folder,
    Operation,
    Routes,
    Services,
    array,
    impl,
    resource_folder,
)
from dataplane_plugins.storage.files import (
    ManagedFiles,
    StoredFileItem,
    StoredFileList,
    UploadedFileItem,
)
from dataplane_plugins.storage.operations import (
    FORM_BODY,
    PATH,
    SIZE,
    TAG,
    TEXT,
    TEXT_BODY,
    V2,
    V3,
    delete_operation,
    download_operation,
    list_operation,
    replace_operation,
    upload_operation,
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
    files = ManagedFiles(services, _folder(services), "managed general use file")
    routes.tag(TAG, "Files beside the configuration: certificates, maps and others.", 40)
    routes.schema("general_file", FILE)
    routes.schema("general_files", array("general_file"))
    several = {
        "GET": list_operation(
            "getAllStorageGeneralFiles",
            "List other files. The files in `general_storage_dir`, such as error pages and Lua "
            "scripts.",
            {"$ref": "general_files"},
        ),
        "POST": upload_operation(
            "createStorageGeneralFile",
            "Upload a file. It is stored under the name that the upload gives it; nothing is "
            "reloaded.",
            _FILE,
        ),
    }
    one = {
        "GET": download_operation(
            "getOneStorageGeneralFile", "Download a file. Its content as it is on disk."
        ),
        "DELETE": delete_operation(
            "deleteStorageGeneralFile", "Delete a file. One that the configuration names is kept."
        ),
    }
    routes.add(f"{PATH}/general", StoredFileList(files), several)
    for versions, item, body in (
        (V2, StoredFileItem(files), TEXT_BODY),
        (V3, UploadedFileItem(files), FORM_BODY),
    ):
        replacing = {"PUT": _replacing(body)}
        routes.add(f"{PATH}/general/{{name}}", item, {**one, **replacing}, versions)


def _replacing(body: Body) -> Operation:
    return replace_operation(
        "replaceStorageGeneralFile",
        "Replace the content of a file. HAProxy is reloaded, as it reads such files when it "
        "starts.",
        body=body,
    )
