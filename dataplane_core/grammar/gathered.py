"""Lines that HAProxy adds up: one object, list or text, that several lines may say together."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from dataplane_core.grammar.props import Prop, Values
from dataplane_core.grammar.shapes import Group
from dataplane_core.grammar.statements import LineContent, LineForm, Statement
from dataplane_core.grammar.terms import Term
from dataplane_core.text.tokens import is_words, split_words


class MergedStatement(Statement):
    """A line that may be repeated, each adding to one object; the last word counts.

    A property stays on the line that it stands on; new ones go to the last line. `whole` is the
    object itself: it is `{}` where lines stand that say nothing.
    """

    single = False

    def __init__(self, head: str, term: Term, whole: Prop, **more: Any) -> None:
        super().__init__([LineForm(head, term)], **more)
        self.whole = whole

    def declared(self) -> Iterable[Prop]:
        return (self.whole, *super().declared())

    def collect(self, rows: Sequence[LineContent]) -> dict[str, Any]:
        values = {name: value for _, row in rows for name, value in row.items()}
        return values or ({self.whole.name: {}} if rows else {})

    def spread(self, values: Values) -> list[LineContent]:
        own = self.own(values)
        said = {name: value for name, value in own.items() if name != self.whole.name}
        return [(self.forms[0], said)] if own else []

    def arrange(self, values: Values, rows: Sequence[LineContent]) -> list[LineContent]:
        own = self.own(values)
        left = {name: value for name, value in own.items() if name != self.whole.name}
        lines: list[LineContent] = []
        for form, row in reversed(rows):
            stays = {name: left.pop(name, row[name]) for name in row if name in own}
            if stays or (own and not row):
                lines.insert(0, (form, stays))
        if left or (own and not lines):
            form, last = lines.pop() if lines else (self.forms[0], {})
            lines.append((form, {**last, **left}))
        return lines


class GatheredStatement(Statement):
    """A line that may be repeated; the words of all are one property, a list or a text.

    A word stays on the line that it stands on, and new ones go to the last line. Where this would
    give another order than the property has, one line says it all.
    """

    single = False

    def __init__(self, head: str, term: Term, **more: Any) -> None:
        super().__init__([LineForm(head, term)], **more)
        (self.prop,) = term.props

    def collect(self, rows: Sequence[LineContent]) -> dict[str, Any]:
        found = [word for _, row in rows for word in self._words(row)]
        return self._saying(found) if found else {}

    def spread(self, values: Values) -> list[LineContent]:
        own = self.own(values)
        return [(self.forms[0], own)] if own else []

    def arrange(self, values: Values, rows: Sequence[LineContent]) -> list[LineContent]:
        wanted = self._words(values) if self.prop.name in values else []
        open_words, lines = set(wanted), []
        for _, row in rows:
            stays = [word for word in self._words(row) if word in open_words]
            open_words.difference_update(stays)
            lines += [stays] if stays else []
        if open_words:
            new = [word for word in wanted if word in open_words]
            lines[-1:] = [[*(lines[-1] if lines else ()), *new]]
        if [*chain.from_iterable(lines)] != wanted:
            lines = [wanted]
        return [(self.forms[0], self._saying(words)) for words in lines]

    def _words(self, values: Values) -> list[Any]:
        value = values[self.prop.name]
        if self.prop.json == "array":
            return list(value)
        return split_words(value) if is_words(value) else [value]  # which writing it refuses

    def _saying(self, words: list[Any]) -> dict[str, Any]:
        return {self.prop.name: words if self.prop.json == "array" else " ".join(words)}


def merged(head: str, name: str, term: Term, help: str, **more: Any) -> Statement:
    """A line that may be repeated, whose lines say the nested object `name` together."""
    return MergedStatement(head, Group(name, term), Prop(name, "object", help=help), **more)


def gathered(head: str, term: Term, **more: Any) -> Statement:
    """A line with one list or text, which several lines say together."""
    return GatheredStatement(head, term, **more)


__all__ = ["GatheredStatement", "MergedStatement", "gathered", "merged"]
