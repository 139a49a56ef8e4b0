"""Tell which comments are about one line, and are removed with it, and which are about more.

A comment directly above a line is about that line, with three exceptions, which stay:

* a line of configuration that somebody has commented out, and all comments above that;
* a marker: an edge of a block that another program writes (`# BEGIN …`, `### … ### END`), a ruler,
  or a title between rulers (`# ---- servers ----`);
* a heading: a comment above several lines with the same keyword.

Comments above a section's header are told apart in the same way. Behind a section's last statement
a marker, or a comment at the left margin that a blank line sets off, is about the next section.
"""

import re
from collections.abc import Collection, Iterable, Sequence

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text.language import Language
from dataplane_core.text.lines import Line
from dataplane_core.text.tokens import unquote

_RULER = lazy_pattern(r"([#=*_~<>+|/\\{}-])\1\1")
_EDGE = lazy_pattern(r"\b(?:BEGIN|END|START|STOP)\b")
_EDGE_AT_AN_END = lazy_pattern(
    r"(?:begin|end|start|stop)\b|.*\b(?:begin|end|start|stop)\W*\Z", re.I
)
_KEYWORD_OF_PARTS = lazy_pattern(r"[a-z][a-z0-9]*(?:[-._][a-z0-9]+)+")
_QUOTED = lazy_pattern(r"""["][^"]*["]|'[^']*'|[ \t]#.*""")
_WORDS_OF_PROSE = frozenset(
    ("the", "is", "are", "was", "were", "has", "have", "of", "for", "and", "to", "that", "this")
    + ("which", "must", "should", "will", "because", "we", "you", "it")
)


def first_keyword(line: Line) -> str:
    """Return the first word of a line, the second where the first is `no`; "" without words."""
    words = line.tokens[:2]
    word = words[-1] if words[:1] == ("no",) else "".join(words[:1])
    return unquote(word)


def is_commented_out(line: Line, language: Language) -> bool:
    """Return whether a comment reads as a line of configuration rather than as a sentence.

    Its first words are the head of a line in the `language`, or have parts as only keywords have
    (`some-keyword`, `tune.more`), and none of its words is one of English prose.

    >>> language = Language((), [("server",)])
    >>> lines = [Line(text) for text in ("#server s3 1.2.3.4", "# server of the shop")]
    >>> [is_commented_out(line, language) for line in lines]
    [True, False]
    """
    words = _QUOTED.sub("", line.raw.lstrip(" \t#")).split()
    if words[:1] == ["no"]:
        del words[0]
    if not words:
        return False
    first, second = words[0], "".join(words[1:2])
    seconds = language.seconds.get(first, ())
    if second in seconds:
        words = words[2:]
    known = "" in seconds or second in seconds or first.startswith((".if", ".el", ".endif"))
    of_parts = second if seconds else first
    if not known and not _KEYWORD_OF_PARTS.fullmatch(of_parts):
        return False
    return _WORDS_OF_PROSE.isdisjoint(word.lower().strip(",.;:!?") for word in words)


def is_marker(line: Line) -> bool:
    """Return whether a comment marks a place: a ruler, a title between rulers, a block's edge.

    >>> [is_marker(Line(text)) for text in ("#-----", "# END shop", "# the end is near")]
    [True, True, False]
    """
    text = line.raw.strip()
    inner = text.strip("# \t")
    return bool(_RULER.search(text) or _EDGE.search(inner) or _EDGE_AT_AN_END.match(inner))


def own_comments_start(lines: Sequence[Line], at: int, language: Language) -> int:
    """Return the place of the first comment that is about the line `at` alone.

    All lines from there to `at` are such comments; without any, the place is `at` itself.
    """
    start = at
    while start > 0 and lines[start - 1].is_comment and not is_marker(lines[start - 1]):
        above = lines[start - 1]
        if is_commented_out(above, language):
            while start < at and _column(lines[start]) > _column(above) + 1:
                start += 1  # further in, a line of the section that is commented out
            break
        start -= 1
    return start


def _column(line: Line) -> int:
    """Return the column at which the text of a comment begins."""
    return len(line.raw) - len(line.raw.lstrip(" \t#"))


def heads_a_group(kind: str, following: Iterable[Line], language: Language) -> bool:
    """Return whether a comment above a line with the keyword `kind` is a heading of several lines.

    It is where the next of the `following` lines has the same keyword; lines that are commented out
    are passed over.
    """
    for line in following:
        if not (line.is_comment and is_commented_out(line, language)):
            return first_keyword(line) == kind
    return False


def with_own_comments(
    lines: Sequence[Line], going: Collection[int], language: Language
) -> set[int]:
    """Return the places of lines to remove: those `going`, and of the comments about them alone."""
    gone = set(going)
    following: dict[int, int] = {}  # the next line that stays, for each that goes
    for at in sorted(going, reverse=True):
        start = following[at] = following.get(at + 1, at + 1)
        rest = (lines[below] for below in range(start, len(lines)) if below not in going)
        if not heads_a_group(first_keyword(lines[at]), rest, language):
            gone.update(range(own_comments_start(lines, at, language), at))
    return gone


def next_heading_start(lines: Sequence[Line]) -> int:
    """Return the place of the first comment behind the last statement about the next section.

    Without such a comment, return the number of lines.
    """
    said = (at for at in range(len(lines), 0, -1) if lines[at - 1].tokens or lines[at - 1].broken)
    for at in range(next(said, 0), len(lines)):
        line = lines[at]
        if line.is_comment and (
            is_marker(line) or (not line.indent and at > 0 and lines[at - 1].is_blank)
        ):
            return at
    return len(lines)
