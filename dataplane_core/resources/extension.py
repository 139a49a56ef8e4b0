"""Additions to what other plugins declare: lines, keywords, actions.

An addition holds for one registry; the declarations that modules share stay as they are. Where
collections have something in common (a model, a line, a table of keywords with a name), an addition
to it in one of them is an addition in all.
"""

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple, TypeVar

from dataplane_core.dataclass import dataclass
from dataplane_core.grammar import ParameterTable, Prop, Statement, Term
from dataplane_core.grammar.declaration import Declaration, Exchange, every_part, nearest_parts
from dataplane_core.grammar.dispatch import Case, Dispatch
from dataplane_core.grammar.parameter_keywords import ParameterKeyword
from dataplane_core.grammar.values import WordChoice
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.extra_props import extra_props
from dataplane_core.resources.origins import Origins, RegistryError

Part = Statement | ParameterKeyword | Case
"""What can be added: a line of sections, a keyword of a table, a choice such as an action."""

Whole = TypeVar("Whole", bound=Declaration)
Collections = MutableMapping[str, Collection]
Pair = tuple[Declaration, Declaration]
"""A part, and what takes its place."""


@dataclass(frozen=True, slots=True)
class Extension:
    """Parts that a plugin adds to a collection, or `behind` some words of its lines."""

    collection: str
    parts: tuple[Part, ...]
    behind: str = ""
    origin: str = ""

    def apply(self, collections: Collections, origins: Origins) -> None:
        """Put extended collections in the place of those that are there.

        `origins` knows who declared what is there, and gets to know what is added. Raises
        `RegistryError` for what has no place in the collection, or is there already.
        """
        for part in self.parts:
            if not isinstance(part, Part):
                name = type(part).__name__
                raise self._refused(f"by what is no line, keyword or action: {name}")
        kinds: tuple[tuple[type[Part], Callable[..., Exchange]], ...] = (
            (Statement, self._with_lines),
            (ParameterKeyword, self._with_keywords),
            (Case, self._with_choices),
        )
        for kind, exchange in kinds:
            parts = [part for part in self.parts if isinstance(part, kind)]
            one = collections.get(self.collection)
            if one is None:
                raise self._refused("which no plugin declares")
            if parts:
                self._put(collections, exchange(one, parts, collections, origins), origins)

    def _put(self, collections: Collections, exchange: Exchange, origins: Origins) -> None:
        """Exchange parts in all collections, and claim what properties their sections get."""
        for name, one in list(collections.items()):
            if isinstance(one, RowCollection):
                statement = exchange(one.table.statement)
                if statement is not one.table.statement:
                    collections[name] = replace(one, table=one.table.with_statement(statement))
            elif isinstance(one, SectionCollection | SingleSection):
                model = exchange(one.model)
                if model is one.model:
                    continue
                collections[name] = replace(one, model=model)
                # Those of whole new lines, which stand behind the others, are claimed already.
                pairs = zip(one.model.statements, model.statements, strict=False)
                added = (new.names - old.names for old, new in pairs if old is not new)
                for prop in sorted(chain.from_iterable(added)):
                    origins.claim("property", prop, self.origin, name)

    def _with_lines(
        self, one: Collection, parts: list[Statement], collections: Collections, origins: Origins
    ) -> Exchange:
        if not isinstance(one, SectionCollection | SingleSection):
            raise self._refused("whose objects are lines: they take keywords and actions")
        if self.behind:
            raise self._refused("where no line can stand")
        for other in collections.values():
            if isinstance(other, SectionCollection | SingleSection) and other.model is one.model:
                for statement in parts:
                    origins.added(other, statement, self.origin)
        return Exchange([(one.model, one.model.extended(*parts))])

    def _with_keywords(
        self,
        one: Collection,
        parts: list[ParameterKeyword],
        collections: Collections,
        origins: Origins,
    ) -> Exchange:
        statement, action = self._line(one)
        top = self._action(statement, action) if action else statement
        table = self._only(ParameterTable, top, "table of keywords")
        line = _declared_line(statement, collections)
        where = table.name or line.where(action)
        self._same_types(one, table if not action else statement, parts, origins)
        origins.know("keyword", table.words, one.origin, where)
        for word in (word for part in parts for word in part.words):
            origins.claim("keyword", word, self.origin, where)
        having = _with_table(collections, table.name) if table.name else {one.name: [table]}
        if action:
            self._refuse_properties(one, self._choice(statement), top.props, parts, where, origins)
        else:
            those = [collections[name] for name in having]
            self._new_properties(those, table, parts, where, origins)
        tables = chain.from_iterable(having.values())
        exchange = Exchange([(other, other.extended(*parts)) for other in tables])
        return exchange if table.name else line.everywhere(exchange)

    def _with_choices(
        self, one: Collection, parts: list[Case], collections: Collections, origins: Origins
    ) -> Exchange:
        statement, action = self._line(one)
        top = self._action(statement, action) if action else statement
        choice = self._choice(top)
        line = _declared_line(statement, collections)
        where = line.where(action)
        if isinstance(choice, WordChoice):
            if any(part.names or not part.head.literal for part in parts):
                raise self._refused("where one word stands, and nothing behind it")
            known = {*choice.prop.enum}
            pair: Pair = choice, choice.extended(*(part.head.text for part in parts))
        else:
            known = {name for case in choice.cases for name in _names(case)}
            pair = choice, choice.extended(*parts)
            self._same_types(one, choice, parts, origins)
            self._refuse_properties(one, choice, (), parts, where, origins)
        what = "word" if line.head else "action"
        origins.know(what, known, one.origin, where)
        for name in (name for part in parts for name in _names(part)):
            origins.claim(what, name, self.origin, where)
        return line.everywhere(Exchange([pair]))

    def _choice(self, top: Declaration) -> Dispatch | WordChoice:
        """Return what chooses by a word: that with something behind it, else one of some words."""
        words = nearest_parts(top, WordChoice, (*_WITHIN, Dispatch))
        if len(words) == 1 and not nearest_parts(top, Dispatch, _WITHIN):
            return words[0]
        return self._only(Dispatch, top, "choice of actions")

    def _line(self, one: Collection) -> tuple[Statement, str]:
        """Return the statement that is meant, and which action of it, if any."""
        if isinstance(one, RowCollection):
            return one.table.statement, self.behind
        if not isinstance(one, SectionCollection | SingleSection):
            raise self._refused("which has neither lines nor sections")
        if not self.behind:
            raise self._refused(
                "whose objects are sections: they take statements, and all else behind a line"
            )
        words = tuple(self.behind.split())
        for length in range(len(words), 0, -1):
            for statement in one.model.statements:
                if any(form.head == words[:length] for form in statement.forms):
                    return statement, " ".join(words[length:])
        raise self._refused(f"which has no line {self.behind}")

    def _action(self, statement: Statement, name: str) -> Case:
        action = self._only(Dispatch, statement, "choice of actions").literals.get(name)
        if action is None:
            raise self._refused(f"which has no action {name}")
        return action

    def _same_types(
        self, one: Collection, among: Declaration, parts: Sequence[Part], origins: Origins
    ) -> None:
        known = one.props if isinstance(one, RowCollection) else among.props
        origins.same_types(one, known, (prop for part in parts for prop in part.props), self.origin)

    def _new_properties(
        self,
        having: Iterable[Collection],
        table: ParameterTable,
        parts: Sequence[ParameterKeyword],
        where: str,
        origins: Origins,
    ) -> None:
        """Claim the properties of new keywords among those that rows with the table have."""
        for one in having:
            rows = (*extra_props(one), *one.props) if isinstance(one, RowCollection) else ()
            there = {prop.name for prop in (*rows, *table.props)}
            origins.know("property", there, one.origin, where)
        for name in sorted({name for part in parts for name in part.names}):
            origins.claim("property", name, self.origin, where)

    def _refuse_properties(
        self,
        one: Collection,
        choice: Dispatch | WordChoice,
        own: Iterable[Prop],
        parts: Sequence[Part],
        where: str,
        origins: Origins,
    ) -> None:
        """Refuse properties that an action has already: its `own`, or those beside all actions.

        Actions of one line may share a property.
        """
        cases = choice.cases if isinstance(choice, Dispatch) else ()
        of_cases = {prop.name for case in cases for prop in case.props}
        beside = (*extra_props(one), *one.props) if isinstance(one, RowCollection) else ()
        there = {prop.name for prop in beside} - of_cases
        there |= {choice.prop.name, *(prop.name for prop in own)}
        known = origins.copy()
        known.know("property", there, one.origin, where)
        for name in sorted({name for part in parts for name in part.names}):
            known.claim("property", name, self.origin, where)

    def _only(self, kind: type[Whole], top: Declaration, what: str) -> Whole:
        found = nearest_parts(top, kind, _WITHIN)
        if len(found) != 1:
            raise self._refused(f"which has {'more than one' if found else 'no'} {what}")
        return found[0]

    @property
    def _where(self) -> str:
        return f"{self.collection} behind {self.behind}" if self.behind else self.collection

    def _refused(self, why: str) -> RegistryError:
        said = f"{self.origin or 'a plugin'} extends {self._where}, {why}"
        return RegistryError(said, self.origin)


