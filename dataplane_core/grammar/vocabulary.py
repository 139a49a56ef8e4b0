"""List the words that declarations read or write, found by walking their terms."""

from collections.abc import Callable, Iterable, Iterator

from dataplane_core.grammar.dispatch import Dispatch
from dataplane_core.grammar.parameter_keywords import RepeatedKeyword
from dataplane_core.grammar.parameter_table import ParameterTable
from dataplane_core.grammar.props import Prop
from dataplane_core.grammar.shapes import Group, OptionalTerm, WrappingTerm
from dataplane_core.grammar.statements import LineForm
from dataplane_core.grammar.terms import LiteralWords, Term, TermSequence


def phrases(form: LineForm) -> Iterator[tuple[str, ...]]:
    """Yield the chains of fixed words that lines of a form may hold, each from the head on.

    `http-request deny deny_status 403` gives `http-request`, `http-request deny` and `http-request
    deny deny_status`; words of a table may stand in any order, each counts behind the head alone.
    """
    yield from _chain((), form.head)
    yield from _behind(form.head, form.term)


def keywords_behind(form: LineForm) -> Iterator[str]:
    """Yield the keywords that lines of a form have behind their head: of actions and of tables."""
    pending = [form.term]
    while pending:
        term = pending.pop()
        if isinstance(term, Dispatch):
            yield from (case.head.text for case in term.cases if case.head.literal)
        elif isinstance(term, ParameterTable):
            yield from (word for keyword in term.keywords for word in keyword.words)
        pending.extend(parts(term))


def keywords_of(term: Term, wanted: Callable[[Prop], bool]) -> frozenset[str] | None:
    """Return the keywords of tables in a term without which none of the wanted properties is said.

    Return None where one can be said without a keyword of a table.
    """
    if not any(map(wanted, term.props)):
        return frozenset()
    if isinstance(term, ParameterTable):
        found = (one for one in term.keywords if any(map(wanted, one.props)))
        return frozenset(text.rstrip("(").split()[0] for one in found for text in one.words)
    inner = list(parts(term))
    if not inner or not isinstance(term, TermSequence | Group | OptionalTerm | WrappingTerm):
        return None
    words = [keywords_of(one, wanted) for one in inner]
    return None if None in words else frozenset(word for one in words for word in one or ())


def _chain(before: tuple[str, ...], words: Iterable[str]) -> Iterator[tuple[str, ...]]:
    for word in words:
        before = (*before, word)
        yield before


def _behind(before: tuple[str, ...], term: Term) -> Iterator[tuple[str, ...]]:
    if isinstance(term, Dispatch):
        for case in term.cases:
            word = case.head.text if case.head.literal else case.head.stem
            yield (*before, word)
            yield from _behind((*before, word), case.term)
    elif isinstance(term, ParameterTable):
        for keyword in term.keywords:
            for text, inner in keyword.words.items():
                words = text.rstrip("(").split()
                yield from _chain(before, words)
                inner = keyword.item if isinstance(keyword, RepeatedKeyword) else inner
                yield from _behind((*before, *words), inner)
    else:
        yield from _chain(before, term.words if isinstance(term, LiteralWords) else ())
        yield from ((*before, str(word)) for prop in term.props for word in prop.enum)
    for inner in parts(term):
        yield from _behind(before, inner)


def parts(term: Term) -> Iterable[Term]:
    """Yield the terms that a term is made of, apart from cases and keywords."""
    for name in ("term", "body", "item"):
        inner = getattr(term, name, None)
        if isinstance(inner, Term):
            yield inner
    yield from (inner for inner in getattr(term, "terms", ()) if isinstance(inner, Term))
