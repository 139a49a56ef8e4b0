"""What stays of a section when it goes: lines that speak of other sections too."""

from dataclasses import dataclass

from dataplane_core.text.comments import is_headed, next_heading, own_start
from dataplane_core.text.conditions import may_hold, remains
from dataplane_core.text.lines import Line
from dataplane_core.text.section import Section


@dataclass(frozen=True, slots=True)
class Parting:
    """A section without what is not its own (`leaving`), and the lines that stay.

    `above` are comments from above its header, `below` directives of conditional blocks and
    headings from behind its last line.
    """

    above: tuple[Line, ...]
    leaving: Section
    below: tuple[Line, ...]

    @property
    def staying(self) -> list[Line]:
        """The lines that stay, those from above and from below set apart."""
        between = self.above and self.below and not self.below[0].is_blank
        gap = [Line(self.leaving.line_end())] if between else []
        return [*self.above, *gap, *self.below]


def part(section: Section, following: Section | None, *, first: bool = False) -> Parting:
    """Part a section from its neighbours; `following` is the section behind it.

    Comments above the `first` line of a file are about the file.
    """
    lead, lines = section.lead, section.lines
    directives = remains(lines) if may_hold(section.text) else []
    end = len(lines) if any(line.tokens for line in directives) else next_heading(lines)
    next_header = (following.header,) if following is not None and not following.lead else ()
    headed = end == len(lines) and is_headed(section.kind, next_header, section.language)
    start = len(lead) if headed or first else own_start(lead, len(lead), section.language)
    leaving = Section(section.header, lead[start:], lines[:end], language=section.language)
    return Parting(lead[:start], leaving, (*directives, *lines[end:]))
