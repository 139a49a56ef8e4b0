"""Cross-origin access (Fetch standard, section 3.2), for the origins that the settings name."""

from collections.abc import Iterable
from typing import Any

import falcon

EXPOSED = (
    "Reload-ID, Configuration-Version, Confirm-Before, Deprecation, Link, Retry-After, "
    "Fleet-Revision, Fleet-Rollout"
)
_METHODS = "GET, POST, PUT, DELETE"


class Cors:
    """Middleware that lets pages of some origins use the API; `*` stands for all origins."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origins)

    def allows(self, origin: str) -> bool:
        """Return whether pages of `origin` may use the API."""
        return bool(origin) and not self._origins.isdisjoint({"*", origin})

    def is_preflight(self, env: dict[str, Any]) -> bool:
        """Return whether a browser asks, before the request itself, if it may send it."""
        wanted = "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in env
        return wanted and self.allows(env.get("HTTP_ORIGIN", ""))

    def preflight(self, env: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a preflight request; browsers send no credentials with it."""
        headers = [
            ("Access-Control-Allow-Origin", env["HTTP_ORIGIN"]),
            ("Access-Control-Allow-Methods", _METHODS),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-ID"),
            ("Access-Control-Max-Age", "600"),
            ("Vary", "Origin"),
        ]
        start_response("204 No Content", headers)
        return []

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool
    ) -> None:
        """Let the page read the answer."""
        origin = req.env.get("HTTP_ORIGIN", "")
        if self.allows(origin):
            resp.set_header("Access-Control-Allow-Origin", origin)
            resp.set_header("Access-Control-Expose-Headers", EXPOSED)