_WITHIN = (Case, ParameterKeyword)
"""Parts whose own tables and choices belong to one action or keyword alone."""


class _DeclaredLine(NamedTuple):
    """What stands behind a line's words, and the first collection that has it."""

    terms: list[Term]
    collection: str
    head: str

    def where(self, action: str) -> str:
        """Return the name of the line, or of one of its actions, in messages."""
        behind = f"{self.head} {action}".strip()
        return f"{self.collection} behind {behind}" if behind else self.collection

    def everywhere(self, exchange: Exchange) -> Exchange:
        """Return the exchange of the terms that have parts to be exchanged, and of nothing else.

        Parts are shared by lines that have nothing else in common; the terms of a line are not.
        """
        return Exchange([(term, exchange(term)) for term in self.terms])


def _declared_line(statement: Statement, collections: Collections) -> _DeclaredLine:
    """Return where a line is declared: as rows, if sections show one of those as an object."""
    parts = {id(term): term for term in every_part([statement], Term)}
    for one in collections.values():
        if isinstance(one, RowCollection):
            terms = [form.term for form in one.table.statement.forms if id(form.term) in parts]
            if terms:
                return _DeclaredLine(terms, one.name, "")
    first = statement.forms[0]
    having = (
        one.name
        for one in collections.values()
        if isinstance(one, SectionCollection | SingleSection)
        and any(form.term is first.term for line in one.model.statements for form in line.forms)
    )
    terms = [form.term for form in statement.forms]
    return _DeclaredLine(terms, next(having), " ".join(first.head))


def _top(one: Collection) -> Declaration | None:
    """Return the declaration of a collection's lines."""
    if isinstance(one, RowCollection):
        return one.table.statement
    return one.model if isinstance(one, SectionCollection | SingleSection) else None


def _with_table(collections: Collections, name: str) -> dict[str, list[ParameterTable]]:
    """Return the tables of a name, by the collections that have them."""
    found = {one.name: every_part([_top(one)], ParameterTable) for one in collections.values()}
    named = {one: [table for table in found[one] if table.name == name] for one in found}
    return {one: tables for one, tables in named.items() if tables}


def _names(case: Case) -> list[str]:
    """Return the word that an action starts with, and the value that selects it."""
    return list(dict.fromkeys((case.head.text, str(case.value))))
