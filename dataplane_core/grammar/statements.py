"""Statements: lenses between some lines of a section and some properties of its object."""

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
from dataplane_core.text.lines import NO_READINGS, Line

LineContent = tuple["LineForm", dict[str, Any]]
"""What one line says: the form that it has, and a flat object of its values."""


class LineForm(Declaration):
    """One form of line: the words that it starts with (`head`), and a term for all behind them."""

    def __init__(self, head: str, term: Term) -> None:
        self.head = tuple(head.split())
        if not self.head:
            raise ValueError("a statement has no word that its lines start with")
        self.term = term

    def declared(self) -> Iterable[Prop]:
        return self.term.props

    def read(self, line: Line) -> Reading | None:
        """Return what a line with this head says; None where the term cannot read all of it."""
        if self in line.readings:
            reading: Reading | None = line.readings[self]
            return reading
        reading = Reading()
        try:
            end = self.term.read(line.tokens, len(self.head), reading)
        except NoMatch:
            end = -1
        result = reading if end == len(line.tokens) else None
        if line.readings is NO_READINGS:  # no call: this is done for each line that is read
            line.readings = {self: result}
        else:
            line.readings[self] = result
        return result

    def write(self, values: Values, layout: Layout) -> list[str]:
        """Return the raw tokens of a line that says `values`, spelled as `layout` has them.

        Raises `Invalid` for a value that cannot be written.
        """
        return [*self.head, *self.term.write(values, layout)]


LAST, FIRST, EACH = "last", "first", "each"
"""Which of several lines of a statement counts to HAProxy; with `EACH` each has an effect."""


class Statement(Declaration):
    """Lines that carry properties together, in one or more forms.

    Subclasses say how: `collect` is the lens's get, `spread` its create, and `arrange` its put.
    `examples` are lines that the laws read and write, `rejects` lines that no form may read.
    """

    #: Whether one line alone is shown of several.
    single = True
    #: Which one that is. With `EACH` it is the last; the others stay, and are shown as unmanaged.
    counts = LAST
    #: Whether the lines stay where none of the statement's properties is given.
    stays_when_unset = False
    #: Whether the lines run commands or open the system: `dataplane.dangerous_lines` is about them.
    is_dangerous = False

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

    def collect(self, contents: Sequence[LineContent]) -> dict[str, Any]:
        """Return the values that lines say together; `{}` for no lines."""
        raise NotImplementedError

    def spread(self, values: Values) -> list[LineContent]:
        """Return the lines that say `values`; none where no property of the statement is given."""
        raise NotImplementedError

    def arrange(self, values: Values, contents: Sequence[LineContent]) -> list[LineContent]:
        """Return the lines that say `values`, divided among lines as in `contents` where it can be.

        Statements that several lines say together refine this; for others it is `spread`.
        """
        return self.spread(values)

    def problems(self, values: Values) -> Iterator[Problem]:
        """Yield a problem for each rule between the statement's properties that `values` breaks."""
        for form, row in self.spread(values):
            yield from form.term.problems(row)

    def own(self, values: Values) -> dict[str, Any]:
        """Return the part of `values` that the statement carries."""
        return {name: value for name, value in values.items() if name in self.names}

    def counting(self, which: str) -> Self:
        """Return the statement with another of its lines counting: `FIRST`, `LAST` or `EACH`."""
        new = copy.copy(self)
        new.counts = which
        return new

    def counted(self, contents: Sequence[LineContent]) -> LineContent | None:
        """Return the one of several lines that is shown; None for no lines."""
        return contents[0 if self.counts == FIRST else -1] if contents else None


class SingleStatement(Statement):
    """A line that stands at most once in a section; of several the last counts, by default.

    `also` are further heads, which are read and stay, and are never written anew.
    """

    def __init__(self, head: str, term: Term, also: Sequence[str] = (), **more: Any) -> None:
        super().__init__([LineForm(word, term) for word in (head, *also)], **more)

    def declared(self) -> Iterable[Prop]:
        return self.forms[0].props

    def collect(self, contents: Sequence[LineContent]) -> dict[str, Any]:
        content = self.counted(contents)
        return dict(content[1]) if content else {}

    def spread(self, values: Values) -> list[LineContent]:
        own = self.own(values)
        return [(self.forms[0], own)] if own else []


