"""`/runtime/ssl_crt_lists` and their entries: the lists of certificates of the running process."""

from typing import Any

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    Body,
    Parameter,
    Response,
    Routes,
    Services,
    array,
    impl,
    operation,
    to_json,
)
from dataplane_plugins.runtime.common import (
    DELETED,
    NO_SUCH_OBJECT,
    OBJECT_EXISTS,
    PATH,
    REFUSED,
    TEXT,
    V3,
    name_parameter,
    rehearsed,
)
from dataplane_plugins.runtime.ssl_operations import TAG
from dataplane_plugins.tls.crt_lists import ENTRY, CrtListEntry, CrtLists


class LoadedCrtLists:
    """All lists: GET."""

    def __init__(self, lists: CrtLists) -> None:
        self.lists = lists

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json([{"file": name} for name in self.lists.names()])


class LoadedCrtListEntries:
    """The entries of a list: GET; a new one: POST; take one out: DELETE."""

    def __init__(self, lists: CrtLists) -> None:
        self.lists = lists

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json([one.json for one in self.lists.entries(req.query["name"])])

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        entry = CrtListEntry.of(req.body.echo)
        for client in self.lists.runtime.processes():
            self.lists.add(req.query["name"], [entry], client)
        resp.status = 201

    def on_delete(self, req: ApiRequest, resp: falcon.Response) -> None:
        query: dict[str, Any] = dict(req.query)
        for client in self.lists.runtime.processes():
            self.lists.remove(query["name"], query["cert_file"], query["line_number"], client)
        resp.status = 204


_LIST = name_parameter("name", "The list's file, as the configuration names it.")
_LISTS = {
    "GET": operation(
        "getAllCrtLists",
        TAG,
        "List loaded lists of certificates. A folder that a bind line loads is one, too.",
        _200=Response({"$ref": "ssl_crt_lists"}),
    )
}
_ENTRIES = {
    "GET": operation(
        "getAllCrtListEntries",
        TAG,
        "List the entries of a loaded list of certificates. Each with the number of its line.",
        (_LIST,),
        _200=Response({"$ref": "ssl_crt_list_entries"}),
        _404=NO_SUCH_OBJECT,
    ),
    "POST": operation(
        "addCrtListEntry",
        TAG,
        "Add an entry to a loaded list of certificates. Its certificate must be loaded, too; a "
        "reload brings back what the file has.",
        (_LIST,),
        Body(
            {"$ref": "ssl_crt_list_entry"},
            props=ENTRY,
            example={"file": "/etc/haproxy/ssl/site.pem", "sni_filter": ["www.example.com"]},
        ),
        _201=Response(None, (), "Added."),
        _400=REFUSED,
        _404=NO_SUCH_OBJECT,
        _409=OBJECT_EXISTS,
    ),
    "DELETE": operation(
        "deleteCrtListEntry",
        TAG,
        "Delete an entry from a loaded list of certificates. The certificate that is shown to who "
        "names no server is kept.",
        (
            _LIST,
            name_parameter("cert_file", "The certificate's file, as the list names it."),
            Parameter("line_number", "integer", help="Its line, where it has several."),
        ),
        _204=DELETED,
        _400=REFUSED,
        _404=NO_SUCH_OBJECT,
    ),
}


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the lists."""
    routes.schema("ssl_crt_list", {"type": "object", "properties": {"file": TEXT}}, V3)
    routes.schema("ssl_crt_lists", array("ssl_crt_list"), V3)
    routes.schema("ssl_crt_list_entries", array("ssl_crt_list_entry"), V3)
    lists = CrtLists(services)
    path = f"{PATH}/ssl_crt_lists"
    routes.add(path, LoadedCrtLists(lists), _LISTS, V3)
    routes.add(f"{path}/entries", LoadedCrtListEntries(lists), rehearsed(_ENTRIES), V3)
