"""`errorfile` lines, of proxies and of `http-errors` sections (manual, sections 4.2 and 12.4)."""

from dataplane_core.plugin import FILES, Statement, number_of, seq, statements, word

ERROR_CODES = (
    *(200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 425, 429),
    *(500, 501, 502, 503, 504),
)
"""Statuses for which HAProxy has an error page of its own (manual, section 4.2 "errorfile")."""


def error_files(**more: bool) -> Statement:
    """Return `errorfile`, of which each line names the file for one status."""
    return statements(
        "errorfile",
        "error_files",
        seq(
            number_of("code", *ERROR_CODES, help="Status of the answer."),
            word("file", None, refers_to=FILES, help="File with the whole answer, headers too."),
        ),
        help="Answers from files in place of HAProxy's own.",
        sort_as="ErrorFiles",
        examples=["errorfile 503 /etc/haproxy/errors/503.http"],
        rejects=["errorfile", "errorfile 503", "errorfile 201 /a"],
        **more,
    )
