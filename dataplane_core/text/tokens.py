"""HAProxy's words: how a line is cut, and what a value must be like to stay one word.

Manual, section 2.2 "Quoting and escaping": blanks separate words; a backslash takes the meaning
from a blank, `#`, quotes and itself, gives one to `n`, `r`, `t` and `xHH`, and stays before
anything else; '…' is literal; "…" keeps escapes, has `\\$` besides, and expands variables; an
unquoted `#` starts a comment, in the middle of a word too. Tokens here are raw: quotes and
backslashes stay in them.
"""

import re

from dataplane_core.errors import DataplaneError

# Anything below a blank but the tab, and DEL; C1 controls are refused too, some terminals act on
# them.
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Words of a line without these are what str.split gives; it would also cut at \x1c and at U+00A0.
_SPECIAL = re.compile(r"[\"'\\#\x1c-\x1f\x80-\U0010ffff]")
# Possessive throughout: a value from a client must not make the match try every way to cut it.
_TOKEN = re.compile(
    r"""[ \t\v\f]*(?P<word>(?:
        [^ \t\v\f\r\n"'\\#]++         # plain characters
      | \\[^\r\n]                     # an escaped character
      | '[^'\r\n]*'                   # strong quotes
      | "(?:[^"\\\r\n]|\\[^\r\n])*+"  # weak quotes
    )++)""",
    re.VERBOSE,
)
_REST = re.compile(r"[ \t\v\f\r\n]*(?:#(?P<comment>.*))?\Z", re.DOTALL)
_QUOTED = re.compile(r"[\"'\\]")
_PART = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|((?:[^'"\\]|\\.)+)""", re.DOTALL)
# A backslash before anything else stays. Only in weak quotes does `$` have a meaning to lose.
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([nrt])|([ \\#'\"]))")
_WEAK_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([nrt])|([ \\#'\"$]))")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}
_EXPANDED = re.compile(r"(?:[^\\$]|\\.)*\$", re.DOTALL)


class QuoteError(DataplaneError):
    """A quote is not closed, or a line ends in a backslash."""

    status = 422


def scan(text: str) -> tuple[tuple[str, ...], str]:
    """Cut one line into its raw tokens and its comment (with the `#`, "" if there is none).

    >>> scan("server a 10.0.0.1:80 # first")
    (('server', 'a', '10.0.0.1:80'), '# first')
    """
    if not _SPECIAL.search(text):
        return tuple(text.split()), ""
    tokens: list[str] = []
    at = 0
    while match := _TOKEN.match(text, at):
        tokens.append(match["word"])
        at = match.end()
    rest = _REST.match(text, at)
    if rest is None:
        raise QuoteError(f"a quote or backslash is not closed in: {text.strip()}")
    comment = rest["comment"]
    return tuple(tokens), "" if comment is None else "#" + comment.rstrip("\r\n")


def split_words(text: str) -> list[str]:
    """The raw tokens of one line, without its comment; raises `QuoteError`."""
    return list(scan(text)[0])


def is_one_word(value: str) -> bool:
    """Whether HAProxy reads `value`, written as it is, as exactly one word.

    >>> is_one_word("a\\\\ b"), is_one_word("a b"), is_one_word("a#b")
    (True, False, False)
    """
    match = _TOKEN.fullmatch(value)
    return match is not None and match["word"] == value and not CONTROL_CHARACTERS.search(value)


def is_words(value: str) -> bool:
    """Whether `value` is one or more words and nothing else: no comment, no open quote."""
    if CONTROL_CHARACTERS.search(value):
        return False
    try:
        tokens, comment = scan(value)
    except QuoteError:
        return False
    return bool(tokens) and not comment


def unquote(token: str) -> str:
    """What HAProxy sees of a raw token, environment variables unexpanded.

    >>> unquote('"a b"\\\\ c'), unquote("a\\\\x41"), unquote("a\\\\b")
    ('a b c', 'aA', 'a\\\\b')
    """
    if not _QUOTED.search(token):
        return token
    text = _PART.sub(_plain, token)
    # bytes that were written one by one may be characters together
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def may_be_quoted(text: str) -> bool:
    """Whether a quote or a backslash stands in a text; most have none, and this is asked often."""
    return '"' in text or "'" in text or "\\" in text


def plain_word(token: str) -> str:
    """The word that means the same as a raw token and has no quote or backslash.

    The token itself where no such word exists.

    >>> plain('"zb"'), plain("zb"), plain('"a b"'), plain('"$A"')
    ('zb', 'zb', '"a b"', '"$A"')
    """
    if not may_be_quoted(token) or has_variable(token):
        return token
    text = unquote(token)
    return text if is_one_word(text) and not _QUOTED.search(text) else token


def has_variable(token: str) -> bool:
    """Whether HAProxy expands an environment variable in a raw token: a `$` in weak quotes.

    >>> has_variable('"$A"'), has_variable("$A"), has_variable('"\\\\$A"')
    (True, False, False)
    """
    if "$" not in token:
        return False
    return any(weak and _EXPANDED.match(weak) for _, weak, _ in _PART.findall(token))


def _plain(part: re.Match[str]) -> str:
    strong, weak, bare = part.groups()
    if strong is not None:
        return strong
    return _ESCAPE.sub(_meant, bare) if weak is None else _WEAK_ESCAPE.sub(_meant, weak)


def _meant(escape: re.Match[str]) -> str:
    number, letter, other = escape.groups()
    if number is not None:
        return bytes([int(number, 16)]).decode("utf-8", "surrogateescape")
    return _CONTROLS[letter] if letter else other
