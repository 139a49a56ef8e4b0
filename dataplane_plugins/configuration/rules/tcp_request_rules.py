"""`tcp-request` rules, for connections, sessions and the first bytes of requests.

Manual, sections 4.2 "tcp-request …" and 4.4. The interface calls the place of a rule
(`connection`, `session`, `content`) `type`, and what the rule does `action`.
"""

from dataplane_core.plugin import (
    EXPRESSION,
    SERVERS,
    Case,
    Registry,
    Term,
    arg,
    case,
    dispatch,
    impl,
    lit,
    opt,
    params,
    rest,
    rule,
    seq,
    word,
)
from dataplane_plugins.configuration.rules import actions, counters
from dataplane_plugins.configuration.rules.statements import (
    ActionAlias,
    RuleStatement,
    number_aliases,
    property_alias,
)
from dataplane_plugins.configuration.rules.tcp_actions import inspect_delay
from dataplane_plugins.configuration.rules.tracking import track, track_aliases

TRACK_NAMES = ("track_key", "track_table", "track_stick_counter")

EVERYWHERE = (
    case("accept"),
    case("reject"),
    actions.do_log(),
    actions.lua(),
    *counters.stick_counters("expr", "expr", "sc_inc_id", conversion="", valued=False),
    *actions.with_expression("set-dst-port", "set-dst"),
    *actions.source(),
    *actions.marks(),
    *actions.marks_of_sides("fc"),
    *actions.variables("expr"),
    actions.silent_drop(),
    track(*TRACK_NAMES, pattern=None),
)
"""The actions that may stand at each of the three places."""

CONNECTION = (
    *EVERYWHERE,
    case("expect-netscaler-cip", lit("layer4")),
    case("expect-proxy", lit("layer4")),
)

SESSION = (
    *EVERYWHERE,
    case(
        "attach-srv",
        word(
            "server_name",
            pattern=None,
            refers_to=SERVERS,
            help="The server that gets the connection.",
        )
        + opt(
            seq(
                lit("name"),
                rest("expr", refers_to=EXPRESSION, help="Expression that names the connection."),
            )
        ),
    ),
)

_UPGRADE = params(
    arg("proto", word("switch_mode_proto", pattern=None, help="HTTP version to speak.")),
    strict=True,
)

CONTENT = (
    *EVERYWHERE,
    actions.capture(actions.CAPTURE_LENGTH, sample="expr", pattern=None),
    *actions.resolve("resolve_resolvers", "resolve_protocol"),
    actions.spoe_group("spoe_engine_name", "spoe_group_name", None),
    actions.tracing(),
    actions.bandwidth_limit(),
    *actions.marks_of_sides("bc"),
    actions.log_level(),
    actions.nice(),
    *actions.priorities(),
    case("switch-mode", lit("http") + _UPGRADE),
    actions.use_service(),
)


def _place(*cases: Case) -> Term:
    """Return a rule with one of the actions that HAProxy takes at a place."""
    return rule(dispatch("action", *cases, required=False, help="What the rule does."))


PROPERTY_ALIASES = (
    property_alias("capture_sample", "The same as `expr`, for capture.", pattern=actions.CAPTURED),
    property_alias("gpt_value", "The same as `expr`, for sc-set-gpt0."),
    property_alias("resolve_var", "The same as `var_name`, for do-resolve."),
)
ACTION_ALIASES = (
    *track_aliases(*TRACK_NAMES, own_names=False),
    ActionAlias("capture", {"capture_sample": "expr"}),
    ActionAlias("sc-set-gpt0", {"gpt_value": "expr"}),
    ActionAlias("do-resolve", {"resolve_var": "var_name"}),
    *number_aliases("expr", "sc_int", *counters.VALUED),
)
RULE = RuleStatement(
    "tcp-request",
    dispatch(
        "type",
        case("connection", _place(*CONNECTION)),
        case("content", _place(*CONTENT)),
        inspect_delay(),
        case("session", _place(*SESSION)),
        help="At which point the rule is evaluated.",
    ),
    ACTION_ALIASES,
    PROPERTY_ALIASES,
    selector="action",
    examples=[
        "tcp-request connection reject if { src 10.0.0.0/8 }",
        "tcp-request connection expect-proxy layer4",
        "tcp-request connection track-sc0 src table counters",
        "tcp-request inspect-delay 5000",
        "tcp-request content accept if { req.ssl_hello_type 1 }",
        "tcp-request content capture req.payload(0,6) len 6",
        "tcp-request content do-resolve(txn.ip,dns) src",
        "tcp-request content switch-mode http proto h2",
        "tcp-request content sc-add-gpc(0,1) 1",
        "tcp-request session attach-srv srv1 name ssl_c_s_dn",
        "tcp-request session set-var(sess.dn) ssl_c_s_dn",
    ],
    rejects=[
        "tcp-request",
        "tcp-request connection",
        "tcp-request content switch-mode tcp",
        "tcp-request connection track-sc0 src table",
        "tcp-request session switch-mode http",
    ],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the rules of proxies and defaults."""
    registry.rows(
        "tcp_request_rules",
        RULE,
        key=None,
        parents=("frontend", "backend", "defaults"),
        rank=30,
        title="TCPRequestRule",
        help="A rule for connections, sessions or the first bytes of requests.",
    )
