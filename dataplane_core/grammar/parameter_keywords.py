"""The keywords of a table, each with its arguments."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dataplane_core.errors import Code
from dataplane_core.grammar.declaration import Declaration
from dataplane_core.grammar.props import Problem, Prop, Values, distinct, misplaced, missing
from dataplane_core.grammar.shapes import Repetition
from dataplane_core.grammar.terms import ImpliedValue, Term, TermSequence


class ParameterKeyword(Declaration):
    """One keyword of a table, with the terms that each of its words starts."""

    #: whether several of the keyword say something together
    adds = False

    def __init__(
        self, words: dict[str, Term], required: bool = False, several: bool = False
    ) -> None:
        self.words = words
        self.required = required
        self.several = several

    def declared(self) -> Iterable[Prop]:
        return distinct(prop for term in self.words.values() for prop in term.props)

    def given(self, values: Values) -> bool:
        """Whether the table's values say that the keyword is there."""
        return self.choose(values) is not None

    def choose(self, values: Values) -> str | None:
        """The keyword to write for `values`, None for none."""
        for word, term in self.words.items():
            if isinstance(term, ImpliedValue):
                if values.get(term.prop.name) == term.value:
                    return word
            elif term.has(values):
                return word
        return None

    def write(self, values: Values) -> list[str]:
        """The keyword and its arguments."""
        word = self.choose(values)
        return [] if word is None else [*leading_words(word), *self.words[word].write(values, {})]

    def collect(self, said: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The values of a line whose keywords say `said`, one behind the other: the last counts."""
        return said[-1]

    def problems(self, values: Values) -> Iterator[Problem]:
        """Rules that the keyword's arguments break."""
        word = self.choose(values)
        if word is not None:
            yield from self.words[word].problems(values)
        elif self.required:
            yield from missing([next(iter(self.props)).name])


def leading_words(word: str) -> list[str]:
    """The words that a keyword puts in front of its term.

    None for one that ends in `(`: there the term reads and writes the keyword itself.
    """
    return [] if word.endswith("(") else word.split()


class SynonymKeyword(ParameterKeyword):
    """A property that another entry's keyword says as well.

    Its `value` writes the keyword, where the other entry's property `unless` is not set; what is
    read is the other's. Without a keyword the property is taken and says nothing.
    """

    def __init__(self, keyword: str, prop: Prop, value: str, unless: str) -> None:
        super().__init__({})
        self.keyword = keyword
        self.prop = prop
        self.value = value
        self.unless = unless

    def declared(self) -> Iterable[Prop]:
        return (self.prop,)

    def choose(self, values: Values) -> str | None:
        given = values.get(self.prop.name) == self.value and self.unless not in values
        return self.keyword if given and self.keyword else None

    def write(self, values: Values) -> list[str]:
        return [] if self.choose(values) is None else [self.keyword]

    def problems(self, values: Values) -> Iterator[Problem]:
        yield from ()


class VariantKeywords(ParameterKeyword):
    """Keywords that exclude one another, each with arguments; `prop` holds the one that stands."""

    def __init__(self, prop: Prop, words: dict[str, Term], needed: bool = False) -> None:
        self.prop = prop
        terms = {word: TermSequence(ImpliedValue(prop, word), term) for word, term in words.items()}
        super().__init__(dict[str, Term](terms), needed)

    def choose(self, values: Values) -> str | None:
        word = values.get(self.prop.name)
        return word if word in self.words else None

    def problems(self, values: Values) -> Iterator[Problem]:
        yield from super().problems(values)
        word = self.choose(values)
        if word is None:
            for name in sorted(self.names & values.keys()):
                message = f"{self.prop.name} in body is required with {name}"
                yield misplaced(name, message, Code.REQUIRED)
            return
        fitting = self.words[word].names
        for name in sorted(self.names & values.keys() - fitting):
            yield misplaced(name, f"{name} does not belong to {self.prop.name} {word}")


class RepeatedKeyword(ParameterKeyword):
    """A keyword that may stand several times; each adds an item to a list property."""

    adds = True

    def __init__(self, word: str, prop: Prop, term: Term) -> None:
        self.item = term
        self.prop = prop
        self.scalar = not isinstance(prop.items, tuple)
        super().__init__({word: Repetition(prop, term, at_least=1, most=1)})

    def collect(self, said: Sequence[dict[str, Any]]) -> dict[str, Any]:
        items = [item for one in said for item in one.get(self.prop.name, ())]
        return {self.prop.name: items} if items else {}

    def write(self, values: Values) -> list[str]:
        word = next(iter(self.words))
        words: list[str] = []
        for item in values.get(self.prop.name, ()):
            words += [word, *self.item.write({self.prop.name: item} if self.scalar else item, {})]
        return words


class JoinedKeyword(ParameterKeyword):
    """A keyword that may stand several times; what each lists adds up to one list.

    The list is an array, or one word with commas.
    """

    adds = True

    def __init__(self, word: str, term: Term) -> None:
        (self.prop,) = term.props
        super().__init__({word: term})

    def collect(self, said: Sequence[dict[str, Any]]) -> dict[str, Any]:
        found = [one[self.prop.name] for one in said if one]
        if self.prop.json == "array":
            found = [item for items in found for item in items]
            return {self.prop.name: found} if found else {}
        return {self.prop.name: ",".join(found)} if found else {}
