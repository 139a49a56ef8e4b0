"""The WSGI application: normalise the path of a request, then route it with Falcon."""

import mimetypes
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote_to_bytes

import falcon
from falcon.constants import COMBINED_METHODS
from falcon.media import JSONHandler
from falcon.routing import CompiledRouter

from dataplane_core.api.answered import NOT_LET_IN, tell
from dataplane_core.api.body import to_json
from dataplane_core.api.checked_request import APPLICATION, FOLLOWED, READS, SCRATCH
from dataplane_core.api.cors import Cors
from dataplane_core.api.failures import Failures
from dataplane_core.api.frame import SLASH, Guard
from dataplane_core.api.nearest import KnownPaths
from dataplane_core.api.request import ApiRequest
from dataplane_core.api.router import Router
from dataplane_core.api.routes import Route
from dataplane_core.api.served_version import ServedVersion
from dataplane_core.api.shared_checks import Frame
from dataplane_core.errors import MethodNotAllowed
from dataplane_core.feeds import LATER
from dataplane_core.logs.apache import API_VERSION
from dataplane_core.resources.origins import OWN_INTERFACE

if TYPE_CHECKING:
    from dataplane_core.api.foreign_answers import PluginThreads
    from dataplane_core.services import Services

_METHODS = frozenset(COMBINED_METHODS)
_OWN = f"/{OWN_INTERFACE}/"


