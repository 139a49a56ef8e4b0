"""Timeouts and TCP keep-alive of proxies (manual, section 4.2 "timeout …", "clitcpka-…")."""

from dataplane_core.plugin import duration, integer, statement
from dataplane_plugins.configuration.proxies.section_kinds import (
    ANY,
    BACK,
    FRONT,
    ProxyStatements,
    taken_by,
)

LONGEST_TIMEOUT = 2**31 - 1
"""Milliseconds: HAProxy's timers are signed and have 32 bits."""


def timeout(
    kinds: frozenset[str], keyword: str, name: str, help: str, *also: str
) -> ProxyStatements:
    """Return `timeout <keyword>`, in milliseconds; `also` are its names before HAProxy 1.3."""
    head = f"timeout {keyword}"
    term = duration(name, 0, LONGEST_TIMEOUT, nullable=True, help=f"{help}, in milliseconds.")
    examples = [f"{head} 5000", f"{head} 30s", f"{head} 0", f"{head} 1500us", f"{head} 15min"]
    examples += [f"{one} 5s" for one in also]
    rejects = [head, f"{head} 1.5s"]
    return taken_by(kinds, statement(head, term, also=also, examples=examples, rejects=rejects))


TIMEOUTS = (
    *timeout(ANY, "http-request", "http_request_timeout", "How long a complete request may take"),
    *timeout(BACK, "queue", "queue_timeout", "How long a request may wait for a free server"),
    *timeout(ANY, "http-keep-alive", "http_keep_alive_timeout", "Wait for a client's next request"),
    *timeout(BACK, "check", "check_timeout", "Wait for a health check's answer once connected"),
    *timeout(BACK, "tunnel", "tunnel_timeout", "Inactivity in both directions of a tunnel"),
    *timeout(BACK, "server", "server_timeout", "Inactivity on the server's side", "srvtimeout"),
    *timeout(BACK, "server-fin", "server_fin_timeout", "Inactivity of a half-closed server side"),
    *timeout(BACK, "connect", "connect_timeout", "Wait for a connection to a server", "contimeout"),
    *timeout(FRONT, "client", "client_timeout", "Inactivity on the client's side", "clitimeout"),
    *timeout(FRONT, "client-fin", "client_fin_timeout", "Inactivity of a half-closed client side"),
    *timeout(ANY, "tarpit", "tarpit_timeout", "How long a tarpitted client is kept waiting"),
)


def keepalive(kinds: frozenset[str], side: str, peer: str) -> ProxyStatements:
    """Return `<side>-cnt`, `-idle` and `-intvl`; HAProxy counts a time without unit in seconds."""
    return taken_by(
        kinds,
        statement(
            f"{side}-cnt",
            integer(
                f"{side}_cnt",
                nullable=True,
                help=f"Keep-alive probes without answer before {peer} counts as gone.",
            ),
            examples=[f"{side}-cnt 5"],
            rejects=[f"{side}-cnt", f"{side}-cnt x"],
        ),
        statement(
            f"{side}-idle",
            duration(
                f"{side}_idle",
                unit="s",
                suffix=True,
                nullable=True,
                help=f"Silence before the first keep-alive probe to {peer}, in milliseconds.",
            ),
            examples=[f"{side}-idle 10000ms", f"{side}-idle 10", f"{side}-idle 1m"],
            rejects=[f"{side}-idle"],
        ),
        statement(
            f"{side}-intvl",
            duration(
                f"{side}_intvl",
                unit="s",
                suffix=True,
                nullable=True,
                help=f"Time between keep-alive probes to {peer}, in milliseconds.",
            ),
            examples=[f"{side}-intvl 500ms", f"{side}-intvl 10"],
            rejects=[f"{side}-intvl"],
        ),
    )


TCP_KEEPALIVE = (
    *keepalive(FRONT, "clitcpka", "a client"),
    *keepalive(BACK, "srvtcpka", "a server"),
)
