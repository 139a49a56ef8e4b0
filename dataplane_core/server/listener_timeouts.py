"""Derive from the settings how long the connections of each listener wait."""

from dataplane_core.dataclass import dataclass
from dataplane_core.settings import Settings


@dataclass(frozen=True, slots=True)
class ListenerTimeouts:
    """How long the connections of one listener wait, in seconds.

    `read` is for the next bytes of a client, `write` for a client to take bytes (None: no limit),
    `keep_alive` for the first probe of TCP on a silent connection (0: no probes).
    """

    read: float | None
    write: float | None
    keep_alive: float


def timeouts_of(settings: Settings, scheme: str) -> ListenerTimeouts:
    """Return the timeouts of a listener: those of `tls` for https where they are set."""
    server, tls = settings.dataplaneapi, settings.dataplaneapi.tls
    read, write, keep_alive = server.read_timeout, server.write_timeout, server.keep_alive
    if scheme == "https":
        read = tls.tls_read_timeout or read
        write = tls.tls_write_timeout or write
        keep_alive = tls.tls_keep_alive or keep_alive
    return ListenerTimeouts(read or None, write or None, keep_alive)