class Application(falcon.App[ApiRequest, falcon.Response]):
    """Falcon's application with normal paths.

    Doubled and trailing slashes are tolerated, `%2F` is a slash inside a name, and a method that
    HTTP does not know is refused like any other that a path does not have.
    """

    def __init__(self, services: "Services", frame: Frame, cors: Cors | None = None) -> None:
        middleware = [cors] if cors is not None else None
        # Falcon would read the system's list of file types, for folders that are not served here.
        inited, mimetypes.inited = mimetypes.inited, True
        self._paths = Router()
        super().__init__(
            request_type=ApiRequest,
            middleware=middleware,
            router=cast(CompiledRouter, self._paths),  # any object that can find is one
        )
        mimetypes.inited = inited
        self.services = services
        self._answered = services.plugins.heard("dataplane_answered", services.settings)
        self.served: list[ServedVersion] = []
        self.own: ServedVersion | None = None
        self._cors = cors
        self._frame = frame
        self.req_options.strip_url_path_trailing_slash = False
        self.resp_options.default_media_type = "application/json"
        self.resp_options.media_handlers["application/json"] = JSONHandler(dumps=to_json)
        self._known = KnownPaths()
        self._threads: dict[str, PluginThreads] = {}
        Failures(frame, self._known, services.plugins).install(self)

    @property
    def interfaces(self) -> list[ServedVersion]:
        """The served versions of the Data Plane API, and the server's own interface if it is."""
        return self.served if self.own is None else [*self.served, self.own]

    def guard(self, method: str, target: str) -> tuple[Guard, str] | None:
        """Return the guard of an operation, and the normal path; None for what is no operation.

        `target` is the path, as clients write it, with a query or without.
        """
        raw = target.encode("utf-8", "replace").decode("latin-1").partition("?")[0]
        path = normal_path(unquote_to_bytes(raw.encode("latin-1")).decode("latin-1"), raw)
        found = self._paths.find(path)
        guard = None if found is None else found[1].get(method)
        return (guard, path) if isinstance(guard, Guard) else None

    def helped_by(self, call: Callable[[], bool]) -> None:
        """Have a process of its own make what leaves much behind in memory.

        `call` has that process call `help`; False: there is none.
        """
        for one in self.interfaces:
            one.call_helper = call

    def help(self) -> None:
        """Make what another process of this application waits for."""
        for one in self.interfaces:
            one.make_wanted()

    def mount(
        self, versions: Iterable[ServedVersion], own: ServedVersion | None = None
    ) -> None:
        """Serve API versions, and the server's own interface, each below its prefix.

        What requests to a path need is made by the first one: most paths are never asked for.
        """
        self.served, self.own = list(versions), own
        for one in self.interfaces:
            one.sites = self._frame.sites
        first = self.served[0]
        page = own.own_front if own is not None else ""
        if page or first.front:
            self._paths.add("/", partial(Top, first, page or first.front))
        if own is not None and page:
            self._paths.add(own.version.prefix, partial(OwnTop, self._frame, own))
        for one in self.interfaces:
            prefix = re.compile(rf"{one.version.prefix}(/|$)")
            self.add_sink(refuse_path(self._frame, one), prefix)
            for other in self.served:
                if other.version.name == one.version.successor:
                    one.succeeded_by(other)
            for route in one.routes:
                path = one.version.prefix + (route.positional if route.template != "/" else "")
                self._paths.add(path, partial(self._routed, one, route))
                if route.at_top:
                    self._paths.add(route.template, partial(self._routed, one, route))
            self._known.add(one.version.prefix, [route.template for route in one.routes])

    def _routed(self, served: ServedVersion, route: Route) -> "RoutedPath":
        path = RoutedPath(self._frame, served, route)
        plugins = self.services.plugins
        if (name := route.origin) and name not in plugins.own:
            from dataplane_core.api.foreign_answers import PluginThreads, looked_at

            settings = self.services.settings.dataplane
            threads = self._threads.setdefault(name, PluginThreads(name, settings.threads))
            for method, guard in path.guards.items():
                watching = partial(plugins.watchdog.watching, name, f"{method} {route.template}")
                guard.respond = looked_at(guard.respond, watching, threads)
        return path

    def __call__(self, env: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path: str = env.get("PATH_INFO", "")
        raw: str = env.get("RAW_URI", "")
        if path.endswith("/") or "//" in path or "%2" in raw or "\x00" in path:
            env["PATH_INFO"] = normal_path(path, raw)
            env["dataplane.path"] = path
        if path.startswith(_OWN):
            env[APPLICATION] = self
        method = env["REQUEST_METHOD"]
        if method not in _METHODS:
            env["dataplane.method"] = method
            env["REQUEST_METHOD"] = "TRACE"
        elif method == "OPTIONS" and self._cors is not None and self._cors.is_preflight(env):
            return self._cors.preflight(env, start_response)
        started: list[str] = []

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            started.append(status)
            if FOLLOWED in env:
                env[FOLLOWED].keep(start_response, status, headers)
                return None
            return start_response(status, headers, exc_info)

        answer = super().__call__(env, start)
        status = int(started[-1][:3])
        if SCRATCH in env:  # somebody tries what it would do
            return answer
        hook = self._answered
        if hook is not None and (status in NOT_LET_IN or method not in READS):
            tell(env, method, status, answer, hook, self.services)
        if (version := env.get(API_VERSION)) is not None:
            user, agent = env.get("REMOTE_USER") or "", env.get("HTTP_USER_AGENT") or ""
            self.services.callers.count(version, user, agent, method, status)
        return answer if FOLLOWED not in env else _followed(env, answer)


def _followed(env: dict[str, Any], parts: Iterable[bytes]) -> Iterable[bytes]:
    """Return the body of an answer that waits, if the server does not wait for it itself."""
    answer = env[FOLLOWED]
    answer.parts = parts
    if (wait := env.get(LATER)) is not None:
        wait(answer)
        return ()
    answer.wait()
    found: Iterable[bytes] = answer()
    return found


class Top:
    """The resource at `/`: a redirect to the documentation page of the first API version.

    A client that takes HTML, as a browser does, is led to `page`.
    """

    def __init__(self, served: ServedVersion, page: str) -> None:
        self._served = served
        self._front, self._page = served.front or page, page
        refuse = refuse_method(("GET",), served, None)
        self.responders = {**dict.fromkeys(COMBINED_METHODS, refuse), "GET": self.on_get}

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Lead to the page, which asks for credentials itself."""
        self._served.enter(req)
        resp.status = 302
        is_browser = "text/html" in req.accept
        resp.location = req.reference(self._page if is_browser else self._front)
        resp.set_header("Vary", "Accept")


class OwnTop:
    """The top of the server's own interface: a way to its page for browsers, and nothing else."""

    def __init__(self, frame: Frame, served: ServedVersion) -> None:
        self._front, self._served = served.own_front, served
        self._refuse = refuse_path(frame, served)
        self.responders = {**dict.fromkeys(COMBINED_METHODS, self._refuse), "GET": self.on_get}

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        """Lead a client that takes HTML to the page, which asks for credentials itself."""
        if "text/html" not in req.accept:
            self._refuse(req, resp)
        self._served.enter(req)
        resp.status = 302
        resp.location = req.reference(self._front)
        resp.set_header("Vary", "Accept")


class RoutedPath:
    """One path of an API version: a guarded responder for each method it has."""

    def __init__(self, frame: Frame, served: ServedVersion, route: Route) -> None:
        allowed = tuple(route.operations)
        refuse = refuse_method(allowed, served, frame)
        self.responders: dict[str, Callable[..., None]] = dict.fromkeys(COMBINED_METHODS, refuse)
        route = replace(route, resource=route.resource_for(served.view))
        self.guards = {method: Guard(frame, served, route, method) for method in allowed}
        self.responders |= self.guards


def normal_path(path: str, raw: str) -> str:
    """Return the path without empty segments, with `SLASH` for each slash inside a name.

    `path` is WSGI's decoded one (bytes as Latin-1), `raw` the target as it came, from which alone
    `%2F` can be told from a slash. A path with a NUL becomes one that nothing has.
    """
    if "\x00" in path:
        return "/\x00"
    target = raw.partition("?")[0]
    if not target.startswith("/"):  # absolute form (RFC 9112, section 3.2.2)
        target = "/" + target.partition("://")[2].partition("/")[2]
    if "%2f" in target.lower():
        names = (unquote_to_bytes(part).decode("latin-1") for part in target.split("/") if part)
        return "/" + "/".join(name.replace("/", SLASH) for name in names)
    return "/" + "/".join(part for part in path.split("/") if part)


def refuse_method(
    allowed: tuple[str, ...], served: ServedVersion, frame: Frame | None
) -> Callable[..., None]:
    """Return the responder for all methods that a path of an API version does not have.

    Without a `frame` nobody is asked for credentials.
    """
    words = ",".join(allowed)
    asks = frame is not None and served.credentials_first

    def respond(req: ApiRequest, resp: falcon.Response, **_: str) -> None:
        served.receive(req, resp)
        if frame is not None and asks:
            req.identity = frame.identify(req)
        method = req.env.get("dataplane.method", req.method)
        message = f"method {method} is not allowed, but [{words}] are"
        raise MethodNotAllowed(message, allowed)

    return respond


def refuse_path(frame: Frame, served: ServedVersion) -> Callable[..., None]:
    """Return the responder for the paths below its prefix that an API version does not have."""

    def respond(req: ApiRequest, resp: falcon.Response, **_: str) -> None:
        served.receive(req, resp)
        if served.credentials_first:
            req.identity = frame.identify(req)
        raise falcon.HTTPRouteNotFound

    return respond
