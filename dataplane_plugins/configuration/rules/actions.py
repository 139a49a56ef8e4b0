"""Actions that several rule sets share: headers, maps, ACLs, variables, connections.

Manual, section 4.4 (4.2 before HAProxy 3.2), in which each action says where it may stand.
"""

from typing import Any

from dataplane_core.plugin import (
    WORD,
    Case,
    Prop,
    Term,
    arg,
    case,
    duration,
    first_of,
    integer,
    lit,
    nothing,
    one_of,
    opt,
    params,
    rest,
    seq,
    size,
    word,
)
from dataplane_plugins.configuration.common.values import or_variable

LOG_LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "silent")
VARIABLE_SCOPE = or_variable("(proc|check|p?(sess|txn|req|res))")
"""Scopes of variables (manual, section 2.8); those with a `p` are the parent stream's."""

NAME_MATCH = or_variable("(str|beg|end|sub|reg)")
"""How names of header fields are matched."""

DECIMAL_OR_HEX = or_variable("(0x[0-9A-Fa-f]+|[0-9]+)")
"""A decimal or hexadecimal number."""

HEADER = word("hdr_name", pattern=None, help="Name of the header field.")
MATCH = word("hdr_match", pattern=None, help="Regular expression for the field's value.")
FORMAT = word("hdr_format", pattern=None, help="The new value, a log format.")

EXPRESSION = rest("expr", help="Sample expression that gives the value.")


def headers() -> list[Case]:
    """Actions on header fields."""
    method = word("hdr_method", NAME_MATCH, help="How the name matches: str, beg, end, sub or reg.")
    return [
        case("add-header", HEADER + FORMAT),
        case("del-header", HEADER + params(arg("-m", method), strict=True)),
        case("replace-header", seq(HEADER, MATCH, FORMAT)),
        case("replace-value", seq(HEADER, MATCH, FORMAT)),
        case("set-header", HEADER + FORMAT),
    ]


_FILE = {"pattern": WORD, "help": "File or identifier of the list."}
_KEY = word("acl_keyfmt", help="The pattern to add or to delete, a log format.")
_MAP_KEY = word("map_keyfmt", help="The key, a log format.")


def add_acl() -> Case:
    """`add-acl`: add a pattern to an ACL's list."""
    return case("add-acl({acl_file})", _KEY, acl_file=_FILE)


def lists() -> list[Case]:
    """Actions on maps and on the lists of ACLs that every HTTP rule set has."""
    value = word("map_valuefmt", help="The value, a log format.")
    return [
        case("del-acl({acl_file})", _KEY, acl_file=_FILE),
        case("del-map({map_file})", _MAP_KEY, map_file=_FILE),
        case("set-map({map_file})", _MAP_KEY + value, map_file=_FILE),
    ]


_VARIABLE: dict[str, Any] = {
    "var_scope": {"pattern": VARIABLE_SCOPE, "help": "Where the variable lives."},
    "var_name": {"pattern": WORD, "help": "Name of the variable."},
}


def variables(expression: str = "var_expr", text: str = "var_format") -> list[Case]:
    """Actions on variables; the arguments are the properties of the value and of the log format."""
    value = rest(expression, help="Sample expression that gives the value.")
    formatted = word(text, pattern=None, help="The value as a log format.")
    return [
        case("set-var({var_scope}.{var_name})", value, **_VARIABLE),
        case("set-var-fmt({var_scope}.{var_name})", formatted, **_VARIABLE),
        case("unset-var({var_scope}.{var_name})", **_VARIABLE),
    ]


def resolve(resolvers: str, protocol: str) -> list[Case]:
    """`do-resolve`: look a name up; the arguments are property names."""
    facts: dict[str, Any] = {
        "var_name": {"pattern": WORD, "help": "Name of the variable."},
        resolvers: {"help": "The resolvers section that answers."},
        protocol: {"enum": ("ipv4", "ipv6"), "help": "The family of addresses to ask for."},
    }
    whole = "do-resolve({var_name},{" + resolvers + "},{" + protocol + "})"
    short = "do-resolve({var_name},{" + resolvers + "})"
    known: dict[str, Any] = {name: facts[name] for name in ("var_name", resolvers)}
    return [case(whole, EXPRESSION, **facts), case(short, EXPRESSION, **known)]


def log_level() -> Case:
    """`set-log-level`: log the session at another level."""
    level = one_of("log_level", *LOG_LEVELS, help="The level, or `silent` for none.")
    return case("set-log-level", level)


