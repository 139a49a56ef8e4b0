"""Keywords of a table, such as the parameters of `server` and `bind` lines, with arguments."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dataplane_core.errors import Code
from dataplane_core.grammar.declaration import Declaration
from dataplane_core.grammar.props import Problem, Prop, Values, distinct, misplaced, missing
from dataplane_core.grammar.shapes import Repetition
from dataplane_core.grammar.terms import ImpliedValue, Term, TermSequence


class ParameterKeyword(Declaration):
    """One keyword of a table: its spellings (`words`), each with a term for its arguments.

    A `required` keyword must stand. Of one that may stand `several` times the first counts, and the
    others are kept as unknown words.
    """

    #: Whether several occurrences on a line add up; without that the last one counts.
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
        """Return whether `values` say that the keyword stands."""
        return self.choose(values) is not None

    def choose(self, values: Values) -> str | None:
        """Return the spelling that says `values`; None where they do not say the keyword."""
        for word, term in self.words.items():
            if isinstance(term, ImpliedValue):
                if values.get(term.prop.name) == term.value:
                    return word
            elif term.has(values):
                return word
        return None

    def write(self, values: Values) -> list[str]:
        """Return the raw tokens of the keyword and its arguments; raises `Invalid`."""
        word = self.choose(values)
        return [] if word is None else [*leading_words(word), *self.words[word].write(values, {})]

    def collect(self, said: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return the values that occurrences say together, given by the values of each."""
        return said[-1]

    def problems(self, values: Values) -> Iterator[Problem]:
        """Yield a problem for each rule between the keyword's arguments that `values` breaks."""
        word = self.choose(values)
        if word is not None:
            yield from self.words[word].problems(values)
        elif self.required:
            yield from missing([next(iter(self.props)).name])


def leading_words(word: str) -> list[str]:
    """Return the words of a spelling, which stand in front of its term.

    There are no such words where it ends in `(`: the term reads and writes those itself.
    """
    return [] if word.endswith("(") else word.split()


class SynonymKeyword(ParameterKeyword):
    """A property that is written as another keyword of the table, and never read.

    Its `value` writes `keyword`, unless the property `unless` of that other keyword is given. With
    an empty `keyword` the property is taken, and no word says it.
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
