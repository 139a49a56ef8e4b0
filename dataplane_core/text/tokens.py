"""Cut a line into raw tokens, and tell what HAProxy makes of each.

Manual, section 2.2 "Quoting and escaping":

* blanks separate words;
* a backslash takes the meaning from a blank, `#`, a quote and itself, gives one to `n`, `r`, `t`
  and `xHH`, and stays in front of anything else;
* `'…'` is literal; `"…"` keeps escapes, knows `\\$` besides, and expands variables;
* an unquoted `#` starts a comment, in the middle of a word too.

A raw token is a word as it is written, with its quotes and backslashes.
"""

import re

from dataplane_core.errors import DataplaneError
from dataplane_core.lazy_pattern import lazy_pattern

CONTROL_CHARACTERS = lazy_pattern(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Characters that no value may have: C0 controls and DEL, C1 controls, on which some terminals act,
and the line ends of Unicode."""

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", **{character: character for character in " \\#'\""}}
"""What a character means behind a backslash (manual, section 2.2); `xHH` is a byte besides."""

# Words of a line without these are what str.split gives; it would also cut at \x1c and at U+00A0.
_SPECIAL = lazy_pattern(r"[^\x00-\x1b !$-&(-\[\]-\x7f]")
# Possessive throughout: a value from a client must not make the match try every way to cut it.
_TOKEN = lazy_pattern(
    r"""[ \t\v\f]*(?P<word>(?:
        [^ \t\v\f\r\n"'\\#]++         # plain characters
      | \\[^\r\n]                     # an escaped character
      | '[^'\r\n]*'                   # strong quotes
      | "(?:[^"\\\r\n]|\\[^\r\n])*+"  # weak quotes
    )++)""",
    re.VERBOSE,
)
_REST = lazy_pattern(r"[ \t\v\f\r\n]*(?:#(?P<comment>.*))?\Z", re.DOTALL)
_QUOTED = lazy_pattern(r"[\"'\\]")
_PART = lazy_pattern(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|((?:[^'"\\]|\\.)+)""", re.DOTALL)
_LETTERS = re.escape("".join(ESCAPES))
_ESCAPE = lazy_pattern(rf"\\(?:x([0-9A-Fa-f]{{2}})|([{_LETTERS}]))")
# Only in weak quotes does `$` have a meaning to lose.
_WEAK_ESCAPE = lazy_pattern(rf"\\(?:x([0-9A-Fa-f]{{2}})|([{_LETTERS}$]))")
_ACTIVE_IN_WEAK = lazy_pattern(rf"[\"$]|\\(?=[x{_LETTERS}$]|\Z)")
_BARE_DOLLAR = lazy_pattern(r"\\.|\$", re.DOTALL)
_EXPANDED = lazy_pattern(r"(?:[^\\$]|\\.)*\$", re.DOTALL)


class QuoteError(DataplaneError):
    """A line has a quote that is not closed, or ends in a backslash."""

    status = 422


def scan(text: str) -> tuple[tuple[str, ...], str]:
    """Return the raw tokens of one line, and its comment from the `#` on, or "".

    Raises `QuoteError`.

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
    """Return the raw tokens of one line without its comment; raises `QuoteError`."""
    return list(scan(text)[0])


def is_one_word(value: str) -> bool:
    """Return whether HAProxy reads `value`, written as it is, as exactly one word.

    >>> is_one_word("a\\\\ b"), is_one_word("a b"), is_one_word("a#b")
    (True, False, False)
    """
    match = _TOKEN.fullmatch(value)
    return match is not None and match["word"] == value and not CONTROL_CHARACTERS.search(value)


def is_words(value: str) -> bool:
    """Return whether `value` is one or more whole words, without a comment behind them."""
    if CONTROL_CHARACTERS.search(value):
        return False
    try:
        tokens, comment = scan(value)
    except QuoteError:
        return False
    return bool(tokens) and not comment


def unquote(token: str) -> str:
    """Return the word that HAProxy makes of a raw token, environment variables unexpanded.

    >>> unquote('"a b"\\\\ c'), unquote("a\\\\x41"), unquote("a\\\\b")
    ('a b c', 'aA', 'a\\\\b')
    """
    if not _QUOTED.search(token):
        return token
    text = _PART.sub(_plain, token)
    # bytes that were written one by one may be characters together
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def may_be_quoted(text: str) -> bool:
    """Return whether a text holds a quote or a backslash.

    Most texts do not, and this is asked for every word that is read: hence three searches instead
    of a pattern.
    """
    return '"' in text or "'" in text or "\\" in text


def plain_word(token: str) -> str:
    """Return the token without quotes and backslashes that means the same as a raw token.

    Return the token as it is where it needs them: for a blank, say, or a variable.

    >>> plain_word('"zb"'), plain_word("zb"), plain_word('"a b"'), plain_word('"$A"')
    ('zb', 'zb', '"a b"', '"$A"')
    """
    if not may_be_quoted(token) or has_variable(token):
        return token
    text = unquote(token)
    return text if is_one_word(text) and not _QUOTED.search(text) else token


def has_variable(token: str) -> bool:
    """Return whether HAProxy expands an environment variable in a raw token: a `$` in `"…"`.

    >>> has_variable('"$A"'), has_variable("$A"), has_variable('"\\\\$A"')
    (True, False, False)
    """
    if "$" not in token:
        return False
    return any(weak and _EXPANDED.match(weak) for _, weak, _ in _PART.findall(token))


def in_weak_quotes(token: str) -> str:
    """Return what stands between the quotes where `"…"` means the same as a raw token.

    >>> in_weak_quotes('"$A b"'), in_weak_quotes("'$A'"), in_weak_quotes("a$b")
    ('$A b', '\\\\$A', 'a\\\\$b')
    """
    return _PART.sub(_weakly, token)


def _weakly(part: re.Match[str]) -> str:
    strong, weak, bare = part.groups()
    if strong is not None:
        return _ACTIVE_IN_WEAK.sub(r"\\\g<0>", strong)
    return _BARE_DOLLAR.sub(_dollar, bare) if weak is None else weak


def _dollar(found: re.Match[str]) -> str:
    """Return what means a dollar in weak quotes, behind a backslash that stays where it is."""
    return {"$": "\\$", "\\$": "\\\\\\$"}.get(found[0], found[0])


def _plain(part: re.Match[str]) -> str:
    strong, weak, bare = part.groups()
    if strong is not None:
        return strong
    return _ESCAPE.sub(_meant, bare) if weak is None else _WEAK_ESCAPE.sub(_meant, weak)


def _meant(escape: re.Match[str]) -> str:
    number, letter = escape.groups()
    if number is not None:
        return bytes([int(number, 16)]).decode("utf-8", "surrogateescape")
    return ESCAPES.get(letter, letter)
