"""The application: services, routes of all API versions, and the frame around them."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from dataplane_core.api.access import Access
from dataplane_core.api.answered import announce
from dataplane_core.api.application import Application
from dataplane_core.api.body_amounts import LineRoom
from dataplane_core.api.checked_request import SESSION
from dataplane_core.api.cors import Cors
from dataplane_core.api.cross_site import CrossSite
from dataplane_core.api.own_interface import OwnInterface
from dataplane_core.api.repeat import repeats_of
from dataplane_core.api.request import ApiRequest
from dataplane_core.api.routes import Routes
from dataplane_core.api.served_version import RoutedVersion, ServedVersion
from dataplane_core.api.shared_checks import Frame
from dataplane_core.api.v1 import V1
from dataplane_core.api.v2 import V2
from dataplane_core.api.v3 import V3
from dataplane_core.auth import Identity, Role, Session
from dataplane_core.environ_keys import CERTIFICATE
from dataplane_core.errors import DataplaneError, Unauthorized
from dataplane_core.hooks.manager import LeftOut
from dataplane_core.services import Services
from dataplane_core.settings import Settings, SettingsError
from dataplane_core.store.journal.plugin_faults import record_left_out
from dataplane_core.wiring import make_services, refused_declarations, without_faulty_plugins

if TYPE_CHECKING:
    from dataplane_core.api.hiding import Hiding

VERSIONS: tuple[RoutedVersion, ...] = (V2(), V1(), V3())
"""The API versions that can be served, in the order in which they are without a setting."""


def create_app(settings: Settings, plugins: Iterable[object] | None = None) -> Application:
    """Return the WSGI application for the settings; start its `services` in each worker.

    `plugins` is as in `make_manager`: None stands for all that are installed. Raises as
    `make_services` and `chosen_versions` do.
    """
    versions = chosen_versions(settings)
    make = partial(_created, settings, plugins, versions)
    return without_faulty_plugins(settings, plugins, make)


def _created(
    settings: Settings,
    plugins: Iterable[object] | None,
    versions: Iterable[RoutedVersion],
    left_out: LeftOut,
) -> Application:
    services = make_services(settings, plugins, None, left_out)
    with services.state.shut_on_failure():
        made = serve(services, versions)
        record_left_out(services.state, services.plugins.left_out)
        return made


def chosen_versions(
    settings: Settings, known: Iterable[RoutedVersion] = VERSIONS
) -> tuple[RoutedVersion, ...]:
    """Return the API versions of the setting `api_versions`, in its order; all where it is not set.

    Raises SettingsError for a version that is not known, and where the setting names none.
    """
    key, versions = "dataplane.api_versions", {one.name: one for one in known}
    names = settings.dataplane.api_versions
    if not names and key not in settings.places:
        return tuple(versions.values())
    unknown = [name for name in names if name not in versions]
    if unknown or not names:
        fault = f"there is no version {unknown[0]} of the API" if names else "names no version"
        problem = settings.problem(key, f"{fault}; known are {', '.join(versions)}")
        raise SettingsError((problem,))
    return tuple(versions[name] for name in dict.fromkeys(names))


def serve(services: Services, versions: Iterable[RoutedVersion] = VERSIONS) -> Application:
    """Return the application on services that exist."""
    settings = services.settings.dataplane
    gate = Gate(services)
    authorize = gate.authorize if gate.has_authorizers else None
    offer = None if gate.is_of_plugins else repeats_of(services)
    routes = Routes(services.registry.origins)
    with services.plugins.watchdog.at_work():
        services.hooks.dataplane_routes(routes=routes, services=services)
    with refused_declarations():
        served = [ServedVersion(version, services, routes) for version in versions]
        own = _own_interface(services, routes)
        make = routes.plan_renderer
        frame = Frame(
            gate.identify, authorize, CrossSite(services.settings),
            partial(_current_version, services), settings.body_limit,
            LineRoom(settings.line_limit), services.state.faults.refuse, offer,
            None if own is None or make is None else make(own.view), _announcer(services),
            _hiding(services),
            None if settings.dangerous_role == "editor" else Role.ADMIN,
            services.transactions.opened_by, routes.follow,
        )  # fmt: skip
        cors = Cors(settings.cors_origins) if settings.cors_origins else None
        app = Application(services, frame, cors)
        app.mount(served, own)
    return app


def _announcer(services: Services) -> Callable[[ApiRequest], None] | None:
    """Return what tells plugins of requests before they are carried out, if any wants to know."""
    hook = services.plugins.heard("dataplane_asked", services.settings)
    if hook is None:
        return None
    return lambda req: announce(req.env, req.author, hook, services)


def _hiding(services: Services) -> "Hiding | None":
    """Return what hides secrets; None where they are hidden from nobody."""
    hidden_from = services.settings.dataplane.hide_secrets
    if hidden_from == "nobody":
        return None
    from dataplane_core.api.hiding import Hiding

    return Hiding(hidden_from, services.registry, services.state)


def _own_interface(services: Services, routes: Routes) -> ServedVersion | None:
    """Return the server's own interface; None where no plugin has a path for it."""
    if not routes.has_own:
        return None
    return ServedVersion(OwnInterface(), services, routes, objects=V3())


