"""`http-check`: the steps of an HTTP health check (manual, section 4.2 `http-check …`)."""

from dataplane_core.plugin import (
    EXPRESSION,
    FORMAT,
    PORT,
    Parent,
    Prop,
    Registry,
    arg,
    args,
    case,
    dispatch,
    first_of,
    impl,
    integer,
    shared,
    word,
)
from dataplane_plugins.configuration.checks import steps
from dataplane_plugins.configuration.common.values import must_match
from dataplane_plugins.configuration.rules import actions
from dataplane_plugins.configuration.rules.answers import HEADER_FIELD
from dataplane_plugins.configuration.rules.statements import (
    ActionAlias,
    RuleStatement,
    number_aliases,
)

_STATUSES = r"\d+(-\d+)?(,\d+(-\d+)?)*"
"""Statuses, and ranges of them (manual, section 4.2 "http-check expect")."""

_PORT = first_of(
    integer("port", *PORT, nullable=True, help="Port to connect to."),
    word(
        "port_string", pattern=None, refers_to=EXPRESSION, help="Port to connect to, an expression."
    ),
)

_SEND = steps.params_with_comment(
    arg("meth", word("method", None, enum=steps.METHODS, help="Method of the request.")),
    arg("uri", word("uri", pattern=None, help="Path of the request.")),
    arg(
        "uri-lf", word("uri_log_format", pattern=None, refers_to=FORMAT, help="Path, a log format.")
    ),
    arg("ver", word("version", pattern=None, help="Version of HTTP to speak.")),
    args(
        "hdr", "headers", HEADER_FIELD, help="Header fields of the request.", sort_as="CheckHeaders"
    ),
    arg("body", word("body", pattern=None, help="Body of the request.")),
    arg(
        "body-lf",
        word("body_log_format", pattern=None, refers_to=FORMAT, help="Body, a log format."),
    ),
)

_MATCHES = {
    "status": must_match(steps.PATTERN, "pattern", _STATUSES, "statuses such as 200,300-399"),
    "rstatus": steps.PATTERN,
    **dict.fromkeys(
        ("hdr", "fhdr"),
        must_match(steps.HEADER_PATTERN, "pattern", "name .+", "`name` and what follows it"),
    ),
    **dict.fromkeys(("string", "rstring", "string-lf"), steps.PATTERN),
}

CHECK = RuleStatement(
    "http-check",
    dispatch(
        "type",
        steps.comment_step(steps.COMMENT),
        case("connect", steps.connect_params(_PORT)),
        case("disable-on-404"),
        case("expect", steps.expect_params(_MATCHES, {"nullable": True})),
        case("send", _SEND),
        case("send-state"),
        *actions.variables(),
        help="What the step does.",
    ),
    (
        ActionAlias("set-var-fmt", {"var_expr": "var_format"}),
        *number_aliases("port_string", "port", "connect"),
    ),
    examples=[
        "http-check send meth GET uri /health",
        "http-check connect port 443 addr 8.8.8.8 send-proxy via-socks4 ssl sni a alpn h2 linger",
        "http-check connect port var(check.port)",
        "http-check send meth GET uri /health ver HTTP/1.1 hdr Host a.example body x",
        "http-check expect min-recv 3 ok-status L7OK ! rstatus ^5",
        "http-check expect hdr name set-cookie value -m beg sessid=",
        "http-check expect hdr name -m end cookie comment none",
        "http-check expect ! status 500 min-recv 3",
        "http-check set-var(check.port) int(1234)",
        "http-check disable-on-404",
        "http-check comment step-1",
    ],
    rejects=[
        "http-check",
        "http-check expect status",
        "http-check expect comment x",
        "http-check expect hdr x",
    ],
)

FIRST_CHECK = shared(
    "http-check",
    CHECK,
    Prop(
        "index",
        "integer",
        nullable=True,
        required=True,
        help="Place of the step; the first one, 0.",
    ),
)
"""The first step as a property of its backend, where the interface had it before the list."""


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the steps of HTTP health checks of backends, defaults and `listen` sections."""
    registry.rows(
        "http_checks",
        CHECK,
        key=None,
        parents=("backend", "defaults", Parent("healthcheck", versions=("v3",))),
        rank=49,
        title="HTTPCheck",
        help="A step of an HTTP health check.",
    )
