"""Terms whose first word chooses what may follow: actions, algorithms, methods."""

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from string import Formatter
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


class Template(Term):
    """A word with properties inside: `set-var({var_scope}.{var_name})`, `track-sc{n:int}`.

    The one notation, that of `str.format`, is read as a pattern and written as a format. `{n}` is a
    string and `{n:int}` a number; `{n:int=0}` is a number of which 0 is the unset property, `{n:=}`
    a string that is empty where the property is unset. `facts`
    gives the facts of the properties by their names. What stands in square brackets at the end, as
    in `sc-inc-gpc0[({n})]`, may be missing from the word, and is written where a property in it is
    given or where 0 is the unset one.
    """

    def __init__(self, text: str, facts: dict[str, dict[str, Any]] | None = None) -> None:
        self.bare, bracket, optional = text.partition("[")
        self.text = self.bare + optional.removesuffix("]")
        self.facts = facts or {}
        self.fields = _fields(self.text)
        self.literal = not self.fields
        self.stem = re.split(r"[({]", self.text, maxsplit=1)[0].rstrip(".")
        self.unset: dict[str, Any] = {
            name: 0 if spec == "int=0" else ""
            for name, spec in self.fields.items()
            if spec in ("int=0", "=")
        }
        self._optional = bool(bracket)

    @cached_property
    def _match(self) -> Callable[[str], re.Match[str] | None]:
        """The match of the whole word; most of hundreds of words are in no file."""
        pattern = _pattern(self.text)
        if self._optional:
            pattern = _pattern(self.bare) + f"(?:{_pattern(self.text[len(self.bare) :])})?"
        return re.compile(pattern).fullmatch

    def declared(self) -> Iterable[Prop]:
        kinds = {"": "string", "=": "string"}
        return (
            Prop(name, kinds.get(spec, "integer"), **self.facts.get(name, {}))
            for name, spec in self.fields.items()
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
        """Return the values that a word says, quoted or not; None for a word of another form."""
        match = self._match(plain_word(token))
        if match is None:
            return None
        texts = zip(self.props, match.groups(), strict=True)
        said = {p.name: int(t) if p.json == "integer" else t for p, t in texts if t is not None}
        return {name: one for name, one in said.items() if one != self.unset.get(name)}

    def takes(self, token: str) -> bool:
        """Return whether a word has the template's form."""
        return self.literal and token == self.text or self._said(token) is not None

    def write(self, values: Values, layout: Layout) -> list[str]:
        kept, said = layout.get(self, ("", None))
        if said == {name: values[name] for name in self.names if name in values}:
            return [kept]
        if self.bare != self.text and not (self.names & values.keys() or self.unset):
            return [self.bare]
        for name in self.needs(values):
            raise unwritable(name, "in body is required", Code.REQUIRED)
        word = "".join(
            literal + ("" if name is None else str(values.get(name, self.unset.get(name, ""))))
            for literal, name, _, _ in Formatter().parse(self.text)
        )
        self._check(word, {name: values[name] for name in self.fields if name in values})
        return [word]

    def _check(self, word: str, given: Values) -> None:
        """Raise `Unwritable` where a word is not one, or does not say exactly what is `given`."""
        if not is_one_word(word):
            name = next((name for name in given if not is_one_word(str(given[name]))), "")
            raise unwritable(name, f"must be one word, instead of {given.get(name)!r}")
        read = self._said(word)
        if read is None:
            raise unwritable(next(iter(given), ""), f"does not fit into {self.text}")
        for name in self.fields:
            if read.get(name) != given.get(name):
                raise unwritable(
                    name,
                    f"must not hold what separates it in {self.text}, "
                    f"instead of {given.get(name)!r}",
                )

    def needs(self, values: Values) -> Iterator[str]:
        if self.bare != self.text and not self.names & values.keys():
            return
        for prop in self.props:
            if prop.name not in values and prop.name not in self.unset:
                yield prop.name


def _fields(text: str) -> dict[str, str]:
    """Return the names of the properties in a template, each with what stands behind its colon."""
    return {name: spec or "" for _, name, spec, _ in Formatter().parse(text) if name is not None}


def _pattern(text: str) -> str:
    """Return the regular expression that reads what a template, or a part of one, writes."""
    forms = {"": r"(.+?)", "=": r"(.*?)"}
    return "".join(
        re.escape(literal)
        + ("" if name is None else forms.get(spec or "", r"(-?[0-9]{1,18})"))
        for literal, name, spec, _ in Formatter().parse(text)
    )


class Case(Declaration):
    """One branch of a dispatch: its first word, the terms behind that, and the value for it.

    A branch with an empty `head` reads what no other branch has taken. `behind` is the term behind
    the first word.
    """

    def __init__(self, head: Template, term: Term, value: Any) -> None:
        self.head = head
        self.behind = term
        self.value = value
        self.term = TermSequence(head, term) if head.text else term

    def declared(self) -> Iterable[Prop]:
        return self.term.props

    def takes(self, word: str) -> bool:
        """Return whether the branch can start with `word`."""
        return not self.head.text or self.head.takes(word)


class Dispatch(Term):
    """A choice among cases by the first word; the property `prop` holds the value of the case.

    `implied` is the value that properties mean which a client gives without the choice.
    """

    def __init__(self, prop: Prop, *cases: Case, implied: Any = None) -> None:
        self.choice = prop
        self.cases = cases
        self.implied = implied
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
        """The property that holds the value of the case; its enum are the values of all cases."""
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
        """Return the case to write `values` in; None for a value that no case has.

        Of several cases with the value, the best is one that can be written; of those, one that
        says every given property; of those, the one whose word has the fewest properties that are
        not given.
        """
        value = values.get(self.prop.name, self.implied)
        given = {prop.name for prop in self.props[1:] if prop.name in values}

        def fit(case: Case) -> tuple[bool, bool, int]:
            lacking = any(True for _ in case.term.needs(values))
            return lacking, not given <= case.names, len(case.head.names - given)

        return min((case for case in self.cases if case.value == value), key=fit, default=None)

    def write(self, values: Values, layout: Layout) -> list[str]:
        case = self.choose(values)
        if case is None:
            raise unwritable(self.prop.name, self._known(), Code.ENUM)
        words = case.term.write(values, layout)
        if case.head.fields:
            self._check_case(case, words, values)
        return words

    def _check_case(self, case: Case, words: Sequence[str], values: Values) -> None:
        """Raise the error (422) for values whose first word another case would read as its own."""
        reading = Reading()
        try:
            self.read(words, 0, reading)
        except NoMatch:
            return
        for name in case.head.fields:
            unset = case.head.unset.get(name)
            if reading.values.get(name, unset) != values.get(name, unset):
                raise unwritable(
                    name, f"makes {words[0]} another {self.prop.name}, being {values.get(name)!r}"
                )

    def _known(self) -> str:
        return f"in body should be one of [{' '.join(map(str, self.prop.enum))}]"

    def needs(self, values: Values) -> Iterator[str]:
        case = self.choose(values)
        if self.prop.name not in values and self.implied is None:
            yield self.prop.name
        elif case is not None:
            yield from case.term.needs(values)

    def problems(self, values: Values) -> Iterator[Problem]:
        case = self.choose(values)
        if case is None:
            yield from missing(self.needs(values))
            if self.prop.name in values:
                yield Problem(self.prop.name, Code.ENUM, f"{self.prop.name} {self._known()}")
            return
        for prop in self.props[1:]:
            if prop.name in values and prop.name not in case.names:
                message = f"{prop.name} does not belong to {self.prop.name} {case.value}"
                yield misplaced(prop.name, message)
        yield from case.term.problems(values)
