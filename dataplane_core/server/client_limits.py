"""Derive from the settings what one client may take of a worker."""

import logging
import math
import os
import resource

from dataplane_core.dataclass import dataclass
from dataplane_core.settings import Settings

log = logging.getLogger("dataplane.server")

_FOR_A_REQUEST = 6  # descriptors that a thread may need: files, SQLite, the pipes of a program
_FEWEST = 8  # connections that are served in any case
_SHARE = 2  # part of a worker's connections that one address may have, unless a setting says


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """Seconds for a whole header and, to begin with, for a whole body; connections of an address.

    0 stands for no limit.
    """

    head: float = 20.0
    body: float = 60.0
    connections: int = 0


def limits_of(settings: Settings, connections: int) -> ClientLimits:
    """Return the limits for clients of a worker that has so many `connections`."""
    own = settings.dataplane
    given = own.address_connections
    most = math.ceil(given / own.workers) if given else math.ceil(connections / _SHARE)
    return ClientLimits(own.header_timeout, own.body_timeout, most)


def possible_connections(wanted: int, threads: int) -> int:
    """Return for how many connections there are descriptors, beside those that requests need."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return wanted
    used = len(os.listdir("/proc/self/fd")) + threads * _FOR_A_REQUEST
    possible = max(_FEWEST, most - used)
    if possible < wanted:
        log.warning("%s connections are served, not %s: the process may open %s files only",
                    possible, wanted, most)  # fmt: skip
    return min(wanted, possible)
