"""Tell when the running HAProxy begins, or ceases, to be what its files say."""

from dataplane_core.plugin import Services
from dataplane_plugins.changes.drift.engine import Drift

_MOST = 20
"""Differences that one event names."""
_Difference = tuple[str, str, str]


class DriftWatch:
    """Looks for differences; one that is gone at the next look was a change under way."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._drift = Drift(services)
        self._seen: set[_Difference] = set()
        self._told: set[_Difference] = set()

    def look(self) -> None:
        """Record that lasting differences are others than were told; raises `DataplaneError`."""
        if self._services.reloads.under_way():
            return
        now = {(one.kind, one.subject, one.prop) for one in self._drift.find()}
        lasting, self._seen = now & self._seen, now
        if lasting == self._told or now and not lasting:
            return
        self._told = lasting
        shown = [
            dict(zip(("kind", "subject", "property"), one, strict=True))
            for one in sorted(lasting)[:_MOST]
        ]
        data = {"drifted": bool(lasting), "number": len(lasting), "differences": shown}
        self._services.events.record("drift", data)
