"""Merge two edits of one list: what either changed counts, unless both changed one place."""

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from dataplane_core.text.matching import opcodes

T = TypeVar("T")


class Hunk(NamedTuple):
    """Items from `start` to `end` of the common list gave way to those from `at` to `until`."""

    start: int
    end: int
    at: int
    until: int


def hunks(base: Sequence[Hashable], other: Sequence[Hashable]) -> list[Hunk]:
    """Return the places in which a list differs from the one that it was made of."""
    return [Hunk(*rest) for tag, *rest in opcodes(base, other) if tag != "equal"]


def merge_lists(
    base: Sequence[Hashable], sides: tuple[Sequence[Hashable], Sequence[Hashable]],
    items: tuple[Sequence[T], Sequence[T]],
) -> list[T] | None:  # fmt: skip
    """Return the items of a list with the edits of both sides; None where these touch.

    `sides` are what the items are known by, `items` the items of the same places; of what neither
    side changed, those of the second side are taken. Two edits touch that have no item between
    them, unless they are the same.

    >>> merge_lists("abcd", ("xbcd", "abcy"), ("xbcd", "abcy"))
    ['x', 'b', 'c', 'y']
    >>> merge_lists("ab", ("abx", "aby"), ("abx", "aby")) is None
    True
    """
    mine, theirs = (hunks(base, side) for side in sides)
    merged: list[T] = []
    place = 0  # in the list of the second side
    for hunk, is_mine in _in_order(mine, theirs, sides):
        if hunk is None:
            return None
        if not is_mine:
            continue  # what the second side has is taken as it is
        start = hunk.start + _shift(theirs, hunk.start)
        merged += items[1][place:start]
        merged += items[0][hunk.at : hunk.until]
        place = start + hunk.end - hunk.start
    return [*merged, *items[1][place:]]


def touching_hunks(
    base: Sequence[Hashable], sides: tuple[Sequence[Hashable], Sequence[Hashable]]
) -> Iterator[tuple[Hunk, Hunk]]:
    """Yield the edits of both sides that touch, in pairs, but for those that are the same.

    >>> [*touching_hunks("abc", ("xbc", "ayc"))]
    [(Hunk(start=0, end=1, at=0, until=1), Hunk(start=1, end=2, at=1, until=2))]
    """
    mine, theirs = (hunks(base, side) for side in sides)
    for hunk in mine:
        touching = _touching(hunk, theirs)
        if len(touching) != 1 or not _same(hunk, touching[0], sides):
            yield from ((hunk, one) for one in touching)


def _touching(hunk: Hunk, others: list[Hunk]) -> list[Hunk]:
    return [one for one in others if one.start <= hunk.end and hunk.start <= one.end]


def _in_order(
    mine: list[Hunk], theirs: list[Hunk], sides: tuple[Sequence[Hashable], Sequence[Hashable]]
) -> Iterator[tuple[Hunk | None, bool]]:
    """Yield the edits of both sides by their places, and None where two of them touch."""
    for hunk in mine:
        touching = _touching(hunk, theirs)
        if not touching:
            yield hunk, True
        elif len(touching) == 1 and _same(hunk, touching[0], sides):
            yield touching[0], False
        else:
            yield None, True


def _same(
    one: Hunk, other: Hunk, sides: tuple[Sequence[Hashable], Sequence[Hashable]]
) -> bool:
    come = sides[0][one.at : one.until], sides[1][other.at : other.until]
    return (one.start, one.end) == (other.start, other.end) and [*come[0]] == [*come[1]]


def _shift(edits: list[Hunk], place: int) -> int:
    """Return by how many items edits in front of a place have moved it."""
    return sum(
        (one.until - one.at) - (one.end - one.start) for one in edits if one.end <= place
    )
