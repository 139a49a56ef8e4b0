"""Terms: small lenses between a line's words and a flat object's values."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from dataplane_core.errors import Invalid
from dataplane_core.grammar.props import (
    Layout,
    NoMatch,
    Problem,
    Prop,
    Reading,
    Values,
    missing,
    refuse,
    within,
)
from dataplane_core.text.tokens import is_one_word, is_words, split


class Term:
    """Part of a line. `props` is all that it can read and write."""

    props: tuple[Prop, ...] = ()

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        """Read from `tokens[at:]` into `reading`; the next position, or `NoMatch`."""
        raise NotImplementedError

    def write(self, values: Values, layout: Layout) -> list[str]:
        """The words for `values`; `Invalid` where one cannot be written."""
        raise NotImplementedError

    def needs(self, values: Values) -> Iterator[str]:
        """Paths without which the term cannot be written, and that `values` lacks."""
        yield from ()

    def problems(self, values: Values) -> Iterator[Problem]:
        """Rules between properties that `values` breaks."""
        yield from missing(self.needs(values))

    def has(self, values: Values) -> bool:
        """Whether any of the term's own properties is set."""
        return any(prop.name in values for prop in self.props)

    def __add__(self, other: "Term") -> "Term":
        return seq(self, other)


class Scalar(Term):
    """One word that carries one property."""

    def __init__(
        self,
        prop: Prop,
        decode: Callable[[str], Any] | None = None,
        encode: Callable[[Any], str] | None = None,
    ) -> None:
        self.prop = prop
        self.props = (prop,)
        self.decode = decode
        self.encode = encode

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        if at >= len(tokens):
            raise NoMatch(None, self.prop.name)
        token = tokens[at]
        reading.values[self.prop.name] = self.decode(token) if self.decode else token
        return at + 1

    def write(self, values: Values, layout: Layout) -> list[str]:
        return [self.word(values)]

    def word(self, values: Values) -> str:
        """The word for the property's value."""
        name = self.prop.name
        if name not in values:
            raise refuse(name, "in body is required", 602)
        value = values[name]
        word = self.encode(value) if self.encode else str(value)
        if not is_one_word(word):
            raise refuse(
                name, f"must be one word: quote it or escape its blanks, instead of {value!r}"
            )
        return word

    def needs(self, values: Values) -> Iterator[str]:
        if self.prop.name not in values:
            yield self.prop.name


class Rest(Term):
    """All remaining words, joined by one blank."""

    def __init__(self, prop: Prop) -> None:
        self.prop = prop
        self.props = (prop,)

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        if at >= len(tokens):
            raise NoMatch(None, self.prop.name)
        reading.values[self.prop.name] = " ".join(tokens[at:])
        return len(tokens)

    def write(self, values: Values, layout: Layout) -> list[str]:
        name = self.prop.name
        if name not in values:
            raise refuse(name, "in body is required", 602)
        value = str(values[name])
        if not is_words(value):
            raise refuse(
                name, f"must be words without a comment or an open quote, instead of {value!r}"
            )
        return split(value)

    def needs(self, values: Values) -> Iterator[str]:
        if self.prop.name not in values:
            yield self.prop.name


class Lit(Term):
    """Fixed words that carry nothing."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        end = at + len(self.words)
        if tuple(tokens[at:end]) != self.words:
            raise NoMatch(tokens[at] if at < len(tokens) else None, " ".join(self.words))
        return end

    def write(self, values: Values, layout: Layout) -> list[str]:
        return list(self.words)


class Const(Term):
    """A property that the line's presence implies."""

    def __init__(self, prop: Prop, value: Any) -> None:
        self.prop = prop
        self.props = (prop,)
        self.value = value

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        reading.values[self.prop.name] = self.value
        return at

    def write(self, values: Values, layout: Layout) -> list[str]:
        return []

    def needs(self, values: Values) -> Iterator[str]:
        if values.get(self.prop.name) != self.value:
            yield self.prop.name


class Constant(Const):
    """A property that reads as `value` and that a line does not say."""

    def needs(self, values: Values) -> Iterator[str]:
        yield from ()


class Seq(Term):
    """Terms one behind the other."""

    def __init__(self, *terms: Term) -> None:
        self.terms = terms
        self.props = tuple(prop for term in terms for prop in term.props)

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


