"""`compression …`: which messages HAProxy compresses, and how (manual, section 4.2)."""

from dataplane_core.plugin import Statement, gathered, group, keyword, many, one_of, size, word
from dataplane_plugins.configuration.common.keywords import valued
from dataplane_plugins.configuration.common.values import counting_up
from dataplane_plugins.configuration.proxies.section_kinds import ANY, taken_by

ALGORITHMS = ("identity", "gzip", "deflate", "raw-deflate")
"""Algorithms that HAProxy can compress with (manual, section 4.2 "compression algo")."""


def _algorithms(head: str, name: str, help: str) -> Statement:
    """Return `compression algo…`, of which HAProxy adds up all lines."""
    term = many(name, one_of(name, *ALGORITHMS), at_least=1, help=help)
    head = f"compression {head}"
    examples = [f"{head} gzip", f"{head} deflate gzip"]
    return gathered(head, group("compression", term), examples=examples, rejects=[head])


def _types(head: str, name: str, help: str) -> Statement:
    """Return `compression type…`, of which HAProxy adds up all lines."""
    term = many(name, word(name, None), at_least=1, help=help)
    head = f"compression {head}"
    examples = [f"{head} text/html text/plain"]
    return gathered(head, group("compression", term), examples=examples, rejects=[head])


def _minsize(side: str, what: str) -> Statement:
    """Return `compression minsize-…`; since HAProxy 3.2."""
    name = f"compression.minsize_{side}"
    term = size(name, help=f"Bytes from which {what} are compressed.")
    return valued(f"compression minsize-{side}", counting_up(term, name), "10k")


COMPRESSION = taken_by(
    ANY,
    _algorithms("algo", "algorithms", "Algorithms for responses, in order of preference."),
    valued(
        "compression algo-req",
        group("compression", one_of("algo-req", *ALGORITHMS, help="Algorithm for requests.")),
        "gzip",
        rejects=["zip"],
    ),
    _algorithms("algo-res", "algos-res", "Algorithms for responses, in order of preference."),
    _types("type", "types", "Media types of responses that are compressed."),
    _types("type-req", "types-req", "Media types of requests that are compressed."),
    _types("type-res", "types-res", "Media types of responses that are compressed."),
    _minsize("req", "requests"),
    _minsize("res", "responses"),
    keyword("compression offload", "compression.offload", help="Keep servers from compressing."),
    valued(
        "compression direction",
        group(
            "compression",
            one_of("direction", "request", "response", "both", help="What is compressed."),
        ),
        "both",
    ),
)
