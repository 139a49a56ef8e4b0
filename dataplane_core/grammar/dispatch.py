"""Words that choose a shape: actions, algorithms, methods."""

import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

from dataplane_core.errors import Code
from dataplane_core.grammar.declaration import Declaration, duplicates
from dataplane_core.grammar.props import (
    Layout,
    NoMatch,
    Problem,
    Prop,
    Reading,
    Values,
    distinct,
    misplaced,
    missing,
    unwritable,
)
from dataplane_core.grammar.terms import Term, TermSequence
from dataplane_core.text.tokens import is_one_word, plain_word

_FIELD = re.compile(r"\{([\w.-]+)(:int)?(=0)?\}")


class Template(Term):
    """A word with properties inside: `set-var({var_scope}.{var_name})`, `track-sc{n:int}`.

    One notation, read as a pattern and written as a format. `more` gives the properties' facts by
    name. `{n:int=0}` has no zero of its own: 0 in the word is the unset property. What stands in
    brackets at the end, as in `sc-inc-gpc0[({n})]`, may be missing, and is written where a property
    in it is set or has no zero.
    """

    def __init__(self, text: str, more: dict[str, dict[str, Any]] | None = None) -> None:
        self.bare, bracket, rest = text.partition("[")
        self.text = text = self.bare + rest.removesuffix("]")
        fields = list(_FIELD.finditer(text))
        self.literal = not fields
        self.stem = re.split(r"[({]", text, maxsplit=1)[0].rstrip(".")
        self.fields = [(match[1], bool(match[2])) for match in fields]
        self.zero = frozenset(match[1] for match in fields if match[3])
        self.facts = more or {}
        pattern, at = "", 0
        for match in fields:
            pattern += re.escape(text[at : match.start()])
            if bracket and match is fields[0]:
                pattern = f"{re.escape(self.bare)}(?:{pattern.removeprefix(re.escape(self.bare))}"
            word = r"(.+)" if match.end() >= len(text) - 1 else r"(.+?)"
            pattern += r"(-?[0-9]{1,18})" if match[2] else word
            at = match.end()
        self.pattern = re.compile(pattern + re.escape(text[at:]) + (")?" if bracket else ""))

    def declared(self) -> Iterable[Prop]:
        return (
            Prop(name, "integer" if number else "string", **self.facts.get(name, {}))
            for name, number in self.fields
        )

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        if at >= len(tokens):
            raise NoMatch(None, self.text)
        if self.literal and tokens[at] == self.text:
            return at + 1
        said = self._said(tokens[at])
        if said is None:
            raise NoMatch(tokens[at], self.text)
        reading.values.update(said)
        reading.layout[self] = tokens[at], said
        return at + 1

    def _said(self, token: str) -> dict[str, Any] | None:
        """What a word says, None where it is another; it may stand in quotes."""
        match = self.pattern.fullmatch(plain_word(token))
        if match is None:
            return None
        texts = zip(self.props, match.groups(), strict=True)
        said = {p.name: int(t) if p.json == "integer" else t for p, t in texts if t is not None}
        return {name: one for name, one in said.items() if one != 0 or name not in self.zero}

    def takes(self, token: str) -> bool:
        """Whether the word has the shape."""
        return self.literal and token == self.text or self._said(token) is not None

    def write(self, values: Values, layout: Layout) -> list[str]:
        kept, said = layout.get(self, ("", None))
        if said == {name: values[name] for name in self.names if name in values}:
            return [kept]
        if self.bare != self.text and not (self.names & values.keys() or self.zero):
            return [self.bare]
        for name in self.needs(values):
            raise unwritable(name, "in body is required", Code.REQUIRED)
        word = _FIELD.sub(lambda match: str(values.get(match[1], 0)), self.text)
        first = self.fields[0][0] if self.fields else ""
        if not is_one_word(word):
            raise unwritable(first, f"must be one word, instead of {values[first]!r}")
        read = self._said(word)
        if read is None:
            raise unwritable(first, f"does not fit into {self.text}")
        for name, _ in self.fields:
            if read.get(name) != values.get(name):
                raise unwritable(
                    name,
                    f"must not hold what separates it in {self.text}, instead of {values[name]!r}",
                )
        return [word]

    def needs(self, values: Values) -> Iterator[str]:
        if self.bare != self.text and not self.names & values.keys():
            return
        for prop in self.props:
            if prop.name not in values and prop.name not in self.zero:
                yield prop.name


