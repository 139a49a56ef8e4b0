"""Tables of keywords that stand in any order, as on `server` and `bind` lines.

Reading cuts a line into occurrences of keywords, in this order of precedence:

* a keyword of the table, with the arguments that its term reads;
* where a term cannot read its argument: behind a word that the table does not know the keyword is
  that word's argument; in a `tolerant` table the keyword and the word behind it are kept as they
  are, and its properties are unset; in any other table the line cannot be read;
* any other word: a `strict` table ends in front of it; other tables keep it as it is.

Writing puts new values back into the occurrences that were read, which are the table's part of the
layout (in the literature on lenses, the complement):

* a word without a keyword stays, at its place;
* a keyword whose values are the same stays: all its occurrences, at their places, as spelled;
* a keyword whose values differ is written anew at the place of its last occurrence, the one that
  counts to HAProxy (the first one where all of them add up), and its other occurrences go;
* a keyword whose values are unset goes;
* a keyword that is new goes behind the last one that the table has before it.
"""

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

from dataplane_core.grammar.declaration import PropertyIndex, duplicates
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
"""A keyword as it stands on a line: None for a word that is kept, its raw words, its values."""

_MOST_FOUND = 64  # sets of properties of which a table keeps the keywords


class ParameterTable(Term):
    """A table of keywords in any order; the module says how lines are read and written.

    `own` are further keywords of a table whose `keywords` several models share: their properties
    stand behind the shared ones in answers. None: the table is no shared one. Tables of one `name`
    are one table of HAProxy's manual: what a plugin adds to one of them is added to all.
    """

    def __init__(
        self,
        *keywords: ParameterKeyword,
        strict: bool = False,
        tolerant: bool = False,
        own: Sequence[ParameterKeyword] | None = None,
        name: str = "",
    ) -> None:
        self.name = name
        self.keywords = (*keywords, *(own or ()))
        self.shared = 0 if own is None else len(keywords)
        self.strict = strict
        self.tolerant = tolerant
        for word in duplicates(word for keyword in self.keywords for word in keyword.words):
            raise ValueError(f"keyword {word} is declared twice in one table")

    def extended(self, *keywords: ParameterKeyword) -> Self:
        """Return the table with more keywords; new words of theirs stand behind all others."""
        new = copy.copy(self)
        new.keywords = (*self.keywords, *keywords)
        return new

    def declared(self) -> Iterable[Prop]:
        shared = distinct(prop for one in self.keywords[: self.shared] for prop in one.props)
        own = (prop for one in self.keywords[self.shared :] for prop in one.props)
        return distinct((*(replace(prop, shared_in="") for prop in shared), *own))

    @cached_property
    def words(self) -> dict[str, ParameterKeyword]:
        """The keywords by their spellings, two words of one with a blank between them."""
        return {word: keyword for keyword in self.keywords for word in keyword.words}

    @cached_property
    def _index(self) -> PropertyIndex[ParameterKeyword]:
        return PropertyIndex(self.keywords)

    @cached_property
    def _terms(self) -> dict[str, tuple[Term, int]]:
        """For each spelling its term, and how many words of the line stand in front of it."""
        return {
            word: (keyword.words[word], len(leading_words(word)))
            for word, keyword in self.words.items()
        }

    @cached_property
    def _first_of_two(self) -> frozenset[str]:
        """The first words of spellings of two words."""
        return frozenset(words[0] for words in map(leading_words, self.words) if len(words) > 1)

    @cached_property
    def _has_brackets(self) -> bool:
        """Whether a keyword has its argument in brackets: `tlv(0x20)`."""
        return any(word.endswith("(") for word in self.words)

    @cached_property
    def _required(self) -> tuple[ParameterKeyword, ...]:
        return tuple(keyword for keyword in self.keywords if keyword.required)

    @cached_property
    def _found(self) -> dict[tuple[str, ...], list[ParameterKeyword]]:
        """What `_concerned` has found, by the names of the properties."""
        return {}

    def _concerned(self, values: Values) -> list[ParameterKeyword]:
        """Return the keywords that carry a property of `values`, or must stand, in table order."""
        names = tuple(values)
        found = self._found.get(names)
        if found is None:
            found = self._index.concerned(names, self._required)
            if len(self._found) < _MOST_FOUND:
                self._found[names] = found
        return found

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        end, occurrences = self.scan(tokens, at, reading)
        for keyword, said in _by_keyword(occurrences).items():
            only = len(said) == 1 and not keyword.adds
            reading.values.update(said[0] if only else keyword.collect(said))
        for keyword in self._required:
            if not keyword.names & reading.values.keys():
                raise NoMatch(None, " or ".join(keyword.words))
        reading.layout[self] = occurrences
        return end

    def scan(
        self, tokens: Sequence[str], at: int, reading: Reading
    ) -> tuple[int, list[Occurrence]]:
        """Return where the table ends on a line, and the occurrences of keywords up to there.

        Sets `reading.partial` where words are kept that no property says. Raises `NoMatch` for a
        line that the table cannot read.
        """
        occurrences: list[Occurrence] = []
        values: dict[str, Any]
        length, behind_unknown = len(tokens), False
        counted: set[ParameterKeyword] = set()
        while at < length:
            word, keyword = self.lookup(tokens, at)
            end, values = at + 1, {}
            if keyword is not None:
                try:
                    end, values = self._read_argument(word, tokens, at, reading)
                except NoMatch:
                    if behind_unknown:
                        keyword = None
                    elif self.tolerant and end < length:
                        end, reading.partial = end + 1, True
                    else:
                        raise
            behind_unknown = keyword is None
            if behind_unknown and self.strict:
                break
            if keyword is not None and keyword.several:
                keyword, values = (None, {}) if keyword in counted else (keyword, values)
                counted.update([keyword] if keyword else [])
            if keyword is None:
                reading.partial = True
            occurrences.append((keyword, tuple(tokens[at:end]), values))
            at = end
        return at, occurrences

    def lookup(self, tokens: Sequence[str], at: int) -> tuple[str, ParameterKeyword | None]:
        """Return the spelling at a position and its keyword; one of two words wins over one."""
        word = tokens[at]
        if word not in self.words:
            word = plain_word(word)
        if word in self._first_of_two and at + 1 < len(tokens):
            two = f"{word} {plain_word(tokens[at + 1])}"
            if two in self.words:
                return two, self.words[two]
        if self._has_brackets and "(" in word:
            stem = word[: word.index("(") + 1]
            if stem in self.words:
                return stem, self.words[stem]
        return word, self.words.get(word)

    def _read_argument(
        self, word: str, tokens: Sequence[str], at: int, reading: Reading
    ) -> tuple[int, dict[str, Any]]:
        """Return where the arguments of the keyword at `at` end, and their values."""
        term, skip = self._terms[word]
        if isinstance(term, ImpliedValue):
            return at + skip, {term.prop.name: term.value}
        inner = Reading()
        end = term.read(tokens, at + skip, inner)
        if inner.layout:
            reading.layout.update(inner.layout)
            reading.rounded += inner.rounded
        return end, inner.values

    def write(self, values: Values, layout: Layout) -> list[str]:
        occurrences = layout.get(self, ())
        pieces = list(_rewritten(occurrences, values)) if occurrences else []
        known = {keyword for keyword, _, _ in occurrences}
        for keyword in self._concerned(values):
            if keyword not in known and keyword.given(values):
                pieces.insert(self._place(keyword, pieces), (keyword, keyword.write(values)))
        return [word for _, words in pieces for word in words]

    def _place(
        self,
        keyword: ParameterKeyword,
        pieces: Sequence[tuple[ParameterKeyword | None, Sequence[str]]],
    ) -> int:
        """Return where a keyword goes: behind the last one that the table has before it."""
        place, rank = 0, self._index.rank
        for number, (other, _) in enumerate(pieces):
            if other is not None and rank[other] < rank[keyword]:
                place = number + 1
        return place

    def needs(self, values: Values) -> Iterator[str]:
        for problem in self.problems(values):
            yield problem.path

    def problems(self, values: Values) -> Iterator[Problem]:
        for keyword in self._concerned(values):
            yield from keyword.problems(values)


