"""Edit several lines of a section at once, by their places in the section as it was."""

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property

from dataplane_core.text.comments import own_comments_start, with_own_comments
from dataplane_core.text.lines import Line
from dataplane_core.text.section import Section
from dataplane_core.text.splice import Splice


class SectionEdit:
    """Lines to rewrite, remove and insert; `done` makes the edited section of them.

    Every place is an index into `section.lines`, which does not change while edits are gathered, so
    that their order does not matter.

    >>> edit = SectionEdit(Section.parse("backend b\\n  # of s1\\n  server s1 a:1\\n"))
    >>> edit.remove(1)
    >>> edit.insert(2, ["server", "s2", "b:1"])
    >>> edit.done().text
    'backend b\\n  server s2 b:1\\n'
    """

    def __init__(self, section: Section) -> None:
        self.section = section
        self._rewritten: dict[int, Line] = {}
        self._removed: set[int] = set()
        self._inserted: dict[int, list[tuple[Line, ...] | int]] = {}

    @cached_property
    def _lines(self) -> tuple[Line, ...]:
        """The lines of the section; of one larger than the budget they would be cut each time."""
        return self.section.lines

    @cached_property
    def _indent(self) -> str:
        return self.section.indent()

    def replace(self, at: int, words: Sequence[str]) -> None:
        """Give the line `at` other words; its indentation, comment and line end stay."""
        self.rewrite(at, self._lines[at].rewritten(words))

    def rewrite(self, at: int, line: Line) -> None:
        """Have `line` in the place of the line `at`, wherever that moves."""
        self._rewritten[at] = line

    def remove(self, at: int) -> None:
        """Remove the line `at`, with the comments above it that are about it alone."""
        self._removed.add(at)

    def insert(self, at: int, words: Sequence[str]) -> None:
        """Insert a line in front of the line `at`, behind those inserted there before."""
        line = Line.make(words, self._indent, self.section.line_end())
        self.insert_lines(at, (line,))

    def insert_lines(self, at: int, lines: tuple[Line, ...]) -> None:
        """Insert lines as they are in front of the line `at`, behind those inserted before."""
        self._inserted.setdefault(at, []).append(lines)

    def move(self, at: int, to: int) -> None:
        """Have the line `at` in front of the line `to`, with the comments that are about it alone.

        What is inserted or moved there before stands in front of it.
        """
        self._removed.add(at)
        self._inserted.setdefault(to, []).append(at)

    def done(self) -> Section:
        """Return the edited section; the section itself where nothing was edited."""
        return self.section.spliced(list(self._splices()))

    def _splices(self) -> Iterator[Splice]:
        """Yield what changes, in order; what changes in adjacent places as one splice."""
        gone = self._gone()
        start, end = 0, 0
        come: list[Line] = []
        for at in sorted({*self._rewritten, *gone, *self._inserted}):
            if at > end:
                if come or end > start:
                    yield Splice(start, end - start, tuple(come))
                start, end, come = at, at, []
            come += self._added(at, gone)
            line = self._rewritten.get(at)
            if at in gone:
                end = at + 1
            elif line is not None and line is not self._lines[at]:
                come.append(line)
                end = at + 1
        if come or end > start:
            yield Splice(start, end - start, tuple(come))

    def _added(self, at: int, gone: Collection[int]) -> Iterator[Line]:
        """Yield the lines that come in front of the line `at`."""
        for new in self._inserted.get(at, ()):
            yield from self._with_comments(new, gone) if isinstance(new, int) else new

    def _gone(self) -> set[int]:
        if not self._removed:
            return set()
        return with_own_comments(self._lines, self._removed, self.section.language)

    def _with_comments(self, at: int, gone: Collection[int]) -> list[Line]:
        """Return the line `at` behind those of the comments above it that are `gone` with it."""
        lines = self._lines
        start = own_comments_start(lines, at, self.section.language)
        comments = [lines[one] for one in range(start, at) if one in gone]
        return [*comments, self._rewritten.get(at, lines[at])]