class RepeatedStatement(Statement):
    """A line that may be repeated: each is an item of the list property `prop`.

    An item is an object, or the value of the term's only property where `prop` is a list of those.
    """

    single = False

    def __init__(self, head: str, prop: Prop, term: Term, **more: Any) -> None:
        super().__init__([LineForm(head, term)], **more)
        self.prop = prop
        self.scalar = None if isinstance(prop.items, tuple) else term.props[0].name

    def declared(self) -> Iterable[Prop]:
        if isinstance(self.prop.items, tuple):
            return (replace(self.prop, items=self.forms[0].props),)
        return (self.prop,)

    def collect(self, contents: Sequence[LineContent]) -> dict[str, Any]:
        items = [values[self.scalar] if self.scalar else values for _, values in contents]
        return {self.prop.name: items} if items else {}

    def spread(self, values: Values) -> list[LineContent]:
        form = self.forms[0]
        items = values.get(self.prop.name) or ()
        return [(form, {self.scalar: item} if self.scalar else item) for item in items]

    def problems(self, values: Values) -> Iterator[Problem]:
        for at, (form, item) in enumerate(self.spread(values)):
            problems = form.term.problems(item)
            yield from problems if self.scalar else of_item(self.prop.name, at, problems)


class ChoiceStatement(Statement):
    """Lines that exclude one another; the value of the property `prop` says which one stands.

    `also` maps further heads to values: they are read and stay, and are never written anew.
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

    def collect(self, contents: Sequence[LineContent]) -> dict[str, Any]:
        content = self.counted(contents)
        return {self.prop.name: self.by_form[content[0]], **content[1]} if content else {}

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

    Of several lines the last counts. Of the properties, those of the first form that has any given
    are written.
    """

    def collect(self, contents: Sequence[LineContent]) -> dict[str, Any]:
        return dict(contents[-1][1]) if contents else {}

    def spread(self, values: Values) -> list[LineContent]:
        for form in self.forms:
            if given := form.names & values.keys():
                return [(form, {name: values[name] for name in given})]
        return []


class SharedStatement(Statement):
    """A nested object for the first of some lines that are a collection of rows as well.

    Where the object is not given the lines stay: they are the collection's.
    """

    stays_when_unset = True

    def collect(self, contents: Sequence[LineContent]) -> dict[str, Any]:
        return dict(contents[0][1]) if contents else {}

    def spread(self, values: Values) -> list[LineContent]:
        own = self.own(values)
        return [(choose(self.forms, own), own)] if own else []


class RowStatement(Statement):
    """A line of several forms that is a row of a collection: a rule, a log target, a server."""

    single = False

    def collect(self, contents: Sequence[LineContent]) -> dict[str, Any]:
        return dict(contents[-1][1]) if contents else {}

    def spread(self, values: Values) -> list[LineContent]:
        own = self.own(values)
        return [(choose(self.forms, own), own)] if own else []


def first_counts(statement: Statement) -> Statement:
    """Return the statement for lines of which HAProxy takes the first and warns of the others."""
    return statement.counting(FIRST)


def each_counts(statement: Statement) -> Statement:
    """Return the statement for lines that each have an effect, which no property can say."""
    return statement.counting(EACH)


def choose(forms: Sequence[LineForm], values: Values) -> LineForm:
    """Return the form to write `values` in.

    Forms that can be written go before those that lack a value. Of each, the first form that has
    every property in `values` is taken; else the first that can be written, or the first at all.
    """
    able = [form for form in forms if not any(True for _ in form.term.needs(values))]
    for form in (*able, *forms):
        if values.keys() <= form.names:
            return form
    return able[0] if able else forms[0]