def keyword_words(reading: Reading) -> list[str]:
    """Return the raw first words of the keywords on a line, also of those that no table knows."""
    tables = (items for term, items in reading.layout.items() if isinstance(term, ParameterTable))
    return [words[0] for items in tables for _, words, _ in items]


def unknown_words(reading: Reading) -> list[str]:
    """Return the raw words of a line that its values do not say, or say only in part.

    The former are the words that its tables keep without values, the latter those that are rounded.
    """
    if not reading.partial:
        return [*reading.rounded]
    tables = (items for term, items in reading.layout.items() if isinstance(term, ParameterTable))
    kept = (
        words for items in tables for keyword, words, said in items if keyword is None or not said
    )
    return [*(word for words in kept for word in words), *reading.rounded]


def _rewritten(
    occurrences: Sequence[Occurrence], values: Values
) -> Iterator[tuple[ParameterKeyword | None, Sequence[str]]]:
    """Yield what becomes of the occurrences on a line when its values are `values`."""
    unchanged = {
        keyword: keyword.collect(said) == {n: values[n] for n in keyword.names if n in values}
        for keyword, said in _by_keyword(occurrences).items()
    }
    last = {keyword: number for number, (keyword, _, _) in enumerate(occurrences)}
    first = {keyword: number for number, (keyword, _, _) in reversed([*enumerate(occurrences)])}
    for number, (keyword, words, _) in enumerate(occurrences):
        if keyword is None or unchanged[keyword]:
            yield keyword, words
        elif keyword.given(values) and number == (first if keyword.adds else last)[keyword]:
            yield keyword, keyword.write(values)


def _by_keyword(
    occurrences: Sequence[Occurrence],
) -> dict[ParameterKeyword, list[dict[str, Any]]]:
    """Return the values of each keyword's occurrences, in the order of the line."""
    found: dict[ParameterKeyword, list[dict[str, Any]]] = {}
    for keyword, _, said in occurrences:
        if keyword is not None:
            found.setdefault(keyword, []).append(said)
    return found
