"""Statements of `global` that the interface and HAProxy see in different ways."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from dataplane_core.plugin import (
    Code,
    Line,
    LineContent,
    LineForm,
    Problem,
    Prop,
    Reading,
    Scalar,
    SingleStatement,
    UnwrittenValue,
    Values,
    const,
    nothing,
    seq,
)
from dataplane_plugins.configuration.globals.keywords import in_v3


class NegatableFlag(SingleStatement):
    """A keyword that stands alone: true if there is such a line.

    A line `no <keyword>` says the same as none. Setting the property replaces it.
    """

    def __init__(self, head: str, name: str, help: str, v3: str = "") -> None:
        super().__init__(head, const(name, True, help=help, **in_v3(v3)), examples=[head])
        self.forms = (*self.forms, FormWithoutProperties(f"no {head}", nothing))


class FormWithoutProperties(LineForm):
    """Lines that belong to a statement and set none of its properties."""

    def read(self, line: Line) -> Reading | None:
        return None


class SwitchedLimit(SingleStatement):
    """A keyword with a number, and a switch that is true where the line stands.

    The switch alone writes nothing: no line lacks the number, which a body needs with the switch.
    """

    def __init__(self, head: str, limit: Scalar, switch: Prop, **more: Any) -> None:
        super().__init__(head, seq(UnwrittenValue(switch, True), limit), **more)
        self.switch, self.limit = switch.name, limit.prop.name

    def spread(self, values: Values) -> list[LineContent]:
        return super().spread(values) if self.limit in values else []

    def problems(self, values: Values) -> Iterator[Problem]:
        if values.get(self.switch) and self.limit not in values:
            yield Problem(self.limit, Code.REQUIRED, f"{self.limit} in body is required")
        yield from super().problems(values)


class ValueSynonyms(SingleStatement):
    """A keyword with a value that the interface takes in more words than it shows.

    `words` are those that a body may have, each with the one that is shown.
    """

    def __init__(self, head: str, term: Scalar, words: Mapping[str, str], **more: Any) -> None:
        super().__init__(head, term, **more)
        self.name = term.prop.name
        self.words = dict(words)

    def own(self, values: Values) -> dict[str, Any]:
        own = super().own(values)
        if own.get(self.name) in self.words:
            own[self.name] = self.words[own[self.name]]
        return own


class DoubledProperty(SingleStatement):
    """A keyword whose value the interface shows as two properties, and takes as either.

    `term` makes the value of the property `new`; `old` is the deprecated property. A body in which
    the two differ is refused.
    """

    def __init__(self, head: str, term: Callable[[str], Scalar], new: str, old: Prop, **more: Any):
        super().__init__(head, term(new), **more)
        self.new, self.old = new, old.name
        self.old_prop = old

    def declared(self) -> Iterable[Prop]:
        return (*super().declared(), self.old_prop)

    def collect(self, contents: Sequence[LineContent]) -> dict[str, Any]:
        values = super().collect(contents)
        return {**values, self.old: values[self.new]} if values else {}

    def spread(self, values: Values) -> list[LineContent]:
        own = self.own(values)
        value = own.get(self.new, own.get(self.old))
        return [] if value is None else [(self.forms[0], {self.new: value})]

    def problems(self, values: Values) -> Iterator[Problem]:
        if values.get(self.old, values.get(self.new)) != values.get(self.new, values.get(self.old)):
            message = f"{self.old} and {self.new} are the same setting and must be equal"
            yield Problem(self.old, 422, message)
