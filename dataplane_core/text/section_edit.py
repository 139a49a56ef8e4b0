"""Edit several lines of a section at once, by their places in the section as it was."""

from collections.abc import Collection, Sequence

from dataplane_core.text.comments import own_comments_start, with_own_comments
from dataplane_core.text.lines import Line
from dataplane_core.text.section import Section


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
        self._inserted: dict[int, list[Sequence[str] | int]] = {}

    def replace(self, at: int, words: Sequence[str]) -> None:
        """Give the line `at` other words; its indentation, comment and line end stay."""
        self._rewritten[at] = self.section.lines[at].rewritten(words)

    def remove(self, at: int) -> None:
        """Remove the line `at`, with the comments above it that are about it alone."""
        self._removed.add(at)

    def insert(self, at: int, words: Sequence[str]) -> None:
        """Insert a line in front of the line `at`, behind those inserted there before."""
        self._inserted.setdefault(at, []).append(words)

    def move(self, at: int, to: int) -> None:
        """Have the line `at` in front of the line `to`, with the comments that are about it alone.

        What is inserted or moved there before stands in front of it.
        """
        self._removed.add(at)
        self._inserted.setdefault(to, []).append(at)

    def done(self) -> Section:
        """Return the edited section; the section itself where nothing was edited."""
        if not (self._rewritten or self._removed or self._inserted):
            return self.section
        indent, end = self.section.indent(), self.section.line_end()
        gone = with_own_comments(self.section.lines, self._removed, self.section.language)
        lines: list[Line] = []
        for at, line in enumerate((*self.section.lines, None)):
            for new in self._inserted.get(at, ()):
                if isinstance(new, int):
                    lines += self._with_comments(new, gone)
                else:
                    lines.append(Line.make(new, indent, end))
            if line is not None and at not in gone:
                lines.append(self._rewritten.get(at, line))
        return self.section.with_lines(lines)

    def _with_comments(self, at: int, gone: Collection[int]) -> list[Line]:
        """Return the line `at` behind those of the comments above it that are `gone` with it."""
        lines = self.section.lines
        start = own_comments_start(lines, at, self.section.language)
        return [lines[one] for one in range(start, at + 1) if one in gone]