def bandwidth_limit() -> Case:
    """`set-bandwidth-limit`: turn a bandwidth filter on."""
    names = ("limit", "bandwidth_limit_limit"), ("period", "bandwidth_limit_period")
    helps = ("Bytes in each period, or an expression.", "The period, a time or an expression.")
    return case(
        "set-bandwidth-limit",
        word("bandwidth_limit_name", pattern=None, help="Name of the filter.")
        + params(
            *(
                arg(keyword, word(name, pattern=None, help=help))
                for (keyword, name), help in zip(names, helps, strict=True)
            ),
            strict=True,
        ),
    )


def marks() -> list[Case]:
    """`set-mark` and `set-tos`: mark the packets to the client."""
    return [
        case("set-mark", word("mark_value", DECIMAL_OR_HEX, help="Netfilter mark of the packets.")),
        case(
            "set-tos",
            word("tos_value", DECIMAL_OR_HEX, help="Type of service (DSCP) of the packets."),
        ),
    ]


def named_marks(*sides: str) -> list[Case]:
    """`set-fc-mark` and its like (HAProxy 3.0): `fc` is the client's side, `bc` the server's."""
    return [case(f"set-{side}-{what}", EXPRESSION) for side in sides for what in ("mark", "tos")]


def nice() -> Case:
    """`set-nice`: the scheduling priority of the session."""
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
    """`silent-drop`: close without telling the client."""
    ttl = integer(
        "rst_ttl", 1, 255, help="Hops that a reset packet may take; without it none is sent."
    )
    return case("silent-drop", params(arg("rst-ttl", ttl), strict=True))


def spoe_group(engine: str, group: str, pattern: str | None) -> Case:
    """`send-spoe-group`: send a group of messages to an agent; the arguments are property names."""
    return case(
        "send-spoe-group",
        word(engine, pattern, help="The SPOE engine.")
        + word(group, pattern, help="The group of messages."),
    )


def tracing() -> Case:
    """`ot-group`: run a group of scopes of an OpenTracing filter."""
    return case(
        "ot-group",
        word("ot_id", help="Identifier of the OpenTracing filter.")
        + word("ot_group", help="The group of scopes to run."),
    )


def set_status() -> Case:
    """`set-status`: another status for the response."""
    return case(
        "set-status",
        integer("status", 100, 999, help="The new status.")
        + params(
            arg("reason", word("status_reason", pattern=None, help="The text behind it.")),
            strict=True,
        ),
    )


def lua() -> Case:
    """`lua.<name>`: run an action that a Lua script registered."""
    return case(
        "lua.{lua_action}",
        opt(rest("lua_params", help="Arguments of the action.")),
        lua_action={"pattern": WORD, "help": "Name of the Lua action."},
    )


def do_log() -> Case:
    """`do-log`: write a log message now (HAProxy 3.1)."""
    profile = word("log_profile", pattern=None, help="The log profile to use.")
    return case("do-log", params(arg("profile", profile), strict=True))


def strict_mode() -> Case:
    """`strict-mode`: whether a failed rewrite is an error."""
    return case("strict-mode", one_of("strict_mode", "on", "off", help="Whether it is."))


def wait_for_body() -> Case:
    """`wait-for-body`: hold the message until the body is there."""
    return case(
        "wait-for-body",
        params(
            arg(
                "time",
                duration("wait_time", nullable=True, help="Longest time to wait, in milliseconds."),
                required=True,
            ),
            arg(
                "at-least",
                size("wait_at_least", nullable=True, help="Bytes of the body that are enough."),
            ),
            strict=True,
        ),
    )


def set_timeout() -> Case:
    """`set-timeout`: another timeout for this stream."""
    return case(
        "set-timeout",
        one_of("timeout_type", "server", "tunnel", "client", help="Which timeout.")
        + rest("timeout", help="The timeout, a time with its unit or an expression."),
    )


def capture(*shapes: Term, sample: str = "capture_sample", pattern: str | None) -> Case:
    """`capture`: keep a sample for the log."""
    what = word(sample, pattern, help="Expression that gives what is kept.")
    return case("capture", what + (first_of(*shapes) if shapes else nothing))


CAPTURED = r"""^["']?[A-Za-z]"""
"""What the interface takes as a sample to capture: it starts with the name of a fetch."""

CAPTURE_LENGTH = seq(lit("len"), integer("capture_len", help="Characters to keep at most."))
CAPTURE_SLOT = seq(
    lit("id"), integer("capture_id", nullable=True, help="Slot of a declared capture.")
)


def property_alias(name: str, help: str, **more: Any) -> Prop:
    """A documented property that is taken for another one, the one that is shown."""
    return Prop(name, "string", help=help, deprecated=True, **more)
