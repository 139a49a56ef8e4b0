"""Make this server a member of a fleet, if the setting `fleet.store` says so; else do nothing."""

from collections.abc import Iterator

from dataplane_core.plugin import Fact, Gauge, Routes, Services, Settings, SettingsError, impl


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
    """Serve the fleet."""
    if services.settings.fleet.store:
        from dataplane_plugins.fleet.paths import add_routes

        add_routes(routes, services)


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
        from dataplane_plugins.fleet.reporting import facts

        yield from facts(services)


@impl
def dataplane_metrics(services: Services) -> Iterator[Gauge]:
    """Give the revision that this member has, the one that it knows of, and its state."""
    if services.settings.fleet.store:
        from dataplane_plugins.fleet.reporting import gauges

        yield from gauges(services)
