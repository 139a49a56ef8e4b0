"""Keyword tables: options in any order, as on `server` and `bind` lines."""

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

from dataplane_core.grammar.declaration import duplicates
from dataplane_core.grammar.parameter_keywords import ParameterKeyword, leading_words
from dataplane_core.grammar.props import (
    Layout,
    NoMatch,
    Problem,
    Prop,
    Reading,
    Values,
    distinct,
)
from dataplane_core.grammar.terms import ImpliedValue, Term
from dataplane_core.text.tokens import plain_word

Occurrence = tuple[ParameterKeyword | None, tuple[str, ...], dict[str, Any]]
"""Part of a line: the keyword's entry (None: not known), its words, and what they say."""


class ParameterTable(Term):
    """A table of keywords in any order.

    Unknown words stay where they are: they are part of the layout, and a rewrite keeps them. A
    keyword whose value does not change keeps its spelling and its place; new ones go where the
    table has them. A `strict` table ends at the first unknown word. In a `tolerant` one a keyword
    whose argument cannot be read hides only its own property, and not the whole line. `own` are
    further keywords of a table whose `entries` several models share; None says that it is no such
    table.
    """

    def __init__(
        self,
        *entries: ParameterKeyword,
        strict: bool = False,
        tolerant: bool = False,
        own: Sequence[ParameterKeyword] | None = None,
    ) -> None:
        self.entries = (*entries, *(own or ()))
        self.common = 0 if own is None else len(entries)
        self.strict = strict
        self.tolerant = tolerant
        for word in duplicates(word for entry in self.entries for word in entry.words):
            raise ValueError(f"keyword {word} is declared twice in one table")

    def extended(self, *entries: ParameterKeyword) -> Self:
        """Return the table with more keywords; new words of theirs stand behind all others."""
        new = copy.copy(self)
        new.entries = (*self.entries, *entries)
        return new

    def declared(self) -> Iterable[Prop]:
        common = distinct(prop for entry in self.entries[: self.common] for prop in entry.props)
        own = (prop for entry in self.entries[self.common :] for prop in entry.props)
        return distinct((*(replace(prop, shared_in="") for prop in common), *own))

    @cached_property
    def words(self) -> dict[str, ParameterKeyword]:
        """The keywords as they are written, each with its entry."""
        return {word: entry for entry in self.entries for word in entry.words}

    @cached_property
    def rank(self) -> dict[ParameterKeyword, int]:
        """The place of each keyword in the table."""
        return {entry: number for number, entry in enumerate(self.entries)}

    @cached_property
    def _terms(self) -> dict[str, tuple[Term, int]]:
        """For each word its term, and how many words of the line stand in front of that."""
        return {
            word: (entry.words[word], len(leading_words(word)))
            for word, entry in self.words.items()
        }

    @cached_property
    def _pairs(self) -> frozenset[str]:
        """The first words of keywords that are more words than one."""
        return frozenset(
            leading_words(word)[0] for word in self.words if len(leading_words(word)) > 1
        )

    @cached_property
    def _stems(self) -> bool:
        return any(word.endswith("(") for word in self.words)

    @cached_property
    def _required(self) -> tuple[ParameterKeyword, ...]:
        return tuple(entry for entry in self.entries if entry.required)

    @cached_property
    def _by_property(self) -> dict[str, list[ParameterKeyword]]:
        """The keywords that carry each property."""
        found: dict[str, list[ParameterKeyword]] = {}
        for entry in self.entries:
            for name in entry.names:
                found.setdefault(name, []).append(entry)
        return found

    def _concerned(self, values: Values) -> list[ParameterKeyword]:
        """The keywords that carry a property of `values`, or must stand, in the table's order."""
        found = set(self._required)
        for name in values:
            found.update(self._by_property.get(name, ()))
        return sorted(found, key=self.rank.__getitem__)

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        at, items = self.cut(tokens, at, reading)
        self._collect(items, reading.values)
        reading.layout[self] = items
        return at

    def cut(self, tokens: Sequence[str], at: int, reading: Reading) -> tuple[int, list[Occurrence]]:
        """The keywords of a line, each with its words, and where the table ends."""
        items: list[Occurrence] = []
        length, known = len(tokens), True
        first: set[ParameterKeyword] = set()
        while at < length:
            word, entry = self.lookup(tokens, at)
            end = at + 1
            said: dict[str, Any] = {}
            if entry is not None:
                try:
                    end, said = self._read(word, tokens, at, reading)
                except NoMatch:
                    if not known:
                        entry = None
                    elif self.tolerant and at + 1 < length:
                        end, reading.partial = at + 2, True
                    else:
                        raise
            known = entry is not None
            if not known and self.strict:
                break
            if entry is not None and entry.several:
                entry, said = (None, {}) if entry in first else (entry, said)
                first.update([entry] if entry else [])
            reading.partial |= entry is None
            items.append((entry, tuple(tokens[at:end]), said))
            at = end
        return at, items

    def lookup(self, tokens: Sequence[str], at: int) -> tuple[str, ParameterKeyword | None]:
        """The keyword at a position; keywords of two words win."""
        word = tokens[at]
        if word not in self.words:
            word = plain_word(word)
        if word in self._pairs and at + 1 < len(tokens):
            two = f"{word} {plain_word(tokens[at + 1])}"
            if two in self.words:
                return two, self.words[two]
        if self._stems and "(" in word:
            stem = word[: word.index("(") + 1]
            if stem in self.words:
                return stem, self.words[stem]
        return word, self.words.get(word)

    def _read(
        self, word: str, tokens: Sequence[str], at: int, reading: Reading
    ) -> tuple[int, dict[str, Any]]:
        """Where a keyword's arguments end, and what they say."""
        term, skip = self._terms[word]
        if isinstance(term, ImpliedValue):
            return at + skip, {term.prop.name: term.value}
        inner = Reading()
        end = term.read(tokens, at + skip, inner)
        if inner.layout:
            reading.layout.update(inner.layout)
            reading.rounded += inner.rounded
        return end, inner.values

    def _collect(self, items: Sequence[Occurrence], values: dict[str, Any]) -> None:
        found = _by_entry(items)
        for entry, said in found.items():
            values.update(said[0] if len(said) == 1 and not entry.adds else entry.collect(said))
        for entry in self._required:
            if not entry.names & values.keys():
                raise NoMatch(None, " or ".join(entry.words))

    def write(self, values: Values, layout: Layout) -> list[str]:
        items = layout.get(self, ())
        parts = list(self._kept(items, values))
        seen = {entry for entry, _, _ in items}
        for entry in self._concerned(values):
            if entry not in seen and entry.given(values):
                parts.insert(self._place(entry, parts), (entry, entry.write(values)))
        return [word for _, words in parts for word in words]

    @staticmethod
    def _kept(
        items: Sequence[Occurrence], values: Values
    ) -> Iterator[tuple[ParameterKeyword | None, list[str]]]:
        """What stays of the line: each keyword at its place, spelled as it was if it can be."""
        same = {
            entry: entry.collect(said) == {n: values[n] for n in entry.names if n in values}
            for entry, said in _by_entry(items).items()
        }
        last = {entry: number for number, (entry, _, _) in enumerate(items)}
        first = {entry: number for number, (entry, _, _) in reversed([*enumerate(items)])}
        for number, (entry, words, _) in enumerate(items):
            if entry is None or same[entry]:
                yield entry, list(words)
            elif entry.given(values) and (first if entry.adds else last)[entry] == number:
                yield entry, entry.write(values)

    def _place(
        self, entry: ParameterKeyword, parts: Sequence[tuple[ParameterKeyword | None, list[str]]]
    ) -> int:
        """Behind the last keyword that the table has before `entry`."""
        place = 0
        for number, (other, _) in enumerate(parts):
            if other is not None and self.rank[other] < self.rank[entry]:
                place = number + 1
        return place

    def needs(self, values: Values) -> Iterator[str]:
        for problem in self.problems(values):
            yield problem.path

    def problems(self, values: Values) -> Iterator[Problem]:
        for entry in self._concerned(values):
            yield from entry.problems(values)


def unknown_words(reading: Reading) -> list[str]:
    """The words of a line that its tables kept without knowing what they say, or all of it."""
    if not reading.partial:
        return [*reading.rounded]
    tables = (items for term, items in reading.layout.items() if isinstance(term, ParameterTable))
    kept = (words for items in tables for entry, words, said in items if entry is None or not said)
    return [*(word for words in kept for word in words), *reading.rounded]


def _by_entry(items: Sequence[Occurrence]) -> dict[ParameterKeyword, list[dict[str, Any]]]:
    """What each keyword of a line says, each time that it stands there."""
    found: dict[ParameterKeyword, list[dict[str, Any]]] = {}
    for entry, _, said in items:
        if entry is not None:
            found.setdefault(entry, []).append(said)
    return found
