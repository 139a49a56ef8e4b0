"""Declare terms of one word that carry one value, by the kind of the value."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, Self

from dataplane_core.errors import Code
from dataplane_core.grammar.props import NoMatch, Prop, unwritable
from dataplane_core.grammar.terms import ImpliedValue, MaybeWord, Measure, Rest, Scalar
from dataplane_core.grammar.units import InUnits
from dataplane_core.lazy_pattern import lazy_pattern

WORD = r"""^([^\s"'\\]|\\.|"([^"\\]|\\.)*"|'[^']*')+$"""
"""One word, as the interface limits most strings: no blank, but in quotes or behind a backslash.

What a line says can be given back so.
"""

# Manual, section 2.5 "Time format": us, ms, s, m, h, d; the default unit is milliseconds.
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST = 2**31 - 1
"""HAProxy refuses timers that are longer, in the unit that it counts them in."""
# What follows a unit HAProxy warns of and leaves out: `15min` is 15 minutes, and so is `15m30s`.
_DURATION = lazy_pattern(r"([0-9]{1,18})(?:(us|ms|s|m|h|d).*)?")
_SIZE = lazy_pattern(r"(-?[0-9]{1,18})([kKmMgG])?")
_SHIFT = {"": 0, "k": 10, "m": 20, "g": 30}
_INTEGER = lazy_pattern(r"[+-]?[0-9]{1,19}")
# Words that these take, without what follows a unit (`Scalar.plain`).
_PLAIN_DURATION = r"[0-9]{1,18}+(?:us|ms|s|m|h|d)?+"
_PLAIN_SIZE = r"[0-9]{1,18}+[kKmMgG]?+"
_PLAIN_INTEGER = r"[0-9]{1,19}+"


def word(name: str, pattern: str | None = WORD, **more: Any) -> Scalar:
    """Return a word as a string; a value that does not fit `pattern` is refused (422, code 605).

    `more` are the facts of the property (`Prop`): `help`, `required`, `nullable`, `default` …
    `pattern=None` for a property that the interface does not limit (it is one word all the same).
    """
    return Scalar(Prop(name, "string", pattern=pattern, **more))


def maybe_word(name: str, **more: Any) -> Scalar:
    """Return a word that may be missing at the end of a line, which gives the empty string."""
    return MaybeWord(Prop(name, "string", nullable=True, **more))


def integer(
    name: str,
    minimum: int | None = None,
    maximum: int | None = None,
    *,
    default: int | None = None,
    **more: Any,
) -> Scalar:
    """Return a whole number, in JSON an integer of at most 64 bits.

    One that is less than `minimum` (code 609) or more than `maximum` (608) is refused with 422; a
    line that has such a number is read as it is. 0 means that the property is unset, unless it is
    `nullable`; where it is unset the line says `default`, if there is one.
    """

    def decode(token: str) -> int:
        if not _INTEGER.fullmatch(token):
            raise NoMatch(token, f"a whole number for {name}")
        return int(token)

    prop = Prop(name, "integer", minimum=minimum, maximum=maximum, **more)
    return Scalar(prop, decode, default=default, plain=_PLAIN_INTEGER)


@lru_cache(maxsize=512)
def microseconds(token: str, unit: str = "ms") -> int:
    """Return the microseconds of a HAProxy duration (manual, section 2.5); raises `NoMatch`.

    Cached, because few durations stand in many lines.

    >>> microseconds("30s"), microseconds("100us"), microseconds("5", "s")
    (30000000, 100, 5000000)
    """
    match = _DURATION.fullmatch(token)
    if match is None:
        raise NoMatch(token, "a duration")
    number = int(match[1])
    return number if match[2] == "us" else number * _MILLISECONDS[match[2] or unit] * 1000


def _timer(prop: Prop, unit: str, base: str, encode: Callable[[int], str] | None) -> Measure:
    """Return a duration of which JSON has the number of units `base`, rounded up.

    `unit` is what HAProxy counts it in. Where a version has seconds, less than one is not exact.
    """
    part = _MILLISECONDS[base] * 1000
    exact = 1_000_000 if "seconds" in prop.types.values() else part
    return Measure(
        prop,
        lambda token: -(-microseconds(token, unit) // part),
        encode,
        lambda token: microseconds(token, unit) % exact == 0,
        _LONGEST * (_MILLISECONDS[unit] // _MILLISECONDS[base]),
        _PLAIN_DURATION,
    )


def duration(
    name: str,
    minimum: int | None = None,
    maximum: int | None = None,
    *,
    unit: str = "ms",
    suffix: bool = False,
    **more: Any,
) -> Scalar:
    """Return a time (`5s`), in JSON an integer of milliseconds; part of one counts as a whole one.

    `unit` is what a number without one means to this keyword, and how it is written. With
    `suffix` it is always written as milliseconds, with their unit.
    """
    factor = _MILLISECONDS[unit]

    def encode(value: int) -> str:
        if isinstance(value, InUnits):
            return str(value)
        if suffix:
            return f"{value}ms"
        return str(value // factor) if value % factor == 0 else f"{value}ms"

    more.setdefault("unit", "milliseconds")
    prop = Prop(name, "integer", minimum=minimum, maximum=maximum, **more)
    return _timer(prop, unit, "ms", encode)


def seconds(
    name: str, minimum: int | None = None, maximum: int | None = None, **more: Any
) -> Scalar:
    """Return a time, in JSON an integer of seconds; part of one counts as a whole one."""
    more.setdefault("unit", "seconds")
    prop = Prop(name, "integer", minimum=minimum, maximum=maximum, **more)
    return _timer(prop, "s", "s", None)


def size(name: str, minimum: int | None = None, maximum: int | None = None, **more: Any) -> Scalar:
    """Return a size, in JSON an integer of bytes; `k`, `m` and `g` are powers of 1024."""

    def decode(token: str) -> int:
        match = _SIZE.fullmatch(token)
        if match is None:
            raise NoMatch(token, f"a size for {name}")
        return int(match[1]) << _SHIFT[(match[2] or "").lower()]

    more.setdefault("unit", "bytes")
    prop = Prop(name, "integer", minimum=minimum, maximum=maximum, **more)
    return Measure(prop, decode, plain=_PLAIN_SIZE)


class WordChoice(Scalar):
    """One of some words, which are the enum of the property."""

    def __init__(self, prop: Prop) -> None:
        allowed = frozenset(prop.enum)

        def decode(token: str) -> str:
            if token not in allowed:
                raise NoMatch(token, f"one of {', '.join(prop.enum)}")
            return token

        super().__init__(prop, decode)

    def extended(self, *words: str) -> Self:
        """Return the choice with more words."""
        return type(self)(replace(self.prop, enum=(*self.prop.enum, *words)))


def one_of(name: str, *choices: str, **more: Any) -> Scalar:
    """Return a word that is one of `choices`, in JSON a string.

    Another one is refused with 422 (code 606); a line that has another one is not read, and stands
    in `x_unmanaged`.
    """
    return WordChoice(Prop(name, "string", enum=choices, **more))


def number_of(name: str, *choices: int, **more: Any) -> Scalar:
    """Return a whole number that is one of `choices`; another one is refused (422, code 606)."""

    def decode(token: str) -> int:
        number = int(token) if _INTEGER.fullmatch(token) else None
        if number is None or number not in choices:
            raise NoMatch(token, f"one of {', '.join(map(str, choices))}")
        return number

    return Scalar(Prop(name, "integer", enum=choices, **more), decode)


def mapped(name: str, words: dict[str, Any], **more: Any) -> Scalar:
    """Return a word that is one of some, each of which stands for a JSON value.

    `mapped("x", {"on": "enabled", "off": "disabled"})`.
    """
    back = {value: text for text, value in words.items()}
    kind = "boolean" if set(back) <= {True, False} else "string"
    more.setdefault("enum", () if kind == "boolean" else tuple(back))

    def decode(token: str) -> Any:
        if token not in words:
            raise NoMatch(token, f"one of {', '.join(words)}")
        return words[token]

    def encode(value: Any) -> str:
        if value not in back:
            known = " ".join(map(str, back))
            raise unwritable(name, f"in body should be one of [{known}]", Code.ENUM)
        return back[value]

    return Scalar(Prop(name, kind, **more), decode, encode)


def on_off(name: str, **more: Any) -> Scalar:
    """Return `on` or `off`, in JSON the strings `enabled` and `disabled`."""
    return mapped(name, {"on": "enabled", "off": "disabled"}, **more)


def listed(name: str, item: Prop | None = None, separator: str = ",", **more: Any) -> Scalar:
    """Return a word that lists values: an array of strings, or of integers if `item` says so.

    A value with the separator in it would be read as two: it is refused with 422.
    """
    item = item or Prop("", "string")
    convert = int if item.json == "integer" else str

    def decode(token: str) -> list[Any]:
        try:
            return [convert(part) for part in token.split(separator)]
        except ValueError:
            raise NoMatch(token, f"a list for {name}") from None

    def encode(values: list[Any]) -> str:
        words = [str(value) for value in values]
        for word in words:
            if separator in word:
                raise unwritable(name, f"in body must not hold {separator!r}, as {word!r} does")
        return separator.join(words)

    return Scalar(Prop(name, "array", items=item, **more), decode, encode)


def rest(name: str, pattern: str | None = None, **more: Any) -> Rest:
    """Return all words to the end of the line as one string, with the quotes that it has there.

    A value with a line break, or with a comment that would hide its end, is refused with 422.
    """
    return Rest(Prop(name, "string", pattern=pattern, **more))


def const(name: str, value: Any, **more: Any) -> ImpliedValue:
    """Return a property that has `value`, true or a word of an enum, where the line stands."""
    if isinstance(value, bool):
        return ImpliedValue(Prop(name, "boolean", **more), value)
    more.setdefault("enum", (value,))
    return ImpliedValue(Prop(name, "string", **more), value)
