"""What a proxy logs, and in which format (manual, sections 4.2 and 8.2)."""

from dataplane_core.plugin import (
    FORMAT,
    Statement,
    const,
    group,
    integer,
    keyword,
    lit,
    prefer,
    seq,
    statement,
    statements,
    word,
)
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.proxies.section_kinds import (
    BACK,
    FRONT,
    ONLY_FRONTEND,
    taken_by,
)

_SLOT = seq(
    word("name", None, required=True, help="Name, or how it begins."),
    lit("len"),
    integer("len", 1, required=True, help="Characters that are kept."),
)


def _tag(pattern: str) -> Statement:
    """Return `log-tag`; the interface has another pattern for frontends."""
    return valued(
        "log-tag", word("log_tag", pattern, help="The program's name in log messages."), "site-a"
    )


def _format(head: str, name: str, help: str) -> Statement:
    """Return a keyword with a log format, which is quoted where it has blanks (section 8.2)."""
    term = word(name, None, refers_to=FORMAT, help=f"{help}, one word in HAProxy's notation.")
    examples = [f'{head} "%ci %cp"', f"{head} %{{+X}}o_%ci:%cp"]
    return statement(head, term, examples=examples, rejects=[head, f"{head} %ci %cp"])


def _captured(head: str, name: str, help: str) -> Statement:
    """Return `capture … header`, each line of which names a header field to log."""
    return statements(
        f"capture {head}",
        name,
        _SLOT,
        help=help,
        examples=[f"capture {head} X-Id len 32"],
        rejects=[f"capture {head} X-Id", f"capture {head} X-Id len x"],
    )


LOG_FORMATS = (
    *taken_by(BACK, _tag(r"^[^\s]+$")),
    *taken_by(ONLY_FRONTEND, _tag(r'^[A-Za-z0-9-_.:${}"]+$')),
    *taken_by(
        FRONT,
        _format("log-format", "log_format", "The format of traffic logs"),
        _format("log-format-sd", "log_format_sd", "Structured data of RFC 5424 log messages"),
        _format("error-log-format", "error_log_format", "The format for failed connections"),
        prefer(
            ("option httplog", const("httplog", True, help="Log in the HTTP format.")),
            ("option httplog clf", const("clflog", True, help="Log in the common log format.")),
            examples=["option httplog", "option httplog clf"],
            rejects=["option httplog clg"],
        ),
        keyword("option tcplog", "tcplog", help="Log in the TCP format."),
    ),
)

UNIQUE_ID = taken_by(
    FRONT,
    _format("unique-id-format", "unique_id_format", "What a request's unique identifier holds"),
    valued(
        "unique-id-header",
        word("unique_id_header", None, help="The header that carries the unique identifier."),
        "X-Unique-ID",
    ),
)

CAPTURES = taken_by(
    ONLY_FRONTEND,
    valued("capture cookie", group("capture_cookie", _SLOT), "ASPSESSION len 32", rejects=["X"]),
    _captured("request header", "capture_request_headers", "Headers of requests that are logged."),
    _captured("response header", "capture_response_headers", "Headers of responses, for logs."),
)
