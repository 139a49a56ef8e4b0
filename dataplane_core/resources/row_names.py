"""Find the row with a name in a section of many rows, and know that none has it, at once.

Most rows have their name behind the first word of the line. Which names stand there is kept with
the place where each was seen; edits carry both on. What is kept may name rows that are gone, and
places that have moved, but it lacks no name, and every place is looked at before it is believed.
"""

from collections.abc import Iterable, Sequence

from dataplane_core.grammar import RowTable
from dataplane_core.grammar.terms import TermSequence
from dataplane_core.text import Line, Section
from dataplane_core.text.splice import CarriedReading, Splice, added_lines
from dataplane_core.text.tokens import may_be_quoted

_NEAR = (0, 1, -1, 2, -2, 3, -3, 4, -4)
_MOST_ADDED = 200


class RowNames(CarriedReading):
    """The names of a table's rows: those `known` in one section, and those that edits `added`."""

    __slots__ = ("_added", "_is_plain", "_known", "_table", "_twice")

    def __init__(self, table: RowTable, is_plain: bool, known: dict[str, int]) -> None:
        self._table = table
        self._is_plain = is_plain
        self._known = known
        self._added: dict[str, int] = {}
        self._twice: frozenset[str] = frozenset()

    @classmethod
    def learn(cls, section: Section, table: RowTable, key: str) -> None:
        """Have the names of a section known; that pays where rows are added one by one."""
        if (cls, table) not in section.cache:
            names = cls(table, has_names_first(table, key), {})
            names._learn(section.lines_with(table.heads.first_words))
            names._settle()
            section.cache[cls, table] = names

    def after(self, splices: Sequence[Splice]) -> "RowNames":
        """Return the names after an edit, which copies those that a few edits have added alone."""
        names = RowNames(self._table, self._is_plain, self._known)
        names._added, names._twice = dict(self._added), self._twice
        names._learn(added_lines(splices))
        if len(names._added) > _MOST_ADDED:
            names._settle()
        return names

    def _settle(self) -> None:
        """Count the names that were added among those that are known."""
        self._known, self._added = {**self._known, **self._added}, {}

    def _learn(self, lines: Iterable[tuple[int, Line]]) -> None:
        if not self._is_plain:
            return
        twice: set[str] = set()
        for at, line in lines:
            if not self._table.heads.has_head(line):
                continue
            name = "".join(line.tokens[1:2])
            if may_be_quoted(name):
                self._is_plain = False  # the name may be spelled in other ways
            if name in self._added or name in self._known:
                twice.add(name)
            self._added[name] = at
        self._twice |= twice

    def places(self, section: Section, name: str) -> Iterable[int]:
        """Return the places of the lines that may be the row with a name, in order."""
        hint = self._added.get(name, self._known.get(name))
        if not self._is_plain or name in self._twice:
            return _scanned(section, self._table, name)
        if hint is None:
            return ()
        lines = section.lines
        for at in (hint + step for step in _NEAR):
            if 0 <= at < len(lines) and self._has_name(lines[at], name):
                return (at,)
        return _scanned(section, self._table, name)

    def _has_name(self, line: Line, name: str) -> bool:
        return line.tokens[1:2] == (name,) and self._table.heads.has_head(line)


def has_names_first(table: RowTable, key: str) -> bool:
    """Return whether all rows have the property `key` right behind the only word of their head."""
    terms = [form.term for form in table.statement.forms if len(form.head) == 1]
    return len(terms) == len(table.statement.forms) and all(
        isinstance(term, TermSequence) and term.terms[0].names == {key} for term in terms
    )


def places_of(section: Section, table: RowTable, name: str) -> Iterable[int]:
    """Return the places of the lines that may be the row with a name, in order."""
    known: RowNames | None = section.cache.get((RowNames, table))
    return _scanned(section, table, name) if known is None else known.places(section, name)


def _scanned(section: Section, table: RowTable, name: str) -> Iterable[int]:
    lines = section.lines_with(table.heads.first_words)
    return (at for at, line in lines if name in line.raw or may_be_quoted(line.raw))
