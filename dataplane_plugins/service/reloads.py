"""`/services/haproxy/reloads`: the reloads that changes asked for, and how they ended."""

from typing import Any

import falcon

from dataplane_core.plugin import (
    DEFAULT_RESPONSE,
    NOT_FOUND,
    ApiRequest,
    Operation,
    Parameter,
    ReloadQueue,
    ReloadRecord,
    Response,
    Routes,
    Services,
    impl,
    to_json,
)

PATH = "/services/haproxy/reloads"
ID_PATTERN = r"^\d{4}-\d{2}-\d{2}-\d+$"
SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": ID_PATTERN},
        "status": {"type": "string", "enum": ["failed", "in_progress", "succeeded"]},
        "reload_timestamp": {"type": "integer", "description": "Seconds since 1970."},
        "response": {"type": "string", "description": "HAProxy's own words."},
        "reason": {"type": "string", "description": "The changes that needed it."},
    },
}


def shown(record: ReloadRecord) -> dict[str, Any]:
    """Return a record of a reload as JSON has it; properties without a value are left out."""
    result: dict[str, Any] = {"id": record.id, "status": record.status}
    if record.reload_timestamp is not None:
        result["reload_timestamp"] = record.reload_timestamp
    if record.response:
        result["response"] = record.response
    if record.reason:
        result["reason"] = record.reason
    return result


class ReloadList:
    """The list of the reloads that are remembered, the oldest first."""

    def __init__(self, reloads: ReloadQueue) -> None:
        self.reloads = reloads

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json([shown(record) for record in self.reloads.records()])


class ReloadItem:
    """The record of one reload."""

    def __init__(self, reloads: ReloadQueue) -> None:
        self.reloads = reloads

    def on_get(self, req: ApiRequest, resp: falcon.Response, id: str) -> None:
        resp.data = to_json(shown(self.reloads.record(id)))


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the records of reloads."""
    routes.tag("Reloads", "The reloads that changes have asked for, and how they ended.", 10)
    routes.schema("reload", SCHEMA)
    routes.schema("reloads", {"type": "array", "items": {"$ref": "reload"}})
    listing = Operation(
        "getReloads",
        "Reloads",
        "List reloads. Those that changes have asked for lately, the oldest first.",
        responses={"200": Response({"$ref": "reloads"}), "default": DEFAULT_RESPONSE},
    )
    one = Operation(
        "getReload",
        "Reloads",
        "Read a reload. Whether it is under way, has succeeded or has failed, and why.",
        (
            Parameter(
                "id",
                where="path",
                required=True,
                pattern=ID_PATTERN,
                help="The reload's identifier.",
            ),
        ),
        responses={
            "200": Response({"$ref": "reload"}),
            "404": NOT_FOUND,
            "default": DEFAULT_RESPONSE,
        },
    )
    routes.add(PATH, ReloadList(services.reloads), {"GET": listing})
    routes.add(PATH + "/{id}", ReloadItem(services.reloads), {"GET": one})
