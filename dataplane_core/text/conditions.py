"""Find conditional blocks, `.if` to `.endif` (manual, section 2.4); only HAProxy evaluates them.

Blocks and sections cross freely: a block may hold whole sections, begin in one section and end in
another. The directives of such a block stand among the lines of sections, but are lines of no
section: they stay when a section is removed.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import chain, dropwhile

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text.lines import Line
from dataplane_core.text.splice import CarriedReading, Splice
from dataplane_core.text.tokens import unquote
from dataplane_core.text.words import words

_OPENS, _CLOSES = ".if", ".endif"
_DIRECTIVES = frozenset({_OPENS, ".elif", ".else", _CLOSES})
# A directive starts with a dot, which may be quoted or escaped. Starting with a literal newline,
# this runs at the speed of a search for newlines.
_CANDIDATE = lazy_pattern(r"\n[ \t\v\f\r]*+[.\"'\\][^\n]*")


class ConditionalBlocks:
    """The outermost blocks of a text, each from `.if` to the `.endif` that belongs to it.

    >>> blocks = ConditionalBlocks("a\\n.if defined(X)\\nb\\n.endif\\nc\\n")
    >>> [blocks.hold(at) for at in (0, 17, 26)]
    [False, True, False]
    """

    def __init__(self, text: str) -> None:
        self._edges: list[int] = []  # where a block begins, where it ends, where the next begins…
        depth = 0
        for match in _CANDIDATE.finditer("\n" + text):
            directive = words(match[0], {}).values[:1]
            if directive == (_OPENS,):
                depth += 1
                if depth == 1:
                    self._edges.append(match.start())
            elif directive == (_CLOSES,) and depth:
                depth -= 1
                if depth == 0:
                    self._edges.append(match.start())

    def __bool__(self) -> bool:
        return bool(self._edges)

    def hold(self, at: int) -> bool:
        """Return whether the line that begins at the offset `at` stands in a block.

        A block without an `.endif` ends with the text.
        """
        return bisect_right(self._edges, at) % 2 == 1


def has_conditional_blocks(text: str) -> bool:
    """Return whether a text has any conditional block."""
    return may_hold_directives(text) and bool(ConditionalBlocks(text))


def may_hold_directives(text: str) -> bool:
    """Return False for a text that surely holds no directive, as nearly every text; quick."""
    return any(map(text.__contains__, _DIRECTIVES))


def directives_of(text: str) -> list[str]:
    """Return the lines of a text that are directives of conditional blocks, without blanks."""
    if not may_hold_directives(text):
        return []
    lines = (match[0].strip() for match in _CANDIDATE.finditer("\n" + text))
    return [line for line in lines if not _DIRECTIVES.isdisjoint(words(line, {}).values[:1])]


def find_blocks(lines: Sequence[Line]) -> tuple[list[range], list[int]]:
    """Return the blocks that begin and end among some lines, and the other directives.

    A block is the range of the places of its lines, an inner one in front of an outer one. The
    other directives are given by their places, in order.
    """
    whole: list[range] = []
    strays: list[int] = []
    opened: list[list[int]] = []
    for at, line in enumerate(lines):
        word = _first_word(line)
        if word == _OPENS:
            opened.append([at])
        elif word in _DIRECTIVES:
            (opened[-1] if opened else strays).append(at)
            if word == _CLOSES and opened:
                whole.append(range(opened.pop()[0], at + 1))
    return whole, sorted([*strays, *chain.from_iterable(opened)])


class _NoBlocks(tuple[list[range], list[int]], CarriedReading):
    """No conditional block and no directive among the lines of a section."""

    __slots__ = ()

    def after(self, splices: Sequence[Splice]) -> "_NoBlocks | None":
        added = (line.raw for splice in splices for line in splice.added)
        return None if any(map(may_hold_directives, added)) else self


NO_BLOCKS = _NoBlocks(([], []))
"""What `find_blocks` returns of lines without conditional blocks, carried over by edits."""


def unconditional_length(lines: Sequence[Line], strays: Sequence[int]) -> int:
    """Return the number of leading lines that stand under the same conditions as the header.

    `strays` are the places of directives of blocks that begin or end outside of `lines`. The first
    `.if`, `.elif` or `.else` among them ends those lines. An `.endif` does not: it ends a block
    that holds the header, and lines behind it count whenever the header does. An `.endif` with no
    line of the section between it and that end stands behind the section's last line.
    """
    limit = next((at for at in strays if _first_word(lines[at]) != _CLOSES), len(lines))
    ends = (at for at in strays if at < limit and not any(map(says_something, lines[at:limit])))
    return next(ends, limit)


def lines_of_others(lines: Sequence[Line]) -> list[Line]:
    """Return those of a section's lines that stay when the section is removed.

    They are the directives of blocks that begin or end in another section, and all lines behind the
    section's last statement where a directive is among them.
    """
    whole, strays = find_blocks(lines)
    own = [at for at, line in enumerate(lines) if says_something(line)]
    end = own[-1] + 1 if own else 0
    end = max([end, *(block.stop for block in whole if block.start < end)])
    behind = lines[end:]
    if not any(line.tokens for line in behind):
        behind = ()
    kept = [*(lines[at] for at in strays if at < end), *behind]
    return list(dropwhile(lambda line: line.is_blank, kept))


def says_something(line: Line) -> bool:
    """Return whether a line says something: it is not blank, a comment or a directive.

    Every word that starts with a dot is a directive, `.notice` and its like too (manual, section
    2.4); it may be quoted.
    """
    return bool(line.tokens and not _first_word(line).startswith(".")) or line.broken


def _first_word(line: Line) -> str:
    token = line.tokens[0] if line.tokens else ""
    return unquote(token) if token.startswith(("'", '"', "\\")) else token
