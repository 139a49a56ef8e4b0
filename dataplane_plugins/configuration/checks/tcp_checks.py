"""`tcp-check`: the steps of a TCP health check, in their order."""

from dataplane_core.plugin import (
    EXPRESSION,
    FORMAT,
    PORT,
    Parent,
    Prop,
    Registry,
    case,
    dispatch,
    impl,
    word,
)
from dataplane_plugins.configuration.checks import steps
from dataplane_plugins.configuration.common.values import must_match, or_variable
from dataplane_plugins.configuration.rules import actions
from dataplane_plugins.configuration.rules.statements import ActionAlias, RuleStatement

_PORT = word(
    "port_string",
    pattern=None,
    refers_to=EXPRESSION,
    help="Port to connect to, a number or an expression.",
)

HEX = or_variable("([0-9A-Fa-f]{2})+")

_MATCHES = {
    **dict.fromkeys(("string", "rstring", "string-lf"), steps.PATTERN),
    "binary": must_match(steps.PATTERN, "pattern", "([0-9A-Fa-f]{2})+", "bytes in hexadecimal"),
    **dict.fromkeys(("rbinary", "binary-lf"), steps.PATTERN),
}

CHECK = RuleStatement(
    "tcp-check",
    dispatch(
        "action",
        steps.comment_step(word("log_message", pattern=None, help="Text for the log.")),
        case("connect", steps.connect_params(_PORT)),
        case("expect", steps.expect_params(_MATCHES, {})),
        steps.send_step("send", "data", "Text to send."),
        steps.send_step("send-lf", "fmt", "Text to send, a log format.", refers_to=FORMAT),
        steps.send_step("send-binary", "hex_string", "Bytes to send, in hexadecimal.", HEX),
        steps.send_step(
            "send-binary-lf",
            "hex_fmt",
            "Bytes to send, hexadecimal in a log format.",
            refers_to=FORMAT,
        ),
        *actions.variables(text="var_fmt"),
        help="What the step does.",
    ),
    (
        ActionAlias("comment", {"check_comment": "log_message"}),
        ActionAlias("connect", {"port": "port_string"}),
    ),
    (
        Prop(
            "port",
            "integer",
            minimum=PORT[0],
            maximum=PORT[1],
            nullable=True,
            help="Port to connect to, as a number; it is shown as `port_string`.",
        ),
    ),
    selector="action",
    examples=[
        "tcp-check connect port 8081",
        "tcp-check connect port 143 ssl",
        "tcp-check send PING\\r\\n comment ping",
        "tcp-check expect comment pong ! string +PONG",
        "tcp-check expect string +PONG comment pong",
        "tcp-check send-binary 737461740a",
        "tcp-check set-var-fmt(check.name) %H",
    ],
    rejects=["tcp-check", "tcp-check expect string", "tcp-check send"],
)


@impl
def dataplane_register(registry: Registry) -> None:
    """Declare the steps of TCP health checks of backends, defaults and `listen` sections."""
    registry.rows(
        "tcp_checks",
        CHECK,
        key=None,
        parents=("backend", "defaults", Parent("healthcheck", versions=("v3",))),
        list_names=dict.fromkeys(("backend", "defaults"), "tcp_check_rule_list"),
        rank=49,
        title="TCPCheck",
        help="A step of a TCP health check.",
    )
