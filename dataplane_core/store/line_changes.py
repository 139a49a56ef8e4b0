"""Say which lines differ between two texts, and make the one text of the other.

A text is cut at each `\\n` and at nothing else, so that joined lines are the text to the byte: a
text whose last line has an end has an empty line behind it.

As many lines stay as can stay in their order; others were written, or moved, by the later text.
Texts of a whole file are compared as bytes, in long stretches, which takes about a millisecond for
a million bytes; lines are made only of what differs. In more than a hundred kilobytes between the
first and the last line that differ, a few lines are tried first, and more may count as moved.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from dataplane_core.text.matching import longest_opcodes

_FIRST_STRETCH = 256
_FEW_BYTES = 1 << 16
_MOST_SKIPPED = 6
_ALIKE_LINES = 3
_PACKED, _PLAIN = b"z", b"-"
_WORTH_PACKING = 128


class LineChange(NamedTuple):
    """Lines in the place of others: `removed` lines from `at` on, of the former text, gave way."""

    at: int
    removed: int
    added: tuple[bytes, ...]


def lines_in(text: bytes) -> list[bytes]:
    """Return the lines of a text, without their ends."""
    return text.split(b"\n")


def text_of(lines: Iterable[bytes]) -> bytes:
    """Return the text that has these lines."""
    return b"\n".join(lines)


def line_changes(former: bytes, text: bytes) -> list[LineChange]:
    """Return what makes `text` of `former`, in the order of the lines; nothing if they are equal.

    >>> line_changes(b"a\\nb\\nc\\n", b"a\\nx\\nc\\nd\\n")
    [LineChange(at=1, removed=1, added=(b'x',)), LineChange(at=3, removed=0, added=(b'd',))]
    """
    if former == text:
        return []
    return list(_Comparison(former + b"\n", text + b"\n").changes())


def take_changes(items: list[Any], changes: Sequence[LineChange], mark: object = None) -> None:
    """Make, of what stands for the lines of the former text, what stands for those of the next.

    The items are the lines themselves; with a `mark`, that stands for each line that comes.
    """
    for at, removed, added in reversed(changes):
        items[at : at + removed] = added if mark is None else [mark] * len(added)


def packed_changes(changes: Iterable[LineChange]) -> bytes:
    """Return changes as bytes to be kept, compressed where that makes them shorter."""
    plain = b"".join(
        b"%d %d %d\n" % (at, removed, len(added)) + b"".join([line + b"\n" for line in added])
        for at, removed, added in changes
    )
    if len(plain) > _WORTH_PACKING:
        packed = zlib.compress(plain)
        if len(packed) < len(plain):
            return _PACKED + packed
    return _PLAIN + plain


def unpacked_changes(data: bytes) -> list[LineChange]:
    """Return the changes that `packed_changes` made bytes of."""
    plain = zlib.decompress(data[1:]) if data[:1] == _PACKED else data[1:]
    lines = iter(plain.split(b"\n")[:-1])
    changes = []
    for head in lines:
        at, removed, added = map(int, head.split(b" "))
        changes.append(LineChange(at, removed, tuple([next(lines) for _ in range(added)])))
    return changes


class _Comparison:
    """Two texts all of whose lines are ended, and how far the comparison has come in each.

    `_line` is the number of the line at `_at`. A stretch of the same bytes is passed over whole. At
    a line that differs, a few lines of either text are tried as the ones that were changed.
    """

    def __init__(self, former: bytes, text: bytes) -> None:
        self._former, self._text = former, text
        self._at = self._other = self._line = 0
        self._end, self._other_end = len(former), len(text)
        self._pass_start()
        self._end, self._other_end = self._tail()

    def changes(self) -> Iterator[LineChange]:
        """Yield the changes, in the order of the lines."""
        while self._left() > 2 * _FEW_BYTES:
            change = self._few_lines()
            if change is None:
                break
            yield change
            self._pass_start()
        former = self._former[self._at : self._end].split(b"\n")[:-1]
        text = self._text[self._other : self._other_end].split(b"\n")[:-1]
        for tag, first, last, start, end in longest_opcodes(former, text):
            if tag != "equal":
                yield LineChange(self._line + first, last - first, tuple(text[start:end]))

    def _left(self) -> int:
        return self._end - self._at + self._other_end - self._other

    def _pass_start(self) -> None:
        """Pass over the lines with which both go on, and none that are alike at the end."""
        alike = _common_start(self._former, self._at, self._text, self._other)
        alike = min(alike, self._end - self._at, self._other_end - self._other)
        end = self._former.rfind(b"\n", self._at, self._at + alike) + 1
        if end:
            self._pass(end, self._other + end - self._at)

    def _pass(self, at: int, other: int) -> None:
        self._line += self._former.count(b"\n", self._at, at)
        self._at, self._other = at, other

    def _tail(self) -> tuple[int, int]:
        """Return the places from which on all lines are the same."""
        alike = _common_end(self._former, self._at, self._text, self._other)
        end, other_end = len(self._former) - alike, len(self._text) - alike
        if alike and not self._begin_lines(end, other_end):
            rest = self._former.find(b"\n", end) + 1 - end
            end, other_end = end + rest, other_end + rest
        return end, other_end

    def _begin_lines(self, at: int, other: int) -> bool:
        former = at == 0 or self._former[at - 1] == 10
        return former and (other == 0 or self._text[other - 1] == 10)

    def _few_lines(self) -> LineChange | None:
        """Pass over a few lines that were changed; None if many lines in a row were changed."""
        former = _line_starts(self._former, self._at, self._end)
        text = _line_starts(self._text, self._other, self._other_end)
        for removed, added in _SKIPS:
            if max(removed, added) + _ALIKE_LINES >= min(len(former), len(text)):
                continue
            behind = self._former[former[removed] : former[removed + _ALIKE_LINES]]
            if behind == self._text[text[added] : text[added + _ALIKE_LINES]]:
                come = self._text[self._other : text[added]].split(b"\n")[:-1]
                change = LineChange(self._line, removed, tuple(come))
                self._pass(former[removed], text[added])
                return change
        return None


_SKIPS = sorted(
    (
        (removed, added)
        for removed in range(_MOST_SKIPPED)
        for added in range(_MOST_SKIPPED)
        if removed or added
    ),
    key=lambda pair: (sum(pair), abs(pair[0] - pair[1])),
)


def _line_starts(text: bytes, at: int, end: int) -> list[int]:
    """Return the places at which the next lines begin, the one at `at` included."""
    starts = [at]
    while at < end and len(starts) <= _MOST_SKIPPED + _ALIKE_LINES:
        at = text.find(b"\n", at, end) + 1 or end
        starts.append(at)
    return starts


def _common_start(one: bytes, at: int, other: bytes, place: int) -> int:
    """Return how many bytes are the same from these places on."""
    most = min(len(one) - at, len(other) - place)
    alike, stretch = 0, _FIRST_STRETCH
    while alike < most:
        first, second = at + alike, place + alike
        if one[first : first + stretch] == other[second : second + stretch]:
            alike, stretch = alike + stretch, 2 * stretch
        elif stretch == 1:
            break
        else:
            stretch = max(1, stretch // 4)
    return min(alike, most)


def _common_end(one: bytes, start: int, other: bytes, begin: int) -> int:
    """Return how many bytes are the same in front of both ends, behind these places."""
    most = min(len(one) - start, len(other) - begin)
    alike, stretch = 0, _FIRST_STRETCH
    while alike < most:
        stretch = min(stretch, most - alike)
        first, second = len(one) - alike, len(other) - alike
        if one[first - stretch : first] == other[second - stretch : second]:
            alike, stretch = alike + stretch, 2 * stretch
        elif stretch == 1:
            break
        else:
            stretch = max(1, stretch // 4)
    return alike
