"""Bring rows of some kinds into a section, and leave all else in it as it is."""

from collections.abc import Iterator
from functools import cached_property

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Invalid
from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Line, Section, plain_word
from dataplane_core.text.conditions import may_hold_directives


@dataclass(frozen=True, slots=True)
class RowScope:
    """Rows of the collections `only`, all lines where that is None, but for those of `but`."""

    only: frozenset[str] | None = None
    but: frozenset[str] = frozenset()


class Rows:
    """Tells which lines of sections of one kind a scope is about."""

    def __init__(self, registry: Registry, kind: str, scope: RowScope) -> None:
        self._scope = scope
        self._every = registry.rows_of(kind)

    def of(self, before: Section, after: Section) -> Section:
        """Return `before` with the lines of the scope as `after` has them.

        Each line takes the place of the one that was as many lines of the scope down; others
        follow, and stand at the end of a section that had none.
        """
        if may_hold_directives(before.text) or may_hold_directives(after.text):
            raise Invalid(
                f"{before.kind} {before.name} holds a conditional block: it is only applied whole"
            )
        if self._scope.only is None and before.header.raw != after.header.raw:
            before = before.with_header(after.header)
        new = [line for at, line in enumerate(after.lines) if self._holds(after, at)]
        places = [at for at in range(len(before.lines)) if self._holds(before, at)]
        if [line.raw for line in new] == [before.lines[at].raw for at in places]:
            return before
        return before.with_lines(tuple(self._lines(before, places, new)))

    def _lines(self, before: Section, places: list[int], new: list[Line]) -> Iterator[Line]:
        """Yield the lines of a section with `new` ones in these places."""
        end = places[-1] + 1 if places else self._end(before)
        taken, rest = set(places), iter(new)
        for at, line in enumerate(before.lines):
            if at == end:
                yield from rest
            if at not in taken:
                yield line
            elif (other := next(rest, None)) is not None:
                yield other
        yield from rest

    @staticmethod
    def _end(section: Section) -> int:
        """Return the place behind the last line of a section that says something."""
        said = [at for at, line in enumerate(section.lines) if line.tokens]
        return said[-1] + 1 if said else 0

    def _holds(self, section: Section, at: int) -> bool:
        collection = self._collection(section, at)
        if self._scope.only is None:
            return bool(section.lines[at].tokens) and collection not in self._scope.but
        return collection in self._scope.only and collection not in self._scope.but

    def _collection(self, section: Section, at: int) -> str | None:
        """Return the collection that a line is a row of; None for any other line."""
        line = section.lines[at]
        if not line.tokens:
            return None
        for one in self._by_word.get(plain_word(line.tokens[0]), ()):
            if one.table.row(section, at) is not None:
                return one.name
        return None

    @cached_property
    def _by_word(self) -> dict[str, list[RowCollection]]:
        found: dict[str, list[RowCollection]] = {}
        for one in self._every:
            for word in one.table.heads.first_words:
                found.setdefault(word, []).append(one)
        return found
