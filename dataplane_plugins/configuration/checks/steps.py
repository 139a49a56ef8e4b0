"""Steps that HTTP and TCP health checks share (manual, 4.2 `http-check …`, `tcp-check …`)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dataplane_core.plugin import (
    EXPRESSION,
    FORMAT,
    WORD,
    ByChoice,
    Case,
    ImpliedValue,
    Layout,
    NoMatch,
    ParameterKeyword,
    ParameterTable,
    Problem,
    Prop,
    Reading,
    Term,
    Values,
    arg,
    case,
    const,
    flag,
    integer,
    is_words,
    one_of,
    params,
    plain_word,
    split_words,
    unwritable,
    word,
)

METHODS = ("HEAD", "PUT", "POST", "GET", "TRACE", "PATCH", "DELETE", "CONNECT", "OPTIONS")
"""Methods that HAProxy knows for the request of a check (manual, section 4.2 "option httpchk")."""

COMMENT = word("check_comment", pattern=None, help="Text for the log when the step fails.")


def comment_step(text: Term) -> Case:
    """Return the step `comment`, whose `text` HAProxy logs when the check fails behind it."""
    return case("comment", text)


def connect_params(port: Term) -> ParameterTable:
    """Return the parameters of the step `connect`, with the term of its `port`."""
    return params(
        flag("default", "default", help="Connect as the server's line says."),
        arg("port", port),
        arg("addr", word("addr", help="Address to connect to, in place of the server's.")),
        flag("send-proxy", "send_proxy", help="Send a PROXY protocol header."),
        flag("via-socks4", "via_socks4", help="Connect through the server's SOCKS4 proxy."),
        flag("ssl", "ssl", help="Speak TLS."),
        arg(
            "sni",
            word(
                "sni",
                pattern=None,
                refers_to=EXPRESSION,
                help="Name of the server in TLS, an expression.",
            ),
        ),
        arg("alpn", word("alpn", help="Protocols to offer by ALPN.")),
        flag("linger", "linger", help="Close the connection cleanly."),
        arg("proto", word("proto", pattern=None, help="Protocol to speak, such as h2.")),
        arg("comment", COMMENT),
    )


def expect_params(matches: Mapping[str, Term], min_recv: dict[str, Any]) -> Term:
    """Return the parameters of the step `expect`.

    `matches` are the ways of comparing, each with the term of the pattern; `min_recv` are facts of
    the property of that name.
    """
    statuses = (
        ("ok", ("L7OK", "L7OKC", "L6OK", "L4OK"), "Status when it is as expected."),
        ("error", ("L7OKC", "L7RSP", "L7STS", "L6RSP", "L4CON"), "Status when it is not."),
        ("tout", ("L7TOUT", "L6TOUT", "L4TOUT"), "Status when no answer comes in time."),
    )
    formats = (
        (
            "on-success",
            "on_success",
            FORMAT,
            "Text for the log when it is as expected, a log format.",
        ),
        ("on-error", "on_error", FORMAT, "Text for the log when it is not, a log format."),
        ("status-code", "status-code", EXPRESSION, "Expression that gives the reported status."),
    )
    least = integer("min_recv", help="Bytes to wait for before comparing; -1: any.", **min_recv)
    return params(
        arg("min-recv", least),
        arg("comment", COMMENT),
        *(
            arg(f"{name}-status", one_of(f"{name}_status", *choices, help=help))
            for name, choices, help in statuses
        ),
        *(
            arg(keyword, word(name, pattern=None, refers_to=notation, help=help))
            for keyword, name, notation, help in formats
        ),
        ExpectedMatch(matches),
        strict=True,
    )


class ExpectedMatch(ParameterKeyword):
    """The comparison of `expect`: perhaps `!`, then the way of comparing, then the pattern.

    It stands among the other words of `expect`. A blank behind the `!`, which reverses the
    comparison, may be missing.
    """

    def __init__(self, matches: Mapping[str, Term]) -> None:
        self.match = Prop(
            "match", enum=tuple(matches), pattern=WORD, help="What is compared, and how."
        )
        no = const("exclamation_mark", True, help="Expect that it does not match.")
        plain = {name: ImpliedValue(self.match, name) + term for name, term in matches.items()}
        words = {f"{mark}{name}": no + term for mark in ("! ", "!") for name, term in plain.items()}
        super().__init__({**plain, **words}, required=True)

    def choose(self, values: Values) -> str | None:
        name = values.get(self.match.name)
        if name not in self.match.enum:
            return None
        return f"! {name}" if values.get("exclamation_mark") else str(name)

    def problems(self, values: Values) -> Iterator[Problem]:
        yield from super().problems(values)
        word = self.choose(values)
        fitting = self.words[word].names if word else self.names
        for name in sorted(self.names & values.keys() - fitting):
            yield Problem(name, 422, f"{name} does not belong to {self.match.name} {word}")


class HeaderMatch(Term):
    """The pattern of `hdr` and `fhdr`: the name of a header field, and perhaps its value.

    The property holds all words of the pattern, as they stand on the line.
    """

    PARTS = ("name", "name-lf"), ("value", "value-lf")

    def __init__(self, name: str, help: str) -> None:
        self.prop = Prop(name, help=help)

    def declared(self) -> Iterable[Prop]:
        return (self.prop,)

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        end = self._end(tokens, at)
        if end == at:
            raise NoMatch(tokens[at] if at < len(tokens) else None, self.prop.name)
        reading.values[self.prop.name] = " ".join(tokens[at:end])
        return end

    def _end(self, tokens: Sequence[str], at: int) -> int:
        """Return the index behind the name and the value; `at` where no name stands."""
        for words in self.PARTS:
            if at < len(tokens) and plain_word(tokens[at]) in words:
                method = "-m" in map(plain_word, tokens[at + 1 : at + 2])
                at = min(at + (4 if method else 2), len(tokens))
            elif words == self.PARTS[0]:
                return at
        return at

    def write(self, values: Values, layout: Layout) -> list[str]:
        name, value = self.prop.name, str(values.get(self.prop.name, ""))
        words = split_words(value) if is_words(value) else []
        if not words or self._end(words, 0) != len(words):
            raise unwritable(
                name, f"must be `name`, a name, and perhaps `value`, a value: {value!r}"
            )
        return words

    def needs(self, values: Values) -> Iterator[str]:
        if self.prop.name not in values:
            yield self.prop.name


PATTERN = word(
    "pattern",
    pattern=None,
    refers_to=ByChoice("match", {"string-lf": FORMAT, "binary-lf": FORMAT}),
    help="What is expected.",
)
HEADER_PATTERN = HeaderMatch(
    "pattern", "What is expected: one word, with `hdr` and `fhdr` `name`, a name and what follows."
)


def send_step(keyword: str, name: str, help: str, pattern: str | None = None, **more: Any) -> Case:
    """Return a step that sends what the property `name` holds, with a comment."""
    return case(
        keyword,
        word(name, pattern, help=help, **more) + params(arg("comment", COMMENT), strict=True),
    )


def params_with_comment(*entries: ParameterKeyword) -> ParameterTable:
    """Return a table of parameters that ends with `comment`."""
    return params(*entries, arg("comment", COMMENT))
