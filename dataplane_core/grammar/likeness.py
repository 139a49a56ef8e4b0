"""Say which lines are read as one line was, so that they need not be read to know that.

The form that reads a line walks through its words: some it compares with the words of the
declaration, others it takes whatever they are. A line with the same words at the former places, and
any words at the latter, takes the same way through the form, and so it is read to its end as well.
`alike` makes the regular expression of such lines. Nothing in it is guessed from the line: what a
term takes is said here of the very function with which it reads (`_WAYS`). Of any other function
nothing is said: from that place on, the words have to be the same.

Regular expressions of words have two things in common. What they match is one word, or several, to
HAProxy, and no line ends in it. And none is `if` or `unless`, which end the body of a rule.
"""

import contextlib
import re
from collections.abc import Callable, Sequence
from typing import Any

from dataplane_core.grammar.acl_condition import ConditionedTerm
from dataplane_core.grammar.address import Address
from dataplane_core.grammar.dispatch import Dispatch, Template
from dataplane_core.grammar.loose import OpenParameterTable
from dataplane_core.grammar.parameter_keywords import (
    JoinedKeyword,
    ParameterKeyword,
    RepeatedKeyword,
)
from dataplane_core.grammar.parameter_table import ParameterTable
from dataplane_core.grammar.props import NoMatch, Reading
from dataplane_core.grammar.shapes import (
    ExclusiveChoice,
    Group,
    OptionalTerm,
    OrderedChoice,
    Repetition,
    WrappingTerm,
)
from dataplane_core.grammar.statements import LineForm
from dataplane_core.grammar.terms import (
    ImpliedValue,
    LiteralWords,
    MaybeWord,
    Measure,
    Rest,
    Scalar,
    Term,
    TermSequence,
)
from dataplane_core.text.lines import Line
from dataplane_core.text.tokens import may_be_quoted, plain_word

_CONDITION = "|".join(ConditionedTerm.WORDS)
_BARE = r"""[^ \t\v\f\r\n"'\\#]"""
_FREE = rf"(?!(?:{_CONDITION})(?!{_BARE})){_BARE}++"
_FREE_WORDS = rf"{_FREE}(?:[ \t]++{_FREE})*+"
# The words of a condition are taken as they are written, with their quotes.
_RAW = rf"""(?:{_BARE}++|\\[^\r\n]|'[^'\r\n]*+'|"(?:[^"\\\r\n]|\\[^\r\n])*+")++"""
_RAW_WORDS = rf"{_RAW}(?:[ \t]++{_RAW})*+"
_HOST_AND_PORT = r"""(?!\$)[^ \t\v\f\r\n"'\\#$@/:]++:[1-9][0-9]{0,3}+"""
_LONGEST = 2_000
"""The longest regular expression that is made of a line; a longer line is read when it comes."""


class _Unlike(Exception):
    """Nothing is known of the lines that differ behind the place that was reached."""


