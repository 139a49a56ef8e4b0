"""Lines whose words HAProxy adds up: one list, or one text, that several lines may say together."""

from collections.abc import Sequence
from typing import Any

from dataplane_core.grammar.props import Values
from dataplane_core.grammar.statements import Form, Row, Statement
from dataplane_core.grammar.terms import Term
from dataplane_core.text.tokens import is_words, split


class Gathered(Statement):
    """A line that may be repeated; the words of all are one property, a list or a text.

    A word stays on the line that it stands on, and new ones go to the last line. Where this would
    give another order than the property has, one line says it all.
    """

    single = False

    def __init__(self, head: str, term: Term, **more: Any) -> None:
        super().__init__([Form(head, term)], term.props, **more)
        (self.prop,) = term.props

    def collect(self, rows: Sequence[Row]) -> dict[str, Any]:
        found = [word for _, row in rows for word in self._words(row)]
        return self._saying(found) if found else {}

    def spread(self, values: Values) -> list[Row]:
        own = self.own(values)
        return [(self.forms[0], own)] if own else []

    def arrange(self, values: Values, rows: Sequence[Row]) -> list[Row]:
        wanted = self._words(values) if self.prop.name in values else []
        left, lines = list(wanted), []
        for _, row in rows:
            stays = [word for word in self._words(row) if word in left]
            left = [word for word in left if word not in stays]
            lines += [stays] if stays else []
        if left:
            lines[-1:] = [[*(lines[-1] if lines else ()), *left]]
        if sum(lines, []) != wanted:
            lines = [wanted]
        return [(self.forms[0], self._saying(words)) for words in lines]

    def _words(self, values: Values) -> list[Any]:
        value = values[self.prop.name]
        if self.prop.json == "array":
            return list(value)
        return split(value) if is_words(value) else [value]  # which writing it refuses

    def _saying(self, words: list[Any]) -> dict[str, Any]:
        return {self.prop.name: words if self.prop.json == "array" else " ".join(words)}


def gathered(head: str, term: Term, **more: Any) -> Statement:
    """A line with one list or text, which several lines say together."""
    return Gathered(head, term, **more)


__all__ = ["Gathered", "gathered"]
