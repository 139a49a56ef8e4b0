"""Answers in place of HAProxy's own error pages (manual, section 4.2 "errorfile", "errorloc…")."""

from dataplane_core.plugin import (
    NameOf,
    Statement,
    each_counts,
    group,
    many,
    number_of,
    seq,
    statement,
    statements,
    word,
)
from dataplane_plugins.configuration.common.error_files import ERROR_CODES, error_files
from dataplane_plugins.configuration.proxies.section_kinds import ANY, taken_by


def _location(head: str, status: int, *also: str) -> Statement:
    """Return `errorloc…`; all its lines count, and the property holds the last one."""
    line = statement(
        head,
        also=also,
        term=group(
            head,
            seq(
                number_of(
                    "code",
                    *ERROR_CODES,
                    required=True,
                    nullable=True,
                    help="Status that is replaced.",
                ),
                word(
                    "url",
                    None,
                    required=True,
                    nullable=True,
                    help=f"Where clients are sent with {status}.",
                ),
            ),
        ),
        examples=[f"{one} 503 http://www.example.com/down" for one in (head, *also)],
        rejects=[head, f"{head} 503", f"{head} /error_page", f"{head} 201 /a"],
    )
    return each_counts(line)


ERROR_PAGES = taken_by(
    ANY,
    error_files(),
    statements(
        "errorfiles",
        "errorfiles_from_http_errors",
        seq(
            word("name", None, refers_to=NameOf("http-errors"), help="The http-errors section."),
            many(
                "codes",
                number_of("codes", *ERROR_CODES),
                help="Statuses that are taken from it; all without a list.",
            ),
        ),
        help="Answers taken from `http-errors` sections.",
        sort_as="ErrorFilesFromHTTPErrors",
        examples=["errorfiles shop", "errorfiles shop 403 404"],
        rejects=["errorfiles", "errorfiles shop 201", "errorfiles shop x"],
    ),
    _location("errorloc302", 302, "errorloc"),
    _location("errorloc303", 303),
)
