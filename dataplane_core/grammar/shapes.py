"""Terms made of other terms: optional, repeated, one of several, in an object, with a rule."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from dataplane_core.errors import Code, Invalid
from dataplane_core.grammar.props import (
    Layout,
    NoMatch,
    Problem,
    Prop,
    Reading,
    Values,
    distinct,
    misplaced,
    within,
)
from dataplane_core.grammar.terms import Scalar, Term


class OptionalTerm(Term):
    """A term that may be missing from the line."""

    def __init__(self, term: Term) -> None:
        self.term = term

    def declared(self) -> Iterable[Prop]:
        return self.term.props

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


class Repetition(Term):
    """A term repeated as often as it can be read: a list property of objects, or of scalars.

    It stands at least `at_least` times, and at most `most` times where that is not 0.
    """

    def __init__(self, prop: Prop, term: Term, at_least: int = 0, most: int = 0) -> None:
        self.term = term
        self.scalar = (
            term.prop.name
            if isinstance(term, Scalar) and not isinstance(prop.items, tuple)
            else None
        )
        self.prop = prop
        self.at_least = at_least
        self.most = most

    def declared(self) -> Iterable[Prop]:
        if isinstance(self.prop.items, tuple):
            return (replace(self.prop, items=self.term.props),)
        return (self.prop,)

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        found: list[Any] = []
        while at < len(tokens) and not len(found) >= self.most > 0:
            inner = Reading()
            try:
                end = self.term.read(tokens, at, inner)
            except NoMatch:
                break
            if end == at:
                break
            found.append(inner.values[self.scalar] if self.scalar else inner.values)
            reading.rounded += inner.rounded
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


class OrderedChoice(Term):
    """An ordered choice among terms: reading takes the first that reads, others are not tried.

    Writing takes a term that says all given properties, and refuses values that an earlier term
    would read.
    """

    def __init__(self, *terms: Term) -> None:
        self.terms = terms

    def declared(self) -> Iterable[Prop]:
        return distinct(prop for term in self.terms for prop in term.props)

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
        """Return the term to write `values` with.

        Of those that have every given property, it is the one that lacks the fewest to be written;
        else the first that can be written; else the first.
        """
        given = {prop.name for prop in self.props if prop.name in values}
        lacking = {term: sum(1 for _ in term.needs(values)) for term in self.terms}
        whole = [term for term in self.terms if given <= term.names]
        able = (term for term in self.terms if not lacking[term])
        return min(whole, key=lacking.__getitem__, default=None) or next(able, self.terms[0])

    def write(self, values: Values, layout: Layout) -> list[str]:
        return self.choose(values).write(values, layout)

    def needs(self, values: Values) -> Iterator[str]:
        yield from self.choose(values).needs(values)

    def problems(self, values: Values) -> Iterator[Problem]:
        chosen = self.choose(values)
        own = list(chosen.problems(values))
        yield from own
        said = chosen.names
        for prop in self.props:
            if prop.name in values and prop.name not in said:
                beside = ", ".join(sorted(said & values.keys()))
                yield misplaced(prop.name, f"{prop.name} cannot stand beside {beside}")
        if not own:
            yield from self._misread(chosen, values)

    def _misread(self, chosen: Term, values: Values) -> Iterator[Problem]:
        """Yield a problem for a value that an earlier term would read, as something else."""
        reading = Reading()
        with suppress(Invalid, NoMatch):  # what cannot be written is told by whoever writes it
            self.read(chosen.write(values, {}), 0, reading)
            for prop in chosen.props:
                if prop.name in values and reading.values.get(prop.name) != values[prop.name]:
                    reason = f"would be read as {reading.values.get(prop.name)!r} and more"
                    yield Problem(prop.name, 422, f"{prop.name} in body {reason}")


class ExclusiveChoice(OrderedChoice):
    """A choice of which a client gives one, to the letter where a version has `strict_choices`.

    Where HAProxy takes a line without any, the choice is not `needed` to read and write one.
    """

    def __init__(self, *terms: Term, needed: bool) -> None:
        super().__init__(*terms)
        self.needed = needed

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        try:
            return super().read(tokens, at, reading)
        except NoMatch:
            if self.needed:
                raise
            return at

    def write(self, values: Values, layout: Layout) -> list[str]:
        return super().write(values, layout) if self.needed or self.has(values) else []

    def needs(self, values: Values) -> Iterator[str]:
        if self.needed or self.has(values):
            yield from super().needs(values)

    def problems(self, values: Values) -> Iterator[Problem]:
        if self.needed or self.has(values):
            for one in super().problems(values):
                yield replace(one, of_choice=one.misplaced)
        else:
            names = " or ".join(prop.name for prop in self.props)
            message = f"{names} in body is required"
            yield Problem(self.props[0].name, Code.REQUIRED, message, of_choice=True)


class Group(Term):
    """A term whose properties are those of the nested object `prefix`.

    `names` are what the object is called in versions that call it otherwise.
    """

    def __init__(self, prefix: str, term: Term, names: Mapping[str, str] | None = None) -> None:
        self.prefix = prefix
        self.term = term
        self.called = names or {}

    def declared(self) -> Iterable[Prop]:
        return (prop.under(self.prefix, self.called) for prop in self.term.props)

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


class WrappingTerm(Term):
    """A term that reads and writes what another one does."""

    def __init__(self, term: Term) -> None:
        self.term = term

    def declared(self) -> Iterable[Prop]:
        return self.term.props

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        return self.term.read(tokens, at, reading)

    def write(self, values: Values, layout: Layout) -> list[str]:
        return self.term.write(values, layout)

    def needs(self, values: Values) -> Iterator[str]:
        yield from self.term.needs(values)

    def problems(self, values: Values) -> Iterator[Problem]:
        yield from self.term.problems(values)


class Checked(WrappingTerm):
    """A term with a rule between its values: `rule` yields a problem for each breach."""

    def __init__(self, term: Term, rule: Callable[[Values], Iterable[Problem]]) -> None:
        super().__init__(term)
        self.rule = rule

    def problems(self, values: Values) -> Iterator[Problem]:
        yield from super().problems(values)
        yield from self.rule(values)
