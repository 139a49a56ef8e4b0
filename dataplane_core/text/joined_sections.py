"""Hold the sections of one kind that HAProxy adds up, as one section."""

from collections.abc import Sequence

from dataplane_core.text.lines import Line
from dataplane_core.text.section import Section


class JoinedSections(Section):
    """Sections of one kind that HAProxy adds up, such as several `global`, as one section.

    Its lines are those of all `parts`; the headers of all but the first stand among them. An edit
    returns a plain section, of which `cut` makes the parts again.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[Section]) -> None:
        first, *others = parts
        more = [line for section in others for line in (section.header, *section.lines)]
        super().__init__(first.header, first.lead, (*first.lines, *more), language=first.language)
        self.parts = tuple(parts)

    def end(self) -> int:
        """Return the end of the first part: HAProxy takes some lines of `global` only there."""
        return self.parts[0].end()

    def unconditional_place(self, at: int) -> int:
        """Return such a place in the first part: the one nearest to `at`, or its end."""
        return super().unconditional_place(at) if at <= len(self.parts[0].lines) else self.end()

    def cut(self, edited: Section) -> list[Section]:
        """Return the parts of an edited section; a part with the same lines is the same object."""
        pieces: list[list[Line]] = [[edited.header]]
        for line in edited.lines:
            if line.tokens[:1] == (self.kind,):
                pieces.append([])
            pieces[-1].append(line)
        return [
            part
            if (part.header, *part.lines) == tuple(lines)
            else Section(lines[0], part.lead, tuple(lines[1:]), language=part.language)
            for part, lines in zip(self.parts, pieces, strict=True)
        ]
