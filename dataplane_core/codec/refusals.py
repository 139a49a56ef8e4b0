"""Raise the errors that tell a client which rules a body breaks."""

from collections.abc import Iterable, Sequence
from itertools import islice

from dataplane_core.codec.violations import TYPE_ERROR, BrokenRelation, BrokenRule, Violation
from dataplane_core.errors import BadRequest, Code, Contradiction, Invalid
from dataplane_core.grammar import Problem

MOST_NAMED = 20
"""Violations that an answer names; of more it tells the number."""
_LONGEST = 300  # characters of one
_MANY = 1000


def raise_problems(problems: Iterable[Problem]) -> None:
    """Raise the error that names every broken rule, if any; its code is the first one's."""
    found = list(problems)
    if found:
        rules = (("", BrokenRule(one.code, one.message)) for one in found)
        raise Invalid(sentence(rules), code=found[0].code)


def raise_violations(found: Sequence[Violation]) -> None:
    """Raise the error that names every broken rule, if any; its code is the first one's.

    It is a `Contradiction` where only rules between properties are broken.
    """
    if found:
        between = all(isinstance(rule, BrokenRelation) for _, rule in found)
        kind = Contradiction if between else Invalid
        raise kind(sentence(found), code=found[0][1].code)


def refuse_other_types(found: Sequence[Violation]) -> None:
    """Raise `BadRequest` where a value has another JSON type than its property."""
    if found and found[0][1].code == TYPE_ERROR:
        raise BadRequest(sentence(one for one in found if one[1].code != Code.UNKNOWN))


def sentence(found: Iterable[Violation]) -> str:
    """Return violations as one sentence, each once, and how many there are beside the first."""
    texts = dict.fromkeys(f"{path} {rule}" if path else str(rule) for path, rule in found)
    named = [shortened(one) for one in islice(texts, MOST_NAMED)]
    more = len(texts) - len(named)
    if more:
        named.append(f"{more} more" if more < _MANY else "many more")
    return ", and ".join(named)


def shortened(text: str) -> str:
    """Return what is said of one violation, without the middle of a text that is very long."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