class Gate:
    """Finds out who asks, and whether they may: plugins first, then what the settings say."""

    def __init__(self, services: Services) -> None:
        self._hooks = services.hooks
        self._built_in, self._sessions = services.authenticator, services.sessions
        self._tokens = services.tokens
        self._behind_tls = services.settings.dataplane.behind_tls
        self._has_authenticators = bool(self._hooks.dataplane_authenticate.get_hookimpls())
        self.has_authorizers = bool(self._hooks.dataplane_authorize.get_hookimpls())

    @property
    def is_of_plugins(self) -> bool:
        """Whether plugins decide who may do what: of every request, by what they know then."""
        return self._has_authenticators or self.has_authorizers

    def identify(self, req: ApiRequest) -> Identity:
        """Return who asks: by a plugin, a session, a password or the client certificate.

        Raises `Unauthorized`.
        """
        found: Identity | None = None
        if self._has_authenticators:
            found = self._hooks.dataplane_authenticate(req=req)
        if found is None:
            environ = req.env
            authorization = environ.get("HTTP_AUTHORIZATION")
            if authorization is None or "HTTP_X_REQUESTED_WITH" in environ:
                # a browser sends a password that it was told once beside the page's session
                self._find_session(req)
            if req.admission is None:
                certificate = environ.get(CERTIFICATE)
                address = environ.get("REMOTE_ADDR", "")
                try:
                    req.admission = self._built_in.admit(
                        authorization, certificate, req.listener, address
                    )
                except Unauthorized:
                    req.admission = self._tokens.admit(authorization)
                    if req.admission is None:
                        raise
            found = req.admission.identity
        req.sign(found)
        return found

    def _find_session(self, req: ApiRequest) -> None:
        """Let a request with the token of a session be one of that session."""
        session: Session | None = req.env.get(SESSION)
        if session is None and not self._built_in.wants_certificate(req.listener):
            token = req.session_token
            session = req.env[SESSION] = self._sessions.admit(token) if token else None
        if session is not None:
            req.session, req.admission = session, session.admission
            req.may_go_on = partial(self._sessions.lives, session)
            if session.new_token:
                req.keep_token(session.new_token, self._behind_tls)

    def authorize(self, identity: Identity, operation: Access) -> str | None:
        """Return why plugins refuse an operation; None where all of them permit it."""
        refusals: list[Any] = self._hooks.dataplane_authorize(
            identity=identity, operation=operation
        )
        return next((str(reason) for reason in refusals), None)


def _current_version(services: Services, req: ApiRequest) -> int:
    """Return the version that a request sees; 0 where the configuration cannot be read."""
    transaction = req.get_param("transaction_id") or None
    try:
        snapshot = services.config.snapshot(transaction)
    except DataplaneError:
        return 0
    if transaction is None:
        req.snapshot = snapshot
    return snapshot.version
