"""Actions of `http-…` and `tcp-…` rules alike (manual, section 4.4).

The manual says for each action in which rule sets it may stand. A function makes an action, or
several, for the rule sets that take it; where they name its properties differently, the names are
the function's arguments.
"""

from typing import Any

from dataplane_core.plugin import (
    EXPRESSION,
    FORMAT,
    WORD,
    Case,
    InNamed,
    NameKind,
    NameOf,
    Term,
    arg,
    case,
    integer,
    just_one,
    lit,
    one_of,
    opt,
    params,
    rest,
    seq,
    word,
)
from dataplane_plugins.configuration.common.names import LUA_SERVICE
from dataplane_plugins.configuration.common.syslog import LEVELS
from dataplane_plugins.configuration.common.values import or_variable

VARIABLE_SCOPE = or_variable("(proc|check|p?(sess|txn|req|res))")
"""Scopes of variables (manual, section 2.8); those with a `p` are the parent stream's."""

DECIMAL_OR_HEX = or_variable("(0x[0-9A-Fa-f]+|[0-9]+)")
"""A decimal or hexadecimal number."""

CAPTURED = r"""^["']?[A-Za-z]"""
"""What the interface takes as a sample to capture: it starts with the name of a fetch."""

CAPTURE_LENGTH = seq(lit("len"), integer("capture_len", help="Characters to keep at most."))
CAPTURE_SLOT = seq(
    lit("id"), integer("capture_id", nullable=True, help="Slot of a declared capture.")
)

_EXPRESSION = rest("expr", refers_to=EXPRESSION, help="Sample expression that gives the value.")
_VARIABLE: dict[str, Any] = {
    "var_scope": {"pattern": VARIABLE_SCOPE, "help": "Where the variable lives."},
    "var_name": {"pattern": WORD, "help": "Name of the variable."},
}


def with_expression(*actions: str) -> list[Case]:
    """Return actions, each with a sample expression as its one argument."""
    return [case(action, _EXPRESSION) for action in actions]


def source() -> list[Case]:
    """Return `set-src` and `set-src-port`, which replace the client's address and port."""
    return with_expression("set-src", "set-src-port")


def priorities() -> list[Case]:
    """Return the actions on a request's place in queues, and on its attempts to connect."""
    return with_expression("set-priority-class", "set-priority-offset", "set-retries")


def variables(expression: str = "var_expr", text: str = "var_format") -> list[Case]:
    """Return `set-var`, `set-var-fmt` and `unset-var`.

    The arguments name the properties of the expression and of the log format.
    """
    value = rest(expression, refers_to=EXPRESSION, help="Sample expression that gives the value.")
    formatted = word(text, pattern=None, refers_to=FORMAT, help="The value as a log format.")
    return [
        case("set-var({var_scope}.{var_name})", value, **_VARIABLE),
        case("set-var-fmt({var_scope}.{var_name})", formatted, **_VARIABLE),
        case("unset-var({var_scope}.{var_name})", **_VARIABLE),
    ]


def resolve(resolvers: str, protocol: str) -> list[Case]:
    """Return `do-resolve`, which looks a name up, with and without a family of addresses.

    The arguments name the properties of the resolvers section and of the family.
    """
    facts: dict[str, Any] = {
        "var_name": {"pattern": WORD, "help": "Name of the variable."},
        resolvers: {
            "refers_to": NameOf("resolvers"),
            "help": "The resolvers section that answers.",
        },
        protocol: {"enum": ("ipv4", "ipv6"), "help": "The family of addresses to ask for."},
    }
    whole = "do-resolve({var_name},{" + resolvers + "},{" + protocol + "})"
    short = "do-resolve({var_name},{" + resolvers + "})"
    known: dict[str, Any] = {name: facts[name] for name in ("var_name", resolvers)}
    return [case(whole, _EXPRESSION, **facts), case(short, _EXPRESSION, **known)]


def capture(*shapes: Term, sample: str = "capture_sample", pattern: str | None) -> Case:
    """Return `capture`, which keeps a sample for the log.

    `shapes` are the ways in which the rule set says where the sample is kept: `CAPTURE_LENGTH`,
    `CAPTURE_SLOT` or both. `sample` names the property of the expression, which matches `pattern`.
    """
    what = word(sample, pattern, refers_to=EXPRESSION, help="Expression that gives what is kept.")
    return case("capture", what + just_one(*shapes))


