"""Lists of what lies below a path: `/`, `/services`, `/services/haproxy` and the folders in it."""

import falcon

from dataplane_core import impl
from dataplane_core.api.body import to_json
from dataplane_core.api.operations import FAILURE, Operation, Response
from dataplane_core.api.request import ApiRequest
from dataplane_core.api.routes import Routes

PATHS = {
    "/": ("getAPIEndpoints", "Everything at the top"),
    "/services": ("getServicesEndpoints", "The services that are managed"),
    "/services/haproxy": ("getHaproxyEndpoints", "What there is of HAProxy"),
    "/services/haproxy/configuration": (
        "getConfigurationEndpoints",
        "What the configuration consists of",
    ),
    "/services/haproxy/runtime": ("getRuntimeEndpoints", "What the running HAProxy can be asked"),
    "/services/haproxy/spoe": ("getSpoeEndpoints", "What SPOE configurations consist of"),
    "/services/haproxy/storage": ("getStorageEndpoints", "Files beside the configuration"),
    "/services/haproxy/stats": ("getStatsEndpoints", "Statistics"),
}

ENDPOINT = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("title", "description", "url")},
}


class Endpoints:
    """What lies one level below a path."""

    def __init__(self, path: str) -> None:
        self.path = path

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        if self.path == "/" and req.site.front and "text/html" in req.accept:  # a browser
            resp.status = 302
            resp.location = req.reference(req.site.front)
            return
        found = [
            {"title": operation.tag, "description": operation.title, "url": path}
            for path, operation in req.site.children(self.path)
        ]
        resp.data = to_json(found)


@impl
def dataplane_routes(routes: Routes) -> None:
    """Serve the lists."""
    routes.schema("endpoint", ENDPOINT)
    routes.schema("endpoints", {"type": "array", "items": {"$ref": "endpoint"}})
    for path, (identifier, summary) in PATHS.items():
        responses = {"200": Response({"$ref": "endpoints"}), "default": FAILURE}
        operation = Operation(identifier, "Discovery", summary, responses=responses)
        routes.add(path, Endpoints(path), {"GET": operation})
