"""`http-error` lines: answers in place of HAProxy's own error pages (manual, section 4.2)."""

from dataplane_core.plugin import Registry, arg, const, impl, number_of, seq, statement
from dataplane_plugins.configuration.common.error_files import ERROR_CODES
from dataplane_plugins.configuration.rules.answers import answer

RULE = statement(
    "http-error",
    seq(
        const("type", "status", required=True, help="The only type that there is."),
        answer(
            arg(
                "status",
                number_of("status", *ERROR_CODES, required=True, help="Status to answer for."),
                required=True,
            )
        ),
    ),
    examples=[
        "http-error status 404 content-type text/plain string gone",
        "http-error status 503 content-type text/html file /etc/haproxy/503.html hdr X-A b",
        "http-error status 400 default-errorfiles",
        "http-error status 404",
    ],
    rejects=["http-error", "http-error status", "http-error status 400 string"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the answers of proxies and defaults."""
    registry.rows(
        "http_error_rules",
        RULE,
        key=None,
        parents=("frontend", "backend", "defaults"),
        rank=48,
        title="HTTPErrorRule",
        help="An answer in place of one of HAProxy's own error pages.",
    )
