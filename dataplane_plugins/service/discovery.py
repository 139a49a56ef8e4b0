"""Lists of the paths below `/`, `/services`, `/services/haproxy` and the folders in it."""

import falcon

from dataplane_core.plugin import (
    DEFAULT_RESPONSE,
    ApiRequest,
    Operation,
    Response,
    Routes,
    impl,
    to_json,
)

ENDPOINT_LISTS = {
    "/": ("getAPIEndpoints", "List what the interface has. The paths below its prefix."),
    "/services": (
        "getServicesEndpoints",
        "List services. The paths of the services that are managed.",
    ),
    "/services/haproxy": (
        "getHaproxyEndpoints",
        "List what there is of HAProxy. The paths below this one.",
    ),
    "/services/haproxy/configuration": (
        "getConfigurationEndpoints",
        "List what the configuration consists of. The paths below this one.",
    ),
    "/services/haproxy/runtime": (
        "getRuntimeEndpoints",
        "List what the running HAProxy can be asked. The paths below this one.",
    ),
    "/services/haproxy/spoe": (
        "getSpoeEndpoints",
        "List what SPOE files consist of. The paths below this one.",
    ),
    "/services/haproxy/storage": (
        "getStorageEndpoints",
        "List kinds of stored files. The paths below this one.",
    ),
    "/services/haproxy/stats": (
        "getStatsEndpoints",
        "List kinds of statistics. The paths below this one.",
    ),
}

ENDPOINT = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("title", "description", "url")},
}


class EndpointList:
    """The list of the paths one level below a path."""

    def __init__(self, path: str) -> None:
        self.path = path

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        if self.path == "/" and req.served.front and "text/html" in req.accept:  # a browser
            resp.status = 302
            resp.location = req.reference(req.served.front)
            return
        found = [
            {"title": operation.tag, "description": operation.title, "url": path}
            for path, operation in req.served.children(self.path)
        ]
        resp.data = to_json(found)


@impl
def dataplane_routes(routes: Routes) -> None:
    """Serve a list of what is below for each path of `ENDPOINT_LISTS`."""
    routes.tag("Discovery", "Lists of the paths that there are.", 90)
    routes.schema("endpoint", ENDPOINT)
    routes.schema("endpoints", {"type": "array", "items": {"$ref": "endpoint"}})
    for path, (identifier, summary) in ENDPOINT_LISTS.items():
        responses = {"200": Response({"$ref": "endpoints"}), "default": DEFAULT_RESPONSE}
        operation = Operation(
            identifier, "Discovery", summary, responses=responses, repeatable=True
        )
        routes.add(path, EndpointList(path), {"GET": operation})
