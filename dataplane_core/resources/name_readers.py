"""Have a reader of names for each kind of section, made when somebody asks for it."""

from collections.abc import Iterable
from functools import cached_property

from dataplane_core.grammar import Statement
from dataplane_core.grammar.expressions import Functions
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.name_reader import NameReader
from dataplane_core.text.language import LISTEN, LISTEN_PARTS


class NameReaders:
    """The readers of names by the kind of section, for all that is declared.

    `functions` are those of the sample expressions, and `holding` the words `NameReader.holding`
    of the readers that were made.
    """

    def __init__(self, collections: Iterable[Collection], functions: Functions) -> None:
        self._collections = tuple(collections)
        self.functions = functions
        self.holding: dict[str, frozenset[str]] = {}
        self._readers: dict[str, NameReader] = {}

    def of(self, kind: str) -> NameReader:
        """Return the reader for sections of a kind; what it reads is kept under the reader."""
        reader = self._readers.get(kind)
        if reader is None:
            reader = NameReader(self.statements(kind), self.functions)
            self.holding[kind] = reader.holding
            reader = self._readers.setdefault(kind, reader)
        return reader

    @cached_property
    def idle(self) -> frozenset[str]:
        """The kinds of sections that do nothing unless something refers to them."""
        sections = (one for one in self._collections if isinstance(one, SectionCollection))
        return frozenset(one.kind for one in sections if one.idle)

    def statements(self, kind: str) -> list[Statement]:
        """Return what lines in a kind of section may be: rows, and statements of its model."""
        kinds = {kind, *LISTEN_PARTS} if kind == LISTEN else {kind}
        rows = (one for one in self._collections if isinstance(one, RowCollection))
        found = [one.table.statement for one in rows if kind in one.parents]
        for one in self._collections:
            if isinstance(one, SectionCollection | SingleSection) and one.kind in kinds:
                found += one.model.statements
        return found
