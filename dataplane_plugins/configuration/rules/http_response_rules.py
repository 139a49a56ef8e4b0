"""`http-response` rules, which HAProxy evaluates for each response of a server in their order.

Manual, sections 4.2 "http-response" and 4.4.
"""

from dataplane_core.plugin import WORD, NameOf, Registry, case, dispatch, impl, rule, word
from dataplane_plugins.configuration.rules import actions, answers, counters, http_actions, tracking
from dataplane_plugins.configuration.rules.statements import RuleStatement

ACTIONS = (
    http_actions.add_acl(),
    *http_actions.headers(),
    *http_actions.binary_headers(),
    case("allow"),
    case(
        "cache-store",
        word("cache_name", refers_to=NameOf("cache"), help="The cache that keeps the response."),
    ),
    actions.capture(actions.CAPTURE_SLOT, pattern=WORD),
    *http_actions.lists(),
    answers.deny(),
    actions.do_log(),
    actions.lua(),
    actions.tracing(),
    http_actions.pause(),
    answers.redirect(location_alone=True),
    answers.return_answer(),
    *counters.stick_counters(),
    actions.spoe_group("spoe_engine", "spoe_group", WORD),
    actions.log_level(),
    *actions.marks(),
    *actions.marks_of_sides("fc"),
    actions.nice(),
    http_actions.set_status(),
    http_actions.set_timeout(),
    *actions.variables(),
    actions.silent_drop(),
    http_actions.strict_mode(),
    tracking.HTTP_TRACK,
    http_actions.wait_for_body(),
    actions.bandwidth_limit(),
)
RULE = RuleStatement(
    "http-response",
    rule(dispatch("type", *ACTIONS, help="What the rule does.")),
    tracking.HTTP_COUNTER_ALIASES,
    tracking.HTTP_TRACK_PROPERTIES,
    examples=[
        "http-response deny if { status 500 }",
        "http-response set-status 503 reason Slow if { path / }",
        "http-response capture res.hdr(Server) id 0",
        "http-response redirect location /new drop-query",
        "http-response return status 200 content-type text/plain string x",
        "http-response sc-inc-gpc(0,1)",
        "http-response track-sc0 src table counters",
        "http-response set-var(txn.server) res.hdr(Server)",
        "http-response cache-store pages",
        "http-response set-headers-bin req.hdrs_bin prefix x-",
        "http-response del-headers-bin req.hdrs_bin -m beg",
    ],
    rejects=["http-response", "http-response set-status"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the rules of proxies and defaults."""
    registry.rows(
        "http_response_rules",
        RULE,
        key=None,
        parents=("frontend", "backend", "defaults"),
        rank=45,
        title="HTTPResponseRule",
        help="A rule that is evaluated for each response.",
    )
