"""`tcp-response` rules, for the first bytes of responses.

Manual, sections 4.2 "tcp-response …" and 4.4.
"""

from dataplane_core.plugin import WORD, Registry, case, dispatch, impl, rule
from dataplane_plugins.configuration.rules import actions, counters
from dataplane_plugins.configuration.rules.statements import (
    ActionAlias,
    RuleStatement,
    number_aliases,
)
from dataplane_plugins.configuration.rules.tcp_actions import inspect_delay

ACTIONS = (
    case("accept"),
    case("close"),
    actions.do_log(),
    actions.lua(),
    case("reject"),
    *counters.stick_counters(added="sc_expr", set_to="expr"),
    actions.spoe_group("spoe_engine", "spoe_group", WORD),
    actions.tracing(),
    actions.bandwidth_limit(),
    actions.log_level(),
    *actions.marks(),
    *actions.marks_of_sides("fc"),
    actions.nice(),
    *actions.variables("expr"),
    actions.silent_drop(),
)
ACTION_ALIASES = (
    ActionAlias("sc-add-gpc", {"expr": "sc_expr"}),
    ActionAlias("sc-set-gpt", {"sc_expr": "expr"}),
    ActionAlias("sc-set-gpt0", {"sc_expr": "expr"}),
    *number_aliases("sc_expr", "sc_int", "sc-add-gpc"),
    *number_aliases("expr", "sc_int", "sc-set-gpt", "sc-set-gpt0"),
)
RULE = RuleStatement(
    "tcp-response",
    dispatch(
        "type",
        case(
            "content",
            rule(dispatch("action", *ACTIONS, required=False, help="What the rule does.")),
        ),
        inspect_delay(),
        help="A rule, or how long to wait for what it looks at.",
    ),
    ACTION_ALIASES,
    selector="action",
    examples=[
        "tcp-response content close if { res.len 0 }",
        "tcp-response content sc-set-gpt0(1) int(3)",
        "tcp-response content lua.check a b",
        "tcp-response inspect-delay 1000",
    ],
    rejects=["tcp-response", "tcp-response content", "tcp-response content set-mark"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the rules of backends, defaults and `listen` sections."""
    registry.rows(
        "tcp_response_rules",
        RULE,
        key=None,
        parents=("backend", "defaults"),
        parameter="backend",
        rank=47,
        title="TCPResponseRule",
        help="A rule for the first bytes of responses.",
    )
