"""Actions with which HAProxy answers itself, and the answer of `http-error` lines.

Manual, section 4.4 "deny", "return", "tarpit", "redirect", and section 4.2 "http-error".
"""

from collections.abc import Iterator

from dataplane_core.plugin import (
    FILES,
    FORMAT,
    ByChoice,
    Case,
    Code,
    NameOf,
    ParameterKeyword,
    Problem,
    Term,
    Values,
    arg,
    args,
    case,
    checked,
    integer,
    loose,
    misplaced,
    nothing,
    number_of,
    params,
    variants,
    word,
)
from dataplane_plugins.configuration.common.values import must_match

_STATUSES = (200, 599)
"""The least and the largest status that an answer of HAProxy's own can have."""


_ERROR_FILES = frozenset({"default-errorfiles", "errorfile", "errorfiles"})
"""Formats of a body whose file has the header fields of the answer in it."""

_TEXTS = frozenset({"string", "lf-string"})
"""Formats of a body for which HAProxy wants a media type; an empty `file` needs none."""


def _check_body(values: Values) -> Iterator[Problem]:
    """Refuse a body without its media type, and an error file with further header fields.

    HAProxy refuses a text without `content-type` (manual, section 4.4 "return"), and ignores `hdr`
    beside an error file with a warning.
    """
    source = values.get("return_content_format")
    if source in _ERROR_FILES and "return_hdrs" in values:
        yield misplaced("return_hdrs", f"return_hdrs does not belong to {source}")
    lacking = "return_content" in values and "return_content_type" not in values
    if source in _TEXTS and lacking:
        path = "return_content_type"
        yield Problem(path, Code.REQUIRED, f"{path} in body is required with {source}")


_CONTENT = ByChoice(
    "return_content_format",
    {
        **dict.fromkeys(("errorfile", "file", "lf-file"), FILES),
        "errorfiles": NameOf("http-errors"),
        "lf-string": FORMAT,
    },
)


def _content(help: str) -> Term:
    return word("return_content", pattern=None, refers_to=_CONTENT, help=help)


_FORMAT = variants(
    "return_content_format",
    {
        "default-errorfiles": nothing,
        "errorfile": _content("What `return_content_format` takes: a file, a name, or the text."),
        "errorfiles": _content("The http-errors section."),
        "file": _content("The file with the body."),
        "lf-file": _content("The file with the body, a log format."),
        "string": _content("The body."),
        "lf-string": _content("The body as a log format."),
    },
    help="Where the body of the answer comes from.",
)
HEADER_FIELD = word("name", pattern=None, required=True, help="Name of the header field.") + word(
    "fmt",
    pattern=None,
    required=True,
    refers_to=FORMAT,
    secret_of="name",
    help="Value of the header field, a log format.",
)
"""`hdr`: a field that is added to a message, of an answer or of the request of a check."""


def answer(status: ParameterKeyword) -> Term:
    """Return the parameters of an answer: `status`, the body with its media type, and headers."""
    table = params(
        status,
        arg(
            "content-type",
            word("return_content_type", pattern=None, help="Media type of the body."),
        ),
        _FORMAT,
        args(
            "hdr",
            "return_hdrs",
            HEADER_FIELD,
            help="Header fields to add to the answer.",
            sort_as="ReturnHeaders",
        ),
        strict=True,
    )
    return checked(table, _check_body)


_DENY_STATUS = integer(
    "deny_status", *_STATUSES, nullable=True, help="Status of the answer to what is denied."
)
_DENY = answer(ParameterKeyword({"deny_status": _DENY_STATUS, "status": _DENY_STATUS}))
_RETURN = answer(
    arg(
        "status",
        integer("return_status_code", *_STATUSES, nullable=True, help="Status of the answer."),
    )
)

_TARGET = word(
    "redir_value", refers_to=FORMAT, help="The new location, prefix or scheme, a log format."
)

REDIRECT = loose(
    "redir_option",
    variants(
        "redir_type",
        dict.fromkeys(("location", "prefix", "scheme"), _TARGET),
        needed=True,
        help="Which part of the URL is replaced.",
    ),
    arg(
        "code",
        number_of(
            "redir_code", 301, 302, 303, 307, 308, nullable=True, help="Status of the answer."
        ),
    ),
    valued=("set-cookie", "clear-cookie"),
    help="Further options, such as `drop-query`, `append-slash` or `set-cookie NAME=value`.",
)
"""`redirect`, whose words may stand in any order (manual, section 4.2 "redirect")."""


def deny() -> Case:
    """Return `deny`, which answers with an error."""
    return case("deny", _DENY)


def tarpit() -> Case:
    """Return `tarpit`, which answers with an error after a delay."""
    return case("tarpit", _DENY)


def return_answer() -> Case:
    """Return `return`, which answers without a server."""
    return case("return", _RETURN)


def redirect(*, location_alone: bool = False) -> Case:
    """Return `redirect`, which sends the client elsewhere.

    HAProxy takes no `prefix` and no `scheme` in `http-response` rules; these are `location_alone`.
    """
    if location_alone:
        return case("redirect", must_match(REDIRECT, "redir_type", "location", "location"))
    return case("redirect", REDIRECT)
