"""Steps that HTTP and TCP health checks share (manual, 4.2 `http-check …`, `tcp-check …`)."""

from collections.abc import Mapping
from typing import Any

from dataplane_core.grammar import (
    Params,
    Term,
    arg,
    case,
    const,
    dispatch,
    flag,
    integer,
    lit,
    one_of,
    opt,
    params,
    rest,
    seq,
    word,
)
from dataplane_core.grammar.dispatch import Case
from dataplane_core.grammar.entries import Entry
from dataplane_core.grammar.values import WORD

COMMENT = word("check_comment", pattern=None, help="Text for the log when the step fails.")


def connect(port: Term) -> Params:
    """Parameters of `connect`."""
    return params(
        flag("default", "default", help="Connect as the server's line says."),
        arg("port", port),
        arg("addr", word("addr", help="Address to connect to, in place of the server's.")),
        flag("send-proxy", "send_proxy", help="Send a PROXY protocol header."),
        flag("via-socks4", "via_socks4", help="Connect through the server's SOCKS4 proxy."),
        flag("ssl", "ssl", help="Speak TLS."),
        arg("sni", word("sni", pattern=None, help="Name of the server in TLS, an expression.")),
        arg("alpn", word("alpn", help="Protocols to offer by ALPN.")),
        flag("linger", "linger", help="Close the connection cleanly."),
        arg("proto", word("proto", pattern=None, help="Protocol to speak, such as h2.")),
        arg("comment", COMMENT),
    )


def expect(matches: Mapping[str, Term], min_recv: dict[str, Any]) -> Term:
    """What the answer must be: how it is compared, and what is said of it."""
    statuses = (
        ("ok", ("L7OK", "L7OKC", "L6OK", "L4OK"), "Status when it is as expected."),
        ("error", ("L7OKC", "L7RSP", "L7STS", "L6RSP", "L4CON"), "Status when it is not."),
        ("tout", ("L7TOUT", "L6TOUT", "L4TOUT"), "Status when no answer comes in time."),
    )
    formats = (
        ("on-success", "on_success", "Text for the log when it is as expected, a log format."),
        ("on-error", "on_error", "Text for the log when it is not, a log format."),
        ("status-code", "status-code", "Expression that gives the reported status."),
    )
    least = integer("min_recv", help="Bytes to wait for before comparing; -1: any.", **min_recv)
    return seq(
        params(
            arg("min-recv", least),
            arg("comment", COMMENT),
            *(
                arg(f"{name}-status", one_of(f"{name}_status", *choices, help=help))
                for name, choices, help in statuses
            ),
            *(arg(keyword, word(name, pattern=None, help=help)) for keyword, name, help in formats),
            strict=True,
        ),
        opt(seq(lit("!"), const("exclamation_mark", True, help="Expect that it does not match."))),
        dispatch(
            "match",
            *(case(name, term) for name, term in matches.items()),
            required=False,
            pattern=WORD,
            help="What is compared, and how.",
        ),
    )


PATTERN = word("pattern", pattern=None, help="What is expected.")
PATTERNS = rest("pattern", help="What is expected: one word, with `hdr` and `fhdr` several.")


def sent(keyword: str, name: str, help: str, pattern: str | None = None) -> Case:
    """A step that sends something."""
    return case(
        keyword, word(name, pattern, help=help) + params(arg("comment", COMMENT), strict=True)
    )


def commented(*entries: Entry) -> Params:
    """Parameters with a comment at the end."""
    return params(*entries, arg("comment", COMMENT))
