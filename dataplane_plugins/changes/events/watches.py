"""Look at what nobody tells of: states of servers, ends of certificates, drift."""

import logging
import time
from collections.abc import Callable, Iterator

from dataplane_core.plugin import DataplaneError, Services, dataclass
from dataplane_plugins.changes.events.certificates import CertificateWatch
from dataplane_plugins.changes.events.servers import ServerWatch

log = logging.getLogger(__name__)

_SERVERS, _DRIFT, _CERTIFICATES = 1.0, 60.0, 3600.0
"""Seconds between two looks."""
_SHARE = 200  # of the time at most one in so many is spent on each kind of looks


@dataclass(slots=True)
class Watch:
    """Something to look at again and again, and when to do so next."""

    look: Callable[[], None]
    period: float
    next_look: float = 0.0

    def look_if_due(self) -> None:
        """Look, if it is time to; the more time that took, the later the next one comes."""
        begun = time.monotonic()
        if begun < self.next_look:
            return
        try:
            self.look()
        except DataplaneError as error:
            log.debug("events are not looked for: %s", error.message)
        end = time.monotonic()
        self.next_look = end + max(self.period, _SHARE * (end - begun))


class Watches:
    """What is looked at for those who listen; they begin with what is so now."""

    def __init__(self, services: Services) -> None:
        self._watches = list(_watches(services))

    def look(self) -> None:
        """Look at what is due."""
        for one in self._watches:
            one.look_if_due()


def _watches(services: Services) -> Iterator[Watch]:
    yield Watch(ServerWatch(services).look, _SERVERS)
    yield Watch(CertificateWatch(services).look, _CERTIFICATES)
    if "changes.drift" not in services.settings.dataplane.block_plugins:
        from dataplane_plugins.changes.events.drifts import DriftWatch

        yield Watch(DriftWatch(services).look, _DRIFT)
