"""`/health`: whether HAProxy runs, by `status_cmd` or its own sockets."""

from collections.abc import Callable
from typing import Any

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

HEALTH: dict[str, Any] = {
    "type": "object",
    "properties": {
        "haproxy": {"type": "string", "enum": ["up", "down", "unknown"]},
        "x_read_only": {
            "type": "string",
            "description": "Why nothing can be changed, after a disk has lost writes.",
        },
    },
}
FAULTS = {
    "type": "array",
    "description": "The plugins that are left out because of a fault.",
    "items": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "fault": {"type": "string"}},
    },
}
WITHOUT_PLUGINS = {
    "type": "object",
    "properties": {**HEALTH["properties"], "x_plugins_left_out": FAULTS},
}
"""The same where the server is without some plugins."""


class HAProxyHealth:
    """Whether HAProxy is up, down or in an unknown state, and what the server is without.

    `left_out` are plugins that are left out because of a fault, each with that fault. `read_only`
    gives the reason why nothing can be changed, or "".
    """

    def __init__(
        self,
        reloads: ReloadQueue,
        left_out: list[dict[str, str]],
        read_only: Callable[[], str] = str,
    ) -> None:
        self.reloads = reloads
        self.read_only = read_only
        self.left_out = left_out

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        told: dict[str, object] = {"haproxy": self.reloads.status()}
        if reason := self.read_only():
            told["x_read_only"] = reason
        if self.left_out:
            told["x_plugins_left_out"] = self.left_out
        resp.data = to_json(told)


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the health of HAProxy."""
    routes.tag("Health", "Whether HAProxy runs.", 80)
    faults = services.plugins.left_out.items()
    left_out = [{"name": name, "fault": fault} for name, fault in faults]
    routes.schema("health", WITHOUT_PLUGINS if left_out else HEALTH)
    responses = {"200": Response({"$ref": "health"}), "default": DEFAULT_RESPONSE}
    operation = Operation(
        "getHealth",
        "Health",
        "Read the health of HAProxy. Whether it is up, down or in a state that nobody can tell.",
        responses=responses,
    )
    health = HAProxyHealth(services.reloads, left_out, services.state.faults.reason)
    routes.add("/health", health, {"GET": operation})
