"""What proxies send and report by themselves (manual, section 4.2).

Error pages, compression, alerts by mail, headers with addresses.
"""

from dataplane_core.plugin import (
    Statement,
    arg,
    const,
    each_counts,
    flag,
    gathered,
    group,
    keyword,
    many,
    number_of,
    one_of,
    params,
    seq,
    size,
    statement,
    statements,
    word,
)
from dataplane_plugins.configuration.common.props import or_variable
from dataplane_plugins.configuration.common.proxies import ANY, on

ERROR_CODES = (
    *(200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 425, 429),
    *(500, 501, 502, 503, 504),
)
ALGORITHMS = ("identity", "gzip", "deflate", "raw-deflate")
LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
ADDRESS = r"^\S+@\S+$"
NETWORK = or_variable(r'"?[0-9A-Za-z_.:-]+(/[0-9.]+)?"?')


def error_files(**more: bool) -> Statement:
    """`errorfile`, of proxies and of `http-errors` sections."""
    return statements(
        "errorfile",
        "error_files",
        seq(
            number_of("code", *ERROR_CODES, help="Status of the answer."),
            word("file", None, help="File with the whole answer, headers too."),
        ),
        help="Answers from files in place of HAProxy's own.",
        sort_as="ErrorFiles",
        examples=["errorfile 503 /etc/haproxy/errors/503.http"],
        rejects=["errorfile", "errorfile 503", "errorfile 201 /a"],
        **more,
    )


def _location(head: str, status: int, *also: str) -> Statement:
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


ERRORS = on(
    ANY,
    error_files(),
    statements(
        "errorfiles",
        "errorfiles_from_http_errors",
        seq(
            word("name", None, help="The http-errors section."),
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


def _algorithms(head: str, name: str, help: str) -> Statement:
    term = many(name, one_of(name, *ALGORITHMS), at_least=1, help=help)
    head = f"compression {head}"
    examples = [f"{head} gzip", f"{head} deflate gzip"]
    return gathered(head, group("compression", term), examples=examples, rejects=[head])


def _types(head: str, name: str, help: str) -> Statement:
    term = many(name, word(name, None), at_least=1, help=help)
    head = f"compression {head}"
    examples = [f"{head} text/html text/plain"]
    return gathered(head, group("compression", term), examples=examples, rejects=[head])


def _minsize(side: str, what: str) -> Statement:
    head = f"compression minsize-{side}"
    term = size(f"compression.minsize_{side}", help=f"Bytes from which {what} are compressed.")
    return statement(head, term, examples=[f"{head} 10k"], rejects=[head])


COMPRESSION = on(
    ANY,
    _algorithms("algo", "algorithms", "Algorithms for responses, in order of preference."),
    statement(
        "compression algo-req",
        group("compression", one_of("algo-req", *ALGORITHMS, help="Algorithm for requests.")),
        examples=["compression algo-req gzip"],
        rejects=["compression algo-req", "compression algo-req zip"],
    ),
    _algorithms("algo-res", "algos-res", "Algorithms for responses, in order of preference."),
    _types("type", "types", "Media types of responses that are compressed."),
    _types("type-req", "types-req", "Media types of requests that are compressed."),
    _types("type-res", "types-res", "Media types of responses that are compressed."),
    _minsize("req", "requests"),
    _minsize("res", "responses"),
    keyword("compression offload", "compression.offload", help="Keep servers from compressing."),
    statement(
        "compression direction",
        group(
            "compression",
            one_of("direction", "request", "response", "both", help="What is compressed."),
        ),
        examples=["compression direction both"],
        rejects=["compression direction"],
    ),
)


def _mail(head: str, help: str) -> Statement:
    term = word(f"email_alert.{head}", ADDRESS, required=True, nullable=True, help=help)
    head = f"email-alert {head}"
    return statement(head, term, examples=[f"{head} ops@example.com"], rejects=[head])


MAIL = on(
    ANY,
    _mail("from", "Sender of alerts."),
    _mail("to", "Recipient of alerts."),
    statement(
        "email-alert level",
        one_of("email_alert.level", *LEVELS, help="The least severe message that is sent."),
        examples=["email-alert level err"],
        rejects=["email-alert level", "email-alert level max"],
    ),
    statement(
        "email-alert myhostname",
        word("email_alert.myhostname", None, help="Name that mail servers are greeted with."),
        examples=["email-alert myhostname lb1"],
        rejects=["email-alert myhostname"],
    ),
    statement(
        "email-alert mailers",
        word(
            "email_alert.mailers", None, required=True, nullable=True, refers_to=("mailers",),
            help="The mailers section.",
        ),
        examples=["email-alert mailers local"],
        rejects=["email-alert mailers"],
    ),
)

FORWARDED = on(
    ANY,
    statement(
        "option forwardfor",
        group(
            "forwardfor",
            seq(
                const(
                    "enabled",
                    "enabled",
                    required=True,
                    nullable=True,
                    help="Tell servers who the client is.",
                ),
                params(
                    arg("except", word("except", NETWORK, help="Clients to say nothing about.")),
                    arg("header", word("header", help="Header, instead of X-Forwarded-For.")),
                    flag("if-none", "ifnone", help="Only where the header is missing."),
                ),
            ),
        ),
        examples=["option forwardfor", "option forwardfor except 10.0.0.0/8 header X if-none"],
        rejects=["option forwardfor except", "option forwardfor except A header"],
    ),
    statement(
        "option originalto",
        group(
            "originalto",
            seq(
                const(
                    "enabled",
                    "enabled",
                    required=True,
                    nullable=True,
                    help="Tell servers which address was asked for.",
                ),
                params(
                    arg("except", word("except", NETWORK, help="Addresses to leave out.")),
                    arg("header", word("header", help="Header, instead of X-Original-To.")),
                ),
            ),
        ),
        examples=["option originalto", "option originalto except 127.0.0.1 header X-Dst"],
        rejects=["option originalto except", "option originalto header"],
    ),
)

HEADER_NAMES = on(
    ANY,
    statement(
        "option http-restrict-req-hdr-names",
        one_of(
            "http_restrict_req_hdr_names",
            *("preserve", "delete", "reject"),
            help="What happens to header names of other than letters, digits and dashes.",
        ),
        examples=["option http-restrict-req-hdr-names delete"],
        rejects=["option http-restrict-req-hdr-names"],
    ),
)
