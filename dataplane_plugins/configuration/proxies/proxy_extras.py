"""Keywords of proxies that the interface's 2.9 has no properties for (manual, section 4.2)."""

from dataplane_core.plugin import (
    Address,
    Prop,
    Statement,
    choose,
    flag,
    group,
    integer,
    listed,
    lit,
    nothing,
    one_of,
    option,
    params,
    rule,
    seq,
    statement,
    statements,
    word,
)
from dataplane_plugins.configuration.common.addresses import port
from dataplane_plugins.configuration.common.values import GUID
from dataplane_plugins.configuration.proxies.options import ONLY_BACKEND
from dataplane_plugins.configuration.proxies.proxy_basics import ONLY_FRONTEND, number
from dataplane_plugins.configuration.proxies.section_kinds import BACK, FRONT, NAMED, taken_by
from dataplane_plugins.configuration.rules.answers import REDIRECT

_SLOT = seq(
    word("name", None, required=True, help="Name, or how it begins."),
    lit("len"),
    integer("len", 1, required=True, help="Characters that are kept."),
)


def _captured(head: str, name: str, help: str) -> Statement:
    return statements(
        f"capture {head}",
        name,
        _SLOT,
        help=help,
        examples=[f"capture {head} X-Id len 32"],
        rejects=[f"capture {head} X-Id", f"capture {head} X-Id len x"],
    )


CAPTURES = taken_by(
    ONLY_FRONTEND,
    statement(
        "capture cookie",
        group("capture_cookie", _SLOT),
        examples=["capture cookie ASPSESSION len 32"],
        rejects=["capture cookie", "capture cookie X"],
    ),
    _captured("request header", "capture_request_headers", "Headers of requests that are logged."),
    _captured("response header", "capture_response_headers", "Headers of responses, for logs."),
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

TARGETS = (
    *taken_by(
        NAMED,
        statement(
            "guid",
            word("guid", GUID, help="Identifier that no other object has."),
            examples=["guid shop-1"],
            rejects=["guid"],
        ),
    ),
    *taken_by(
        NAMED,
        statements(
            "redirect",
            "redirects",
            rule(REDIRECT),
            help="Redirections that are tried behind the `http-request` rules.",
            examples=["redirect prefix https://example.com code 301 drop-query if { path / }"],
            rejects=["redirect", "redirect location", "redirect url /a"],
        ),
    ),
    *taken_by(
        ONLY_BACKEND,
        statement(
            "dispatch",
            group(
                "dispatch",
                Address(
                    Prop("address", help="Address of the one server; all if unset."),
                    port(required=True, help="Port of the one server."),
                ),
            ),
            examples=["dispatch 192.168.1.2:80", "dispatch :8080"],
            rejects=["dispatch"],
        ),
    ),
)

_SMALL = group(
    "use_small_buffers",
    params(
        flag("queue", "queue", help="For requests in queues."),
        flag("l7-retries", "l7_retries", help="For requests that may be sent again."),
        flag("check", "check", help="For health checks."),
    ),
)

LATER = (
    *taken_by(
        FRONT,
        statement(
            "log-steps",
            listed("log_steps", help="Moments of a session at which it is logged."),
            examples=["log-steps accept,close"],
            rejects=["log-steps"],
        ),
        option(
            "accept-unsafe-violations-in-http-request",
            "accept_unsafe_violations_in_http_request",
            help="Let requests pass that break the rules of HTTP in dangerous ways.",
        ),
        option(
            "http-drop-response-trailers",
            "http-drop-response-trailers",
            help="Remove the trailers of responses.",
        ),
    ),
    *taken_by(
        BACK,
        option(
            "accept-unsafe-violations-in-http-response",
            "accept_unsafe_violations_in_http_response",
            help="Let responses pass that break the rules of HTTP in dangerous ways.",
        ),
        option(
            "http-drop-request-trailers",
            "http-drop-request-trailers",
            help="Remove the trailers of requests.",
        ),
        statement(
            "hash-preserve-affinity",
            one_of(
                "hash_preserve_affinity",
                *("always", "maxconn", "maxqueue"),
                help="When a full server keeps the requests that hash to it.",
            ),
            examples=["hash-preserve-affinity maxconn"],
            rejects=["hash-preserve-affinity", "hash-preserve-affinity never"],
        ),
        choose(
            "use_small_buffers.enabled",
            {
                "enabled": ("option use-small-buffers", _SMALL),
                "disabled": ("no option use-small-buffers", nothing),
            },
            required=True,
            help="Keep what waits in small buffers where it fits.",
            examples=["option use-small-buffers queue check", "no option use-small-buffers"],
        ),
    ),
)
