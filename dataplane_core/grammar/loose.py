"""Declare tables of keywords of which all other words are one property, as on `redirect`."""

from collections.abc import Iterable, Sequence
from typing import Any

from dataplane_core.grammar.parameter_keywords import ParameterKeyword
from dataplane_core.grammar.parameter_table import Occurrence, ParameterTable
from dataplane_core.grammar.props import (
    Layout,
    NoMatch,
    Prop,
    Reading,
    Values,
    distinct,
    unwritable,
)
from dataplane_core.grammar.terms import Term
from dataplane_core.text.tokens import is_words, split_words


class Argument(Term):
    """One word of any kind, which carries no property."""

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        if at >= len(tokens):
            raise NoMatch(None, "an argument")
        return at + 1


class OpenParameterTable(ParameterTable):
    """A table of keywords whose other words are together the string property `others`.

    `valued` are those of the other words that take an argument, whatever that looks like.
    """

    def __init__(
        self, others: Prop, *keywords: ParameterKeyword, valued: Iterable[str] = ()
    ) -> None:
        self.others = others
        self.valued = [ParameterKeyword({word: Argument()}) for word in valued]
        super().__init__(*keywords, *self.valued)

    def declared(self) -> Iterable[Prop]:
        first = [prop for keyword in self.keywords[:1] for prop in keyword.props]
        return distinct((*first, self.others, *super().declared()))

    def read(self, tokens: Sequence[str], at: int, reading: Reading) -> int:
        end = super().read(tokens, at, reading)
        others = self._others(reading.layout[self])
        if others:
            reading.values[self.others.name] = others
        reading.partial = False
        return end

    def _others(self, items: Sequence[Occurrence]) -> str:
        return " ".join(word for item in items if self._is_other(item) for word in item[1])

    def _is_other(self, item: Occurrence) -> bool:
        return item[0] is None or item[0] in self.valued

    def write(self, values: Values, layout: Layout) -> list[str]:
        items: Sequence[Occurrence] = layout.get(self, ())
        wanted = str(values.get(self.others.name, ""))
        if wanted != self._others(items):
            items = self._changed(items, wanted)
        return super().write(values, {**layout, self: items})

    def _changed(self, items: Sequence[Occurrence], wanted: str) -> list[Occurrence]:
        """Return the occurrences with the words `wanted` at the place of the first other word."""
        new: list[Occurrence] = [(None, tuple(self._checked(wanted)), {})] if wanted else []
        place = next((n for n, item in enumerate(items) if self._is_other(item)), len(items))
        kept = [item for item in items[place:] if not self._is_other(item)]
        return [*items[:place], *new, *kept]

    def _checked(self, wanted: str) -> list[str]:
        """Return the words of the property; raises `Invalid` for a word of another property."""
        words = split_words(wanted) if is_words(wanted) else []
        try:
            known = self.scan(words, 0, Reading())[1]
        except NoMatch:
            words = []
        if not words or not all(map(self._is_other, known)):
            raise unwritable(
                self.others.name, f"must be words that have no property of their own: {wanted!r}"
            )
        return words


def loose(
    others: str, *keywords: ParameterKeyword, valued: Iterable[str] = (), **more: Any
) -> OpenParameterTable:
    """Return keywords in any order; all other words are the string property `others`.

    `valued` are other words that an argument follows, whatever that looks like.
    """
    return OpenParameterTable(Prop(others, "string", **more), *keywords, valued=valued)


__all__ = ["OpenParameterTable", "loose"]
