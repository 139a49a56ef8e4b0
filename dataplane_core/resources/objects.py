"""Read a section, or a row, as everything that it says: one flat object, in no version's words."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dataplane_core.dataclass import dataclass
from dataplane_core.grammar import Row
from dataplane_core.grammar.parameter_table import unknown_words
from dataplane_core.resources.collections import RowCollection, SectionCollection, SingleSection
from dataplane_core.resources.extra_props import FROM, METADATA, UNMANAGED
from dataplane_core.resources.locate import row_name
from dataplane_core.resources.nested_metadata import NestedMetadata
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.unmanaged import UnmanagedLines
from dataplane_core.text import Line, Section, plain_word
from dataplane_core.text.conditions import says_something
from dataplane_core.text.language import INHERITING
from dataplane_core.text.metadata import is_metadata, metadata_of

Owner = SectionCollection | SingleSection


@dataclass(frozen=True, slots=True)
class Read:
    """The rows on some lines of a section, by collection, and whether other lines say something."""

    rows: Mapping[str, Sequence[Row]]
    others: bool


class SectionKind:
    """The sections of one kind: what their objects, and the rows in them, say.

    `owner` is the collection of the sections themselves, the one that knows most of their lines;
    None for a kind that nobody declares.
    """

    def __init__(self, registry: Registry, kind: str) -> None:
        every = registry.collections.values()
        own = [one for one in every if isinstance(one, Owner) and one.kind == kind]
        own.sort(key=lambda one: (isinstance(one, SingleSection), -len(one.model.statements)))
        self.kind = kind
        self.owner: Owner | None = own[0] if own else None
        self.rows = {one.name: one for one in registry.rows_of(kind)}
        self._by_word: dict[str, list[RowCollection]] = {}
        for one in self.rows.values():
            for word in one.table.heads.first_words:
                self._by_word.setdefault(word, []).append(one)
        self._model = None if self.owner is None else self.owner.model
        if self._model is not None:
            self._nested = NestedMetadata(self._model)
            self._unmanaged = UnmanagedLines([*self.rows.values()], self._model)

    @property
    def prefix(self) -> str | None:
        """What the names made up for sections without one begin with."""
        return self.owner.unnamed if isinstance(self.owner, SectionCollection) else None

    @property
    def is_joined(self) -> bool:
        """Whether all sections of the kind are one object."""
        return isinstance(self.owner, SingleSection) and not self.owner.last

    def read(self, section: Section, places: range, most: int = sys.maxsize) -> Read:
        """Return what stands on some lines of a section, up to one row more than `most`."""
        found: dict[str, list[Row]] = {}
        count, others = 0, False
        words = frozenset() if self._model is None else self._model.heads.first_words
        for at in places:
            line = section.lines[at]
            if not line.tokens:
                others |= line.broken
                continue
            word = plain_word(line.tokens[0])
            known = False
            for one in self._by_word.get(word, ()):
                row = one.table.row(section, at)
                if row is not None:
                    found.setdefault(one.name, []).append(row)
                    known = True
                    count += 1
            others |= not known or word in words
            if count > most:
                break
        return Read(found, others)

    def section(self, section: Section, name: str) -> dict[str, Any]:
        """Return what a section says itself, under the name that clients know it by."""
        values: dict[str, Any] = {}
        if isinstance(self.owner, SectionCollection):
            values[self.owner.key] = name
        if section.parent is not None and section.kind in INHERITING:
            values[FROM.name] = section.parent
        if self._model is not None:
            values |= self._model.read(section)
            self._nested.show(section, values)
        if unknown := [*self._unknown(section)]:
            values[UNMANAGED.name] = unknown
        single = isinstance(self.owner, SingleSection)
        if "#" in section.header.raw and not (single and not is_metadata(section.header)):
            values |= _metadata(section.header)
        return values

    def _unknown(self, section: Section) -> Iterator[str]:
        """Yield the lines that nobody reads; directives are such, too: they say which others count.

        Answers of the interface do not show directives.
        """
        if self._model is not None:
            yield from self._unmanaged.of(section)
        for line in section.lines:
            said = bool(line.tokens) or line.broken
            if said and (self._model is None or not says_something(line)):
                yield line.raw.strip()

    def row(self, rows: RowCollection, row: Row) -> dict[str, Any]:
        """Return what a row says, under its own or its made-up name."""
        values = dict(row.values)
        if rows.key is not None and (name := row_name(rows, row)) is not None:
            values = {rows.key: name, **values}
        if words := unknown_words(row.reading):
            values[UNMANAGED.name] = words
        return values | _metadata(row.line)


def _metadata(line: Line) -> dict[str, Any]:
    found = metadata_of(line) if "#" in line.raw else None
    return {} if found is None else {METADATA.name: found}
