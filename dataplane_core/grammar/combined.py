"""Statements that several lines say together: as one object, one list, or a list of objects."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from dataplane_core.errors import Code
from dataplane_core.grammar.props import Problem, Prop, Values, of_item
from dataplane_core.grammar.shapes import Group
from dataplane_core.grammar.statements import LineContent, LineForm, Statement
from dataplane_core.grammar.terms import Term
from dataplane_core.text.tokens import is_words, split_words


class MergedStatement(Statement):
    """A line that may be repeated, each adding properties to one object; the last value counts.

    A property stays on the line that it stands on, and a new one goes to the last line. `whole` is
    the object itself, which is `{}` where lines stand that have no property.
    """

    single = False

    def __init__(self, head: str, term: Term, whole: Prop, **more: Any) -> None:
        super().__init__([LineForm(head, term)], **more)
        self.whole = whole

    def declared(self) -> Iterable[Prop]:
        return (self.whole, *super().declared())

    def collect(self, contents: Sequence[LineContent]) -> dict[str, Any]:
        merged = {name: value for _, values in contents for name, value in values.items()}
        return merged or ({self.whole.name: {}} if contents else {})

    def spread(self, values: Values) -> list[LineContent]:
        own = self.own(values)
        return [(self.forms[0], self._without_whole(own))] if own else []

    def arrange(self, values: Values, contents: Sequence[LineContent]) -> list[LineContent]:
        own = self.own(values)
        left = self._without_whole(own)
        lines: list[LineContent] = []
        for form, former in reversed(contents):
            stays = {name: left.pop(name, former[name]) for name in former if name in own}
            if stays or (own and not former):
                lines.insert(0, (form, stays))
        if left or (own and not lines):
            form, last = lines.pop() if lines else (self.forms[0], {})
            lines.append((form, {**last, **left}))
        return lines

    def _without_whole(self, own: Values) -> dict[str, Any]:
        return {name: value for name, value in own.items() if name != self.whole.name}


class GatheredStatement(Statement):
    """A line that may be repeated; the words of all lines are one property, a list or a text.

    A word stays on the line that it stands on, and a new one goes to the last line. Where this
    would give another order than the property has, one line says all of it.
    """

    single = False

    def __init__(self, head: str, term: Term, **more: Any) -> None:
        super().__init__([LineForm(head, term)], **more)
        (self.prop,) = term.props

    def collect(self, contents: Sequence[LineContent]) -> dict[str, Any]:
        words = [word for _, values in contents for word in self._words(values)]
        return self._saying(words) if words else {}

    def spread(self, values: Values) -> list[LineContent]:
        own = self.own(values)
        return [(self.forms[0], own)] if own else []

    def arrange(self, values: Values, contents: Sequence[LineContent]) -> list[LineContent]:
        wanted = self._words(values) if self.prop.name in values else []
        left, lines = set(wanted), []
        for _, former in contents:
            stays = [word for word in self._words(former) if word in left]
            left.difference_update(stays)
            lines += [stays] if stays else []
        if left:
            new = [word for word in wanted if word in left]
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


class NestedStatement(Statement):
    """The lines of the statement `resource`, elsewhere rows of a collection, as a list of objects.

    `index`, if given, is the property that numbers the objects from 0.
    """

    single = False

    def __init__(self, name: str, resource: Statement, index: Prop | None, help: str) -> None:
        super().__init__(resource.forms, resource.examples, resource.rejects)
        self.prop = Prop(name, "array", help=help)
        self.index = index
        self.resource = resource

    def declared(self) -> Iterable[Prop]:
        items = (*((self.index,) if self.index else ()), *self.resource.props)
        return (replace(self.prop, items=items),)

    def collect(self, contents: Sequence[LineContent]) -> dict[str, Any]:
        numbers = [{self.index.name: at} if self.index else {} for at in range(len(contents))]
        items = [
            {**number, **values} for number, (_, values) in zip(numbers, contents, strict=True)
        ]
        return {self.prop.name: items} if items else {}

    def spread(self, values: Values) -> list[LineContent]:
        return [line for item in self._items(values) for line in self.resource.spread(item)]

    def problems(self, values: Values) -> Iterator[Problem]:
        for at, item in enumerate(self._items(values)):
            if not item:
                path = f"{self.prop.name}.{at}"
                yield Problem(path, Code.REQUIRED, f"{path} in body says nothing")
            yield from of_item(self.prop.name, at, self.resource.problems(item))

    def _items(self, values: Values) -> list[dict[str, Any]]:
        """Return the objects of the list without their numbers, which their order says already."""
        number = self.index.name if self.index else ""
        items = values.get(self.prop.name) or ()
        return [{key: item[key] for key in item if key != number} for item in items]


def merged(head: str, name: str, term: Term, help: str, **more: Any) -> Statement:
    """Return a line that may be repeated, whose lines say the nested object `name` together."""
    return MergedStatement(head, Group(name, term), Prop(name, "object", help=help), **more)


def gathered(head: str, term: Term, **more: Any) -> Statement:
    """Return a line that may be repeated, whose lines say one list or text together."""
    return GatheredStatement(head, term, **more)


def nested(name: str, resource: Statement, *, numbered: bool = False, help: str) -> Statement:
    """Return the lines of `resource` as the list property `name`.

    Each object of a `numbered` list has its place in the list as the property `index`.
    """
    index = Prop("index", "integer", nullable=True, help="Position in the list, from 0.")
    return NestedStatement(
        name, resource, replace(index, required=True) if numbered else None, help
    )


__all__ = [
    "GatheredStatement",
    "MergedStatement",
    "NestedStatement",
    "gathered",
    "merged",
    "nested",
]
