"""Conditional blocks (manual, section 2.4): where they are, not whether they count.

Their directives know nothing of sections. A block may hold whole sections, and then its directives
stand among the lines of those: they belong to none of them, and stay when the section goes.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import chain, dropwhile

from dataplane_core.text.lines import Line
from dataplane_core.text.tokens import unquote
from dataplane_core.text.words import words

_OPENS, _CLOSES = ".if", ".endif"
_DIRECTIVES = frozenset({_OPENS, ".elif", ".else", _CLOSES})
# A directive starts with a dot, which may be quoted or escaped. Starting with a literal newline,
# this runs at the speed of a search for newlines.
_CANDIDATE = re.compile(r"\n[ \t\v\f\r]*+[.\"'\\][^\n]*")


class ConditionalBlocks:
    """The blocks between `.if` and the matching `.endif` of a text, nested ones within the outer.

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

    def hold(self, at: int) -> bool:
        """Whether the line that begins at this offset of the text stands in a block.

        A block that does not end holds all that follows.
        """
        return bisect_right(self._edges, at) % 2 == 1


def may_hold(text: str) -> bool:
    """Whether a text may hold directives; quick, for the many that hold none."""
    return any(word in text for word in _DIRECTIVES)


def blocks(lines: Sequence[Line]) -> tuple[list[range], list[int]]:
    """Blocks that begin and end here, and the directives of those that do not, in order."""
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


def reach(lines: Sequence[Line], strays: Sequence[int]) -> int:
    """How many of a section's lines count at least whenever its header does.

    The block around a header may end among the lines, which go on behind it.
    """
    limit = next((at for at in strays if _first_word(lines[at]) != _CLOSES), len(lines))
    ends = (at for at in strays if at < limit and not any(map(_is_own, lines[at:limit])))
    return next(ends, limit)


def remains(lines: Sequence[Line]) -> list[Line]:
    """What stays of a section's lines when it goes: directives that speak of other sections too.

    They are those of blocks that begin or end elsewhere, and whatever stands behind the section's
    last line of its own, if there are directives among it.
    """
    whole, strays = blocks(lines)
    own = [at for at, line in enumerate(lines) if _is_own(line)]
    end = own[-1] + 1 if own else 0
    end = max([end, *(block.stop for block in whole if block.start < end)])
    behind = lines[end:]
    if not any(line.tokens for line in behind):
        behind = ()
    kept = [*(lines[at] for at in strays if at < end), *behind]
    return list(dropwhile(lambda line: line.is_blank, kept))


def _first_word(line: Line) -> str:
    word = line.tokens[0] if line.tokens else ""
    return unquote(word) if word.startswith(("'", '"', "\\")) else word


def _is_own(line: Line) -> bool:
    return line.broken or bool(line.tokens and not _first_word(line).startswith("."))
