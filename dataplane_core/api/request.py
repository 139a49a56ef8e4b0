"""The request as responders see it: checked, and with the API version that it came to."""

from collections.abc import Iterator
from typing import Any, Protocol

import falcon

from dataplane_core.api.checked_request import CheckedRequest
from dataplane_core.api.operations import Operation
from dataplane_core.api.version import ApiVersion
from dataplane_core.api.view import View


class Served(Protocol):
    """An API version as it is served: its facts, its view of the configuration, its documents."""

    version: ApiVersion
    view: View

    @property
    def front(self) -> str:
        """The path of the page that a browser is led to; empty where no plugin has one."""

    def receive(
        self, req: "ApiRequest", resp: falcon.Response, is_log_in: bool = False
    ) -> None:
        """Let a request be one to this version, and its answer say what all answers of it say.

        Raises `Forbidden` for one that a page of another site asks for.
        """

    def children(self, path: str) -> Iterator[tuple[str, Operation]]:
        """Yield the paths one level below `path` that take no parameter, sorted, with their GET."""

    def document(self, openapi: str) -> bytes:
        """Return the specification as JSON: Swagger `2.0`, OpenAPI `3.0.3` or `3.1.0`."""


class ApiRequest(CheckedRequest):
    """A request with the API version that it came to, `served`.

    `plugin` is the name of the plugin that declares the path; empty for those of collections.
    """

    __slots__ = ("plugin", "served")

    def __init__(self, env: dict[str, Any], options: falcon.RequestOptions | None = None) -> None:
        super().__init__(env, options=options)
        self.served: Served
        self.plugin = ""
