"""An API version as the server serves it: its routes, its view and its specifications."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from threading import Lock
from typing import Any, Protocol

import falcon

from dataplane_core.api.body import to_json
from dataplane_core.api.checked_request import READS
from dataplane_core.api.cross_site import CrossSite
from dataplane_core.api.made_once import MadeOnce
from dataplane_core.api.operations import Body, Operation, Operations, Response
from dataplane_core.api.request import ApiRequest
from dataplane_core.api.routes import Route, Routes
from dataplane_core.api.succession import Succession
from dataplane_core.api.version import ApiVersion
from dataplane_core.api.view import View
from dataplane_core.codec.codec import Codec
from dataplane_core.logs.apache import API_VERSION
from dataplane_core.services import Services
from dataplane_core.text.heap import give_back

_FORMS = ("2.0", "3.0.3", "3.1.0")


class RoutedVersion(ApiVersion, Protocol):
    """An API version with the paths of its collections."""

    def routes(self, view: View) -> Iterator[Route]:
        """Yield the paths of all collections, below the version's prefix."""


class ServedVersion:
    """All that is served below one prefix, such as `/v2`."""

    def __init__(
        self,
        version: RoutedVersion,
        services: Services,
        routes: Routes,
        objects: ApiVersion | None = None,
    ) -> None:
        """Serve a version; `objects` is the one that names objects, where that is another."""
        self.version: ApiVersion = version
        self._made_of = version, services, routes, objects
        self.tags = routes.tags
        self.definitions = routes.definitions(version.name)
        strict = services.settings.dataplane.unknown_properties == "refuse"
        self.view = View(
            objects or version, services.registry, services.config, strict, self.definitions,
        )  # fmt: skip
        self.credentials_first = (
            version.credentials_first or not services.settings.dataplane.paths_first
        )
        self._hooks, self._has_roles = services.hooks, services.authenticator.has_roles
        self._mount = version.routes
        self._routes = routes
        self._documents: dict[str, bytes] = {}
        self._of_all_workers = {form: MadeOnce() for form in _FORMS}
        self._lock = Lock()
        self.sites: CrossSite | None = None
        """Judges what pages of other sites ask for; the application has one for all versions."""
        self.call_helper: Callable[[], bool] | None = None
        """Has a process of its own call `make_wanted`; False if there is none."""
        self._succession = Succession(version, None)

    def succeeded_by(self, other: "ServedVersion") -> None:
        """Lead clients to another version that is served, once this one is deprecated."""
        self._succession = Succession(self.version, other)

    def receive(self, req: ApiRequest, resp: falcon.Response, is_log_in: bool = False) -> None:
        """Let a request be one to this version, and its answer say what all answers of it say.

        Raises `Forbidden` for one that a page of another site asks for; a log-in is one of a
        browser, whatever it sends.
        """
        req.env[API_VERSION] = self.version.name
        self._succession.announce(req, resp)
        self.enter(req, is_log_in)

    def enter(self, req: ApiRequest, is_log_in: bool = False) -> None:
        """Let a request be answered in the form of this version; raises as `receive` does."""
        req.served = self
        if self.sites is not None:
            self.sites.check(req.env, req.method not in READS, is_log_in)

    @property
    def added(self) -> Routes:
        """The paths that plugins have added, of all versions."""
        return self._routes

    @property
    def front(self) -> str:
        """The path of the page that a browser is led to; empty where no plugin has one."""
        shared = self._routes.fronts.get("")
        return self.own_front or (self.version.prefix + shared if shared else "")

    @property
    def own_front(self) -> str:
        """The path of a page that this version has for itself; empty without one."""
        template = self._routes.fronts.get(self.version.name)
        return self.version.prefix + template if template else ""

    @cached_property
    def routes(self) -> list[Route]:
        """All routes, those of collections first.

        Raises RegistryError where a plugin has added the path of a collection.
        """
        declared = self._routes.of(self.version.name, self.view.mask.paths)
        own = [self._complete(route) for route in declared]
        collections = list(self._mount(self.view))
        origins = self._routes.origins.copy()
        for route in collections:
            origins.claim("path", route.shape, route.origin, "", (self.version.name,))
        return [*collections, *own]

    def children(self, path: str) -> Iterator[tuple[str, Operation]]:
        """Yield the paths one level below `path` that can be listed without a parameter, sorted."""
        start = path.rstrip("/") + "/"
        for route in sorted(self.routes, key=lambda one: one.template):
            rest = route.template.removeprefix(start)
            if rest == route.template or not rest or "/" in rest or "{" in rest:
                continue
            if "GET" in route.operations:
                yield route.template, route.operations["GET"]

    def document(self, openapi: str) -> bytes:
        """Return the specification as JSON: Swagger `2.0`, OpenAPI `3.0.3` or `3.1.0`.

        It is made once for all workers.
        """
        if openapi not in self._documents:
            with self._lock:
                if openapi not in self._documents:
                    once = self._of_all_workers[openapi]
                    # what plugins do to a document may need what they began in this process
                    changed = self._hooks.dataplane_spec.get_hookimpls()
                    call = None if changed else self.call_helper
                    self._documents[openapi] = once.get(partial(self._made, openapi), call)
        return self._documents[openapi]

    def make_wanted(self) -> None:
        """Make the documents that another process waits for."""
        for openapi, once in self._of_all_workers.items():
            once.make_if_wanted(partial(self._made, openapi))

    def _made(self, openapi: str) -> bytes:
        made = to_json(self._build(openapi))
        gc.collect()
        give_back()
        return made

    def _build(self, openapi: str) -> dict[str, Any]:
        """Make a document of a version of its own, which is freed with all its codecs.

        A document needs those of all collections, several MiB of them; requests need a few.
        """
        from dataplane_core.api.spec import Interface, build

        apart = ServedVersion(*self._made_of)
        is_authorized = bool(self._hooks.dataplane_authorize.get_hookimpls()) or self._has_roles
        interface = Interface(
            self.version, apart.view, apart.routes, self.tags, self.definitions, is_authorized,
            self._routes.change_parameters,
        )  # fmt: skip
        document = build(interface, openapi)
        self._hooks.dataplane_spec(spec=document, version=self.version.name)
        return document

    def _complete(self, route: Route) -> Route:
        """Return a plugin's route with the codecs and schemas of this version."""
        makers = {
            method: partial(self._complete_operation, operation)
            for method, operation in route.operations.items()
        }
        return replace(route, operations=Operations(makers))

    def _complete_operation(self, operation: Operation) -> Operation:
        body = operation.body
        if body is not None and _is_object(body) and body.codec is None:
            operation = replace(operation, body=replace(body, codec=self._codec(body)))
        return replace(operation, responses=self._wrapped(operation))

    def _codec(self, body: Body) -> Codec:
        """Return the codec of a plugin's body in this version."""
        if body.make_codec is not None:
            return body.make_codec(self.view)
        return self.view.make_codec(str(body.schema["$ref"]), body.props, body.rules)

    def _wrapped(self, operation: Operation) -> dict[str, Response]:
        """Return the answers of a plugin's operation with the schemas that this version has."""
        return {status: self._in_envelope(one) for status, one in operation.responses.items()}

    def _in_envelope(self, one: Response) -> Response:
        if not one.wrapped or one.schema is None:
            return one
        schema = self.version.envelope(
            one.schema, required=one.required, versioned=one.versioned
        )
        return replace(one, schema=schema, wrapped=False)


def _is_object(body: Body) -> bool:
    """Return whether a body is an object that is declared, of which a codec can be made."""
    return bool(body.props) or body.make_codec is not None
