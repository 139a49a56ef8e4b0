"""`/storage/ssl_crt_lists` and their entries: files with lists of certificates (`crt-list`).

They lie in the folder of certificates, and are what in it is text and no PEM. A certificate that
such a list names is in use where the configuration names the list.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import falcon

from dataplane_core.plugin import (
    BAD_REQUEST,
    BYTES,
    EXISTS,
    NOT_FOUND,
    ApiRequest,
    Body,
    Former,
    Invalid,
    NotFound,
    Parameter,
    Response,
    Routes,
    Services,
    array,
    decode_text,
    encode_text,
    impl,
    operation,
    to_json,
)
from dataplane_plugins.storage.files import (
    CHANGED,
    ManagedFiles,
    certificate_folder,
    live_unless_reloaded,
)
from dataplane_plugins.storage.operations import (
    DELETED,
    FORCE,
    PATH,
    SIZE,
    SKIP,
    TAG,
    TEXT,
    UNDER_WAY,
    V3,
    delete_operation,
    download_operation,
    list_operation,
    reload_queued,
    replace_operation,
    upload_operation,
)
from dataplane_plugins.tls.crt_lists import (
    ENTRY,
    CrtListEntry,
    is_crt_list,
    parse_crt_list,
    with_entry,
    without_line,
)

Edit = Callable[[str], str]


class StoredCrtLists(ManagedFiles):
    """The lists of a folder that has certificates, too."""

    def text(self, name: str) -> str:
        """Return the text of a list; raises `NotFound` also for a certificate."""
        text = self._text(name)
        if text is None:
            raise NotFound(f"missing object: {name} is no list of certificates")
        return text

    def names(self) -> list[str]:
        """Return the names of all lists, sorted."""
        return [name for name in self.folder.names() if self._text(name) is not None]

    def _text(self, name: str) -> str | None:
        data = self.folder.read(name)
        return decode_text(data) if is_crt_list(data) else None

    def told(self, name: str, data: bytes) -> dict[str, Any]:
        """Return a list as clients see one that they have sent."""
        return {**self.shown(name), "size": len(data)}

    def change(self, req: ApiRequest, name: str, edit: Edit) -> tuple[str, Former]:
        """Replace the text of a list by what `edit` makes of it; return as `write` does."""
        with self.changing():
            before = self.text(name)
            after = edit(before)

            def replace(path: Path) -> None:
                self.live.replace_list(path, before, after)

            return self.write_alone(name, encode_text(after), live_unless_reloaded(req, replace))


class CrtListList:
    """The lists: GET; upload one: POST."""

    def __init__(self, lists: StoredCrtLists) -> None:
        self.lists = lists

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json([self.lists.shown(name) for name in self.lists.names()])

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        lists = self.lists
        name, _, _ = lists.receive(req, _check_list)
        data = lists.content(name)
        lists.settle(req, resp, name, CHANGED, lists.made(name), 201)
        resp.data = to_json(lists.told(name, data))


def _check_list(data: bytes) -> None:
    if not data.strip():
        raise Invalid("the file in the body is empty, and no list of certificates")
    if not is_crt_list(data):
        raise Invalid("the file in the body is no list of certificates")


class CrtListItem:
    """One list: its text: GET; another: PUT; DELETE."""

    def __init__(self, lists: StoredCrtLists) -> None:
        self.lists = lists

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        resp.content_type = BYTES
        resp.data = encode_text(self.lists.text(self.lists.folder.stored_name(name)))

    def on_put(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        name = self.lists.folder.stored_name(name)
        _check_list(req.raw)
        reason, former = self.lists.change(req, name, lambda _: decode_text(req.raw))
        self.lists.settle(req, resp, name, reason, former, 200)
        resp.data = to_json(self.lists.told(name, req.raw))

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        name = self.lists.folder.stored_name(name)
        self.lists.text(name)
        reason, former = self.lists.remove(name, lambda _: CHANGED)
        self.lists.settle(req, resp, name, reason, former, 204)


class CrtListEntries:
    """The entries of a list: GET; a new one: POST; take one out: DELETE."""

    def __init__(self, lists: StoredCrtLists) -> None:
        self.lists = lists

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        text = self.lists.text(self.lists.folder.stored_name(name))
        resp.data = to_json([one.json for one in parse_crt_list(text)])

    def on_post(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        entry = CrtListEntry.of(req.body.echo)
        self._edit(req, resp, name, lambda text: with_entry(text, entry), 201)
        resp.data = to_json(req.body.echo)

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        file, number = req.query["certificate"], req.query["line_number"]

        def edit(text: str) -> str:
            if not any(one.number == number and one.file == file for one in parse_crt_list(text)):
                raise NotFound(f"missing object: line {number} of {name} does not name {file}")
            return without_line(text, number)

        self._edit(req, resp, name, edit, 204)

    def _edit(
        self, req: ApiRequest, resp: falcon.Response, name: str, edit: Edit, done: int
    ) -> None:
        lists = self.lists
        name = lists.folder.stored_name(name)
        is_used = lists.used_files.uses(lists.folder.path / name)
        reason, former = lists.change(req, name, edit)
        lists.settle(req, resp, name, reason if is_used else "", former, done)


_FILE = {"$ref": "ssl_crt_list_file"}
_ENTRY = {"$ref": "ssl_crt_list_entry"}
_LISTS = {
    "GET": list_operation(
        "getAllStorageSSLCrtListFiles",
        "List files with lists of certificates. Those in `ssl_certs_dir`.",
        {"$ref": "ssl_crt_list_files"},
    ),
    "POST": upload_operation(
        "createStorageSSLCrtListFile",
        "Upload a list of certificates. It is stored beside the certificates, for a bind line to "
        "load it.",
        _FILE,
        (FORCE,),
        _202=reload_queued(_FILE),
    ),
}
_LIST = {
    "GET": download_operation(
        "getOneStorageSSLCrtListFile", "Download a list of certificates. Its text."
    ),
    "PUT": replace_operation(
        "replaceStorageSSLCrtListFile",
        "Replace a list of certificates. HAProxy gets what is new over the Runtime API, or is "
        "reloaded.",
        _FILE,
    ),
    "DELETE": delete_operation(
        "deleteStorageSSLCrtListFile",
        "Delete a list of certificates. One that the configuration names is kept.",
        (SKIP, FORCE),
        _202=reload_queued(),
    ),
}
_ENTRIES = {
    "GET": operation(
        "GetStorageSSLCrtListEntries",
        TAG,
        "List the entries of a list of certificates. Each with the number of its line.",
        _200=Response({"$ref": "ssl_crt_list_entries"}),
        _404=NOT_FOUND,
    ),
    "POST": replace(operation(
        "CreateStorageSSLCrtListEntry",
        TAG,
        "Add an entry to a list of certificates. It stands behind the others.",
        (FORCE,),
        Body(_ENTRY, props=ENTRY, example={"file": "/etc/haproxy/ssl/site.pem"}),
        _201=Response(_ENTRY, (), "Added."),
        _202=Response(_ENTRY, ("Reload-ID",), f"Added; {UNDER_WAY}"),
        _400=BAD_REQUEST,
        _404=NOT_FOUND,
        _409=EXISTS,
    ), rehearses=True),
    "DELETE": replace(operation(
        "DeleteStorageSSLCrtListEntry",
        TAG,
        "Delete an entry from a list of certificates. By its line and its certificate, which must "
        "be the one that stands there.",
        (
            Parameter("certificate", required=True, help="The file that the line names."),
            Parameter("line_number", "integer", required=True, help="The line's number, from 1."),
            FORCE,
        ),
        _202=reload_queued(),
        _204=DELETED,
        _400=BAD_REQUEST,
        _404=NOT_FOUND,
    ), rehearses=True),
}


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve lists of certificates."""
    members = {"description": TEXT, "file": TEXT, "size": SIZE, "storage_name": TEXT}
    routes.schema("ssl_crt_list_file", {"type": "object", "properties": members}, V3)
    routes.schema("ssl_crt_list_files", array("ssl_crt_list_file"), V3)
    routes.schema("ssl_crt_list_entries", array("ssl_crt_list_entry"), V3)
    lists = StoredCrtLists(services, certificate_folder(services), "managed certificate list")
    path = f"{PATH}/ssl_crt_lists"
    routes.add(path, CrtListList(lists), _LISTS, V3)
    routes.add(f"{path}/{{name}}", CrtListItem(lists), _LIST, V3)
    routes.add(f"{path}/{{name}}/entries", CrtListEntries(lists), _ENTRIES, V3)
