"""Statements: which lines of a section carry which properties."""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

from dataplane_core.grammar.declaration import Declaration
from dataplane_core.grammar.props import (
    Layout,
    NoMatch,
    Problem,
    Prop,
    Reading,
    Values,
    misplaced,
    of_item,
)
from dataplane_core.grammar.terms import Term
from dataplane_core.text.lines import Line

LineContent = tuple["LineForm", dict[str, Any]]
"""What one line says: its form, and the values of that line."""


class LineForm(Declaration):
    """One shape of line: the words it starts with, and the term behind them."""

    def __init__(self, head: str, term: Term) -> None:
        self.head = tuple(head.split())
        self.term = term

    def declared(self) -> Iterable[Prop]:
        return self.term.props

    def read(self, line: Line) -> Reading | None:
        """What the line says, None when it does not have this shape to its last word."""
        if self in line.readings:
            reading: Reading | None = line.readings[self]
            return reading
        reading = Reading()
        try:
            end = self.term.read(line.tokens, len(self.head), reading)
        except NoMatch:
            end = -1
        result = reading if end == len(line.tokens) else None
        line.readings[self] = result
        return result

    def write(self, values: Values, layout: Layout) -> list[str]:
        """The line's words."""
        return [*self.head, *self.term.write(values, layout)]


LAST, FIRST, EACH = "last", "first", "each"
"""Which of several lines of a statement counts to HAProxy; with `EACH` all of them do."""


class Statement(Declaration):
    """Lines that belong together: `collect` makes values of them, `spread` lines of values.

    Subclasses say how. `examples` are lines that must survive reading and writing, `rejects` lines
    that must not be read; the laws run over both.
    """

    #: whether only one of several lines is shown
    single = True
    #: which one; with `EACH` it is the last, and the others stay and are told of as not managed
    counts = LAST
    #: whether lines stay when none of the statement's properties is given
    kept = False

    def __init__(
        self,
        forms: Iterable[LineForm],
        examples: Sequence[str] = (),
        rejects: Sequence[str] = (),
    ) -> None:
        self.forms = tuple(forms)
        self.examples = tuple(examples)
        self.rejects = tuple(rejects)

    def declared(self) -> Iterable[Prop]:
        return {prop.name: prop for form in self.forms for prop in form.props}.values()

    def collect(self, rows: Sequence[LineContent]) -> dict[str, Any]:
        """The values that lines say together."""
        raise NotImplementedError

    def spread(self, values: Values) -> list[LineContent]:
        """The lines that say `values`; none when nothing of it is set."""
        raise NotImplementedError

    def arrange(self, values: Values, rows: Sequence[LineContent]) -> list[LineContent]:
        """The lines that say `values` where `rows` stand now."""
        return self.spread(values)

    def problems(self, values: Values) -> Iterator[Problem]:
        """Rules between the statement's properties that `values` breaks."""
        for form, row in self.spread(values):
            yield from form.term.problems(row)

    def own(self, values: Values) -> dict[str, Any]:
        """The part of `values` that the statement carries."""
        return {name: value for name, value in values.items() if name in self.names}

    def counting(self, which: str) -> Self:
        """Return the statement with another of its lines counting: `FIRST`, `LAST` or `EACH`."""
        new = copy.copy(self)
        new.counts = which
        return new

    def counted(self, rows: Sequence[LineContent]) -> LineContent | None:
        """The one of several lines that is shown, None of none."""
        return rows[0 if self.counts == FIRST else -1] if rows else None


class SingleStatement(Statement):
    """A line that stands at most once; of several the last counts, if nothing else is said.

    `also` are other words for `head`, which are read and kept and never written anew.
    """

    def __init__(self, head: str, term: Term, also: Sequence[str] = (), **more: Any) -> None:
        super().__init__([LineForm(word, term) for word in (head, *also)], **more)

    def declared(self) -> Iterable[Prop]:
        return self.forms[0].props

    def collect(self, rows: Sequence[LineContent]) -> dict[str, Any]:
        row = self.counted(rows)
        return dict(row[1]) if row else {}

    def spread(self, values: Values) -> list[LineContent]:
        own = self.own(values)
        return [(self.forms[0], own)] if own and self._stands(own) else []

    def _stands(self, own: Values) -> bool:
        return True


