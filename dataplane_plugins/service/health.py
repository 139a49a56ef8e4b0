"""`/health`: whether HAProxy runs, by `status_cmd` or its own sockets."""

import falcon

from dataplane_core.plugin import (
    DEFAULT_RESPONSE,
    ApiRequest,
    Operation,
    ReloadQueue,
    Response,
    Routes,
    Services,
    impl,
    to_json,
)

HEALTH = {
    "type": "object",
    "properties": {"haproxy": {"type": "string", "enum": ["up", "down", "unknown"]}},
}


class HAProxyHealth:
    """Whether HAProxy is up, down or in an unknown state."""

    def __init__(self, reloads: ReloadQueue) -> None:
        self.reloads = reloads

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json({"haproxy": self.reloads.status()})


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the health of HAProxy."""
    routes.tag("Health", "Whether HAProxy runs.", 80)
    routes.schema("health", HEALTH)
    responses = {"200": Response({"$ref": "health"}), "default": DEFAULT_RESPONSE}
    operation = Operation(
        "getHealth",
        "Health",
        "Read the health of HAProxy. Whether it is up, down or in a state that nobody can tell.",
        responses=responses,
    )
    routes.add("/health", HAProxyHealth(services.reloads), {"GET": operation})
