"""Say where among the lines of a section a new one counts whenever the section's header does."""

from collections.abc import Sequence
from typing import Any

from dataplane_core.text.comments import own_comments_start
from dataplane_core.text.conditions import (
    NO_BLOCKS,
    find_blocks,
    may_hold_directives,
    unconditional_length,
)
from dataplane_core.text.language import Language
from dataplane_core.text.lines import Line


class Places:
    """What a section knows of the places of its lines; see `Section`."""

    __slots__ = ()

    language: Language

    @property
    def cache(self) -> dict[Any, Any]:
        """What was read of the section, by what reads."""
        raise NotImplementedError

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines below the header."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """The section as it stands in the file."""
        raise NotImplementedError

    def end(self) -> int:
        """Return the place at which a line is appended: behind the section's last statement.

        A line there stands under the same conditions as the header.
        """
        for at in range(unconditional_length(self.lines, self.blocks[1]) - 1, -1, -1):
            if self.lines[at].tokens or self.lines[at].broken:
                return at + 1
        return 0

    @property
    def blocks(self) -> tuple[list[range], list[int]]:
        """The conditional blocks among its lines, and the directives of others: `find_blocks`."""
        known: tuple[list[range], list[int]] | None = self.cache.get("blocks")
        if known is None:
            found = find_blocks(self.lines) if may_hold_directives(self.text) else ([], [])
            known = self.cache["blocks"] = found if any(found) else NO_BLOCKS
        return known

    def unconditional_place(self, at: int) -> int:
        """Return the place nearest to `at` for a line that stands under no condition of its own.

        A line there counts whenever the header does: it is outside of the blocks among the lines.
        """
        whole, strays = self.blocks
        if at > unconditional_length(self.lines, strays):
            at = self.end()
        return max([at, *(block.stop for block in whole if at in block[1:])])

    def first_unconditional(self, places: Sequence[int]) -> int:
        """Return the first of some places for a line that stands under no condition of its own.

        Return the very first where one conditional block holds all of them.
        """
        return next((at for at in places if self.unconditional_place(at) == at), places[0])

    def place_in_front(self, first: int, at: int) -> int:
        """Return the place for a line in front of the line `at` and its comments, from `first` on.

        Where the line `at` is the first of a conditional block, the place is in front of that
        block.
        """
        places = range(own_comments_start(self.lines, at, self.language), first - 1, -1)
        return own_comments_start(self.lines, self.first_unconditional(places), self.language)
