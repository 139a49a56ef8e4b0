"""Raise the errors that tell a client which rules a body breaks."""

from collections.abc import Iterable, Sequence

from dataplane_core.codec.violations import TYPE_ERROR, BrokenRelation, Violation
from dataplane_core.errors import BadRequest, Code, Contradiction, Invalid
from dataplane_core.grammar import Problem


def raise_problems(problems: Iterable[Problem]) -> None:
    """Raise the error that names every broken rule, if any; its code is the first one's."""
    found = list(problems)
    if found:
        message = ", and ".join(dict.fromkeys(one.message for one in found))
        raise Invalid(message, code=found[0].code)


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
    """Return all violations as one sentence, each once."""
    texts = [f"{path} {rule}" if path else str(rule) for path, rule in found]
    return ", and ".join(dict.fromkeys(texts))