def log_level() -> Case:
    """Return `set-log-level`, which logs the session at another level, or not at all."""
    level = one_of("log_level", *LEVELS, "silent", help="The level, or `silent` for none.")
    return case("set-log-level", level)


def do_log() -> Case:
    """Return `do-log`, which writes a log message at once; since HAProxy 3.1."""
    profile = word(
        "log_profile", pattern=None, refers_to=NameOf("log-profile"), help="The log profile to use."
    )
    return case("do-log", params(arg("profile", profile), strict=True))


def bandwidth_limit() -> Case:
    """Return `set-bandwidth-limit`, which turns a bandwidth filter on; since HAProxy 2.7."""
    limit = word(
        "bandwidth_limit_limit",
        pattern=None,
        refers_to=EXPRESSION,
        help="Bytes in each period, or an expression.",
    )
    period = word(
        "bandwidth_limit_period",
        pattern=None,
        refers_to=EXPRESSION,
        help="The period, a time or an expression.",
    )
    return case(
        "set-bandwidth-limit",
        word(
            "bandwidth_limit_name",
            pattern=None,
            refers_to=NameOf(NameKind.FILTER),
            help="Name of the filter.",
        )
        + params(arg("limit", limit), arg("period", period), strict=True),
    )


def marks() -> list[Case]:
    """Return `set-mark` and `set-tos`, which mark the packets to the client."""
    return [
        case("set-mark", word("mark_value", DECIMAL_OR_HEX, help="Netfilter mark of the packets.")),
        case(
            "set-tos",
            word("tos_value", DECIMAL_OR_HEX, help="Type of service (DSCP) of the packets."),
        ),
    ]


def marks_of_sides(*sides: str) -> list[Case]:
    """Return `set-<side>-mark` and `set-<side>-tos` for each side; since HAProxy 3.0.

    `fc` marks the packets of the frontend connection, `bc` those of the backend connection.
    """
    return [case(f"set-{side}-{what}", _EXPRESSION) for side in sides for what in ("mark", "tos")]


def nice() -> Case:
    """Return `set-nice`, which sets the scheduling priority of the session."""
    return case(
        "set-nice",
        integer(
            "nice_value",
            -1024,
            1024,
            default=0,
            help="Priority against other sessions, -1024 (first) to 1024 (last).",
        ),
    )


def silent_drop() -> Case:
    """Return `silent-drop`, which closes the connection without telling the client."""
    ttl = integer(
        "rst_ttl", 1, 255, help="Hops that a reset packet may take; without it none is sent."
    )
    return case("silent-drop", params(arg("rst-ttl", ttl), strict=True))


def spoe_group(engine: str, group: str, pattern: str | None) -> Case:
    """Return `send-spoe-group`, which sends a group of messages to a SPOE agent.

    `engine` and `group` name the properties of the two words, which match `pattern`.
    """
    return case(
        "send-spoe-group",
        word(engine, pattern, refers_to=NameOf(NameKind.ENGINE), help="The SPOE engine.")
        + word(
            group,
            pattern,
            refers_to=InNamed("spoe-group", NameKind.ENGINE, engine),
            help="The group of messages.",
        ),
    )


def tracing() -> Case:
    """Return `ot-group`, which runs a group of scopes of an OpenTracing filter."""
    return case(
        "ot-group",
        word("ot_id", help="Identifier of the OpenTracing filter.")
        + word("ot_group", help="The group of scopes to run."),
    )


def lua() -> Case:
    """Return `lua.<name>`, which runs an action that a Lua script has registered."""
    return case(
        "lua.{lua_action}",
        opt(rest("lua_params", help="Arguments of the action.")),
        lua_action={
            "pattern": WORD,
            "refers_to": NameOf(NameKind.LUA),
            "help": "Name of the Lua action.",
        },
    )


def use_service() -> Case:
    """Return `use-service`, which lets a service inside HAProxy answer."""
    return case(
        "use-service",
        word("service_name", pattern=None, refers_to=LUA_SERVICE, help="The service that answers."),
    )
