"""Terms that versions of the interface show otherwise: as words, or under other names."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Self

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Code, Invalid
from dataplane_core.grammar.dispatch import Dispatch
from dataplane_core.grammar.props import NoMatch, Problem, Prop, Reading, Values, within
from dataplane_core.grammar.shapes import WrappingTerm
from dataplane_core.grammar.terms import Term
from dataplane_core.grammar.values import WORD


class RenamedTerm(WrappingTerm):
    """A term whose properties have other names in versions: for each of some, its names there."""

    def __init__(self, term: Term, names: Mapping[str, Mapping[str, str]]) -> None:
        super().__init__(term)
        self.called = names

    def declared(self) -> Iterable[Prop]:
        for prop in self.term.props:
            names = self.called.get(prop.name)
            yield replace(prop, names={**prop.names, **names}) if names else prop


@dataclass(frozen=True, slots=True)
class ChoiceSpelling:
    """The words that stand behind the first word of a choice, which is a property of its own."""

    choice: Dispatch
    prefix: str = ""

    def under(self, prefix: str) -> Self:
        return replace(self, prefix=f"{prefix}.{self.prefix}" if self.prefix else prefix)

    @property
    def names(self) -> frozenset[str]:
        """The paths of the properties that the words say."""
        found = {name for case in self.choice.cases for name in case.behind.names}
        return frozenset(map(self._path, found))

    def words(self, values: Values) -> list[str]:
        own = within(values, self.prefix) if self.prefix else values
        case = self.choice.choose(own)
        return [] if case is None else case.behind.write(own, {})

    def read(self, words: Iterable[str], values: Values) -> dict[str, Any] | None:
        own, tokens = within(values, self.prefix) if self.prefix else values, [*words]
        for case in self.choice.cases:
            if case.value != own.get(self.choice.prop.name, self.choice.implied):
                continue
            reading = Reading()
            try:
                end = case.behind.read(tokens, 0, reading)
            except NoMatch:
                continue
            whole = end == len(tokens) and not reading.partial
            if whole and _can_be_written(case.behind, reading.values):
                return {self._path(name): value for name, value in reading.values.items()}
        return None

    def _path(self, name: str) -> str:
        return f"{self.prefix}.{name}" if self.prefix else name


def _can_be_written(term: Term, values: Values) -> bool:
    """Return whether values are such as their properties allow, and a line can say them."""
    for prop in term.props:
        number = values.get(prop.name)
        if prop.json == "integer" and number is not None:
            too_small = prop.minimum is not None and number < prop.minimum
            if too_small or (prop.maximum is not None and number > prop.maximum):
                return False
    try:
        term.write(values, {})
    except Invalid:
        return False
    return True


class SpelledChoice(WrappingTerm):
    """A choice of which versions show the words behind the first one as the list `name`."""

    def __init__(self, choice: Dispatch, name: str, help: str) -> None:
        super().__init__(choice)
        self.choice = choice
        self.name = name
        self.help = help

    def declared(self) -> Iterable[Prop]:
        spelling, item = ChoiceSpelling(self.choice), Prop("", pattern=WORD)
        words = Prop(self.name, "array", items=item, help=self.help, spells=spelling)
        return (*self.choice.props, words)

    def problems(self, values: Values) -> Iterator[Problem]:
        chosen = values.get(self.choice.prop.name, self.choice.implied)
        if self.name in values and chosen is not None:
            message = f"{self.name} in body must be the words that HAProxy takes behind {chosen}"
            yield Problem(self.name, Code.PATTERN, message)
        else:
            yield from self.choice.problems(values)
