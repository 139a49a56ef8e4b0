"""Declare tables of keywords in any order, and the keywords in them."""

from collections.abc import Mapping, Sequence
from typing import Any

from dataplane_core.grammar.parameter_keywords import (
    JoinedKeyword,
    ParameterKeyword,
    RepeatedKeyword,
    SynonymKeyword,
    VariantKeywords,
)
from dataplane_core.grammar.parameter_table import ParameterTable
from dataplane_core.grammar.props import Prop
from dataplane_core.grammar.terms import Term
from dataplane_core.grammar.values import const


def params(
    *keywords: ParameterKeyword,
    strict: bool = False,
    tolerant: bool = False,
    own: Sequence[ParameterKeyword] | None = None,
    name: str = "",
) -> ParameterTable:
    """Return a table of keywords that stand in any order.

    `strict` tables end at the first unknown word instead of keeping it; `tolerant` ones keep a
    keyword with an argument that cannot be read, too. `own` are the keywords that one model has
    beside a table that several share. `name` is what HAProxy's manual calls a table that several
    lines have: a plugin that extends one of the lines extends them all.
    """
    return ParameterTable(*keywords, strict=strict, tolerant=tolerant, own=own, name=name)


def flag(keyword: str, name: str, value: Any = True, **more: Any) -> ParameterKeyword:
    """Return a keyword without arguments: the property is true, or `value`, where it stands."""
    return ParameterKeyword({keyword: const(name, value, **more)})


def switch(keyword: str, name: str, off: str | None = None, **more: Any) -> ParameterKeyword:
    """Return a pair of keywords, of which one says `enabled` and the other `disabled`.

    `switch("check", "check", off="no-check")`.
    """
    more.setdefault("enum", ("enabled", "disabled") if off else ("enabled",))
    words: dict[str, Term] = {keyword: const(name, "enabled", **more)}
    if off:
        words[off] = const(name, "disabled", **more)
    return ParameterKeyword(words)


def either(name: str, *words: str, **more: Any) -> ParameterKeyword:
    """Return keywords that exclude one another: the property `name` holds the one that stands."""
    more.setdefault("enum", words)
    return ParameterKeyword({word: const(name, word, **more) for word in words})


def variants(
    name: str, words: dict[str, Term], needed: bool = False, **more: Any
) -> ParameterKeyword:
    """Return keywords with arguments that exclude one another; the property `name` holds which.

    `needed`: one of them must stand.
    """
    more.setdefault("enum", tuple(words))
    return VariantKeywords(Prop(name, "string", **more), words, needed)


def arg(
    keyword: str, term: Term, required: bool = False, several: bool = False
) -> ParameterKeyword:
    """Return a keyword with arguments.

    A `keyword` that ends in `(` is read and written by the term itself. Where HAProxy takes
    `several`, the first is the property and the others are words that stay as they are.
    """
    return ParameterKeyword({keyword: term}, required, several)


def joined(keyword: str, term: Term) -> ParameterKeyword:
    """Return a keyword whose argument is a list; the lists of several occurrences add up."""
    return JoinedKeyword(keyword, term)


def synonym(keyword: str, name: str, value: str, unless: str, **more: Any) -> ParameterKeyword:
    """Return a property whose `value` writes a keyword that another property reads.

    It is written where that other property, `unless`, is not given:

    `synonym("no-tlsv10", "no_tlsv10", "enabled", unless="force_tlsv10")`.
    """
    more.setdefault("enum", ("enabled", "disabled"))
    return SynonymKeyword(keyword, Prop(name, "string", **more), value, unless)


def unsaid(name: str, **more: Any) -> ParameterKeyword:
    """Return a property that is taken and ignored, as HAProxy has no keyword for it."""
    return synonym("", name, "", name, **more)


def alias(name: str, same_as: Mapping[str, tuple[str, Any]], **more: Any) -> ParameterKeyword:
    """Return a property whose values say what values of other properties of the table say.

    `alias("tlsv10", {"enabled": ("force_tlsv10", True), "disabled": ("no_tlsv10", True)})`.
    """
    return unsaid(name, same_as=same_as, **more)


def args(keyword: str, name: str, term: Term, **more: Any) -> ParameterKeyword:
    """Return a keyword with arguments that may be repeated.

    Each gives an object of the list property `name`.
    """
    scalar = len(term.props) == 1 and term.props[0].name == name
    items: tuple[Prop, ...] | Prop = term.props[0] if scalar else term.props
    return RepeatedKeyword(keyword, Prop(name, "array", items=items, **more), term)
