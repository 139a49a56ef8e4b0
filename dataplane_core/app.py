"""The application: services, routes of all API versions, and the frame around them."""

from collections.abc import Iterable
from typing import Any

from dataplane_core.api.application import Application
from dataplane_core.api.cors import Cors
from dataplane_core.api.frame import Access, Authorize, Frame, Identify
from dataplane_core.api.request import ApiRequest
from dataplane_core.api.routes import Routes
from dataplane_core.api.served_version import RoutedVersion, ServedVersion
from dataplane_core.api.v2 import V2
from dataplane_core.auth import Authenticator, Identity
from dataplane_core.errors import DataplaneError
from dataplane_core.services import Services
from dataplane_core.settings import Settings
from dataplane_core.wiring import make_services

VERSIONS: tuple[RoutedVersion, ...] = (V2(),)
"""The API versions that are served."""


def create_app(settings: Settings, plugins: Iterable[object] | None = None) -> Application:
    """Return the WSGI application for the settings; start its `services` in each worker.

    `plugins` is as in `make_manager`: None stands for all that are installed. Raises as
    `make_services` does.
    """
    services = make_services(settings, plugins)
    try:
        return serve(services)
    except BaseException:
        services.state.shutdown()
        raise


def serve(services: Services, versions: Iterable[RoutedVersion] = VERSIONS) -> Application:
    """Return the application on services that exist."""
    settings = services.settings.dataplane
    frame = Frame(
        _identifier(services), _authorizer(services), _shown_version(services), settings.body_limit
    )
    cors = Cors(settings.cors_origins) if settings.cors_origins else None
    app = Application(services, frame, cors)
    routes = Routes(services.registry.origins)
    services.hooks.dataplane_routes(routes=routes, services=services)
    for version in versions:
        app.mount(ServedVersion(version, services, routes))
    return app


def _identifier(services: Services) -> Identify:
    """Return what finds out who asks: plugins first, then basic authentication or a certificate."""
    hook = services.hooks.dataplane_authenticate
    asks = bool(hook.get_hookimpls())
    built_in = Authenticator(services.settings, lambda: services.config.snapshot().document)

    def identify(req: ApiRequest) -> Identity:
        found: Identity | None = hook(req=req) if asks else None
        if found is None:
            environ = req.env
            found = built_in.identify(
                environ.get("HTTP_AUTHORIZATION"),
                environ.get("dataplane.certificate"),
                environ.get("dataplane.listener") or environ["wsgi.url_scheme"],
            )
        req.env["REMOTE_USER"] = found.name
        return found

    return identify


def _authorizer(services: Services) -> Authorize | None:
    hook = services.hooks.dataplane_authorize
    if not hook.get_hookimpls():
        return None

    def authorize(identity: Identity, operation: Access) -> str | None:
        refusals: list[Any] = hook(identity=identity, operation=operation)
        return next((str(reason) for reason in refusals), None)

    return authorize


def _shown_version(services: Services) -> Any:
    def version(req: ApiRequest) -> int:
        try:
            return services.config.snapshot(req.get_param("transaction_id") or None).version
        except DataplaneError:
            return 0

    return version
