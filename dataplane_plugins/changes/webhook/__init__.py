"""Send each event to a URL of the operator's, signed: the settings `dataplane.webhook_…`."""

from collections.abc import Iterator

from dataplane_core.plugin import Fact, Services, Settings, SettingsError, impl

FACT = "webhook"
"""The name of the value of the state that says how far the webhook is."""


@impl
def dataplane_settings(settings: Settings) -> None:
    """Refuse a URL that cannot be one, and a webhook without a secret."""
    if not settings.dataplane.webhook_url:
        return
    # The modules of TLS are loaded where they are needed alone: they cost every start.
    from dataplane_plugins.changes.webhook.receiver import faults

    problems = [settings.problem(f"dataplane.{key}", said) for key, said in faults(settings)]
    if problems:
        raise SettingsError(tuple(problems))


@impl
def dataplane_routes(services: Services) -> None:
    """Forget how far a former webhook was: when there is one again, it begins with news.

    That is done where the application is made, once for all workers: each would need a connection
    to the state for it, which takes more than a MiB.
    """
    if not services.settings.dataplane.webhook_url and services.state.value(FACT):
        services.state.set_value(FACT, "")


@impl
def dataplane_start(services: Services) -> None:
    """Send events in the worker that leads."""
    if services.settings.dataplane.webhook_url:
        from dataplane_plugins.changes.webhook.sender import Sender

        services.lead("webhook", Sender(services).run)


@impl
def dataplane_status(services: Services) -> Iterator[Fact]:
    """Tell how many events wait, and why."""
    if services.settings.dataplane.webhook_url:
        from dataplane_plugins.changes.webhook.progress import read_progress

        known = read_progress(services.state)
        waiting = services.events.newest() - known.position if known.position is not None else 0
        text = f"{waiting} events wait" if waiting else "every event is sent"
        if known.failure:
            text += f"; {known.failure}"
        yield Fact("webhook", text, doubtful=bool(known.failure))
