"""`/events`: what happens, as it happens, in all workers.

Most of what is here is loaded when somebody asks for events: a start need not wait for it.
"""

from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import falcon

from dataplane_core.plugin import (
    FEED,
    OWN,
    ApiRequest,
    BadParameter,
    Code,
    Operation,
    Parameter,
    Response,
    Routes,
    Services,
    impl,
    operation,
    parse_integer,
)
from dataplane_plugins.changes.events.listening import watch_while_wanted

if TYPE_CHECKING:
    from dataplane_plugins.changes.events.hub import EventHub

KINDS = (
    "version", "applied", "rolled_back", "refused", "reload", "server_state", "certificate",
    "drift", "confirmation", "fleet",
)  # fmt: skip
_MEDIA = "text/event-stream"
_SUMMARY = (
    "Follow events. A stream of Server-Sent Events, each with its number as `id`, its kind as "
    "`event`, and a JSON object. A client that comes again with the header `Last-Event-ID` gets "
    "what it has missed; the kind `gap` tells it of events that are not kept any more."
)
_PARAMETERS = (
    Parameter(
        "Last-Event-ID", where="header",
        help="The number of the last event that the client has; without it, news alone are sent.",
    ),
    Parameter("after", "integer", help="The same as the header, where that cannot be set."),
    Parameter("kinds", help=f"The kinds to send, with commas between: {', '.join(KINDS)}."),
    Parameter(
        "follow", "boolean", default=True, help="With `false` the stream ends behind the newest."
    ),
)  # fmt: skip


class EventStream:
    """The stream of events."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @cached_property
    def _hub(self) -> "EventHub":
        from dataplane_plugins.changes.events.hub import EventHub

        services = self._services
        limit = services.settings.dataplane.event_streams
        return EventHub(services.events, services.state, limit)

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        kinds, follow = _kinds(req.query["kinds"]), req.query["follow"]
        feed = self._hub.open(_position(req), kinds, follow, req.may_go_on)
        resp.content_type = _MEDIA
        resp.set_header("Cache-Control", "no-store")
        resp.set_header("X-Accel-Buffering", "no")  # nginx would gather it
        resp.stream = feed
        req.env[FEED] = feed


def _position(req: ApiRequest) -> int | None:
    given = req.get_header("Last-Event-ID")
    if given is None or not given.strip():
        after: int | None = req.query["after"]
        number, name = after, "after in query"
        if after is None:
            return 0 if not req.query["follow"] else None
    else:
        number, name = parse_integer(given.strip()), "Last-Event-ID in header"
    if number is None or not 0 <= number < 1 << 63:
        raise BadParameter(f"{name} must be the number of an event", code=Code.TYPE)
    return number


def _kinds(given: str | None) -> frozenset[str]:
    kinds = frozenset(filter(None, (one.strip() for one in (given or "").split(","))))
    if unknown := sorted(kinds.difference(KINDS)):
        known = " ".join(KINDS)
        message = f"kinds in query should be of [{known}], and {unknown[0][:40]} is not"
        raise BadParameter(message, code=Code.ENUM)
    return kinds


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the stream of events."""
    routes.tag("Events", "What happens, as it happens.", 20)
    answers: dict[str, Any] = {"_200": Response({"type": "string"})}
    follow: Operation = operation("getEvents", "Events", _SUMMARY, _PARAMETERS, **answers)
    routes.add("/events", EventStream(services), {"GET": replace(follow, produces=_MEDIA)}, OWN)


@impl
def dataplane_start(services: Services) -> None:
    """Look at servers and certificates for those who listen, in the worker that leads."""
    services.lead("events", partial(watch_while_wanted, services))
