"""Know on which lines of a section the rows of a table stand, after an edit at its cost alone.

For each line there is one byte, so that counting rows, and finding one by its index, are searches
through bytes, and an edit moves no number of a line.
"""

from collections.abc import Callable, Iterable, Sequence

from dataplane_core.text.lines import Line
from dataplane_core.text.splice import CarriedReading, Splice, marks_after

Test = Callable[[Line], bool]
_YES = b"\x01"


class LineMarks(CarriedReading):
    """Which lines of a section pass a test."""

    __slots__ = ("_marks", "_test")

    def __init__(self, test: Test, marks: bytes) -> None:
        self._test = test
        self._marks = marks

    @classmethod
    def of(cls, test: Test, lines: Iterable[Line]) -> "LineMarks":
        """Return the marks of some lines."""
        return cls(test, bytes(map(test, lines)))

    def after(self, splices: Sequence[Splice]) -> "LineMarks":
        """Return the marks after an edit; only lines that come are tested."""
        test = self._test
        changes = [(at, removed, bytes(map(test, added))) for at, removed, added in splices]
        return LineMarks(test, marks_after(self._marks, changes))

    def __len__(self) -> int:
        """Return the number of lines that pass."""
        return self._marks.count(_YES)

    @property
    def end(self) -> int:
        """The place behind the last line that passes; 0 without one."""
        return self._marks.rfind(_YES) + 1

    def before(self, at: int) -> int:
        """Return the number of lines above the place `at` that pass."""
        return self._marks.count(_YES, 0, at)

    def place(self, number: int) -> int:
        """Return the place of the line that is number `number`, from 0, of those that pass."""
        low, high = 0, len(self._marks)
        while high - low > 1:
            middle = (low + high) // 2
            below = self._marks.count(_YES, low, middle)
            if number < below:
                high = middle
            else:
                low, number = middle, number - below
        return low
