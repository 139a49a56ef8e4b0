"""Keywords of proxies that HAProxy has got since 3.0 (manual, section 4.2)."""

from dataplane_core.plugin import Prop, choose, flag, group, listed, nothing, one_of, option, params
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.proxies.section_kinds import BACK, FRONT, taken_by

LOG_STEPS = ("accept", "request", "connect", "response", "close", "error", "any")
"""The moments of a session that `/v3` knows; HAProxy has more (manual, section 4.2 "log-steps")."""

_SMALL = group(
    "use_small_buffers",
    params(
        flag("queue", "queue", help="For requests in queues."),
        flag("l7-retries", "l7_retries", help="For requests that may be sent again."),
        flag("check", "check", help="For health checks."),
    ),
)

SINCE_3_0 = (
    *taken_by(
        FRONT,
        valued(
            "log-steps",
            listed(
                "log_steps",
                Prop("", facts={"v3": {"enum": LOG_STEPS}}),
                help="Moments of a session at which it is logged.",
            ),
            *("accept,close", "all"),
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
        valued(
            "hash-preserve-affinity",
            one_of(
                "hash_preserve_affinity",
                *("always", "maxconn", "maxqueue"),
                help="When a full server keeps the requests that hash to it.",
            ),
            "maxconn",
            rejects=["never"],
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
