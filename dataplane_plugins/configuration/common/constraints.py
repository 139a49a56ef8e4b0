"""Rules on values that HAProxy has and the interface's patterns do not say."""

import re
from collections.abc import Callable, Iterable, Iterator

from dataplane_core.plugin import (
    Code,
    Problem,
    Term,
    Values,
    checked,
    is_digits,
    misplaced,
    parse_integer,
)

INIT_ADDR = r"[^,]*[.:][^,]*|last|libc|none"
"""Ways to find an address at the start (manual, section 5.2 "init-addr")."""

THREADS = r"(\d+/)?(all|odd|even|0*[1-9]\d*(-\d*)?(,0*[1-9]\d*(-\d*)?)*)"
"""Sets of threads (manual, section 5.1 "thread")."""

STATUSES = r"\d+(-\d+)?(,\d+(-\d+)?)*"
"""Statuses and ranges of them (manual, "http-check expect status")."""

NETWORK = r"[0-9.]+(/[0-9.]+)?|[0-9A-Fa-f:]*:[0-9A-Fa-f.:]*(/\d+)?"
"""An address or a network (manual, section 5.2 "resolve-net")."""

SOURCE = r"[^:]*|[^:]*:\d+(-\d+)?|.*:.*:.*"
"""An address, with or without ports (manual, section 5.2 "source"); IPv6 has more colons."""

ERROR_FILES = frozenset({"default-errorfiles", "errorfile", "errorfiles"})
"""Sources of a body that have header fields of their own."""

PAYLOADS = frozenset({"string", "lf-string"})
"""Sources of a body that always need a media type; a file that is empty needs none."""


def must_match(term: Term, name: str, pattern: str, wanted: str, separator: str = "") -> Term:
    """`term` with its string `name` held to `pattern`, each part of it where there is a separator.

    What holds an environment variable or a quote is left to HAProxy. `wanted` says what it must be.
    """
    whole = re.compile(pattern, re.ASCII)

    def rule(values: Values) -> Iterator[Problem]:
        value = str(values.get(name, ""))
        parts = value.split(separator) if separator else [value]
        if value and not set("$\"'\\") & set(value) and not all(map(whole.fullmatch, parts)):
            yield Problem(name, Code.PATTERN, f"{name} must be {wanted}, instead of {value!r}")

    return checked(term, rule)


def mss(term: Term) -> Term:
    """A TCP segment size (manual, section 5.1 "mss"); a negative one is taken off the MTU's."""

    def rule(values: Values) -> Iterator[Problem]:
        value = str(values.get("mss", ""))
        number = parse_integer(value)
        if is_digits(value.removeprefix("-")) and not 1 <= abs(number or 0) <= 65535:
            yield Problem("mss", Code.PATTERN, "mss must be from 1 to 65535, or from -65535 to -1")

    return checked(term, rule)


def typed_length(values: Values) -> Iterator[Problem]:
    """Only keys of a stick table that are strings or bytes have a length."""
    if "type_len" in values and values.get("type") not in ("string", "binary"):
        yield misplaced("type_len", "type_len belongs to type string or binary")


def media_type(values: Values) -> Iterator[Problem]:
    """A body needs its media type (manual, section 4.4 "return", 4.2 "http-error").

    An error file has its own header fields; HAProxy ignores others with a warning.
    """
    source = values.get("return_content_format")
    if source in ERROR_FILES and "return_hdrs" in values:
        yield misplaced("return_hdrs", f"return_hdrs does not belong to {source}")
    lacking = "return_content" in values and "return_content_type" not in values
    if source in PAYLOADS and lacking:
        path = "return_content_type"
        yield Problem(path, Code.REQUIRED, f"{path} in body is required with {source}")


def needed(name: str) -> Callable[[Values], Iterable[Problem]]:
    """A rule: the property must be there, although a line can be written without it."""

    def rule(values: Values) -> Iterator[Problem]:
        if name not in values:
            yield Problem(name, Code.REQUIRED, f"{name} in body is required")

    return rule
