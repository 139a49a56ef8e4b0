"""Make this server a member of a fleet, if the setting `fleet.store` says so; else do nothing."""

from collections.abc import Iterator

import falcon

from dataplane_core.plugin import (
    OWN,
    ApiRequest,
    Fact,
    Gauge,
    Response,
    Routes,
    Services,
    Settings,
    SettingsError,
    impl,
    operation,
    to_json,
)
from dataplane_plugins.fleet import PATH, TAG

_NONE = operation(
    "getFleet", TAG, "Read what the fleet is. This server is in none.",
    _200=Response({"type": "object", "properties": {"nodes": {"type": "array"}}}),
)  # fmt: skip


class Alone:
    """What a server says of its fleet that is in none: GET."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json({"nodes": [], "alarms": []})


@impl
def dataplane_settings(settings: Settings) -> None:
    """Refuse a store, or a key, that cannot be used."""
    if not settings.fleet.store:
        return
    from dataplane_plugins.fleet.wiring import faults

    problems = [settings.problem(f"fleet.{key}", said) for key, said in faults(settings)]
    if problems:
        raise SettingsError(tuple(problems))


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the fleet; of a server that is alone, that it is so."""
    if services.settings.fleet.store:
        from dataplane_plugins.fleet.responders.paths import add_routes

        add_routes(routes, services)
    else:
        routes.add(PATH, Alone(), {"GET": _NONE}, OWN)


@impl
def dataplane_start(services: Services) -> None:
    """Share the changes of this worker; one worker follows those of others."""
    if services.settings.fleet.store:
        from dataplane_plugins.fleet.wiring import join

        join(services)


@impl
def dataplane_status(services: Services) -> Iterator[Fact]:
    """Tell what this member has of its fleet, as it said last."""
    if services.settings.fleet.store:
        from dataplane_plugins.fleet.members.reporting import facts

        yield from facts(services)


@impl
def dataplane_metrics(services: Services) -> Iterator[Gauge]:
    """Give the revision that this member has, the one that it knows of, and its state."""
    if services.settings.fleet.store:
        from dataplane_plugins.fleet.members.reporting import gauges

        yield from gauges(services)
