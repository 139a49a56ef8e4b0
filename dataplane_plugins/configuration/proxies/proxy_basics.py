"""Keywords that nearly every proxy has: mode, limits, descriptions, log formats (manual, 4.2)."""

from typing import Any

from dataplane_core.plugin import (
    ACLS,
    BACKENDS,
    Statement,
    const,
    each_counts,
    group,
    integer,
    keyword,
    one_of,
    prefer,
    rest,
    seq,
    statement,
    word,
)
from dataplane_plugins.configuration.proxies.section_kinds import (
    ANY,
    BACK,
    BACKEND,
    DEFAULTS,
    FRONT,
    FRONTEND,
    NAMED,
    taken_by,
)

NAME = r"^[A-Za-z0-9-_.:]+$"
"""What the interface takes as the name of a section."""

_FAILURE = (
    "none|conn-failure|empty-response|junk-response|response-timeout|0rtt-rejected"
    "|all-retryable-errors|40[134]|408|425|429|50[01234]"
)
RETRIES = rf"^({_FAILURE})( +({_FAILURE}))*$"
"""What `retry-on` knows (manual, section 4.2)."""

ONLY_FRONTEND, ONLY_BACKEND = frozenset({FRONTEND}), frozenset({BACKEND})


def mode(*modes: str) -> Statement:
    """`mode`; the sections differ in what they take."""
    return statement(
        "mode",
        one_of("mode", *modes, help="The protocol that the proxy speaks."),
        examples=["mode http", "mode tcp"],
        rejects=["mode", "mode health"],
    )


def log_tag(pattern: str) -> Statement:
    """`log-tag`; what the interface takes differs between sections."""
    return statement(
        "log-tag",
        word("log_tag", pattern, help="The program's name in log messages."),
        examples=["log-tag site-a"],
        rejects=["log-tag"],
    )


def number(head: str, name: str, help: str, **more: Any) -> Statement:
    """A keyword with one number, for which zero is a value."""
    term = integer(name, nullable=True, help=help, **more)
    return statement(head, term, examples=[f"{head} 100", f"{head} 0"], rejects=[head, f"{head} x"])


def log_format(head: str, name: str, help: str) -> Statement:
    """A keyword with one log format (manual, section 8.2.4), quoted where it has blanks."""
    term = word(name, None, help=f"{help}, one word in HAProxy's notation.")
    examples = [f'{head} "%ci %cp"', f"{head} %{{+X}}o_%ci:%cp"]
    return statement(head, term, examples=examples, rejects=[head, f"{head} %ci %cp"])


IDENTITY = (
    *taken_by(
        NAMED,
        number("id", "id", "The proxy's number in statistics, instead of a made-up one."),
        statement(
            "description",
            rest("description", help="A sentence about the proxy, shown in statistics."),
            examples=["description what the shop runs on", 'description "a b"'],
            rejects=["description"],
        ),
    ),
    *taken_by(
        ANY,
        keyword("enabled", "enabled", help="Undo a `disabled` of the defaults."),
        keyword("disabled", "disabled", help="Do not start the proxy, but check its settings."),
    ),
    *taken_by(frozenset({DEFAULTS}), mode("tcp", "http", "log", "spop")),
    *taken_by(ONLY_FRONTEND, mode("http", "tcp")),
    *taken_by(ONLY_BACKEND, mode("http", "tcp", "log", "spop")),
)

LIMITS = (
    *taken_by(frozenset({DEFAULTS}), number("maxconn", "maxconn", "Connections at the same time.")),
    *taken_by(
        ONLY_FRONTEND,
        number(
            "maxconn",
            "maxconn",
            "Connections at the same time.",
            live="set maxconn frontend {name} {value:1-2147483647}",
            # `fullconn` is reckoned from it once (manual, 4.2), and a server's limit from that
            live_unless="minconn",
        ),
    ),
    *taken_by(
        FRONT, number("backlog", "backlog", "Connections that the system queues before accept.")
    ),
)

MONITOR = (
    *taken_by(
        FRONT,
        statement(
            "monitor-uri",
            word("monitor_uri", None, help="A path that HAProxy answers itself: the proxy is up."),
            examples=["monitor-uri /alive"],
            rejects=["monitor-uri"],
        ),
    ),
    *taken_by(
        ONLY_FRONTEND,
        each_counts(
            statement(
                "monitor fail",
                group(
                    "monitor_fail",
                    seq(
                        one_of(
                            "cond",
                            "if",
                            "unless",
                            required=True,
                            nullable=True,
                            help="Whether the condition must hold or fail.",
                        ),
                        rest(
                            "cond_test",
                            required=True,
                            refers_to=ACLS,
                            help="The condition for answering `down`.",
                        ),
                    ),
                ),
                examples=["monitor fail if site_dead", "monitor fail unless { nbsrv gt 1 }"],
                rejects=["monitor fail", "monitor fail if", "monitor fail site_dead"],
            )
        ),
    ),
)

BIND_PROCESS = taken_by(
    ANY,
    statement(
        "bind-process",
        word("bind_process", help="Processes that run the proxy; for HAProxy before 2.5."),
        examples=["bind-process all", "bind-process 1-4"],
        rejects=["bind-process"],
    ),
)

LOG_FORMATS = (
    *taken_by(frozenset({DEFAULTS, BACKEND}), log_tag(r"^[^\s]+$")),
    *taken_by(ONLY_FRONTEND, log_tag(r'^[A-Za-z0-9-_.:${}"]+$')),
    *taken_by(
        FRONT,
        log_format("log-format", "log_format", "The format of traffic logs"),
        log_format("log-format-sd", "log_format_sd", "Structured data of RFC 5424 log messages"),
        log_format("error-log-format", "error_log_format", "The format for failed connections"),
        prefer(
            ("option httplog", const("httplog", True, help="Log in the HTTP format.")),
            ("option httplog clf", const("clflog", True, help="Log in the common log format.")),
            examples=["option httplog", "option httplog clf"],
            rejects=["option httplog clg"],
        ),
        keyword("option tcplog", "tcplog", help="Log in the TCP format."),
    ),
)

UNIQUE_ID = taken_by(
    FRONT,
    log_format("unique-id-format", "unique_id_format", "What a request's unique identifier holds"),
    statement(
        "unique-id-header",
        word("unique_id_header", None, help="The header that carries the unique identifier."),
        examples=["unique-id-header X-Unique-ID"],
        rejects=["unique-id-header"],
    ),
)

DEFAULT_BACKEND = taken_by(
    FRONT,
    statement(
        "default_backend",
        word(
            "default_backend",
            NAME,
            refers_to=BACKENDS,
            help="The backend of requests that no rule has sent away.",
        ),
        examples=["default_backend app"],
        rejects=["default_backend"],
    ),
)

CAPACITY = taken_by(
    BACK,
    number("fullconn", "fullconn", "Connections at which servers reach their full `maxconn`."),
    number("max-keep-alive-queue", "max_keep_alive_queue", "Queue length that ends affinity."),
    number("retries", "retries", "Attempts to connect before a request is given up or moved."),
    statement(
        "retry-on",
        rest("retry_on", RETRIES, help="Failures after which a request is sent again, as words."),
        examples=["retry-on conn-failure 503", "retry-on none"],
        rejects=["retry-on"],
    ),
)