class Case(Declaration):
    """One branch of a dispatch.

    Its first word, the terms behind it, and the value that selects it. Without a first word of its
    own (an empty head) the terms read whatever no other branch has taken.
    """

    def __init__(self, head: Template, term: Term, value: Any) -> None:
        self.head = head
        self.value = value
        self.term = TermSequence(head, term) if head.text else term

    def declared(self) -> Iterable[Prop]:
        return self.term.props

    def takes(self, word: str) -> bool:
        """Whether the branch can start with `word`."""
        return not self.head.text or self.head.takes(word)


class Dispatch(Term):
    """The first word selects a case; the property `prop` holds which."""

    def __init__(self, prop: Prop, *cases: Case) -> None:
        self.choice = prop
        self.cases = cases
        words = [case.head.text for case in cases if case.head.literal and case.head.text]
        for word in duplicates(words):
            raise ValueError(f"{word} is declared twice for {prop.name}")

    def extended(self, *cases: Case) -> Self:
        """Return the choice with more cases."""
        new = copy.copy(self)
        new.cases = (*self.cases, *cases)
        return new

    @cached_property
    def prop(self) -> Prop:
        """The property that holds which case it is; its enum are the values of all cases."""
        values = tuple(dict.fromkeys(case.value for case in self.cases))
        return replace(self.choice, enum=values)

    @cached_property
    def literals(self) -> dict[str, Case]:
        """The cases by their first word, where that is fixed."""
        return {case.head.text: case for case in self.cases if case.head.literal and case.head.text}

    @cached_property
    def patterns(self) -> list[Case]:
        """The cases whose first word is a pattern, or any word at all."""
        return [case for case in self.cases if not case.head.literal or not case.head.text]

    def declared(self) -> Iterable[Prop]:
        unique = distinct(prop for case in self.cases for prop in case.term.props)
        return (self.prop, *(prop for prop in unique if prop.name != self.prop.name))

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        if at >= len(tokens):
            raise NoMatch(None, self.prop.name)
        literal = self.literals.get(tokens[at]) or self.literals.get(plain_word(tokens[at]))
        cases = [literal] if literal else [c for c in self.patterns if c.takes(tokens[at])]
        failure = NoMatch(tokens[at], f"one of {', '.join(map(str, self.prop.enum))}")
        for case in cases:
            inner = Reading()
            try:
                end = case.term.read(tokens, at, inner)
            except NoMatch as no_match:
                failure = no_match
                continue
            inner.values.setdefault(self.prop.name, case.value)
            reading.merge(inner)
            return end
        raise failure

    def choose(self, values: Values) -> Case | None:
        """The case for the selected value.

        Of several: one that can be written, that says every set property, whose word has the
        fewest properties that are not set.
        """
        value = values.get(self.prop.name)
        given = {prop.name for prop in self.props[1:] if prop.name in values}

        def fit(case: Case) -> tuple[bool, bool, int]:
            lacking = any(True for _ in case.term.needs(values))
            return lacking, not given <= case.names, len(case.head.names - given)

        return min((case for case in self.cases if case.value == value), key=fit, default=None)

    def write(self, values: Values, layout: Layout) -> list[str]:
        case = self.choose(values)
        if case is None:
            known = " ".join(map(str, self.prop.enum))
            raise unwritable(self.prop.name, f"in body should be one of [{known}]", Code.ENUM)
        return case.term.write(values, layout)

    def needs(self, values: Values) -> Iterator[str]:
        case = self.choose(values)
        if self.prop.name not in values:
            yield self.prop.name
        elif case is not None:
            yield from case.term.needs(values)

    def problems(self, values: Values) -> Iterator[Problem]:
        case = self.choose(values)
        if case is None:
            yield from missing(self.needs(values))
            return
        for prop in self.props[1:]:
            if prop.name in values and prop.name not in case.names:
                message = f"{prop.name} does not belong to {self.prop.name} {case.value}"
                yield misplaced(prop.name, message)
        yield from case.term.problems(values)
