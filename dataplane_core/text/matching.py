"""Match the items of two lists: what stays, and what is replaced, removed and inserted around it.

Small lists are matched by `difflib`. Its time grows with the product of the lengths, and with equal
items it is worse; long lists are matched by the longest rising choice of pairs of equal items.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher

Opcode = tuple[str, int, int, int, int]
"""A tag, a range of the old list and one of the new, as `difflib.SequenceMatcher` has them."""

_MOST_PAIRS = 250_000
"""The largest product of two lengths for which `difflib` is asked."""
_MOST_EQUAL = 60_000
"""The most pairs of equal items among which the longest common subsequence is looked for."""


def opcodes(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Opcode]:
    """Return the steps from `old` to `new`, in order; their time is at most n log n.

    >>> opcodes(["a", "b", "c"], ["a", "x", "c", "d"])[1:]
    [('replace', 1, 2, 1, 2), ('equal', 2, 3, 2, 3), ('insert', 3, 3, 3, 4)]
    """
    if len(old) * len(new) <= _MOST_PAIRS:
        return [*SequenceMatcher(None, old, new, autojunk=False).get_opcodes()]
    return list(_between(rising(_pairs(old, new)), len(old), len(new)))


def longest_opcodes(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Opcode]:
    """Return the steps from `old` to `new` in which as many items stay as can stay.

    That is the longest common subsequence (Hunt and Szymanski). Items that the other list lacks,
    and those with which both then begin and end, are no work; between them its time grows with the
    number of pairs of equal items, and where these are too many, the steps are those of `opcodes`.

    >>> [step for step in longest_opcodes("xabc", "abcx") if step[0] != "equal"]
    [('delete', 0, 1, 0, 0), ('insert', 4, 4, 3, 4)]
    """
    here, there = set(old), set(new)
    stay = [at for at, item in enumerate(old) if item in there]
    kept = [at for at, item in enumerate(new) if item in here]
    start, end = _alike(old, stay, new, kept)
    middle, other = stay[start : len(stay) - end], kept[start : len(kept) - end]
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for at in reversed(middle):
        places[old[at]].append(at)
    if sum(len(places[new[at]]) for at in other if new[at] in places) > _MOST_EQUAL:
        return opcodes(old, new)
    pairs = [(place, at) for at in other for place in places.get(new[at], ())]
    first = zip(stay[:start], kept[:start], strict=True)
    last = zip(stay[len(stay) - end :], kept[len(kept) - end :], strict=True)
    return list(_between([*first, *rising(pairs), *last], len(old), len(new)))


def changed_lines(old: str, new: str, many: int) -> tuple[int, int]:
    """Return how many lines the one text has and the other lacks, roughly; none for small texts.

    Texts of at most `many` lines are small. Nothing is made of the lines but a count of each.

    >>> changed_lines("a\\nb\\nc\\n", "c\\na\\nd\\ne\\n", 1)
    (1, 2)
    """
    if max(old.count("\n"), new.count("\n")) <= many:
        return 0, 0
    count = Counter(old.split("\n"))
    count.subtract(new.split("\n"))
    return sum(n for n in count.values() if n > 0), -sum(n for n in count.values() if n < 0)


def _alike(
    old: Sequence[Hashable], stay: Sequence[int], new: Sequence[Hashable], kept: Sequence[int]
) -> tuple[int, int]:
    """Return with how many equal items two choices of places begin, and then end."""
    most = min(len(stay), len(kept))
    start = next((n for n in range(most) if old[stay[n]] != new[kept[n]]), most)
    most -= start
    return start, next((n for n in range(most) if old[stay[-1 - n]] != new[kept[-1 - n]]), most)


def _pairs(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return pairs of places of equal items, in the order of `new`.

    The items that both lists end with are paired from the end; of equal items in front of those,
    the first is paired with the first, the second with the second.
    """
    most = min(len(old), len(new))
    tail = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    end, other_end = len(old) - tail, len(new) - tail
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for at in reversed(range(end)):
        places[old[at]].append(at)
    found = [
        (same.pop(), at)
        for at, item in enumerate(new[:other_end])
        if (same := places.get(item))
    ]
    return [*found, *zip(range(end, len(old)), range(other_end, len(new)), strict=True)]


def rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest choice of pairs in which the places in both lists rise.

    This is the longest increasing subsequence, found by patience sorting.
    """
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
    """Yield the steps through lists of the lengths `old` and `new` in which the pairs stay."""
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
