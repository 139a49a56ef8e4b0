"""Declare statements, and terms that combine others; `values` has the terms of one word."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dataplane_core.grammar.acl_condition import ConditionedTerm
from dataplane_core.grammar.dispatch import Case, Dispatch, Template
from dataplane_core.grammar.notations import CONDITION
from dataplane_core.grammar.props import Problem, Prop, Values
from dataplane_core.grammar.shapes import (
    Checked,
    ExclusiveChoice,
    Group,
    OptionalTerm,
    OrderedChoice,
    Repetition,
)
from dataplane_core.grammar.statements import (
    ChoiceStatement,
    LineForm,
    PreferredStatement,
    RepeatedStatement,
    RowStatement,
    SharedStatement,
    SingleStatement,
    Statement,
)
from dataplane_core.grammar.terms import (
    LiteralWords,
    Scalar,
    Term,
    TermSequence,
    UnwrittenValue,
    seq,
)
from dataplane_core.grammar.values import const
from dataplane_core.grammar.version_views import RenamedTerm, SpelledChoice

nothing: Term = TermSequence()
"""No word at all: the shape of a line, or of an argument, that has none."""


def opt(term: Term) -> Term:
    """Return a term that may be missing from the line: then none of its properties is set."""
    return OptionalTerm(term)


def lit(*words: str) -> Term:
    """Return fixed words, which carry no property: a line without them is not read."""
    return LiteralWords(*words)


def first_of(*terms: Term) -> Term:
    """Return an ordered choice; an alternative that begins another one stands behind it."""
    return OrderedChoice(*terms)


def just_one(*terms: Term, needed: bool = True) -> Term:
    """Return an ordered choice of which a client gives one: both are a contradiction.

    Unless it is `needed`, HAProxy takes a line with none of them, which is read and written, too.
    """
    return ExclusiveChoice(*terms, needed=needed)


def group(name: str, term: Term, names: Mapping[str, str] | None = None) -> Term:
    """Return a term whose properties are those of the nested object `name`.

    `names` are what the object is called in versions that call it otherwise.
    """
    return Group(name, term, names)


def renamed(term: Term, **names: Mapping[str, str]) -> Term:
    """Return a term some of whose properties have other names in versions: in this place alone."""
    return RenamedTerm(term, names)


def spelled(name: str, choice: Dispatch, help: str) -> Term:
    """Return a choice of which versions show the words behind the first one as the list `name`."""
    return SpelledChoice(choice, name, help)


def checked(term: Term, rule: Callable[[Values], Iterable[Problem]]) -> Term:
    """Return a term with a rule between its values; `rule` yields a problem for each breach."""
    return Checked(term, rule)


def many(name: str, term: Term, at_least: int = 0, **more: Any) -> Term:
    """Return a term that is repeated, to the end of the line.

    A list of objects, or of scalars when the term is one word that bears the list's own name.
    """
    prop = Prop(name, "array", items=_items(name, term), **more)
    return Repetition(prop, term, at_least)


def _items(name: str, term: Term) -> tuple[Prop, ...] | Prop:
    scalar = isinstance(term, Scalar) and term.prop.name == name
    return term.props[0] if scalar else term.props


def case(head: str, term: Term = nothing, value: Any = None, **facts: dict[str, Any]) -> Case:
    """Return a case of `dispatch`: its first word, a term for what follows, and its value.

    The value is by default the word up to its first bracket. `facts` gives the properties of a
    template their facts: `case("lua.{lua_action}", lua_action={"help": …})`.
    """
    template = Template(head, facts)
    return Case(template, term, template.stem if value is None else value)


def dispatch(name: str, *cases: Case, implied: Any = None, **more: Any) -> Dispatch:
    """Return a choice by the first word; the property `name` holds the value of the case.

    `implied` as a `Dispatch` has it.
    """
    more.setdefault("required", True)
    return Dispatch(Prop(name, "string", **more), *cases, implied=implied)


def rule(body: Term, cond: str = "cond", test: str = "cond_test") -> Term:
    """Return a term with an optional `if` or `unless` and a condition behind it (manual, 7.2)."""
    return ConditionedTerm(
        body,
        Prop(
            cond, "string", enum=("if", "unless"), help="Whether the condition must hold or fail."
        ),
        Prop(test, "string", help="The condition, in HAProxy's ACL notation.", refers_to=CONDITION),
    )


def statement(head: str, term: Term, **more: Any) -> Statement:
    """Return a line that stands at most once in a section, or that is a row of a collection.

    `head` are the words that it starts with, `term` is all behind them. `more` are facts of a
    `Statement`: `examples` and `rejects` are lines that have to be read, and not, and which tests
    try. Of several such lines in a section the last one counts (`first_counts`, `each_counts`). A
    line that the term does not read to its end is kept as it is, and shown in `x_unmanaged`.
    """
    return SingleStatement(head, term, **more)


def statements(
    head: str,
    name: str,
    term: Term,
    examples: Sequence[str] = (),
    rejects: Sequence[str] = (),
    **more: Any,
) -> Statement:
    """Return a line that may be repeated: each is an item of the list property `name`.

    Items are objects of the term's properties, or bare values where the term is one value that is
    called `name`, too. Lines keep their order, and items that do not change keep their text.
    """
    prop = Prop(name, "array", items=_items(name, term), **more)
    return RepeatedStatement(head, prop, term, examples=examples, rejects=rejects)


def choose(
    name: str,
    choices: dict[Any, tuple[str, Term]],
    examples: Sequence[str] = (),
    rejects: Sequence[str] = (),
    also: dict[str, Any] | None = None,
    **more: Any,
) -> Statement:
    """Return lines that exclude one another: `choices` maps values of `name` to head and term.

    `also` are other words that are read as one of the values.
    """
    kind = "boolean" if set(choices) <= {True, False} else "string"
    more.setdefault("enum", () if kind == "boolean" else tuple(choices))
    forms = {value: LineForm(head, term) for value, (head, term) in choices.items()}
    return ChoiceStatement(
        Prop(name, kind, **more), forms, also, examples=examples, rejects=rejects
    )


def option(keyword: str, name: str, **more: Any) -> Statement:
    """Return `option KEYWORD`, in JSON `enabled`, with `no option KEYWORD` for `disabled`."""
    heads = {
        "enabled": (f"option {keyword}", nothing),
        "disabled": (f"no option {keyword}", nothing),
    }
    examples = [f"option {keyword}", f"no option {keyword}", *more.get("also", ())]
    return choose(name, heads, examples=examples, **more)


def toggle(keyword: str, name: str, **more: Any) -> Statement:
    """Return `KEYWORD`, in JSON the string `enabled`, with `no KEYWORD` for `disabled`."""
    heads = {"enabled": (keyword, nothing), "disabled": (f"no {keyword}", nothing)}
    return choose(name, heads, examples=[keyword, f"no {keyword}"], **more)


def keyword(head: str, name: str, value: Any = True, **more: Any) -> Statement:
    """Return a line without arguments: the property is true, or `value`, where it stands."""
    return SingleStatement(head, const(name, value, **more), examples=[head])


def prefer(*forms: tuple[str, Term], **more: Any) -> Statement:
    """Return lines that exclude one another, each with properties of its own.

    Where properties of several are given, the line that is named first is written.
    """
    return PreferredStatement([LineForm(head, term) for head, term in forms], **more)


def shared(name: str, resource: Statement, index: Prop, **more: Any) -> Statement:
    """Return the first of the lines of `resource`, rows of a collection, as the object `name`.

    `index` is the object's property for the line's place.
    """
    place = UnwrittenValue(index, 0)
    forms = [
        LineForm(" ".join(form.head), group(name, seq(place, form.term))) for form in resource.forms
    ]
    return SharedStatement(forms, examples=resource.examples, rejects=resource.rejects, **more)


def rows(*forms: tuple[str, Term], **more: Any) -> Statement:
    """Return the rows of a collection whose lines have several forms, by their first words."""
    return RowStatement([LineForm(head, term) for head, term in forms], **more)


__all__ = [
    "case",
    "checked",
    "choose",
    "dispatch",
    "first_of",
    "group",
    "just_one",
    "keyword",
    "lit",
    "many",
    "nothing",
    "opt",
    "option",
    "prefer",
    "rows",
    "rule",
    "seq",
    "shared",
    "statement",
    "statements",
    "toggle",
]


def dangerous(statement: Statement) -> Statement:
    """Return the statement for lines that run commands, or open the system to who writes them."""
    new = copy.copy(statement)
    new.is_dangerous = True
    return new
