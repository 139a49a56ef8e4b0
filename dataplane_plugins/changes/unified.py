"""Say how two texts differ as `diff -u` does; `patch` and `git apply` take it."""

import sys
from collections.abc import Iterator, Sequence

from dataplane_core.plugin import opcodes, split_lines

_AROUND = 3
_MOST_CHANGED = 4
"""One of so many lines may differ, and those with the same places are compared."""
_NO_END = "\n\\ No newline at end of file\n"


def unified_diff(before: str, after: str, names: tuple[str, str] = ("before", "after")) -> str:
    """Return the lines that differ, with three lines around; empty for the same text.

    >>> print(unified_diff("a\\nb\\n", "a\\nc\\n"), end="")
    --- before
    +++ after
    @@ -1,2 +1,2 @@
     a
    -b
    +c
    """
    return first_of_diff(before, after, names)[0]


def first_of_diff(
    before: str, after: str, names: tuple[str, str] = ("before", "after"), room: int = sys.maxsize
) -> tuple[str, int]:
    """Return the lines that differ, up to about `room` characters, and how many are left out.

    >>> first_of_diff("a\\nb\\n", "a\\nc\\nd\\n", room=5)[1]
    1
    """
    if before == after:
        return "", 0
    old, new = split_lines(before), split_lines(after)
    parts, left_out = [f"--- {names[0]}\n+++ {names[1]}\n"], 0
    edits = []
    for edit in _edits(old, new):
        shown = _fitting(edit, old, new, room)
        room -= sum(map(len, _near(shown, old, new)))
        left_out += _size(edit) - _size(shown)
        if _size(shown):
            edits.append(shown)
    for hunk in _hunks(edits):
        parts += _written(hunk, old, new)
    return "".join(parts), left_out


_Edit = tuple[int, int, int, int]


def _size(edit: _Edit) -> int:
    """Return how many lines an edit is about."""
    return edit[1] - edit[0] + edit[3] - edit[2]


def _near(edit: _Edit, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Yield the lines of an edit, and those around it."""
    yield from old[max(edit[0] - _AROUND, 0) : edit[1] + _AROUND]
    yield from new[edit[2] : edit[3]]


def _fitting(edit: _Edit, old: Sequence[str], new: Sequence[str], room: int) -> _Edit:
    """Return the first lines of an edit for which there is room: those that go, then the others."""
    i1, i2, j1, j2 = edit
    gone = _taken(old, i1, i2, room)
    if gone < i2:
        return i1, gone, j1, j1
    return i1, i2, j1, _taken(new, j1, j2, room - sum(map(len, old[i1:i2])))


def _taken(lines: Sequence[str], start: int, end: int, room: int) -> int:
    """Return the place behind the last line for which there is room."""
    for at in range(start, end):
        room -= len(lines[at])
        if room < 0:
            return at
    return end


def _edits(old: Sequence[str], new: Sequence[str]) -> Iterator[_Edit]:
    """Yield the ranges of lines that differ.

    Where most lines are the same as those in their places, the others have changed in theirs.
    """
    if len(old) == len(new):
        others = [at for at, (one, two) in enumerate(zip(old, new, strict=True)) if one != two]
        if len(others) * _MOST_CHANGED < others[-1] + 1 - others[0]:
            start = last = others[0]
            for at in [*others[1:], sys.maxsize]:
                if at != last + 1:
                    yield start, last + 1, start, last + 1
                    start = at
                last = at
            return
    start, end = _same_ends(old, new)
    gone, come = old[start : len(old) - end], new[start : len(new) - end]
    for tag, i1, i2, j1, j2 in opcodes(gone, come):
        if tag != "equal":
            yield start + i1, start + i2, start + j1, start + j2


def _same_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """Return how many lines both texts begin with, and then end with."""
    most = min(len(old), len(new))
    start = next((at for at in range(most) if old[at] != new[at]), most)
    most -= start
    return start, next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)


def _hunks(edits: Sequence[_Edit]) -> Iterator[list[_Edit]]:
    """Yield the edits in groups, those whose lines around them meet together."""
    hunk: list[_Edit] = []
    for edit in edits:
        if hunk and edit[0] - hunk[-1][1] > 2 * _AROUND:
            yield hunk
            hunk = []
        hunk.append(edit)
    if hunk:
        yield hunk


def _written(hunk: Sequence[_Edit], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Yield the header and the lines of one group of edits."""
    first, last = hunk[0], hunk[-1]
    above = min(_AROUND, first[0])
    start, until = first[0] - above, min(last[1] + _AROUND, len(old))
    other, other_until = first[2] - above, last[3] + until - last[1]
    yield f"@@ -{_range(start, until)} +{_range(other, other_until)} @@\n"
    at = start
    for i1, i2, j1, j2 in hunk:
        yield from _marked(" ", old[at:i1])
        yield from _marked("-", old[i1:i2])
        yield from _marked("+", new[j1:j2])
        at = i2
    yield from _marked(" ", old[at:until])


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line if line.endswith("\n") else mark + line + _NO_END


def _range(start: int, until: int) -> str:
    """Return a range of lines, counted from 1; an empty one is said by the line above it."""
    count = until - start
    if count == 1:
        return str(start + 1)
    return f"{start + 1 if count else start},{count}"