class _Way:
    """The way of a form through a line: for each of its words, what may stand in its place.

    `patterns` has a regular expression for each word, the word itself to begin with. An empty one
    belongs to that of the word in front of it.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self.patterns = [re.escape(token) for token in tokens]

    def loosen(self, at: int, pattern: str, until: int | None = None) -> int:
        """Have `pattern` for the words from `at` to `until`, by default one; return the end."""
        end = at + 1 if until is None else until
        self.patterns[at:end] = [pattern, *[""] * (end - at - 1)]
        return end

    def walk(self, term: Term, tokens: Sequence[str], at: int) -> int:
        """Go through a term that reads `tokens` from `at` on, and return where it ends.

        Raises `_Unlike` where nothing is known of how it goes on.
        """
        step = _WAYS.get(type(term).read)
        if step is None:
            raise _Unlike
        return step(self, term, tokens, at)


def alike(form: LineForm, line: Line) -> str | None:
    """Return a regular expression of the words of lines that a form reads, as it reads `line`.

    The words are those in front of a comment, with blanks between them. None: only lines with the
    same words are known to be read, and it does not pay to look for these.
    """
    tokens = line.tokens
    if type(form).read is not LineForm.read or any(map(may_be_quoted, tokens[: len(form.head)])):
        return None
    way = _Way(tokens)
    same = list(way.patterns)
    with contextlib.suppress(_Unlike):
        way.walk(form.term, tokens, len(form.head))
    if way.patterns == same:
        return None
    pattern = r"[ \t]++".join(filter(None, way.patterns))
    return pattern if len(pattern) <= _LONGEST else None


def _reads(term: Term, tokens: Sequence[str], at: int) -> int | None:
    """Return where a term ends; None where it does not read the words."""
    try:
        return term.read(tokens, at, Reading())
    except NoMatch:
        return None


def _scalar(way: _Way, term: Scalar, tokens: Sequence[str], at: int) -> int:
    if term.default is not None:
        return at + 1
    if term.decode is None:
        return way.loosen(at, _FREE)
    return way.loosen(at, term.plain) if term.plain else at + 1


def _maybe_word(way: _Way, term: MaybeWord, tokens: Sequence[str], at: int) -> int:
    return _scalar(way, term, tokens, at) if at < len(tokens) else at


def _rest(way: _Way, term: Rest, tokens: Sequence[str], at: int) -> int:
    return way.loosen(at, _FREE_WORDS, len(tokens))


def _address(way: _Way, term: Address, tokens: Sequence[str], at: int) -> int:
    if at >= len(tokens):
        return at
    required = term.port is not None and term.port.required
    return way.loosen(at, _HOST_AND_PORT if required else _FREE)


def _literal(way: _Way, term: LiteralWords, tokens: Sequence[str], at: int) -> int:
    return at + len(term.words)


def _implied(way: _Way, term: ImpliedValue, tokens: Sequence[str], at: int) -> int:
    return at


def _template(way: _Way, term: Template, tokens: Sequence[str], at: int) -> int:
    return at + 1


def _sequence(way: _Way, term: TermSequence, tokens: Sequence[str], at: int) -> int:
    for one in term.terms:
        at = way.walk(one, tokens, at)
    return at


def _inside(way: _Way, term: Any, tokens: Sequence[str], at: int) -> int:
    return way.walk(term.term, tokens, at)


def _optional(way: _Way, term: OptionalTerm, tokens: Sequence[str], at: int) -> int:
    if at == len(tokens):
        return at
    if _reads(term.term, tokens, at) is None:
        raise _Unlike  # because of some words from here on
    return way.walk(term.term, tokens, at)


def _repetition(way: _Way, term: Repetition, tokens: Sequence[str], at: int) -> int:
    found = 0
    while at < len(tokens) and not found >= term.most > 0:
        if _reads(term.term, tokens, at) in (None, at):
            raise _Unlike
        at, found = way.walk(term.term, tokens, at), found + 1
    return at


def _choice(way: _Way, term: OrderedChoice, tokens: Sequence[str], at: int) -> int:
    if _reads(term.terms[0], tokens, at) is None:
        raise _Unlike
    return way.walk(term.terms[0], tokens, at)


def _exclusive(way: _Way, term: ExclusiveChoice, tokens: Sequence[str], at: int) -> int:
    if at == len(tokens) and not term.needed:
        return at
    return _choice(way, term, tokens, at)


def _dispatch(way: _Way, term: Dispatch, tokens: Sequence[str], at: int) -> int:
    literal = term.literals.get(tokens[at]) or term.literals.get(plain_word(tokens[at]))
    case = literal or next((one for one in term.patterns if one.takes(tokens[at])), None)
    if case is None or not case.head.text or _reads(case.term, tokens, at) is None:
        raise _Unlike  # without a head, all cases were tried on the words from here on
    return way.walk(case.term, tokens, at)


def _conditioned(way: _Way, term: ConditionedTerm, tokens: Sequence[str], at: int) -> int:
    words = (place for place in range(at, len(tokens)) if plain_word(tokens[place]) in term.WORDS)
    cut = next(words, len(tokens))
    if _reads(term.body, tokens[:cut], at) != cut:
        raise _Unlike
    way.walk(term.body, tokens[:cut], at)
    if cut + 1 < len(tokens):
        way.loosen(cut + 1, _RAW_WORDS, len(tokens))
    return len(tokens)


def _table(way: _Way, term: ParameterTable, tokens: Sequence[str], at: int) -> int:
    while at < len(tokens):
        word, keyword = term.lookup(tokens, at)
        if word in term._first_of_two and at + 1 < len(tokens):
            raise _Unlike  # the next word decides
        if keyword is None and term.strict:
            raise _Unlike
        if keyword is None:
            at += 1
            continue
        if type(keyword).collect not in _COLLECTS:
            raise _Unlike
        argument, skip = term._terms[word]
        if not skip or _reads(argument, tokens, at + skip) is None:
            raise _Unlike
        at = way.walk(argument, tokens, at + skip)
    return at


_COLLECTS = {ParameterKeyword.collect, RepeatedKeyword.collect, JoinedKeyword.collect}
_Step = Callable[[_Way, Any, Sequence[str], int], int]
_WAYS: dict[Callable[..., int], _Step] = {
    Scalar.read: _scalar,
    Measure.read: _scalar,
    MaybeWord.read: _maybe_word,
    Rest.read: _rest,
    Address.read: _address,
    LiteralWords.read: _literal,
    ImpliedValue.read: _implied,
    Template.read: _template,
    TermSequence.read: _sequence,
    OptionalTerm.read: _optional,
    Repetition.read: _repetition,
    OrderedChoice.read: _choice,
    ExclusiveChoice.read: _exclusive,
    Group.read: _inside,
    WrappingTerm.read: _inside,
    Dispatch.read: _dispatch,
    ConditionedTerm.read: _conditioned,
    ParameterTable.read: _table,
    OpenParameterTable.read: _table,
}
