"""Comments above a line: which of them go with it when it goes, and which speak of more.

A comment directly above a line is prose about that line, and goes with it. What stays:

* a line of configuration that somebody has commented out, with all that stands above it;
* a marker: the edges of a block that another program writes (`# BEGIN …`, `### … ### END`), rulers
  and titles set in them (`# ---- servers ----`);
* a heading: a comment with further lines of the same kind directly below it.

For a section the same holds of the comments above its header. Behind its last line a marker, or a
comment at the left margin that a blank line sets off, is about what comes next.
"""

import re
from collections.abc import Collection, Iterable, Sequence

from dataplane_core.text.language import Language
from dataplane_core.text.lines import Line
from dataplane_core.text.tokens import unquote

_RULER = re.compile(r"([#=*_~<>+|/\\{}-])\1\1")
_EDGE = re.compile(r"\b(?:BEGIN|END|START|STOP)\b")
_EDGE_AT_AN_END = re.compile(r"(?:begin|end|start|stop)\b|.*\b(?:begin|end|start|stop)\W*\Z", re.I)
_KEYWORD_OF_PARTS = re.compile(r"[a-z][a-z0-9]*(?:[-._][a-z0-9]+)+")
_QUOTED = re.compile(r"""["][^"]*["]|'[^']*'|[ \t]#.*""")
_WORDS_OF_PROSE = frozenset(
    ("the", "is", "are", "was", "were", "has", "have", "of", "for", "and", "to", "that", "this")
    + ("which", "must", "should", "will", "because", "we", "you", "it")
)


def kind_of(line: Line) -> str:
    """The word that says what a line is about: the first one, a `no` in front left aside."""
    words = line.tokens[:2]
    word = words[-1] if words[:1] == ("no",) else "".join(words[:1])
    return unquote(word)


def is_commented_out(line: Line, language: Language) -> bool:
    """Whether a comment reads as a line of configuration, and not as a sentence.

    Its first words are those of a declaration, or a word has parts as only keywords have
    (`some-keyword`, `tune.more`).

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
    """Whether a comment marks a place: a ruler, a title set in rulers, the edge of a block.

    >>> [is_marker(Line(text)) for text in ("#-----", "# END shop", "# the end is near")]
    [True, True, False]
    """
    text = line.raw.strip()
    inner = text.strip("# \t")
    return bool(_RULER.search(text) or _EDGE.search(inner) or _EDGE_AT_AN_END.match(inner))


def own_start(lines: Sequence[Line], at: int, language: Language) -> int:
    """Where the comments begin that are about the line `at` alone; `at` if there are none."""
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
    """Where the text of a comment begins."""
    return len(line.raw) - len(line.raw.lstrip(" \t#"))


def is_headed(kind: str, following: Iterable[Line], language: Language) -> bool:
    """Whether comments above a line of that kind are a heading of the lines that follow it too.

    A line that is commented out between them does not end the group.
    """
    for line in following:
        if not (line.is_comment and is_commented_out(line, language)):
            return kind_of(line) == kind
    return False


def leaving(lines: Sequence[Line], going: Collection[int], language: Language) -> set[int]:
    """The lines `going`, and with them the comments that are about nothing else."""
    gone = set(going)
    for at in going:
        rest = (lines[below] for below in range(at + 1, len(lines)) if below not in going)
        if not is_headed(kind_of(lines[at]), rest, language):
            gone.update(range(own_start(lines, at, language), at))
    return gone


def next_heading(lines: Sequence[Line]) -> int:
    """Where comments begin behind a section's last line that are about what comes next."""
    said = (at for at in range(len(lines), 0, -1) if lines[at - 1].tokens or lines[at - 1].broken)
    for at in range(next(said, 0), len(lines)):
        line = lines[at]
        if line.is_comment and (
            is_marker(line) or (not line.indent and at > 0 and lines[at - 1].is_blank)
        ):
            return at
    return len(lines)
