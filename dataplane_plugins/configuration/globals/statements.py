"""Kinds of lines that `global` is made of, and the two spellings that some of them have."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from dataplane_core.plugin import (
    Line,
    LineContent,
    LineForm,
    Problem,
    Prop,
    Reading,
    Scalar,
    SingleStatement,
    Statement,
    Term,
    Values,
    choose,
    const,
    duration,
    gathered,
    integer,
    keyword,
    mapped,
    nothing,
    on_off,
    one_of,
    opt,
    rest,
    word,
)
from dataplane_plugins.configuration.common.keywords import valued

Names = dict[str, Any]


def in_v3(path: str | None) -> Names:
    """Where version 3 of the interface has a property; None: nowhere."""
    return {"names": {"v3": path}}


def boolean(head: str, name: str, help: str, v3: str | None = "") -> Statement:
    """A keyword alone: a boolean."""
    return keyword(head, name, help=help, **_v3(v3))


def number(
    head: str,
    name: str,
    help: str,
    *limits: int | None,
    v3: str | None = "",
    nullable: bool = False,
) -> Statement:
    """A keyword with a whole number; `limits` are the least and the largest."""
    least, most = [*limits, None, None][:2]
    term = integer(name, least, most, nullable=nullable, help=help, **_v3(v3))
    return valued(head, term, str(10 if least is None else least))


def time(head: str, name: str, help: str, *limits: int, v3: str = "") -> Statement:
    """A keyword with a time, in JSON milliseconds; `limits` are the least and the largest."""
    least, most = [*limits, None, None][:2]
    term = duration(name, least, most, nullable=True, help=help, **_v3(v3))
    return valued(head, term, "1000", "2s")


def text(
    head: str, name: str, help: str, pattern: str | None = None, v3: str = "", **more: Any
) -> Statement:
    """A keyword with one word."""
    return valued(head, word(name, pattern, help=help, **_v3(v3), **more), "x")


def words(head: str, name: str, help: str, v3: str = "") -> Statement:
    """A keyword with words up to the end of the line."""
    term = rest(name, help=help, **_v3(v3))
    return valued(head, term, "x", "x y")


def added_words(head: str, name: str, help: str, v3: str = "") -> Statement:
    """A keyword with words, whose lines add up."""
    term = rest(name, help=help, **_v3(v3))
    return gathered(head, term, examples=[f"{head} x", f"{head} x y"], rejects=[head])


def on_off_word(head: str, name: str, help: str, v3: str = "", **words: str) -> Statement:
    """A keyword with `on` or `off`, in JSON `enabled` or `disabled`; `words` adds others."""
    term = mapped(name, {"on": "enabled", "off": "disabled", **words}, help=help, **_v3(v3))
    term = term if words else on_off(name, help=help, **_v3(v3))
    return valued(head, term, "on", "off")


def choice(
    head: str, name: str, choices: Sequence[str], help: str, v3: str | None = ""
) -> Statement:
    """A keyword with one of some words."""
    return valued(head, one_of(name, *choices, help=help, **_v3(v3)), choices[0])


def _v3(path: str | None) -> Names:
    return {} if path == "" else in_v3(path)


def enabled_or_absent(
    head: str, name: str, help: str, argument: Term = nothing, **more: Any
) -> Statement:
    """A keyword that can only be there or not: `enabled`; `disabled` is the same as unset."""
    return choose(
        name,
        {"enabled": (head, opt(argument))},
        enum=("enabled", "disabled"),
        help=help,
        examples=[head],
        **more,
    )


class NegatableFlag(SingleStatement):
    """`X`, a boolean; a `no X` that stands in the file is what setting it replaces."""

    def __init__(self, head: str, name: str, help: str, v3: str | None = "") -> None:
        super().__init__(head, const(name, True, help=help, **_v3(v3)), examples=[head])
        self.forms = (*self.forms, FormWithoutProperties(f"no {head}", nothing))


class FormWithoutProperties(LineForm):
    """Lines that belong to a statement, but say nothing that its properties can."""

    def read(self, line: Line) -> Reading | None:
        return None


class ValueSynonyms(SingleStatement):
    """A line whose value the interface takes in more words than it shows.

    `words` gives, for each word that is only taken, the one that is shown.
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
    """A line whose value the interface shows under two names, and takes under either."""

    def __init__(self, head: str, term: Callable[[str], Scalar], new: str, old: Prop, **more: Any):
        super().__init__(head, term(new), **more)
        self.new, self.old = new, old.name
        self.also = old

    def declared(self) -> Iterable[Prop]:
        return (*super().declared(), self.also)

    def collect(self, rows: Sequence[LineContent]) -> dict[str, Any]:
        values = super().collect(rows)
        return {**values, self.old: values[self.new]} if values else {}

    def spread(self, values: Values) -> list[LineContent]:
        own = self.own(values)
        value = own.get(self.new, own.get(self.old))
        return [] if value is None else [(self.forms[0], {self.new: value})]

    def problems(self, values: Values) -> Iterator[Problem]:
        if values.get(self.old, values.get(self.new)) != values.get(self.new, values.get(self.old)):
            message = f"{self.old} and {self.new} are the same setting and must be equal"
            yield Problem(self.old, 422, message)
