"""Kinds of lines that `global` is made of (manual, chapter 3).

`head` is the keyword, `name` the property, `v3` the property's name in version 3 of the interface
where it has another.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dataplane_core.plugin import (
    Statement,
    Term,
    choose,
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
    size,
    word,
)
from dataplane_plugins.configuration.common.keywords import valued

Names = dict[str, Any]

ZERO_IS_UNSET: Mapping[str, Any] = {"nullable": False}
"""What most sizes are in version 3: 0 says no more than no line does."""


def in_v3(path: str) -> Names:
    """Return the argument of a property that version 3 has at `path`; none for the same path."""
    return {"names": {"v3": path}} if path else {}


def boolean(head: str, name: str, help: str, v3: str = "") -> Statement:
    """Return a keyword that stands alone: true if there is such a line."""
    return keyword(head, name, help=help, **in_v3(v3))


def number(
    head: str,
    name: str,
    help: str,
    *limits: int | None,
    v3: str = "",
    **more: Any,
) -> Statement:
    """Return a keyword with a whole number; `limits` are the least and the largest."""
    least, most = [*limits, None, None][:2]
    term = integer(name, least, most, help=help, **in_v3(v3), **more)
    return valued(head, term, str(10 if least is None else least))


def time(
    head: str, name: str, help: str, *limits: int, v3: str = "", **more: Any
) -> Statement:
    """Return a keyword with a time, milliseconds in JSON; `limits` are the least and the most."""
    least, most = [*limits, None, None][:2]
    term = duration(name, least, most, nullable=True, help=help, **in_v3(v3), **more)
    return valued(head, term, "1000", "2s")


def byte_size(
    head: str,
    name: str,
    help: str,
    v3: str = "",
    nullable: bool = True,
    unit: str = "bytes",
    facts_of_v3: Mapping[str, Any] = ZERO_IS_UNSET,
) -> Statement:
    """Return a keyword with a number of bytes, whose unit may be `k`, `m` or `g`.

    Without a `unit`, no version writes one.
    """
    facts = {"v3": facts_of_v3}
    term = size(name, nullable=nullable, unit=unit, help=help, facts=facts, **in_v3(v3))
    return valued(head, term, "65536", "64k")


def text(
    head: str, name: str, help: str, pattern: str | None = None, v3: str = "", **more: Any
) -> Statement:
    """Return a keyword with one word."""
    return valued(head, word(name, pattern, help=help, **in_v3(v3), **more), "x")


def words(head: str, name: str, help: str, v3: str = "", **more: Any) -> Statement:
    """Return a keyword with words up to the end of the line."""
    term = rest(name, help=help, **in_v3(v3), **more)
    return valued(head, term, "x", "x y")


def added_words(head: str, name: str, help: str, v3: str = "") -> Statement:
    """Return a keyword with words; HAProxy adds up the words of all its lines."""
    term = rest(name, help=help, **in_v3(v3))
    return gathered(head, term, examples=[f"{head} x", f"{head} x y"], rejects=[head])


def on_off_word(head: str, name: str, help: str, v3: str = "", **words: str) -> Statement:
    """Return a keyword with `on` or `off`, in JSON `enabled` or `disabled`.

    `words` are further words that the line may have, each with what it is in JSON.
    """
    term = mapped(name, {"on": "enabled", "off": "disabled", **words}, help=help, **in_v3(v3))
    term = term if words else on_off(name, help=help, **in_v3(v3))
    return valued(head, term, "on", "off")


def choice(
    head: str, name: str, choices: Sequence[str], help: str, v3: str = "", **more: Any
) -> Statement:
    """Return a keyword with one of the words `choices`."""
    return valued(head, one_of(name, *choices, help=help, **in_v3(v3), **more), choices[0])


def enabled_or_absent(
    head: str, name: str, help: str, argument: Term = nothing, **more: Any
) -> Statement:
    """Return a keyword that HAProxy has no opposite for: the line is `enabled`, none `disabled`."""
    return choose(
        name,
        {"enabled": (head, opt(argument))},
        enum=("enabled", "disabled"),
        help=help,
        examples=[head],
        **more,
    )
