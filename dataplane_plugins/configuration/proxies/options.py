"""`option` keywords that are only switched on and off (manual, section 4.2), in writing order."""

from dataplane_core.plugin import choose, dangerous, nothing, option
from dataplane_plugins.configuration.proxies.section_kinds import (
    ANY,
    BACK,
    FRONT,
    ONLY_BACKEND,
    ProxyStatements,
    taken_by,
)


def switches(
    kinds: frozenset[str], keyword: str, name: str, help: str, also: dict[str, str] | None = None
) -> ProxyStatements:
    """Return `option <keyword>`, which `no option` undoes; `also` are older forms of the line."""
    return taken_by(kinds, option(keyword, name, help=help, also=also or {}))


def lasting_option(kinds: frozenset[str], keyword: str, name: str, help: str) -> ProxyStatements:
    """Return an option that HAProxy has no opposite for: `disabled` is written as no line."""
    head = f"option {keyword}"
    return taken_by(
        kinds,
        choose(
            name,
            {"enabled": (head, nothing)},
            enum=("enabled", "disabled"),
            help=help,
            examples=[head],
            rejects=[f"no {head}"],
        ),
    )


HTX = switches(ANY, "http-use-htx", "http-use-htx", "Use HTX; needed by HAProxy 1.9 only.")

LOGGING = (
    *switches(FRONT, "dontlognull", "dontlognull", "Do not log connections without any data."),
    *switches(FRONT, "contstats", "contstats", "Count bytes while sessions last, not at the end."),
    *switches(
        FRONT,
        "log-separate-errors",
        "log_separate_errors",
        "Log failed requests at level `err`, so that they can be told apart.",
    ),
)

BUFFERING = (
    *switches(
        ANY,
        "http-buffer-request",
        "http-buffer-request",
        "Wait for the body, up to a full buffer, before a request is processed.",
    ),
    *switches(
        BACK,
        "http-pretend-keepalive",
        "http_pretend_keepalive",
        "Announce keep-alive to servers whose connections will be closed.",
    ),
    *switches(FRONT, "http-no-delay", "http_no_delay", "Send data at once, whatever its size."),
    *switches(
        ONLY_BACKEND, "http-no-delay", "http-no-delay", "Send data at once, whatever its size."
    ),
    *switches(
        ONLY_BACKEND, "http-proxy", "http_proxy", "Forward to the server that the URL names."
    ),
)

KEEPALIVE = (
    *lasting_option(ANY, "tcpka", "tcpka", "TCP keep-alive towards clients and servers."),
    *switches(FRONT, "clitcpka", "clitcpka", "TCP keep-alive towards clients."),
    *switches(BACK, "srvtcpka", "srvtcpka", "TCP keep-alive towards servers."),
)

SPLICING = (
    *switches(ANY, "splice-auto", "splice_auto", "Let the kernel copy data where that is faster."),
    *switches(ANY, "splice-request", "splice_request", "Let the kernel copy request data."),
    *switches(ANY, "splice-response", "splice_response", "Let the kernel copy response data."),
)

ABORT = switches(
    ANY, "abortonclose", "abortonclose", "Drop a queued request whose client has gone."
)

EXTERNAL_CHECK = tuple(
    (kinds, dangerous(statement))
    for kinds, statement in lasting_option(
        BACK, "external-check", "external_check", "Check servers by running a command."
    )
)

SERVERS = (
    *switches(BACK, "log-health-checks", "log_health_checks", "Log changes of a check's result."),
    *switches(BACK, "allbackups", "allbackups", "Use all backup servers, not only the first."),
    *switches(BACK, "checkcache", "checkcache", "Block cacheable answers that set cookies."),
    *switches(
        BACK, "persist", "persist", "Send clients to their server even when it is known to be down."
    ),
    *switches(
        BACK,
        "prefer-last-server",
        "prefer_last_server",
        "Keep sending a client's requests to the server that it already has a connection with.",
    ),
    *lasting_option(ONLY_BACKEND, "spop-check", "spop_check", "Check servers as SPOE agents."),
    *switches(
        BACK,
        "tcp-smart-connect",
        "tcp_smart_connect",
        "Send data together with the last packet of the connection's set-up.",
    ),
    *switches(
        BACK,
        "transparent",
        "transparent",
        "Forward to the address that clients asked for.",
        also={"transparent": "enabled"},
    ),
)

PROTOCOL = (
    *switches(
        FRONT,
        "accept-invalid-http-request",
        "accept_invalid_http_request",
        "Let requests pass that break the rules of HTTP.",
    ),
    *switches(
        BACK,
        "accept-invalid-http-response",
        "accept_invalid_http_response",
        "Let responses pass that break the rules of HTTP.",
    ),
    *switches(
        FRONT,
        "h1-case-adjust-bogus-client",
        "h1_case_adjust_bogus_client",
        "Send header names to clients in the case that `h1-case-adjust` gives them.",
    ),
    *switches(
        BACK,
        "h1-case-adjust-bogus-server",
        "h1_case_adjust_bogus_server",
        "Send header names to servers in the case that `h1-case-adjust` gives them.",
    ),
    *switches(
        FRONT, "disable-h2-upgrade", "disable_h2_upgrade", "Never take a TCP client to HTTP/2."
    ),
    *switches(FRONT, "logasap", "logasap", "Log when headers are complete, not at the end."),
    *switches(
        FRONT, "http-ignore-probes", "http_ignore_probes", "Neither log nor answer empty probes."
    ),
    *switches(
        FRONT,
        "http-use-proxy-header",
        "http_use_proxy_header",
        "Read `Proxy-Connection` instead of `Connection`.",
    ),
    *lasting_option(FRONT, "httpslog", "httpslog", "Log in the HTTPS format."),
    *switches(
        ANY,
        "independent-streams",
        "independent_streams",
        "Count each direction's timeout by itself.",
    ),
    *switches(
        ANY, "nolinger", "nolinger", "Drop connections at once, without waiting for unsent data."
    ),
    *switches(FRONT, "socket-stats", "socket_stats", "Keep statistics for each listening socket."),
    *switches(
        FRONT,
        "tcp-smart-accept",
        "tcp_smart_accept",
        "Delay the acknowledgement of a request until data goes back.",
    ),
    *switches(
        FRONT,
        "idle-close-on-response",
        "idle_close_on_response",
        "Close idle client connections only behind a response when HAProxy stops.",
    ),
    *switches(
        FRONT,
        "dontlog-normal",
        "dontlog_normal",
        "Log only what failed or was out of the ordinary.",
    ),
)
