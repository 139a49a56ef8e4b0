"""`/metrics`: counters of all workers and gauges of all plugins, as Prometheus reads them.

The library that writes them is loaded by the first request.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import falcon

from dataplane_core.plugin import (
    OWN,
    ApiRequest,
    DataplaneError,
    Gauge,
    Operation,
    Response,
    Routes,
    Services,
    __version__,
    impl,
)

if TYPE_CHECKING:
    from prometheus_client.core import Metric

COUNTERS = {
    "requests": ("Requests, by version of the API, method and kind of answer.",
                 ("version", "method", "status")),
    "commits": ("Changes that were committed, by how HAProxy gets them, or refused.", ("result",)),
    "checks": ("Checks of configurations by HAProxy.", ("result",)),
    "check_seconds": ("Seconds that such checks took.", ()),
    "reloads": ("Reloads of HAProxy.", ("result",)),
    "runtime_calls": ("Commands to HAProxy's Runtime API.", ("result",)),
}  # fmt: skip
"""What is counted: what it is, and the names of its labels."""

_PREFIX = "dataplane_"
_MOST = 100
"""Values of one gauge that are shown; which ones, its plugin decides by their order."""


class Metrics:
    """All numbers, in the form that the client wants."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        from prometheus_client.exposition import choose_encoder

        encode, media = choose_encoder(req.get_header("Accept") or "")
        resp.data = encode(self)
        resp.content_type = media
        resp.set_header("Cache-Control", "no-store")

    def collect(self) -> "Iterator[Metric]":
        """Yield each metric with its values: what the library asks a registry for."""
        yield from self._counters()
        yield from self._gauges()

    def _counters(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily

        self._services.callers.save()
        totals = self._services.counters.totals()
        for name, (said, labels) in COUNTERS.items():
            metric = CounterMetricFamily(_PREFIX + name, said, labels=labels)
            for (counted, *values), amount in totals.items():
                if counted == name and len(values) == len(labels):
                    metric.add_metric(values, amount)
            if not labels and not metric.samples:
                metric.add_metric([], 0)
            yield metric

    def _gauges(self) -> "Iterator[Metric]":
        from prometheus_client.core import GaugeMetricFamily

        found: dict[str, list[Gauge]] = {}
        for some in self._services.hooks.dataplane_metrics(services=self._services):
            for one in some:
                found.setdefault(one.name, []).append(one)
        for name, gauges in found.items():
            labels = [label for label, _ in gauges[0].labels]
            metric = GaugeMetricFamily(_PREFIX + name, gauges[0].help, labels=labels)
            for one in gauges[:_MOST]:
                metric.add_metric([value for _, value in one.labels], one.value)
            yield metric


@impl
def dataplane_metrics(services: Services) -> Iterator[Gauge]:
    """Yield the numbers of the server itself."""
    yield Gauge("info", "The version of the server.", 1, (("version", __version__),))
    yield Gauge(
        "start_time_seconds", "When the server was started, since 1970.", services.state.started
    )
    open_now = services.transactions.list("in_progress")
    yield Gauge("open_transactions", "Transactions that are in progress.", len(open_now))
    yield Gauge("last_event", "The number of the newest event.", services.events.newest())
    try:
        version = services.config.version()
    except DataplaneError:  # the file cannot be read, which is no number
        return
    yield Gauge("configuration_version", "The version of the configuration.", version)


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the numbers."""
    routes.tag("Metrics", "Numbers for Prometheus.", 30)
    answers: dict[str, Any] = {"200": Response({"type": "string"})}
    reading = Operation(
        "getMetrics",
        "Metrics",
        "Read the metrics. Counters since the start of the server, summed over its processes, and "
        "gauges, in the text format of Prometheus or OpenMetrics. `/metrics` at the top of the "
        "server is the same.",
        responses=answers,
        produces="text/plain",
        open=services.settings.dataplane.metrics_open,
    )
    routes.add("/metrics", Metrics(services), {"GET": reading}, OWN, at_top=True)
