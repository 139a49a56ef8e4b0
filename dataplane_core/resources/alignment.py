"""Find out which objects of two lists are the same ones, by what they say alone."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dataplane_core.text.matching import Opcode, opcodes, rising

Matches = list[tuple[int | None, int | None]]
"""Places in both lists; None where the other list lacks the object."""

_MOST_COMPARED = 400
"""The largest product of two lengths for which all pairs are looked at."""
_ALIKE = 0.5


def out_of_order(pairs: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return the fewest pairs without which the places rise in both lists.

    The pairs are given in the order of the second list, or of the first.

    >>> out_of_order([(0, 1), (1, 2), (2, 0)])
    {(2, 0)}
    """
    ordered = sorted(pairs, key=lambda pair: pair[1])
    return set(ordered) - set(rising(ordered))


def matched(
    old: Sequence[str], new: Sequence[str]
) -> Iterator[tuple[int | None, int | None]]:
    """Yield which of the sections with one name is which: nearly always there is one of each."""
    if len(old) == len(new):
        yield from zip(range(len(old)), range(len(new)), strict=True)
        return
    if not old or not new:
        yield from ((at, None) for at in range(len(old)))
        yield from ((None, at) for at in range(len(new)))
        return
    for _, i1, i2, j1, j2 in opcodes(old, new):
        common = min(i2 - i1, j2 - j1)
        yield from zip(range(i1, i1 + common), range(j1, j1 + common), strict=True)
        yield from ((at, None) for at in range(i1 + common, i2))
        yield from ((None, at) for at in range(j1 + common, j2))


def align(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> Matches:
    """Return which objects are which: equal ones where their order stays, then those alike.

    Of the rest, equal ones have changed places.
    """
    labels = [*map(_label, old)], [*map(_label, new)]
    steps = opcodes(*labels)
    pairs = _equal(steps, *labels)
    known = {one for one, _ in pairs}, {other for _, other in pairs}
    found: Matches = [*pairs]
    for _, i1, i2, j1, j2 in steps:
        left = [at for at in range(i1, i2) if at not in known[0]]
        right = [at for at in range(j1, j2) if at not in known[1]]
        alike = dict(_alike(old, new, left, right))
        met = set(alike.values())
        found += alike.items()
        found += [(at, None) for at in left if at not in alike]
        found += [(None, at) for at in right if at not in met]
    return found


def _equal(
    steps: Sequence[Opcode], old: Sequence[str], new: Sequence[str]
) -> list[tuple[int, int]]:
    """Return the pairs of equal objects: those whose order stays, then those that have moved."""
    pairs: list[tuple[int, int]] = []
    gone: defaultdict[str, list[int]] = defaultdict(list)
    come: list[int] = []
    for tag, i1, i2, j1, j2 in steps:
        if tag == "equal":
            pairs += zip(range(i1, i2), range(j1, j2), strict=True)
            continue
        for at in range(i1, i2):
            gone[old[at]].append(at)
        come += range(j1, j2)
    for same in gone.values():
        same.reverse()
    pairs += ((gone[new[at]].pop(), at) for at in come if gone.get(new[at]))
    return pairs


def is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two objects say the same; `true` is not 1."""
    return one == other and _label(one) == _label(other)


def _label(values: Mapping[str, Any]) -> str:
    """Return what only equal objects share: JSON, in which `true` is not 1."""
    return json.dumps(values, sort_keys=True)


def _alike(
    old: Sequence[Mapping[str, Any]],
    new: Sequence[Mapping[str, Any]],
    left: Sequence[int],
    right: Sequence[int],
) -> Iterator[tuple[int, int]]:
    """Yield pairs of objects that have much in common, in the order of both lists."""
    if not left or not right:
        return
    if len(left) * len(right) > _MOST_COMPARED:
        pairs = zip(left, right, strict=False)
        yield from (pair for pair in pairs if _likeness(old[pair[0]], new[pair[1]]) >= _ALIKE)
        return
    scores = [[_likeness(old[one], new[other]) for other in right] for one in left]
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in range(len(left) - 1, -1, -1):
        for j in range(len(right) - 1, -1, -1):
            taken = scores[i][j] + best[i + 1][j + 1] if scores[i][j] >= _ALIKE else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], taken)
    i = j = 0
    while i < len(left) and j < len(right):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            yield left[i], right[j]
            i, j = i + 1, j + 1


def _likeness(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Return how much of two objects is the same, from 0 to 1; the same properties count half."""
    names = {*one, *other}
    same = sum(1 for name in names if name in one and name in other and one[name] == other[name])
    return (same + 0.5 * (one.keys() == other.keys())) / max(len(names), 1)
