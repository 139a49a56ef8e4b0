"""Say how the lines of a section differ from those before an edit, at the cost of the edit.

An edit is a list of splices in the order of their places. All places are those in the lines before
the edit, and no two splices touch the same line.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Self

from dataplane_core.text.lines import Line


class Splice(NamedTuple):
    """Lines in the place of others: `removed` lines from `at` on gave way to the `added` ones."""

    at: int
    removed: int
    added: tuple[Line, ...]

    @property
    def growth(self) -> int:
        """The number of lines by which the section grows."""
        return len(self.added) - self.removed


class CarriedReading:
    """What was read of a section, and can be said of the edited section without a second reading.

    A section's `cache` hands such values on to the section that an edit makes of it; all others
    are read again.
    """

    __slots__ = ()

    def after(self, splices: Sequence[Splice]) -> Self | None:
        """Return the same of the section after an edit; None where that has to be read again."""
        raise NotImplementedError


def carried_over(
    readings: list[tuple[Any, CarriedReading]], splices: Sequence[Splice]
) -> dict[Any, Any]:
    """Return what was read of a section as it is after an edit."""
    carried = {}
    for key, known in readings:
        after = known.after(splices)
        if after is not None:
            carried[key] = after
    return carried


def lines_after(lines: tuple[Line, ...], splices: Sequence[Splice]) -> tuple[Line, ...]:
    """Return the lines after an edit.

    To copy many lines is to count a use of each, which takes most of an edit's time: hence the one
    copy where lines are added at the end.
    """
    if len(splices) == 1 and splices[0].at == len(lines):
        return lines + splices[0].added
    copy = list(lines)
    for at, removed, added in reversed(splices):
        copy[at : at + removed] = added
    return tuple(copy)


def marks_after(marks: bytes, changes: Iterable[tuple[int, int, bytes]]) -> bytes:
    """Return what has a byte for each line, after an edit given with the bytes of lines that come.

    >>> marks_after(b"abcd", [(1, 1, b"BB"), (4, 0, b"!")])
    b'aBBcd!'
    """
    parts, last = [], 0
    for at, removed, added in changes:
        parts += [marks[last:at], added]
        last = at + removed
    return b"".join([*parts, marks[last:]])


def moved(at: int, splices: Iterable[Splice]) -> int | None:
    """Return the place that a line has after an edit; None for a line that is gone.

    >>> [moved(at, [Splice(1, 2, ())]) for at in (0, 1, 3)]
    [0, None, 1]
    """
    place = at
    for splice in splices:
        if at < splice.at:
            break
        if at < splice.at + splice.removed:
            return None
        place += splice.growth
    return place


def added_lines(splices: Iterable[Splice]) -> Iterator[tuple[int, Line]]:
    """Yield the lines that come with an edit, with the places that they get."""
    grown = 0
    for splice in splices:
        yield from enumerate(splice.added, splice.at + grown)
        grown += splice.growth


def common_start(one: Sequence[Any], other: Sequence[Any]) -> int:
    """Return the number of items with which two tuples or two lists both start.

    Slices are compared, as that takes one call for many items, and items that are the same object
    are not looked into.
    """
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def common_end(one: Sequence[Any], other: Sequence[Any], start: int) -> int:
    """Return the number of items with which two tuples or two lists both end, behind `start`."""
    low, high = 0, min(len(one), len(other)) - start
    while low < high:
        middle = (low + high + 1) // 2
        ends = len(one) - low, len(other) - low
        if one[len(one) - middle : ends[0]] == other[len(other) - middle : ends[1]]:
            low = middle
        else:
            high = middle - 1
    return low
