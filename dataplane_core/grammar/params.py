"""Keyword tables: options in any order, as on `server` and `bind` lines."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from dataplane_core.grammar.entries import Entry, Joined, Repeated, Synonym, Variants, head
from dataplane_core.grammar.props import (
    Layout,
    NoMatch,
    Problem,
    Prop,
    Reading,
    Values,
    distinct,
)
from dataplane_core.grammar.terms import Const, Term
from dataplane_core.grammar.values import const
from dataplane_core.text.tokens import plain

Item = tuple[Entry | None, tuple[str, ...], dict[str, Any]]
"""Part of a line: the keyword's entry (None: not known), its words, and what they say."""


class Params(Term):
    """A table of keywords in any order.

    Unknown words stay where they are: they are part of the layout, and a rewrite keeps them. A
    keyword
    whose value does not change keeps its spelling and its place; new ones go where the table has
    them. A `strict` table ends at the first unknown word. In a `tolerant` one a keyword whose
    argument cannot be read hides only its own property, and not the whole line. `own` are further
    keywords of a table whose `entries` several models share; None says that it is no such table.
    """

    def __init__(
        self,
        *entries: Entry,
        strict: bool = False,
        tolerant: bool = False,
        own: Sequence[Entry] | None = None,
    ) -> None:
        self.entries: list[Entry] = []
        self.words: dict[str, Entry] = {}
        self._terms: dict[str, tuple[Term, int]] = {}
        self._pairs: set[str] = set()
        self._stems = False
        self._required: list[Entry] = []
        self.rank: dict[Entry, int] = {}
        self.props: tuple[Prop, ...] = ()
        self.strict = strict
        self.tolerant = tolerant
        for entry in entries:
            self.add(entry)
        if own is not None:
            shared: tuple[Prop, ...] = self.props
            self.props = tuple(replace(prop, shared_in="") for prop in shared)
            self.add(*own)

    def add(self, *entries: Entry) -> None:
        """Extend the table; a keyword that it has already is an error."""
        for entry in entries:
            for word in entry.words:
                if word in self.words:
                    raise ValueError(f"keyword {word} is declared twice in one table")
                self.words[word] = entry
                first, *more = head(word) or (word,)
                self._terms[word] = entry.words[word], len(head(word))
                self._pairs.update([first] if more else [])
                self._stems |= word.endswith("(")
            self.rank[entry] = len(self.entries)
            self.entries.append(entry)
        self._required = [entry for entry in self.entries if entry.required]
        self.props = distinct((*self.props, *(prop for entry in entries for prop in entry.props)))

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        at, items = self.cut(tokens, at, reading)
        self._collect(items, reading.values)
        reading.layout[self] = items
        return at

    def cut(self, tokens: Sequence[str], at: int, reading: Reading) -> tuple[int, list[Item]]:
        """The keywords of a line, each with its words, and where the table ends."""
        items: list[Item] = []
        length, known = len(tokens), True
        first: set[Entry] = set()
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

    def lookup(self, tokens: Sequence[str], at: int) -> tuple[str, Entry | None]:
        """The keyword at a position; keywords of two words win."""
        word = tokens[at]
        if word not in self.words:
            word = plain(word)
        if word in self._pairs and at + 1 < len(tokens):
            two = f"{word} {plain(tokens[at + 1])}"
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
        if isinstance(term, Const):
            return at + skip, {term.prop.name: term.value}
        inner = Reading()
        end = term.read(tokens, at + skip, inner)
        if inner.layout:
            reading.layout.update(inner.layout)
            reading.rounded += inner.rounded
        return end, inner.values

    def _collect(self, items: Sequence[Item], values: dict[str, Any]) -> None:
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
        for entry in self.entries:
            if entry not in seen and entry.given(values):
                parts.insert(self._place(entry, parts), (entry, entry.write(values)))
        return [word for _, words in parts for word in words]

    @staticmethod
    def _kept(items: Sequence[Item], values: Values) -> Iterator[tuple[Entry | None, list[str]]]:
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

    def _place(self, entry: Entry, parts: Sequence[tuple[Entry | None, list[str]]]) -> int:
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
        for entry in self.entries:
            yield from entry.problems(values)


