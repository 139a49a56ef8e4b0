"""Look at what nobody tells of: states of servers, ends of certificates."""

import logging
import time
from collections.abc import Callable

from dataplane_core.plugin import DataplaneError, Services
from dataplane_plugins.changes.events.certificates import CertificateWatch
from dataplane_plugins.changes.events.servers import ServerWatch

log = logging.getLogger(__name__)

_SERVERS = 1.0  # seconds between two looks at the servers
_SHARE = 50  # of the time at most one in so many is spent on looking at the servers
_CERTIFICATES = 3600.0


class Watches:
    """What is looked at for those who listen; they begin with what is so now."""

    def __init__(self, services: Services) -> None:
        self._servers = ServerWatch(services)
        self._certificates = CertificateWatch(services)
        self._next_servers = self._next_certificates = 0.0

    def look(self) -> None:
        """Look at what is due."""
        now = time.monotonic()
        if now >= self._next_servers:
            _tried(self._servers.look)
            end = time.monotonic()
            self._next_servers = end + max(_SERVERS, _SHARE * (end - now))
        if now >= self._next_certificates:
            _tried(self._certificates.look)
            self._next_certificates = now + _CERTIFICATES


def _tried(look: Callable[[], None]) -> None:
    try:
        look()
    except DataplaneError as error:
        log.debug("events are not looked for: %s", error.message)
