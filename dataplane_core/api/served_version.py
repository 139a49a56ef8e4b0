"""One API version on the server's services: its routes, its view, its documents."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from dataplane_core.api.body import to_json
from dataplane_core.api.operations import Fragment, Operation
from dataplane_core.api.routes import Route, Routes
from dataplane_core.api.view import View

if TYPE_CHECKING:
    from dataplane_core.api.versions import ApiVersion
    from dataplane_core.services import Services


class ServedVersion:
    """What is served below one prefix."""

    def __init__(self, version: "ApiVersion", services: "Services", routes: Routes) -> None:
        self.version = version
        self.services = services
        strict = services.settings.dataplane.unknown_properties == "refuse"
        self.definitions: dict[str, Fragment] = dict(routes.definitions)
        self.view = View(
            version, services.registry, services.config, strict, self.definitions
        )
        self.tags = routes.tags
        self._routes = routes
        self._documents: dict[str, bytes] = {}
        self._lock = Lock()

    @property
    def front(self) -> str:
        """The path of the page that a browser is led to; empty where no plugin has one."""
        return self._routes.front and self.version.prefix + self._routes.front

    @cached_property
    def routes(self) -> list[Route]:
        """All routes, those of collections first."""
        own = [self._complete(route) for route in self._routes.of(self.version.name)]
        return [*self.version.routes(self.view), *own]

    def children(self, path: str) -> Iterator[tuple[str, Operation]]:
        """The paths one level below `path` that can be listed without a parameter, sorted."""
        start = path.rstrip("/") + "/"
        for route in sorted(self.routes, key=lambda one: one.template):
            rest = route.template.removeprefix(start)
            if rest == route.template or not rest or "/" in rest or "{" in rest:
                continue
            if "GET" in route.operations:
                yield route.template, route.operations["GET"]

    def document(self, openapi: str) -> bytes:
        """The specification as JSON: Swagger `2.0` or OpenAPI `3.0.3`; made once."""
        from dataplane_core.api.spec import build

        if openapi not in self._documents:
            with self._lock:
                if openapi not in self._documents:
                    document = build(self, openapi)
                    self.services.hooks.dataplane_spec(spec=document, version=self.version.name)
                    self._documents[openapi] = to_json(document)
        return self._documents[openapi]

    def _complete(self, route: Route) -> Route:
        """A plugin's route with codecs for the bodies that it has declared properties for."""
        operations = {}
        for method, operation in route.operations.items():
            body = operation.body
            if body is not None and body.props and body.codec is None:
                codec = self.view.make_codec(str(body.schema["$ref"]), body.props, body.rules)
                operation = replace(operation, body=replace(body, codec=codec))
            operations[method] = operation
        return replace(route, operations=operations)
