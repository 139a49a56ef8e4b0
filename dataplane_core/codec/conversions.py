"""Values that a version of the interface has in another type or unit than the declaration."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dataplane_core.codec.variables import variables, variables_of, word_of
from dataplane_core.dataclass import dataclass
from dataplane_core.grammar import Prop
from dataplane_core.grammar.units import UNITS, InUnits, in_units
from dataplane_core.grammar.values import WORD
from dataplane_core.text.tokens import split_words


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a value goes to a version's JSON (`shown`) and comes from it (`read`).

    `prop` makes the property as the version has it. `shown` and `read` leave alone what is no such
    value: a word of the file that the declaration does not have, or a type that the schema refuses.
    Several values may be shown alike: `Keeping.keep` keeps one that a PUT sends back as it is.
    """

    prop: Callable[[Prop], Prop]
    shown: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _switch(prop: Prop) -> Prop:
    return replace(prop, json="boolean", enum=(), pattern=None, nullable=True)


def _words_of(duration: Any) -> Any:
    if type(duration) is not int or duration < 0:
        return duration
    return in_units(duration, "milliseconds")


def _milliseconds(text: Any) -> Any:
    number = text.rstrip("dhms")
    return int(number) * UNITS["milliseconds"][text[len(number) :] or "ms"]


def _duration(prop: Prop) -> Prop:
    """Return a number of milliseconds as text with a unit; its limits hold for the number alone."""
    pattern = "^[0-9]{1,15}(ms|s|m|h|d)?$"
    return replace(prop, json="string", pattern=pattern, minimum=None, maximum=None)


def _seconds(prop: Prop) -> Prop:
    return replace(prop, help=prop.help.replace("milliseconds", "seconds"))


def _seconds_of(duration: Any) -> Any:
    """Return milliseconds as seconds; part of one counts as a whole one, as it does to HAProxy."""
    return -(-duration // 1000) if type(duration) is int else duration


_DISABLED = {"off": "disabled"}
_OFF = {"disabled": "off"}


def _with_disabled(prop: Prop) -> Prop:
    return replace(prop, enum=tuple(_DISABLED.get(word, word) for word in prop.enum))


def _list_of_words(prop: Prop) -> Prop:
    return replace(prop, items=Prop("", pattern=WORD))


def _words_in(items: Any) -> Any:
    return [word for item in items for word in split_words(item["value"])]


def _one_line_of(words: Any) -> Any:
    return [{"value": " ".join(words)}]


def _without_quotes(word: Any) -> Any:
    inner = word[1:-1]
    quoted = word == f'"{inner}"' and " " in inner and '"' not in inner
    return inner if quoted else word


def _in_quotes(text: Any) -> Any:
    return f'"{text}"' if " " in text and '"' not in text else text


CONVERSIONS: Mapping[str, Conversion] = {
    "text": Conversion(lambda prop: prop, _without_quotes, _in_quotes),
    "boolean": Conversion(
        _switch,
        lambda word: {"enabled": True, "disabled": False}.get(word, word),
        lambda value: "enabled" if value else "disabled",
    ),
    "duration": Conversion(_duration, _words_of, _milliseconds),
    "seconds": Conversion(_seconds, _seconds_of, lambda seconds: seconds * 1000),
    "disabled": Conversion(
        _with_disabled,
        lambda word: _DISABLED.get(word, word),
        lambda word: _OFF.get(word, word),
    ),
    "words": Conversion(_list_of_words, _words_in, _one_line_of),
    "variables": Conversion(variables, variables_of, word_of),
}
"""By the names that `Prop.types` has: `boolean` for the words `enabled` and `disabled`, `duration`
for milliseconds as text with the largest unit that divides them (`30s`), `seconds` for milliseconds
as whole seconds, `disabled` for words of which `off` is called `disabled`, `words` for the words of
a list of lines, each an object with its words as `value`, `text` for a word whose quotes are left
out where it has a blank, `variables` for a word of names and values as an object."""


def _written_in_units(counted: str) -> Conversion:
    def read(value: Any) -> Any:
        return InUnits(value, counted) if type(value) is int else value

    return Conversion(lambda prop: prop, lambda value: value, read)


IN_UNITS: Mapping[str, Conversion] = {counted: _written_in_units(counted) for counted in UNITS}
"""By what a number counts (`Prop.unit`): how a version that writes units takes it."""
