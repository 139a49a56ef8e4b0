"""`http-after-response` rules, for all responses, those that HAProxy itself makes too.

Manual, sections 4.2 "http-after-response" and 4.4.
"""

from collections.abc import Iterator

from dataplane_core.plugin import (
    Code,
    Orphans,
    Problem,
    Registry,
    Values,
    case,
    checked,
    dispatch,
    impl,
    rule,
)
from dataplane_plugins.configuration.rules import actions, counters, http_actions
from dataplane_plugins.configuration.rules.statements import RuleStatement, number_aliases


def _check_capture_slot(values: Values) -> Iterator[Problem]:
    """HAProxy takes `capture … len` in requests alone; a new rule names a slot by its `id`."""
    if "capture_id" not in values:
        yield Problem("capture_id", Code.REQUIRED, "capture_id in body is required")


ACTIONS = (
    *http_actions.headers(),
    *http_actions.binary_headers(),
    case("allow"),
    actions.capture(
        checked(actions.CAPTURE_LENGTH, _check_capture_slot),
        actions.CAPTURE_SLOT,
        pattern=actions.CAPTURED,
    ),
    *http_actions.lists(),
    actions.do_log(),
    actions.tracing(),
    *counters.stick_counters(),
    actions.log_level(),
    http_actions.set_status(),
    *actions.variables(),
    http_actions.strict_mode(),
)
RULE = RuleStatement(
    "http-after-response",
    rule(dispatch("type", *ACTIONS, help="What the rule does.")),
    number_aliases("sc_expr", "sc_int", *counters.VALUED),
    examples=[
        "http-after-response set-header Strict-Transport-Security max-age=31536000",
        "http-after-response set-status 503 reason Slow unless { path / }",
        "http-after-response capture res.hdr(Server) id 0",
        "http-after-response sc-add-gpc(0,1) 2",
        "http-after-response set-map(/etc/names.map) %[src] %[path]",
        "http-after-response set-headers-bin req.hdrs_bin prefix x-",
        "http-after-response del-headers-bin req.hdrs_bin -m beg",
    ],
    rejects=["http-after-response", "http-after-response deny"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the rules of proxies and defaults."""
    registry.rows(
        "http_after_response_rules",
        RULE,
        key=None,
        parents=("frontend", "backend", "defaults"),
        rank=46,
        orphans=Orphans(list=400),
        title="HTTPAfterResponseRule",
        help="A rule that is evaluated for each response, once it is complete.",
    )
