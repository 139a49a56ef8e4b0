"""Routes: paths with their responders and what the specification says of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dataplane_core.api.operations import Fragment, Operation, Parameter
from dataplane_core.api.view import View
from dataplane_core.dataclass import dataclass
from dataplane_core.hooks.containment import plugin_at_work
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.resources.origins import OWN_INTERFACE, Origins
from dataplane_core.store.planned import ChangePlan

if TYPE_CHECKING:
    from dataplane_core.api.followed import Follow

_NAME = lazy_pattern(r"\{(\w+)\}")

OWN = (OWN_INTERFACE,)
"""The versions of a path, or of a schema, that the server's own interface alone has."""


def shape(template: str) -> str:
    """Return a template with `{}` for each parameter; paths of one shape cannot be told apart."""
    return _NAME.sub("{}", template)


@dataclass(frozen=True, slots=True)
class Route:
    """One path below an API version's prefix, such as `/services/haproxy/reloads/{id}`.

    `resource` has Falcon responders (`on_get(req, resp, id)`), one for each of `operations`, which
    are keyed by the method in capitals. `origin` is the plugin that declares the path. `at_top`:
    the path is served at the top of the server too.
    """

    template: str
    resource: object
    operations: Mapping[str, Operation]
    origin: str = ""
    at_top: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the path's parameters."""
        return tuple(_NAME.findall(self.template))

    @property
    def shape(self) -> str:
        """The template with `{}` for each parameter."""
        return shape(self.template)

    @property
    def positional(self) -> str:
        """The template for the router, which wants one name a level: `{k1}`, `{k2}`."""
        numbers = iter(range(1, 100))
        return _NAME.sub(lambda _: f"{{k{next(numbers)}}}", self.template)

    def resource_for(self, view: View) -> object:
        """Return the resource of an API version, which `view` is of."""
        resource = self.resource
        return resource.make(view) if isinstance(resource, InVersion) else resource

    def complete(self, operation: Operation) -> Operation:
        """Return an operation with the parameters of the path that it does not state itself."""
        stated = {one.name for one in operation.parameters if one.where == "path"}
        missing = (
            Parameter(name, where="path", required=True, help=f"The {name} of the object.")
            for name in self.names
            if name not in stated
        )
        return replace(operation, parameters=(*missing, *operation.parameters))


@dataclass(frozen=True, slots=True)
class InVersion:
    """A resource that each API version has for itself.

    It is made once, with the version's view, when a path is first asked for.
    """

    make: Callable[[View], object]


@dataclass(frozen=True, slots=True)
class Tag:
    """The description of a tag, and its rank among the tags of a document."""

    help: str
    rank: int = 50


class Routes:
    """The paths, schemas and tags of plugins: the argument of the hook `dataplane_routes`."""

    def __init__(self, origins: Origins | None = None) -> None:
        self.origins = Origins() if origins is None else origins.copy()
        self.routes: list[tuple[Route, tuple[str, ...] | None]] = []
        self._definitions: list[tuple[str, Fragment, tuple[str, ...] | None]] = []
        self.tags: dict[str, Tag] = {}
        self.fronts: dict[str, str] = {}
        self.plan_renderer: Callable[[View], Callable[[ChangePlan], Any]] | None = None
        self.follow: Follow | None = None
        self.change_parameters: tuple[Parameter, ...] = ()

    def add(
        self,
        template: str,
        resource: object,
        operations: Mapping[str, Operation],
        versions: Iterable[str] | None = None,
        at_top: bool = False,
    ) -> None:
        """Serve `resource` at `template`, below the prefix of all API versions or of some.

        All are those of the Data Plane API: the server's own interface has a path that names it
        (`OWN`). An API version whose mask (`Mask.paths`) has the template does not serve it, unless
        `versions` names that version: for a path that each version serves in another way.

        Responders are Falcon's (`on_get(req, resp, name)`); a resource that needs the view of an
        API version is an `InVersion`. Before responders run, the frame has checked credentials,
        media types and the parameters and body that the operation states; `req.query` and
        `req.body` hold them decoded. A `DataplaneError` becomes an answer. With `at_top` the path
        is served at the top of the server too, where other programs look for it.
        """
        for method in () if isinstance(resource, InVersion) else operations:
            if not callable(getattr(resource, f"on_{method.lower()}", None)):
                raise ValueError(f"{template} has no responder for {method}")
        if not template.startswith("/"):
            raise ValueError(f"the path {template} does not start with a slash")
        route = Route(template, resource, dict(operations), plugin_at_work(), at_top)
        limited = None if versions is None else tuple(versions)
        self.origins.claim("path", route.shape, route.origin, "", limited)
        for operation in operations.values():
            self._claim(operation, limited)
        self.routes.append((route, limited))

    def _claim(self, operation: Operation, versions: tuple[str, ...] | None) -> None:
        """Record who declares an operation and the object that it takes."""
        origin, body = plugin_at_work(), operation.body
        self.origins.claim("operation", operation.id, origin, "", versions)
        if body is not None and body.props:
            self.origins.schema(str(body.schema["$ref"]), tuple(body.props), origin, versions)

    def tag(self, name: str, help: str, rank: int = 50) -> None:
        """Say what the operations with a tag are about.

        Tags stand in the order of their ranks: behind those of the configuration's collections, or
        with a negative rank before them.
        """
        self.tags[name] = Tag(help, rank)

    def open_with(self, template: str, versions: Iterable[str] = ("",)) -> None:
        """Lead a browser that asks for the top of an API version to a page below its prefix.

        All versions have one, but for those that have another, whose names are `versions`. Who asks
        for the top of the server is led to that of the server's own interface, if it has one for
        itself and the client takes HTML; else to that of the first version.
        """
        self.fronts |= dict.fromkeys(versions, template)

    def render_plans_with(self, make: Callable[[View], Callable[[ChangePlan], Any]]) -> None:
        """Answer a change with `dry_run` by what is made of its plan.

        `make` is given the view of the server's own interface.
        """
        self.plan_renderer = make

    def follow_changes_with(self, follow: "Follow", parameters: Iterable[Parameter]) -> None:
        """Have the answers of changes wait for what becomes of the changes, where clients want it.

        `follow` is called with each change before it is carried out, and returns what carries it
        out and says what the answer waits for; None for a request that wants nothing of it. It
        reads the `parameters`, which documents have with each change.
        """
        self.follow, self.change_parameters = follow, tuple(parameters)

    def schema(self, name: str, fragment: Fragment, versions: Iterable[str] | None = None) -> None:
        """Define a schema that `{"$ref": name}` refers to, in all API versions or in some."""
        limited = None if versions is None else tuple(versions)
        self.origins.schema(name, fragment, plugin_at_work(), limited)
        self._definitions.append((name, fragment, limited))

    @property
    def has_own(self) -> bool:
        """Whether a path was added for the server's own interface alone."""
        return any(only is not None and OWN_INTERFACE in only for _, only in self.routes)

    def definitions(self, version: str) -> dict[str, Fragment]:
        """Return the schemas that are defined for an API version, by their names."""
        return {
            name: fragment
            for name, fragment, only in self._definitions
            if only is None or version in only
        }

    def of(self, version: str, lacking: Iterable[str] = ()) -> list[Route]:
        """Return the routes of an API version but those with one of the templates `lacking`.

        A route that names its versions is in these, and in no other.

        Templates are compared by the places of their parameters: versions name them differently.
        """
        hidden, shared = set(map(shape, lacking)), version != OWN_INTERFACE
        return [
            route
            for route, only in self.routes
            if (shared and route.shape not in hidden if only is None else version in only)
        ]
