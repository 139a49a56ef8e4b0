"""Actions of several `http-…` rule sets (manual, section 4.4)."""

from dataplane_core.plugin import (
    EXPRESSION,
    FORMAT,
    WORD,
    Case,
    NameKind,
    NameOf,
    arg,
    case,
    duration,
    integer,
    one_of,
    params,
    rest,
    seq,
    size,
    word,
)
from dataplane_plugins.configuration.common.values import or_variable

NAME_MATCH = or_variable("(str|beg|end|sub|reg)")
"""Ways to match the name of a header field (manual, section 4.4 "del-header")."""

VALUE = word(
    "hdr_format",
    pattern=None,
    refers_to=FORMAT,
    secret_of="hdr_name",
    help="The new value, a log format.",
)

_HEADER = word("hdr_name", pattern=None, help="Name of the header field.")
_METHOD = word("hdr_method", NAME_MATCH, help="How the name matches: str, beg, end, sub or reg.")
_VALUE_MATCH = word(
    "hdr_match",
    pattern=None,
    secret_of="hdr_name",
    help="Regular expression for the field's value.",
)
_FILE = {
    "pattern": WORD,
    "refers_to": NameOf(NameKind.PATTERN_LIST),
    "help": "File or identifier of the list.",
}
_ACL_KEY = word(
    "acl_keyfmt", refers_to=FORMAT, help="The pattern to add or to delete, a log format."
)
_MAP_KEY = word("map_keyfmt", refers_to=FORMAT, help="The key, a log format.")
_MAP_VALUE = word("map_valuefmt", refers_to=FORMAT, help="The value, a log format.")


def headers() -> list[Case]:
    """Return the actions that add, delete, replace and set header fields."""
    return [
        case("add-header", _HEADER + VALUE),
        case("del-header", _HEADER + params(arg("-m", _METHOD), strict=True)),
        case("replace-header", seq(_HEADER, _VALUE_MATCH, VALUE)),
        case("replace-value", seq(_HEADER, _VALUE_MATCH, VALUE)),
        case("set-header", _HEADER + VALUE),
    ]


def binary_headers() -> list[Case]:
    """Return the actions on all fields that an expression gives in binary; since HAProxy 3.4."""
    fields = word(
        "hdr_expr",
        pattern=None,
        refers_to=EXPRESSION,
        help="Sample expression that gives the fields.",
    )
    prefix = word("hdr_prefix", pattern=None, help="What is put in front of their names.")
    prefixed = fields + params(arg("prefix", prefix), strict=True)
    return [
        case("add-headers-bin", prefixed),
        case("del-headers-bin", fields + params(arg("-m", _METHOD), strict=True)),
        case("set-headers-bin", prefixed),
    ]


def add_acl() -> Case:
    """Return `add-acl`, which adds a pattern to an ACL's list."""
    return case("add-acl({acl_file})", _ACL_KEY, acl_file=_FILE)


def lists() -> list[Case]:
    """Return the actions on maps and lists of ACLs that every HTTP rule set has."""
    return [
        case("del-acl({acl_file})", _ACL_KEY, acl_file=_FILE),
        case("del-map({map_file})", _MAP_KEY, map_file=_FILE),
        case("set-map({map_file})", _MAP_KEY + _MAP_VALUE, map_file=_FILE),
    ]


def pause() -> Case:
    """Return `pause`, which holds a message for a time; since HAProxy 3.2."""
    return case(
        "pause", rest("expr", refers_to=EXPRESSION, help="Sample expression that gives the value.")
    )


def set_status() -> Case:
    """Return `set-status`, which gives a response another status, and perhaps another reason."""
    return case(
        "set-status",
        integer("status", 100, 999, help="The new status.")
        + params(
            arg("reason", word("status_reason", pattern=None, help="The text behind it.")),
            strict=True,
        ),
    )


def strict_mode() -> Case:
    """Return `strict-mode`, which says whether a rewrite that fails is an error."""
    return case("strict-mode", one_of("strict_mode", "on", "off", help="Whether it is."))


def wait_for_body() -> Case:
    """Return `wait-for-body`, which holds a message until its body, or enough of it, is there."""
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


_TIMEOUTS = ("server", "tunnel", "client", "connect", "queue", "tarpit")
"""Timeouts that a stream can be given; the last three since HAProxy 3.3."""


def set_timeout() -> Case:
    """Return `set-timeout`, which gives a stream another timeout."""
    return case(
        "set-timeout",
        one_of("timeout_type", *_TIMEOUTS, help="Which timeout.")
        + rest(
            "timeout",
            refers_to=EXPRESSION,
            help="The timeout, a time with its unit or an expression.",
        ),
    )
