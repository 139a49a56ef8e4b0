"""Which items of one list are those of another: what stays, and what is replaced around it."""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher

Opcode = tuple[str, int, int, int, int]
"""A tag and two ranges, as `difflib.SequenceMatcher.get_opcodes` has them."""

_MOST = 250_000
"""So many pairs of items are compared as `difflib` does, whose time grows with their number."""


def opcodes(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Opcode]:
    """The steps from `old` to `new`, in a time that long lists and equal items do not square.

    >>> opcodes(["a", "b", "c"], ["a", "x", "c", "d"])[1:]
    [('replace', 1, 2, 1, 2), ('equal', 2, 3, 2, 3), ('insert', 3, 3, 3, 4)]
    """
    if len(old) * len(new) <= _MOST:
        return [*SequenceMatcher(None, old, new, autojunk=False).get_opcodes()]
    return list(_between(_rising(_pairs(old, new)), len(old), len(new)))


def _pairs(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The places of equal items, the first with the first and so on, in the order of `new`.

    What both lists end with is paired from their ends.
    """
    most = min(len(old), len(new))
    tail = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    end, other_end = len(old) - tail, len(new) - tail
    places: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for at, item in enumerate(old[:end]):
        places[item].append(at)
    found = [
        (places[item].popleft(), at) for at, item in enumerate(new[:other_end]) if places[item]
    ]
    return [*found, *zip(range(end, len(old)), range(other_end, len(new)), strict=True)]


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest choice of pairs in which the places in both lists rise."""
    ends: list[int] = []  # the least place in `old` at which a choice of each length ends
    number: list[int] = []  # the pair that it ends with
    before: list[int | None] = []  # for each pair, the one in front of it
    for at, (place, _) in enumerate(pairs):
        length = bisect_left(ends, place)
        before.append(number[length - 1] if length else None)
        if length == len(ends):
            ends.append(place)
            number.append(at)
        else:
            ends[length], number[length] = place, at
    chosen: list[tuple[int, int]] = []
    last = number[-1] if number else None
    while last is not None:
        chosen.append(pairs[last])
        last = before[last]
    return chosen[::-1]


def _between(pairs: Sequence[tuple[int, int]], old: int, new: int) -> Iterator[Opcode]:
    """Steps through two lists of those lengths in which the pairs stay."""
    i = j = 0
    start: tuple[int, int] | None = None
    for one, other in [*pairs, (old, new)]:
        if (one, other) != (i, j) and start is not None:
            yield "equal", start[0], i, start[1], j
            start = None
        if one > i or other > j:
            tag = "replace" if one > i and other > j else "delete" if one > i else "insert"
            yield tag, i, one, j, other
        start = start or (one, other)
        i, j = one + 1, other + 1
    if start is not None and start != (old, new):
        yield "equal", start[0], old, start[1], new
