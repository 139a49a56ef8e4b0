"""Say where and why a text is not HCL 2, in words of brackets and quotes.

The parser only knows the token that it did not expect. After an open bracket that is the end of the
text; here the place is found where the bracket was opened.
"""

import re
from collections.abc import Iterator

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.settings.nodes import SyntaxProblem

_PIECE = lazy_pattern(
    r"""
      \#[^\n]* | //[^\n]* | /\*.*?(?:\*/|\Z)
    | <<-?(?P<word>[\w-]+)\n .*? ^[ \t]*(?P=word)$      # a heredoc that ends
    | (?P<heredoc> <<-?[\w-]+ )
    | "(?:[^"\\\n]|\\.)*"
    | (?P<quote> " )
    | (?P<open> [\[({] )
    | (?P<close> [\])}] )
    """,
    re.X | re.S | re.M,
)
_SIGNS = lazy_pattern(r"[^\w\s]{1,3}")
_PARTNERS = {"]": "[", ")": "(", "}": "{"}


def fault_of(text: str, error: UnexpectedInput) -> SyntaxProblem:
    """Return where and why a text is not HCL; `error` is what the parser says of it."""
    found = _unbalanced(text)
    if found is not None:
        return SyntaxProblem(text.count("\n", 0, found[0]) + 1, f"is not HCL: {found[1]}")
    line, said = max(error.line, 1), ""
    if isinstance(error, UnexpectedToken):
        said = str(error.token).strip()
    elif isinstance(error, UnexpectedCharacters):
        said = str(error.char).strip()
    if said:  # only signs are quoted: words could be a password
        what = repr(said) if _SIGNS.fullmatch(said) else "text"
        return SyntaxProblem(line, f"is not HCL: unexpected {what}")
    lines = text.splitlines()
    while line > 1 and (line > len(lines) or not lines[line - 1].strip()):
        line -= 1
    return SyntaxProblem(line, "is not HCL: something is missing at the end of this line")


def _unbalanced(text: str) -> tuple[int, str] | None:
    """Return the first quote, heredoc or bracket without a partner: where it is, and what."""
    opened: list[tuple[int, str]] = []
    for at, kind, piece in _pieces(text):
        if kind == "quote":
            return at, "the quote of a string is not closed on its line"
        if kind == "heredoc":
            return at, f"there is no line that ends the text begun with {piece}"
        if kind == "open":
            opened.append((at, piece))
        elif kind == "close" and not opened:
            return at, f"unexpected {piece!r}, which nothing before it opens"
        elif kind == "close" and opened.pop()[1] != _PARTNERS[piece]:
            return at, f"unexpected {piece!r}; a bracket before it is not closed"
    return (opened[-1][0], f"{opened[-1][1]} is not closed") if opened else None


def _pieces(text: str) -> Iterator[tuple[int, str, str]]:
    for match in _PIECE.finditer(text):
        if match.lastgroup in ("quote", "heredoc", "open", "close"):
            yield match.start(), match.lastgroup, match[0]
