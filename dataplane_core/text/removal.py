"""Tell which lines around a section stay when the section is removed, as they are about others."""

from dataplane_core.dataclass import dataclass
from dataplane_core.text.comments import heads_a_group, next_heading_start, own_comments_start
from dataplane_core.text.conditions import lines_of_others, may_hold_directives
from dataplane_core.text.lines import Line
from dataplane_core.text.section import Section


@dataclass(frozen=True, slots=True)
class Removal:
    """What becomes of the lines of a section that is removed.

    `leaving` is the section with the lines that are its own. The others stay: `above` are comments
    from above its header, `below` directives of conditional blocks and headings from behind its
    last statement.
    """

    above: tuple[Line, ...]
    leaving: Section
    below: tuple[Line, ...]

    @property
    def staying(self) -> list[Line]:
        """The lines that stay, with a blank line between those from above and from below."""
        between = self.above and self.below and not self.below[0].is_blank
        gap = [Line(self.leaving.line_end())] if between else []
        return [*self.above, *gap, *self.below]


def removal_of(section: Section, following: Section | None, *, first: bool = False) -> Removal:
    """Return what becomes of a section's lines when it is removed.

    `following` is the section behind it. Comments above a section that is the `first` text of a
    file are about the file, and stay.
    """
    lead, lines = section.lead, section.lines
    directives = lines_of_others(lines) if may_hold_directives(section.text) else []
    end = len(lines) if any(line.tokens for line in directives) else next_heading_start(lines)
    next_header = (following.header,) if following is not None and not following.lead else ()
    headed = end == len(lines) and heads_a_group(section.kind, next_header, section.language)
    start = len(lead) if headed or first else own_comments_start(lead, len(lead), section.language)
    leaving = Section(section.header, lead[start:], lines[:end], language=section.language)
    return Removal(lead[:start], leaving, (*directives, *lines[end:]))