def unknown_words(reading: Reading) -> list[str]:
    """The words of a line that its tables kept without knowing what they say, or all of it."""
    if not reading.partial:
        return [*reading.rounded]
    tables = (items for term, items in reading.layout.items() if isinstance(term, Params))
    kept = (words for items in tables for entry, words, said in items if entry is None or not said)
    return [*(word for words in kept for word in words), *reading.rounded]


def _by_entry(items: Sequence[Item]) -> dict[Entry, list[dict[str, Any]]]:
    """What each keyword of a line says, each time that it stands there."""
    found: dict[Entry, list[dict[str, Any]]] = {}
    for entry, _, said in items:
        if entry is not None:
            found.setdefault(entry, []).append(said)
    return found


def params(
    *entries: Entry,
    strict: bool = False,
    tolerant: bool = False,
    own: Sequence[Entry] | None = None,
) -> Params:
    """Keywords in any order.

    `strict` tables end at the first unknown word instead of keeping it; `tolerant` ones keep a
    keyword with an argument that cannot be read, too. `own` are the keywords that one model has
    beside a table that several share.
    """
    return Params(*entries, strict=strict, tolerant=tolerant, own=own)


def flag(keyword: str, name: str, value: Any = True, **more: Any) -> Entry:
    """A keyword without argument: a boolean, or a property that then has `value`."""
    return Entry({keyword: const(name, value, **more)})


def switch(keyword: str, name: str, off: str | None = None, **more: Any) -> Entry:
    """A pair of keywords for `enabled` and `disabled`.

    `switch("check", "check", off="no-check")`.
    """
    more.setdefault("enum", ("enabled", "disabled") if off else ("enabled",))
    words: dict[str, Term] = {keyword: const(name, "enabled", **more)}
    if off:
        words[off] = const(name, "disabled", **more)
    return Entry(words)


def either(name: str, *words: str, **more: Any) -> Entry:
    """Keywords that exclude one another: the property holds the one that stands."""
    more.setdefault("enum", words)
    return Entry({word: const(name, word, **more) for word in words})


def variants(name: str, words: dict[str, Term], needed: bool = False, **more: Any) -> Entry:
    """Keywords that exclude one another, with arguments: the property `name` holds the keyword.

    `needed`: one of them must stand.
    """
    more.setdefault("enum", tuple(words))
    return Variants(Prop(name, "string", **more), words, needed)


def arg(keyword: str, term: Term, required: bool = False, several: bool = False) -> Entry:
    """A keyword with arguments.

    A `keyword` that ends in `(` is read and written by the term itself. Where HAProxy takes
    `several`, the first is the property and the others are words that stay as they are.
    """
    return Entry({keyword: term}, required, several)


def joined(keyword: str, term: Term) -> Entry:
    """A keyword whose word lists something; several of it are one list."""
    return Joined(keyword, term)


def synonym(keyword: str, name: str, value: str, unless: str, **more: Any) -> Entry:
    """A property whose `value` writes what another entry reads, where that one's is not set.

    `synonym("no-tlsv10", "no_tlsv10", "enabled", unless="force_tlsv10")`.
    """
    more.setdefault("enum", ("enabled", "disabled"))
    return Synonym(keyword, Prop(name, "string", **more), value, unless)


def unsaid(name: str, **more: Any) -> Entry:
    """A property of the interface that is taken, and that HAProxy has no keyword for."""
    return synonym("", name, "", name, **more)


def args(keyword: str, name: str, term: Term, **more: Any) -> Entry:
    """A keyword with arguments that may be repeated.

    Each gives an object of the list property `name`.
    """
    scalar = len(term.props) == 1 and term.props[0].name == name
    items: tuple[Prop, ...] | Prop = term.props[0] if scalar else term.props
    return Repeated(keyword, Prop(name, "array", items=items, **more), term)
