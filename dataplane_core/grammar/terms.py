"""Terms: lenses between the words of a line and the values of a flat object."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from dataplane_core.errors import Code
from dataplane_core.grammar.declaration import Declaration
from dataplane_core.grammar.props import (
    Layout,
    NoMatch,
    Problem,
    Prop,
    Reading,
    Values,
    missing,
    unwritable,
)
from dataplane_core.grammar.units import InUnits
from dataplane_core.text.numbers import is_digits
from dataplane_core.text.tokens import is_one_word, is_words, may_be_quoted, plain_word, split_words


class Term(Declaration):
    """A part of a line; `props` are the properties that it carries."""

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        """Read `tokens` from `at` on into `reading`, and return the place behind what was read.

        Raises `NoMatch` where the tokens do not have the term's form.
        """
        raise NotImplementedError

    def write(self, values: Values, layout: Layout) -> list[str]:
        """Return the raw tokens that say `values`, spelled as `layout` has them where they stay.

        Raises `Invalid` for a value that cannot be written.
        """
        raise NotImplementedError

    def needs(self, values: Values) -> Iterator[str]:
        """Yield the paths of properties that the term cannot be written without, nor has."""
        yield from ()

    def problems(self, values: Values) -> Iterator[Problem]:
        """Yield a problem for each rule of the term that `values` breaks."""
        yield from missing(self.needs(values))

    def has(self, values: Values) -> bool:
        """Return whether any property of the term is given."""
        return not self.names.isdisjoint(values)

    def __add__(self, other: "Term") -> "Term":
        return seq(self, other)


class Scalar(Term):
    """One word that carries one property.

    `decode` makes the JSON value of the word and raises `NoMatch`, `encode` makes the word of the
    value. With a `default` the word always stands: it says the default where the property is unset.
    A quoted word that the property's pattern forbids is read without its quotes, as HAProxy reads
    it. A rewrite of the line keeps the spelling of a value that stays: quotes, leading zeros,
    units. `plain` is a regular expression of words that `decode` surely takes, if one is known; it
    matches no quotes, blanks and `#`.
    """

    def __init__(
        self,
        prop: Prop,
        decode: Callable[[str], Any] | None = None,
        encode: Callable[[Any], str] | None = None,
        default: Any = None,
        plain: str = "",
    ) -> None:
        self.prop = prop
        self.decode = decode
        self.plain = plain
        self.encode = encode
        self.default = default
        self._fits = re.compile(prop.pattern, re.ASCII).search if prop.pattern else None

    def declared(self) -> Iterable[Prop]:
        return (self.prop,)

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        if at >= len(tokens):
            raise NoMatch(None, self.prop.name)
        token = tokens[at]
        word = plain_word(token) if may_be_quoted(token) else token
        if word is not token and self._holds(token, word):
            word = token
        value: Any = word
        if self.decode is not None:
            value = self.decode(word)
            word = self.encode(value) if self.encode else str(value)
        if token != word:
            reading.layout[self] = token
        if value != self.default:
            reading.values[self.prop.name] = value
        return at + 1

    def _holds(self, token: str, word: str) -> bool:
        """Return whether the value is the raw token, with its quotes, rather than its word."""
        if self.decode is not None:
            return False
        return self._fits is None or bool(self._fits(token)) or not self._fits(word)

    def write(self, values: Values, layout: Layout) -> list[str]:
        kept = layout.get(self)
        if kept is not None and self._says(kept, values):
            return [kept]
        return [self.word(values)]

    def _says(self, token: str, values: Values) -> bool:
        """Return whether a token says the same value as `values`."""
        reading = Reading()
        self.read([token], 0, reading)
        return reading.values.get(self.prop.name) == values.get(self.prop.name)

    def word(self, values: Values) -> str:
        """Return the token for the property's value; raises `Invalid`."""
        name = self.prop.name
        value = values.get(name, self.default)
        if value is None:
            raise unwritable(name, "in body is required", Code.REQUIRED)
        word = self.encode(value) if self.encode else str(value)
        if not is_one_word(word):
            raise unwritable(
                name, f"must be one word: quote it or escape its blanks, instead of {value!r}"
            )
        return word

    def needs(self, values: Values) -> Iterator[str]:
        if self.prop.name not in values and self.default is None:
            yield self.prop.name


