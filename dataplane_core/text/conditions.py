"""The directives of conditional blocks (manual, section 2.4), which know nothing of sections.

A block may hold whole sections, and then its directives stand among the lines of those: they belong
to none of them, and stay when the section goes.
"""

from collections.abc import Iterable, Sequence
from itertools import dropwhile

from dataplane_core.text.lines import Line

_OPENS, _CLOSES = ".if", ".endif"
_WORDS = frozenset({_OPENS, ".elif", ".else", _CLOSES})


def may_hold(text: str) -> bool:
    """Whether a text may hold such directives; quick, for the many that hold none."""
    return any(word in text for word in _WORDS)


def depth(lines: Iterable[Line]) -> int:
    """How many more blocks begin on these lines than end on them."""
    words = [line.tokens[0] for line in lines if line.tokens]
    return words.count(_OPENS) - words.count(_CLOSES)


def blocks(lines: Sequence[Line]) -> tuple[list[range], list[int]]:
    """Blocks that begin and end here, and the directives of those that do not, in order."""
    whole: list[range] = []
    strays: list[int] = []
    opened: list[list[int]] = []
    for at, line in enumerate(lines):
        word = line.tokens[0] if line.tokens else ""
        if word == _OPENS:
            opened.append([at])
        elif word in _WORDS:
            (opened[-1] if opened else strays).append(at)
            if word == _CLOSES and opened:
                whole.append(range(opened.pop()[0], at + 1))
    return whole, sorted(strays + sum(opened, []))


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


def _is_own(line: Line) -> bool:
    return line.broken or bool(line.tokens and not line.tokens[0].startswith("."))
