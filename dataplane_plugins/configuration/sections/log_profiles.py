"""`log-profile` sections: what is logged at which step of a stream (manual, section 12.11).

HAProxy has them since 3.1.
"""

from dataplane_core.plugin import (
    FORMAT,
    ImpliedValue,
    Model,
    ParameterKeyword,
    Prop,
    Registry,
    Term,
    UnwrittenValue,
    arg,
    impl,
    one_of,
    params,
    seq,
    statements,
    word,
)
from dataplane_plugins.configuration.common.keywords import valued

STEPS = (
    *("accept", "any", "close", "connect", "error", "request", "response"),
    *("http-req", "http-res", "http-after-res"),
    *("quic-init", "tcp-req-conn", "tcp-req-cont", "tcp-req-sess"),
)

_DROP = Prop(
    "drop",
    enum=("enabled", "disabled"),
    help="Send no message at all.",
)
_SENT = UnwrittenValue(_DROP, "disabled")
"""What a step without the word `drop` is shown with."""


def _format(name: str, help: str) -> Term:
    return word(name, None, types={"v3": "text"}, refers_to=FORMAT, help=help)


LOG_PROFILE = Model(
    "log_profile",
    valued(
        "log-tag",
        word("log_tag", None, help="Tag of the messages."),
        *("edge", r"esc\ aped"),
    ),
    statements(
        "on",
        "steps",
        seq(
            one_of("step", *STEPS, required=True, help="The step at which a message is sent."),
            _SENT,
            params(
                ParameterKeyword({"drop": ImpliedValue(_DROP, "enabled")}),
                arg("format", _format("format", "Log format of the message.")),
                arg("sd", _format("sd", "Log format of its structured data.")),
            ),
        ),
        help="What is logged at single steps.",
        examples=['on error format "%ci %r" sd x', "on close drop", "on any"],
        rejects=["on", "on never format x", "on any format"],
    ),
    annotated=("steps",),
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the `log-profile` sections; version 2 shows their lines alone."""
    registry.sections(
        "log_profile_sections",
        kind="log-profile",
        idle=True,
        model=LOG_PROFILE,
        versions=("v3",),
        names={"v3": "log_profiles"},
        schema="log_profile",
        schemas="log_profiles",
        title="LogProfile",
        titles="LogProfiles",
        tag="LogProfile",
        operation_ids={"replace": "editLogProfile"},
        help="What is logged at the steps of a stream.",
    )
