"""How much a proxy takes on: connections, sessions, queues, retries (manual, section 4.2)."""

from typing import Any

from dataplane_core.plugin import Statement, integer, rest
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.proxies.section_kinds import (
    BACK,
    FRONT,
    ONLY_DEFAULTS,
    ONLY_FRONTEND,
    taken_by,
)

_FAILURE = (
    "none|conn-failure|empty-response|junk-response|response-timeout|0rtt-rejected"
    "|all-retryable-errors|40[134]|408|425|429|50[01234]"
)
_FAILURES = rf"^({_FAILURE})( +({_FAILURE}))*$"
"""Words of `retry-on`, with blanks between (manual, section 4.2 "retry-on")."""


def number(head: str, name: str, help: str, **more: Any) -> Statement:
    """Return a keyword with a whole number, of which 0 is a value unlike an absent line."""
    return valued(head, integer(name, nullable=True, help=help, **more), "100", "0", rejects=["x"])


LIMITS = (
    *taken_by(ONLY_DEFAULTS, number("maxconn", "maxconn", "Connections at the same time.")),
    *taken_by(
        ONLY_FRONTEND,
        number(
            "maxconn",
            "maxconn",
            "Connections at the same time.",
            live="set maxconn frontend {name} {value:1-2147483647}",
            # HAProxy computes `fullconn` from it at the start (manual, section 4.2), and from
            # `fullconn` the limit of a server with `minconn`.
            live_unless="minconn",
            running="slim",
        ),
    ),
    *taken_by(
        FRONT, number("backlog", "backlog", "Connections that the system queues before accept.")
    ),
)

SESSIONS = taken_by(
    FRONT,
    number("rate-limit sessions", "rate_limit_sessions", "New sessions per second."),
    number(
        "max-session-srv-conns",
        "max_session_srv_conns",
        "Idle connections to servers that a session keeps.",
    ),
)

CAPACITY = taken_by(
    BACK,
    number("fullconn", "fullconn", "Connections at which servers reach their full `maxconn`."),
    number("max-keep-alive-queue", "max_keep_alive_queue", "Queue length that ends affinity."),
    number("retries", "retries", "Attempts to connect before a request is given up or moved."),
    valued(
        "retry-on",
        rest("retry_on", _FAILURES, help="Failures after which a request is sent again, as words."),
        *("conn-failure 503", "none"),
    ),
)
