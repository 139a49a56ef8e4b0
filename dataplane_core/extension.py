"""Additions to collections that other plugins declare: lines, keywords, actions.

What is added holds for one registry. The declarations that modules share stay as they are: an
extended collection has a copy of its own.
"""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from dataplane_core.api.collections import Collection, Rows, Sections, Single
from dataplane_core.grammar import Params, Statement
from dataplane_core.grammar.dispatch import Case, Dispatch
from dataplane_core.grammar.entries import Entry
from dataplane_core.grammar.tree import Node, shallowest

Part = Statement | Entry | Case
"""What can be added: a line of sections, a keyword of a row's table, an action of a rule."""

Whole = TypeVar("Whole", Params, Dispatch)
Top = TypeVar("Top", Statement, Case)


class RegistryError(Exception):
    """A declaration that cannot stand beside the others; names both."""


@dataclass(frozen=True, slots=True)
class Extension:
    """Parts that a plugin adds to a collection, or `behind` an action of its rules."""

    collection: str
    parts: tuple[Part, ...]
    behind: str = ""
    origin: str = ""

    def apply(self, collections: MutableMapping[str, Collection]) -> None:
        """Put the extended collection in the place of the one that is there."""
        one = collections.get(self.collection)
        if one is None:
            raise self._refused("which no plugin declares")
        for kind in (Statement, Entry, Case):
            parts = [part for part in self.parts if isinstance(part, kind)]
            if parts:
                one = self._extended(collections, one, parts)

    def _extended(
        self,
        collections: MutableMapping[str, Collection],
        one: Collection,
        parts: Sequence[Part],
    ) -> Collection:
        if isinstance(one, Rows):
            statement = self._statement(one, parts)
            new: Collection = replace(one, table=one.table.of(statement))
            collections[one.name] = new
            return new
        if not isinstance(one, Sections | Single):
            raise self._refused("which has neither lines nor sections")
        statements = [part for part in parts if isinstance(part, Statement)]
        if len(statements) != len(parts) or self.behind:
            raise self._refused("whose objects are sections: they take statements")
        model = one.model
        for name, other in list(collections.items()):
            if isinstance(other, Sections | Single) and other.model is model:
                collections[name] = replace(other, model=model.extended(*statements))
        return collections[one.name]

    def _statement(self, rows: Rows, parts: Sequence[Part]) -> Statement:
        """Return the statement of rows with more keywords, or with more actions."""
        statement = rows.table.statement
        if not self.behind:
            return self._with(statement, parts)
        actions = self._only(Dispatch, statement, "choice of actions").literals
        action = actions.get(self.behind)
        if action is None:
            raise self._refused(f"which has no action {self.behind}")
        return statement.exchanged(action, self._with(action, parts))

    def _with(self, top: Top, parts: Sequence[Part]) -> Top:
        """Return a copy of rows, or of one of their actions, with more keywords or actions."""
        entries = [part for part in parts if isinstance(part, Entry)]
        cases = [part for part in parts if isinstance(part, Case)]
        if entries:
            table = self._only(Params, top, "table of keywords")
            return top.exchanged(table, table.extended(*entries))
        if cases:
            choice = self._only(Dispatch, top, "choice of actions")
            return top.exchanged(choice, choice.extended(*cases))
        raise self._refused("whose objects are lines: they take keywords and actions")

    def _only(self, kind: type[Whole], top: Node, what: str) -> Whole:
        found = shallowest(top, kind, (Case, Entry))
        if len(found) != 1:
            raise self._refused(f"which has {'more than one' if found else 'no'} {what}")
        return found[0]

    def _refused(self, why: str) -> RegistryError:
        what = f"{self.collection} behind {self.behind}" if self.behind else self.collection
        return RegistryError(f"{self.origin or 'a plugin'} extends {what}, {why}")
