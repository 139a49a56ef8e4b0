"""`/live` and `/traffic`: what HAProxy does now, as it changes, and in the last hour."""

from dataclasses import replace
from functools import cached_property, partial
from threading import Lock
from typing import TYPE_CHECKING, Any

import falcon

from dataplane_core.plugin import (
    DEFAULT_RESPONSE,
    FEED,
    OWN,
    ApiRequest,
    Fragment,
    Operation,
    Parameter,
    Response,
    Routes,
    Services,
    impl,
    operation,
    to_json,
)

if TYPE_CHECKING:
    from dataplane_plugins.page.traffic_feed import TrafficHub
    from dataplane_plugins.page.traffic_samples import SampleFiles

_MEDIA = "text/event-stream"
_LIVE = (
    "Follow the traffic. A stream of Server-Sent Events of the kind `traffic`: first a whole "
    "picture (`whole`, with the `columns` of each kind of row), then the rows that have changed, "
    "by their names; a row that is null is gone. `away` says that HAProxy does not answer, and why."
)
_SERIES: Fragment = {
    "type": "object",
    "required": ["times", "values"],
    "properties": {
        "times": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "When each sample was taken, in milliseconds since 1970.",
        },
        "values": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": ["integer", "null"]}},
            "description": "The values of each counter at these times; null where there was none.",
        },
    },
}
_KINDS = ("frontends", "backends", "servers")


class _Traffic:
    """What both resources share: somebody looks, so samples are taken."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock, self._samples = Lock(), False

    @cached_property
    def files(self) -> "SampleFiles":
        from dataplane_plugins.page.traffic_samples import SampleFiles

        return SampleFiles(self._services.state.path("."))

    def note_look(self) -> None:
        """Have samples taken from now on, by one worker of all."""
        from dataplane_plugins.page.traffic_samples import sample_while_wanted

        try:
            self.files.note_look()
        except OSError:
            return  # a full disk: the page has no charts then
        with self._lock:
            if not self._samples:
                self._samples = True
                self._services.lead("traffic", partial(sample_while_wanted, self._services))


class LiveTraffic:
    """The stream of what HAProxy does now."""

    def __init__(self, services: Services, traffic: _Traffic) -> None:
        self._services, self._traffic = services, traffic

    @cached_property
    def _hub(self) -> "TrafficHub":
        from dataplane_plugins.page.traffic_feed import TrafficHub

        limit = self._services.settings.dataplane.event_streams
        return TrafficHub(self._services.runtime, limit)

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        feed = self._hub.open(req.query["servers"] or "", req.may_go_on)
        self._traffic.note_look()
        resp.content_type = _MEDIA
        resp.set_header("Cache-Control", "no-store")
        resp.set_header("X-Accel-Buffering", "no")  # nginx would gather it
        resp.stream = feed
        req.env[FEED] = feed


class PastTraffic:
    """The samples of the last hour."""

    def __init__(self, traffic: _Traffic) -> None:
        self._traffic = traffic

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        self._traffic.note_look()
        resp.data = to_json(self._traffic.files.series(req.query["kind"], req.query["name"]))


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the traffic."""
    routes.tag("Traffic", "What HAProxy does now, and did in the last hour.", 21)
    routes.schema("traffic_series", _SERIES, versions=OWN)
    servers = Parameter(
        "servers", help="The backend whose servers to show, too; `*` for all servers."
    )
    answers: dict[str, Any] = {"_200": Response({"type": "string"})}
    live: Operation = operation("getLiveTraffic", "Traffic", _LIVE, (servers,), **answers)
    past = Operation(
        "getTraffic",
        "Traffic",
        "Read the traffic of the last hour. Samples are taken every ten seconds, while somebody "
        "looks at the traffic and for an hour more.",
        (
            Parameter("kind", required=True, enum=_KINDS, help="The kind of row."),
            Parameter("name", required=True, help="Its name; of servers, `backend/server`."),
        ),
        responses={
            "200": Response({"$ref": "traffic_series"}, (), "The samples, the oldest first."),
            "default": DEFAULT_RESPONSE,
        },
    )
    traffic = _Traffic(services)
    routes.add(
        "/live", LiveTraffic(services, traffic), {"GET": replace(live, produces=_MEDIA)}, OWN
    )
    routes.add("/traffic", PastTraffic(traffic), {"GET": past}, OWN)
