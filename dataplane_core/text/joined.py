"""Sections that HAProxy reads as one: of some kinds, such as `global`, it adds up all there are."""

from collections.abc import Sequence

from dataplane_core.text.lines import Line
from dataplane_core.text.section import Section


class JoinedSections(Section):
    """All lines of several sections; the headers of all but the first stand among them.

    An edit gives a plain section, which `cut` parts again.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[Section]) -> None:
        first, *others = parts
        more = [line for section in others for line in (section.header, *section.lines)]
        super().__init__(first.header, first.lead, (*first.lines, *more))
        self.parts = tuple(parts)

    def end(self) -> int:
        """The end of the first section: HAProxy takes some lines of `global` in that one only."""
        return self.parts[0].end()

    def outside(self, at: int) -> int:
        """The place nearest to `at` in the first section."""
        return super().outside(at) if at <= len(self.parts[0].lines) else self.end()

    def cut(self, edited: Section) -> list[Section]:
        """The sections that an edit makes of the parts; the untouched ones as they are."""
        pieces: list[list[Line]] = [[edited.header]]
        for line in edited.lines:
            if line.tokens[:1] == (self.kind,):
                pieces.append([])
            pieces[-1].append(line)
        return [
            part
            if (part.header, *part.lines) == tuple(lines)
            else Section(lines[0], part.lead, tuple(lines[1:]))
            for part, lines in zip(self.parts, pieces, strict=True)
        ]