class Opt(Term):
    """A term that may be missing from the line."""

    def __init__(self, term: Term) -> None:
        self.term = term
        self.props = term.props

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        inner = Reading()
        try:
            end = self.term.read(tokens, at, inner)
        except NoMatch:
            return at
        reading.merge(inner)
        return end

    def write(self, values: Values, layout: Layout) -> list[str]:
        return self.term.write(values, layout) if self.has(values) else []

    def needs(self, values: Values) -> Iterator[str]:
        if self.has(values):
            yield from self.term.needs(values)

    def problems(self, values: Values) -> Iterator[Problem]:
        if self.has(values):
            yield from self.term.problems(values)


class Many(Term):
    """A group repeated to the end of the line: a list property of objects, or of scalars."""

    def __init__(self, prop: Prop, term: Term, at_least: int = 0) -> None:
        self.term = term
        self.scalar = (
            term.prop.name
            if isinstance(term, Scalar) and not isinstance(prop.items, tuple)
            else None
        )
        self.prop = prop
        self.props = (prop,)
        self.at_least = at_least

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        found: list[Any] = []
        while at < len(tokens):
            inner = Reading()
            try:
                end = self.term.read(tokens, at, inner)
            except NoMatch:
                break
            if end == at:
                break
            found.append(inner.values[self.scalar] if self.scalar else inner.values)
            at = end
        if len(found) < self.at_least:
            raise NoMatch(tokens[at] if at < len(tokens) else None, self.prop.name)
        if found:
            reading.values[self.prop.name] = found
        return at

    def write(self, values: Values, layout: Layout) -> list[str]:
        words: list[str] = []
        for item in values.get(self.prop.name, ()):
            words += self.term.write({self.scalar: item} if self.scalar else item, {})
        return words

    def needs(self, values: Values) -> Iterator[str]:
        if len(values.get(self.prop.name, ())) < self.at_least:
            yield self.prop.name


class FirstOf(Term):
    """Several shapes of one line.

    Reading takes the first that fits, writing the first that says all.
    """

    def __init__(self, *terms: Term) -> None:
        self.terms = terms
        unique = {prop.name: prop for term in terms for prop in term.props}
        self.props = tuple(unique.values())

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        failure = NoMatch(tokens[at] if at < len(tokens) else None, "a known shape")
        for term in self.terms:
            inner = Reading()
            try:
                end = term.read(tokens, at, inner)
            except NoMatch as no_match:
                failure = no_match
                continue
            reading.merge(inner)
            return end
        raise failure

    def choose(self, values: Values) -> Term:
        """The shape that `values` fill.

        One that says every set property, else one that can be written.
        """
        given = {prop.name for prop in self.props if prop.name in values}
        able = [term for term in self.terms if not any(True for _ in term.needs(values))]
        for term in able:
            if given <= {prop.name for prop in term.props}:
                return term
        whole = (term for term in self.terms if given <= {prop.name for prop in term.props})
        return next(whole, able[0] if able else self.terms[0])

    def write(self, values: Values, layout: Layout) -> list[str]:
        return self.choose(values).write(values, layout)

    def needs(self, values: Values) -> Iterator[str]:
        yield from self.choose(values).needs(values)

    def problems(self, values: Values) -> Iterator[Problem]:
        yield from self.choose(values).problems(values)


class Group(Term):
    """A term whose properties stand in a nested object."""

    def __init__(self, prefix: str, term: Term) -> None:
        self.prefix = prefix
        self.term = term
        self.props = tuple(prop.under(prefix) for prop in term.props)

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        inner = Reading()
        end = self.term.read(tokens, at, inner)
        reading.merge(inner, self.prefix)
        return end

    def write(self, values: Values, layout: Layout) -> list[str]:
        try:
            return self.term.write(within(values, self.prefix), layout)
        except Invalid as problem:
            raise Invalid(f"{self.prefix}.{problem.message}", code=problem.code) from None

    def needs(self, values: Values) -> Iterator[str]:
        for path in self.term.needs(within(values, self.prefix)):
            yield f"{self.prefix}.{path}"

    def problems(self, values: Values) -> Iterator[Problem]:
        for problem in self.term.problems(within(values, self.prefix)):
            path = f"{self.prefix}.{problem.path}"
            yield replace(problem, path=path, message=f"{self.prefix}.{problem.message}")


def seq(*terms: Term) -> Term:
    """Terms in order; nested sequences are flattened."""
    flat: list[Term] = []
    for term in terms:
        flat += term.terms if isinstance(term, Seq) else (term,)
    return flat[0] if len(flat) == 1 else Seq(*flat)
