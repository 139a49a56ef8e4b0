"""Additions to collections that other plugins declare: lines, keywords, actions.

What is added holds for one registry. The declarations that modules share stay as they are: an
extended collection has a copy of its own.
"""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from dataplane_core.grammar import ParameterTable, Statement
from dataplane_core.grammar.declaration import Declaration, nearest_parts
from dataplane_core.grammar.dispatch import Case, Dispatch
from dataplane_core.grammar.parameter_keywords import ParameterKeyword
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.extra_props import extra_props
from dataplane_core.resources.origins import Origins, RegistryError

Part = Statement | ParameterKeyword | Case
"""What can be added: a line of sections, a keyword of a row's table, an action of a rule."""

Whole = TypeVar("Whole", ParameterTable, Dispatch)
Top = TypeVar("Top", Statement, Case)


@dataclass(frozen=True, slots=True)
class Extension:
    """Parts that a plugin adds to a collection, or `behind` an action of its rules."""

    collection: str
    parts: tuple[Part, ...]
    behind: str = ""
    origin: str = ""

    def apply(self, collections: MutableMapping[str, Collection], origins: Origins) -> None:
        """Put the extended collection in the place of the one that is there.

        `origins` knows who declared what is there, and gets to know what is added.
        """
        one = collections.get(self.collection)
        if one is None:
            raise self._refused("which no plugin declares")
        for part in self.parts:
            if not isinstance(part, Statement | ParameterKeyword | Case):
                name = type(part).__name__
                raise self._refused(f"by a {name}, which is no line, keyword or action")
        for kind in (Statement, ParameterKeyword, Case):
            parts = [part for part in self.parts if isinstance(part, kind)]
            if parts:
                one = self._extended(collections, one, parts, origins)

    def _extended(
        self,
        collections: MutableMapping[str, Collection],
        one: Collection,
        parts: Sequence[Part],
        origins: Origins,
    ) -> Collection:
        if isinstance(one, RowCollection):
            statement = self._statement(one, parts, origins)
            new: Collection = replace(one, table=one.table.with_statement(statement))
            collections[one.name] = new
            return new
        if not isinstance(one, SectionCollection | SingleSection):
            raise self._refused("which has neither lines nor sections")
        statements = [part for part in parts if isinstance(part, Statement)]
        if len(statements) != len(parts) or self.behind:
            raise self._refused("whose objects are sections: they take statements")
        model, new_model = one.model, one.model.extended(*statements)
        for name, other in list(collections.items()):
            if isinstance(other, SectionCollection | SingleSection) and other.model is model:
                for statement in statements:
                    origins.added(other, statement, self.origin)
                collections[name] = replace(other, model=new_model)
        return collections[one.name]

    def _statement(self, rows: RowCollection, parts: Sequence[Part], origins: Origins) -> Statement:
        """Return the statement of rows with more keywords, or with more actions."""
        statement = rows.table.statement
        origins.same_types(rows, (prop for part in parts for prop in part.props), self.origin)
        if not self.behind:
            names = {
                name for part in parts if isinstance(part, ParameterKeyword) for name in part.names
            }
            there = {prop.name for prop in (*extra_props(rows), *rows.props)}
            origins.know("property", there, rows.origin, rows.name)
            for name in sorted(names):
                origins.claim("property", name, self.origin, rows.name)
            return self._with(statement, parts, rows, origins)
        actions = self._only(Dispatch, statement, "choice of actions").literals
        action = actions.get(self.behind)
        if action is None:
            raise self._refused(f"which has no action {self.behind}")
        return statement.exchanged(action, self._with(action, parts, rows, origins))

    def _with(self, top: Top, parts: Sequence[Part], rows: RowCollection, origins: Origins) -> Top:
        """Return a copy of rows, or of one of their actions, with more keywords or actions."""
        entries = [part for part in parts if isinstance(part, ParameterKeyword)]
        cases = [part for part in parts if isinstance(part, Case)]
        if entries:
            table = self._only(ParameterTable, top, "table of keywords")
            origins.know("keyword", table.words, rows.origin, self._where)
            for word in (word for entry in entries for word in entry.words):
                origins.claim("keyword", word, self.origin, self._where)
            return top.exchanged(table, table.extended(*entries))
        if cases:
            choice = self._only(Dispatch, top, "choice of actions")
            known = (name for case in choice.cases for name in _names(case))
            origins.know("action", known, rows.origin, self._where)
            for name in (name for case in cases for name in _names(case)):
                origins.claim("action", name, self.origin, self._where)
            return top.exchanged(choice, choice.extended(*cases))
        raise self._refused("whose objects are lines: they take keywords and actions")

    def _only(self, kind: type[Whole], top: Declaration, what: str) -> Whole:
        found = nearest_parts(top, kind, (Case, ParameterKeyword))
        if len(found) != 1:
            raise self._refused(f"which has {'more than one' if found else 'no'} {what}")
        return found[0]

    @property
    def _where(self) -> str:
        return f"{self.collection} behind {self.behind}" if self.behind else self.collection

    def _refused(self, why: str) -> RegistryError:
        return RegistryError(f"{self.origin or 'a plugin'} extends {self._where}, {why}")


def _names(case: Case) -> list[str]:
    """The word that an action starts with, and the value that selects it."""
    return list(dict.fromkeys((case.head.text, str(case.value))))
