"""Look at what nobody tells of, while somebody listens: states of servers, ends of certificates."""

import logging
import threading
import time
from collections.abc import Callable

from dataplane_core.plugin import DataplaneError, Services
from dataplane_plugins.changes.events.certificates import CertificateWatch
from dataplane_plugins.changes.events.listening import Listening
from dataplane_plugins.changes.events.servers import ServerWatch

log = logging.getLogger(__name__)

_LOOK = 0.5  # seconds between two looks at whether somebody listens
_SERVERS = 1.0  # seconds between two looks at the servers
_SHARE = 50  # of the time at most one in so many is spent on looking at the servers
_CERTIFICATES = 3600.0


class Watches:
    """The work of the worker that leads; `wanted` tells of listeners that are no stream."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._listening = Listening(services.state.path("listening.lock"))
        self._servers = ServerWatch(services)
        self._certificates = CertificateWatch(services)

    def run(self, stop: threading.Event) -> None:
        """Look again and again, until `stop` is set."""
        next_servers = next_certificates = 0.0
        while not stop.wait(_LOOK):
            if not self._is_wanted():
                self._servers.forget()
                next_certificates = 0.0
                continue
            now = time.monotonic()
            if now >= next_servers:
                self._look(self._servers.look)
                end = time.monotonic()
                next_servers = end + max(_SERVERS, _SHARE * (end - now))
            if now >= next_certificates:
                self._look(self._certificates.look)
                next_certificates = now + _CERTIFICATES
        self._services.state.close()

    def _is_wanted(self) -> bool:
        has_webhook = bool(self._services.settings.dataplane.webhook_url)
        return has_webhook or self._listening.anybody()

    def _look(self, look: Callable[[], None]) -> None:
        try:
            look()
        except DataplaneError as error:
            log.debug("events are not looked for: %s", error.message)