class RepeatedStatement(Statement):
    """A line that stands any number of times: a list property of objects, or of scalars."""

    single = False

    def __init__(self, head: str, prop: Prop, term: Term, **more: Any) -> None:
        super().__init__([LineForm(head, term)], **more)
        self.prop = prop
        self.scalar = None if isinstance(prop.items, tuple) else term.props[0].name

    def declared(self) -> Iterable[Prop]:
        if isinstance(self.prop.items, tuple):
            return (replace(self.prop, items=self.forms[0].props),)
        return (self.prop,)

    def collect(self, rows: Sequence[LineContent]) -> dict[str, Any]:
        items = [row[self.scalar] if self.scalar else row for _, row in rows]
        return {self.prop.name: items} if items else {}

    def spread(self, values: Values) -> list[LineContent]:
        form = self.forms[0]
        items = values.get(self.prop.name) or ()
        return [(form, {self.scalar: item} if self.scalar else item) for item in items]

    def problems(self, values: Values) -> Iterator[Problem]:
        for at, (form, row) in enumerate(self.spread(values)):
            problems = form.term.problems(row)
            yield from problems if self.scalar else of_item(self.prop.name, at, problems)


class ChoiceStatement(Statement):
    """Lines that exclude one another; the property `prop` says which one stands.

    `also` are other words for the line of a value, which are read and kept and never written anew.
    """

    def __init__(
        self,
        prop: Prop,
        forms: dict[Any, LineForm],
        also: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        others = {LineForm(head, forms[value].term): value for head, value in (also or {}).items()}
        super().__init__([*forms.values(), *others], **more)
        self.prop = prop
        self.by_value = forms
        self.by_form = {form: value for value, form in forms.items()} | others

    def declared(self) -> Iterable[Prop]:
        return (self.prop, *super().declared())

    def collect(self, rows: Sequence[LineContent]) -> dict[str, Any]:
        row = self.counted(rows)
        return {self.prop.name: self.by_form[row[0]], **row[1]} if row else {}

    def spread(self, values: Values) -> list[LineContent]:
        form = self.by_value.get(values.get(self.prop.name))
        if form is None:
            return []
        return [(form, {name: value for name, value in values.items() if name in form.names})]

    def problems(self, values: Values) -> Iterator[Problem]:
        yield from super().problems(values)
        chosen = values.get(self.prop.name)
        form = self.by_value.get(chosen)
        if chosen is not None and form is None and chosen != "disabled":
            name = self.prop.name
            yield Problem(name, 422, f"{name}: HAProxy has no line that says {chosen}")
        fitting = form.names if form else frozenset()
        for name in self.own(values):
            if name not in fitting and name != self.prop.name:
                where = f"does not belong to {self.prop.name} {chosen}"
                needs = f"says nothing without {self.prop.name}"
                yield misplaced(name, f"{name} {needs if chosen is None else where}")


class PreferredStatement(Statement):
    """Lines that exclude one another, each with properties of its own.

    Of several that are given, the first counts; of several lines, the last.
    """

    def collect(self, rows: Sequence[LineContent]) -> dict[str, Any]:
        return dict(rows[-1][1]) if rows else {}

    def spread(self, values: Values) -> list[LineContent]:
        for form in self.forms:
            if given := form.names & values.keys():
                return [(form, {name: values[name] for name in given})]
        return []


class SharedStatement(Statement):
    """A nested object for the first of the lines that are a resource of their own as well.

    Without the object those lines stay as they are: they are the resource's.
    """

    kept = True

    def collect(self, rows: Sequence[LineContent]) -> dict[str, Any]:
        return dict(rows[0][1]) if rows else {}

    def spread(self, values: Values) -> list[LineContent]:
        own = self.own(values)
        return [(choose(self.forms, own), own)] if own else []


class RowStatement(Statement):
    """A line of several shapes that is a resource of its own: a rule, a log target, a server."""

    single = False

    def collect(self, rows: Sequence[LineContent]) -> dict[str, Any]:
        return dict(rows[-1][1]) if rows else {}

    def spread(self, values: Values) -> list[LineContent]:
        own = self.own(values)
        return [(choose(self.forms, own), own)] if own else []


def first_counts(statement: Statement) -> Statement:
    """Return a statement of whose lines HAProxy takes the first, and says so of the others."""
    return statement.counting(FIRST)


def each_counts(statement: Statement) -> Statement:
    """Return a statement of whose lines each has an effect of its own, which no property says."""
    return statement.counting(EACH)


def choose(forms: Sequence[LineForm], values: Values) -> LineForm:
    """The form that says every property in `values`, else one that can be written."""
    able = [form for form in forms if not any(True for _ in form.term.needs(values))]
    for form in (*able, *forms):
        if values.keys() <= form.names:
            return form
    return able[0] if able else forms[0]