class Measure(Scalar):
    """A number with a unit, in JSON a whole number of one unit.

    `exact` tells whether that whole number says all that the word does. `most` is the largest
    number that HAProxy takes, 0 where it sets no limit of its own.
    """

    def __init__(
        self,
        prop: Prop,
        decode: Callable[[str], int],
        encode: Callable[[Any], str] | None = None,
        exact: Callable[[str], bool] = lambda token: True,
        most: int = 0,
        plain: str = "",
    ) -> None:
        super().__init__(prop, decode, encode, plain=plain)
        self.exact = exact
        self.most = most

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        end = super().read(tokens, at, reading)
        if not is_digits(tokens[at]) and not self.exact(plain_word(tokens[at])):
            reading.rounded += (tokens[at],)
        return end

    def problems(self, values: Values) -> Iterator[Problem]:
        yield from super().problems(values)
        value = values.get(self.prop.name)
        if self.most and isinstance(value, int) and not 0 <= value <= self.most:
            most = InUnits(self.most, self.prop.unit) if isinstance(value, InUnits) else self.most
            say = self.encode or str
            message = f"{self.prop.name} must be from 0 to {say(most)}, instead of {say(value)}"
            code = Code.MAXIMUM if value > 0 else Code.MINIMUM
            yield Problem(self.prop.name, code, message, of_schema=True)


class MaybeWord(Scalar):
    """One word that may be missing at the end of a line: then the property is the empty string."""

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        if at < len(tokens):
            return super().read(tokens, at, reading)
        reading.values[self.prop.name] = ""
        return at

    def write(self, values: Values, layout: Layout) -> list[str]:
        return [] if values.get(self.prop.name) == "" else super().write(values, layout)


class Rest(Term):
    """All words to the end of the line, as one string with one blank between them."""

    def __init__(self, prop: Prop) -> None:
        self.prop = prop

    def declared(self) -> Iterable[Prop]:
        return (self.prop,)

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        if at >= len(tokens):
            raise NoMatch(None, self.prop.name)
        reading.values[self.prop.name] = " ".join(tokens[at:])
        return len(tokens)

    def write(self, values: Values, layout: Layout) -> list[str]:
        name = self.prop.name
        if name not in values:
            raise unwritable(name, "in body is required", Code.REQUIRED)
        value = str(values[name])
        if not is_words(value):
            raise unwritable(
                name, f"must be words without a comment or an open quote, instead of {value!r}"
            )
        return split_words(value)

    def needs(self, values: Values) -> Iterator[str]:
        if self.prop.name not in values:
            yield self.prop.name


class LiteralWords(Term):
    """Fixed words, which carry no property."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        end = at + len(self.words)
        found = tuple(tokens[at:end])
        if found != self.words:
            if tuple(map(plain_word, found)) != self.words:
                raise NoMatch(tokens[at] if at < len(tokens) else None, " ".join(self.words))
            reading.layout[self] = found
        return end

    def write(self, values: Values, layout: Layout) -> list[str]:
        return list(layout.get(self, self.words))


class ImpliedValue(Term):
    """A property that has `value` where the words before it stand; it writes no word itself."""

    def __init__(self, prop: Prop, value: Any) -> None:
        self.prop = prop
        self.value = value

    def declared(self) -> Iterable[Prop]:
        return (self.prop,)

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        reading.values[self.prop.name] = self.value
        return at

    def write(self, values: Values, layout: Layout) -> list[str]:
        return []

    def needs(self, values: Values) -> Iterator[str]:
        if values.get(self.prop.name) != self.value:
            yield self.prop.name


class UnwrittenValue(ImpliedValue):
    """A property that is always read as `value`, and that no word of the line depends on."""

    def needs(self, values: Values) -> Iterator[str]:
        yield from ()


class TermSequence(Term):
    """Several terms, one behind the other."""

    def __init__(self, *terms: Term) -> None:
        self.terms = terms

    def declared(self) -> Iterable[Prop]:
        return (prop for term in self.terms for prop in term.props)

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        for term in self.terms:
            at = term.read(tokens, at, reading)
        return at

    def write(self, values: Values, layout: Layout) -> list[str]:
        return [word for term in self.terms for word in term.write(values, layout)]

    def needs(self, values: Values) -> Iterator[str]:
        for term in self.terms:
            yield from term.needs(values)

    def problems(self, values: Values) -> Iterator[Problem]:
        for term in self.terms:
            yield from term.problems(values)


def seq(*terms: Term) -> Term:
    """Return the sequence of some terms, with the terms of sequences among them in it."""
    flat: list[Term] = []
    for term in terms:
        flat += term.terms if isinstance(term, TermSequence) else (term,)
    return flat[0] if len(flat) == 1 else TermSequence(*flat)
