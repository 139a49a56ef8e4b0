"""Objects made from the declarations alone: every term says what it would write.

Strategies for hypothesis: `objects(statement)` gives flat values that obey the limits of their
properties. Names are made up, so that HAProxy may miss what they refer to, never how they are said.
What an example chooses decides which strategies it draws from; each of them is made once, since to
make and validate one costs more than to draw from it.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from hypothesis import strategies as st

from dataplane_core.grammar import LineForm, ParameterTable, Prop, Reading, Statement, Term
from dataplane_core.grammar.acl_condition import ConditionedTerm
from dataplane_core.grammar.dispatch import Dispatch, Template
from dataplane_core.grammar.model import HeadTable
from dataplane_core.grammar.parameter_keywords import (
    ParameterKeyword,
    RepeatedKeyword,
    SynonymKeyword,
)
from dataplane_core.grammar.shapes import Checked, Group, OptionalTerm, OrderedChoice, Repetition
from dataplane_core.grammar.statements import RepeatedStatement
from dataplane_core.grammar.terms import (
    ImpliedValue,
    LiteralWords,
    Rest,
    Scalar,
    TermSequence,
    UnwrittenValue,
)
from dataplane_core.grammar.values import WORD
from dataplane_core.text import Line, is_one_word

Choice = TypeVar("Choice")
Objects = st.SearchStrategy[dict[str, Any]]
WORDS = st.sampled_from(
    ["a", "web1", "x-y.z", "p:q", '"two words"', r"esc\ aped", "%[src]", "/path", "w0"]
)


def scalar(prop: Prop) -> st.SearchStrategy[Any]:
    """A value of one property."""
    if prop.enum:
        return st.sampled_from([value for value in prop.enum if value != ""])
    if prop.json == "boolean":
        return st.just(True)
    if prop.json == "integer":
        low = 1 if prop.minimum is None else prop.minimum
        high = max(low, 1000) if prop.maximum is None else prop.maximum
        return st.integers(low, high).filter(lambda number: number != 0 or prop.nullable)
    if prop.json == "array":
        item = prop.items if isinstance(prop.items, Prop) else Prop("", "string")
        return st.lists(
            scalar(item).filter(lambda one: "," not in str(one)), min_size=1, max_size=3
        )
    if prop.pattern and prop.pattern != WORD:
        return st.from_regex(prop.pattern, fullmatch=True).filter(
            lambda text: bool(text) and is_one_word(text) and "$" not in text
        )
    return WORDS


def merge(*parts: Objects) -> Objects:
    """The parts' properties together."""
    return st.tuples(*parts).map(
        lambda found: {name: value for one in found for name, value in one.items()}
    )


def one_of(choices: Sequence[Choice], made: Callable[[Choice], Objects]) -> Objects:
    """Values of one of the choices."""
    return st.sampled_from(range(len(choices))).flatmap(cache(lambda at: made(choices[at])))


def of(term: Term, samples: list[dict[str, Any]]) -> Objects:  # noqa: C901 - a case for each term
    """Values that `term` can write; `samples` are what examples of the statement say."""
    match term:
        case Scalar():
            return scalar(term.prop).map(lambda value: {term.prop.name: value})
        case Rest():
            words = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
            return (
                st.sampled_from(term.prop.enum).map(lambda v: {term.prop.name: v})
                if term.prop.enum
                else words.map(lambda value: {term.prop.name: value})
            )
        case ImpliedValue():
            return st.just({term.prop.name: term.value})
        case UnwrittenValue():
            return st.just({term.prop.name: term.value})
        case LiteralWords():
            return st.just({})
        case TermSequence():
            return merge(*(of(one, samples) for one in term.terms))
        case OptionalTerm():
            return st.just({}) | of(term.term, samples)
        case Repetition():
            item = of(term.term, samples)
            found = st.lists(item, min_size=max(1, term.at_least), max_size=3)
            return found.map(
                lambda items: {
                    term.prop.name: [one[term.scalar] if term.scalar else one for one in items]
                }
            )
        case OrderedChoice():
            return st.one_of(*(of(one, samples) for one in term.terms))
        case Checked():
            made = (
                custom(term, samples) if isinstance(term.term, Scalar) else of(term.term, samples)
            )
            return made.filter(lambda values: values and not list(term.rule(values)))
        case Group():
            inner = [
                {k.removeprefix(term.prefix + "."): v for k, v in one.items()} for one in samples
            ]
            return of(term.term, inner).map(
                lambda found: {f"{term.prefix}.{k}": v for k, v in found.items()}
            )
        case Template():
            names = st.from_regex(r"[a-z][a-z0-9_]{0,7}", fullmatch=True)
            return merge(
                *(
                    (scalar(p) if p.json == "integer" or p.enum else names).map(
                        lambda v, p=p: {p.name: v}
                    )
                    for p in term.props
                )
            )
        case Dispatch():
            return one_of(
                term.cases,
                lambda case: of(case.term, samples).map(
                    lambda found: {term.prop.name: case.value, **found}
                ),
            )
        case ConditionedTerm():
            condition = st.just({}) | st.sampled_from(term.WORDS).map(
                lambda word: {term.cond.name: word, term.test.name: "{ path /a } or !b"}
            )
            return merge(of(term.body, samples), condition)
        case ParameterTable():
            return params(term, samples)
    return custom(term, samples)


def params(term: ParameterTable, samples: list[dict[str, Any]]) -> Objects:
    """Some keywords of a table, the required ones always."""
    needed = [entry for entry in term.keywords if entry.required]
    others = [
        entry for entry in term.keywords if not entry.required and not isinstance(entry, SynonymKeyword)
    ]
    some = st.lists(st.sampled_from(others), max_size=6, unique=True) if others else st.just([])
    values_of = cache(lambda entry: entry_values(entry, samples))

    @st.composite
    def chosen(draw: st.DrawFn) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for entry in [*needed, *draw(some)]:
            found |= draw(values_of(entry))
        return found

    return chosen()


def entry_values(entry: ParameterKeyword, samples: list[dict[str, Any]]) -> Objects:
    """One keyword's values."""
    if isinstance(entry, RepeatedKeyword):
        items = st.lists(of(entry.item, samples), min_size=1, max_size=2)
        single = not isinstance(entry.prop.items, tuple)
        return items.map(
            lambda found: {
                entry.prop.name: [one[entry.prop.name] if single else one for one in found]
            }
        )
    return one_of(sorted(entry.words), lambda word: of(entry.words[word], samples))


def custom(term: Term, samples: list[dict[str, Any]]) -> Objects:
    """What the examples say of a term that can't be looked into."""
    names = {prop.name for prop in term.props}
    known = [{k: v for k, v in one.items() if k in names} for one in samples]
    return st.sampled_from([one for one in known if one] or [{}])


def readings(statement: Statement) -> list[dict[str, Any]]:
    """What the examples of a statement say."""
    table = HeadTable([statement])
    found = (table.lookup(Line(f"  {text}\n")) for text in statement.examples)
    return [
        match[2].values for match in found if match is not None and isinstance(match[2], Reading)
    ]


@cache
def objects(statement: Statement) -> Objects:
    """Flat values of one statement."""
    samples = readings(statement)

    def line(form: LineForm) -> Objects:
        found = of(form.term, samples)
        if isinstance(statement, RepeatedStatement):
            name, one = statement.prop.name, statement.scalar
            many = st.lists(found, min_size=1, max_size=3)
            return many.map(lambda items: {name: [item[one] if one else item for item in items]})
        return found.map(lambda values: statement.collect([(form, statement.own(values))]))

    return one_of(statement.forms, line)
