"""Keyword tables: options in any order, as on `server` and `bind` lines."""

from collections.abc import Iterator, Sequence
from typing import Any

from dataplane_core.grammar.props import Layout, NoMatch, Problem, Prop, Reading, Values, missing
from dataplane_core.grammar.terms import Const, Many, Term
from dataplane_core.grammar.values import const


class Entry:
    """One keyword of a table, with the terms that each of its words starts."""

    def __init__(self, words: dict[str, Term], required: bool = False) -> None:
        self.words = words
        self.required = required
        unique = {prop.name: prop for term in words.values() for prop in term.props}
        self.props = tuple(unique.values())
        self.names = frozenset(unique)

    def given(self, values: Values) -> bool:
        """Whether the table's values say that the keyword is there."""
        return self.choose(values) is not None

    def choose(self, values: Values) -> str | None:
        """The keyword to write for `values`, None for none."""
        for word, term in self.words.items():
            if isinstance(term, Const):
                if values.get(term.prop.name) == term.value:
                    return word
            elif term.has(values):
                return word
        return None

    def write(self, values: Values) -> list[str]:
        """The keyword and its arguments."""
        word = self.choose(values)
        return [] if word is None else [*word.split(), *self.words[word].write(values, {})]

    def problems(self, values: Values) -> Iterator[Problem]:
        """Rules that the keyword's arguments break."""
        word = self.choose(values)
        if word is not None:
            yield from self.words[word].problems(values)
        elif self.required:
            yield from missing([next(iter(self.props)).name])


class Repeated(Entry):
    """A keyword that may stand several times; each adds an item to a list property."""

    def __init__(self, word: str, prop: Prop, term: Term) -> None:
        self.item = term
        self.prop = prop
        super().__init__({word: Many(prop, term)})

    def write(self, values: Values) -> list[str]:
        word = next(iter(self.words))
        words: list[str] = []
        for item in values.get(self.prop.name, ()):
            words += [
                word,
                *self.item.write(item if isinstance(item, dict) else {self.prop.name: item}, {}),
            ]
        return words


class Params(Term):
    """A table of keywords in any order.

    Unknown words stay where they are: they are part of the layout, and a rewrite keeps them. A
    keyword
    whose value does not change keeps its spelling and its place; new ones go where the table has
    them.
    """

    def __init__(self, *entries: Entry, strict: bool = False) -> None:
        self.entries: list[Entry] = []
        self.words: dict[str, Entry] = {}
        self.rank: dict[Entry, int] = {}
        self.props = ()
        self.strict = strict
        for entry in entries:
            self.add(entry)

    def add(self, *entries: Entry) -> None:
        """Extend the table; a keyword that it has already is an error."""
        for entry in entries:
            for word in entry.words:
                if word in self.words:
                    raise ValueError(f"keyword {word} is declared twice in one table")
                self.words[word] = entry
            self.rank[entry] = len(self.entries)
            self.entries.append(entry)
        unique = {prop.name: prop for entry in self.entries for prop in entry.props}
        self.props = tuple(unique.values())

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        items: list[tuple[Entry | None, tuple[str, ...], dict[str, Any]]] = []
        after_residue = False
        while at < len(tokens):
            word, entry = self.lookup(tokens, at)
            inner = Reading()
            try:
                end = at + 1 if entry is None else self._read(entry, word, tokens, at, inner)
            except NoMatch:
                if not after_residue:
                    raise
                entry, end = None, at + 1
            if entry is None and self.strict:
                break
            after_residue = entry is None
            reading.partial |= after_residue
            self._merge(entry, inner, reading)
            items.append((entry, tuple(tokens[at:end]), inner.values))
            at = end
        for entry in self.entries:
            if entry.required and not entry.names & reading.values.keys():
                raise NoMatch(None, " or ".join(entry.words))
        reading.layout[self] = items
        return at

    def lookup(self, tokens: Sequence[str], at: int) -> tuple[str, Entry | None]:
        """The keyword at a position; keywords of two words win."""
        two = " ".join(tokens[at : at + 2])
        if two in self.words:
            return two, self.words[two]
        return tokens[at], self.words.get(tokens[at])

    @staticmethod
    def _read(entry: Entry, word: str, tokens: Sequence[str], at: int, inner: Reading) -> int:
        term = entry.item if isinstance(entry, Repeated) else entry.words[word]
        return term.read(tokens, at + len(word.split()), inner)

    @staticmethod
    def _merge(entry: Entry | None, inner: Reading, reading: Reading) -> None:
        if isinstance(entry, Repeated):
            scalar = not isinstance(entry.prop.items, tuple)
            item = inner.values[entry.prop.name] if scalar else inner.values
            reading.values.setdefault(entry.prop.name, []).append(item)
        elif entry is not None:
            for name in entry.names:
                reading.values.pop(name, None)
            reading.merge(inner)

    def write(self, values: Values, layout: Layout) -> list[str]:
        parts: list[tuple[Entry | None, list[str]]] = []
        seen: set[Entry] = set()
        items = layout.get(self, ())
        last = {entry: number for number, (entry, _, _) in enumerate(items) if entry is not None}
        for number, (entry, words, old) in enumerate(items):
            if entry is None:
                parts.append((None, list(words)))
            elif isinstance(entry, Repeated):
                if entry not in seen:
                    parts.append((entry, entry.write(values)))
            elif all(values.get(name) == old.get(name) for name in entry.names):
                parts.append((entry, list(words)))
            elif last[entry] == number and entry.given(values):
                parts.append((entry, entry.write(values)))
            if entry is not None:
                seen.add(entry)
        for entry in self.entries:
            if entry not in seen and entry.given(values):
                parts.insert(self._place(entry, parts), (entry, entry.write(values)))
        return [word for _, words in parts for word in words]

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


def params(*entries: Entry, strict: bool = False) -> Params:
    """Keywords in any order.

    `strict` tables end at the first unknown word instead of keeping it.
    """
    return Params(*entries, strict=strict)


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


def arg(keyword: str, term: Term, required: bool = False) -> Entry:
    """A keyword with arguments."""
    return Entry({keyword: term}, required)


def args(keyword: str, name: str, term: Term, **more: Any) -> Entry:
    """A keyword with arguments that may be repeated.

    Each gives an object of the list property `name`.
    """
    scalar = len(term.props) == 1 and term.props[0].name == name
    items: tuple[Prop, ...] | Prop = term.props[0] if scalar else term.props
    return Repeated(keyword, Prop(name, "array", items=items, **more), term)
