"""Read and show the kinds of values that settings can have: text from outside, values inside.

A kind's `parse` takes the text as it was written and raises ValueError with a half-sentence that
says what would be right ("is not a number from 0 to 65535"); the caller adds the place. `show` is
its inverse, used for defaults in the documentation and in `--help`.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from dataplane_core.dataclass import dataclass
from dataplane_core.lazy_pattern import lazy_pattern

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ValueKind(Generic[T]):
    """One kind of value: its `name` in the manual, and how it is read and shown.

    A file may give a list for a kind that is `many`.
    """

    name: str
    parse: Callable[[str], T]
    show: Callable[[T], str] = str
    many: bool = False


def _text(value: str) -> str:
    if any(ord(character) < 32 for character in value):
        raise ValueError("holds a control character")
    if any(0xD800 <= ord(character) < 0xE000 for character in value):
        raise ValueError("holds half a character")
    return value


def _command(value: str) -> str:
    try:
        words = shlex.split(_text(value))
    except ValueError as error:
        fault = "an open quote" if "quotation" in str(error) else "a lone backslash at its end"
        raise ValueError(f"is no command: it has {fault}") from None
    if value and not (words and words[0]):
        raise ValueError("is no command: it names no program")
    return value


def _boolean(value: str) -> bool:
    word = value.strip().lower()
    if word in ("true", "yes", "on", "1"):
        return True
    if word in ("false", "no", "off", "0"):
        return False
    raise ValueError("is not true or false")


_NANOSECONDS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9,
    "h": 3600 * 10**9, "d": 86400 * 10**9,
}  # fmt: skip
_DURATION_PART = lazy_pattern(r"(\d+(?:\.\d+)?|\.\d+)(ns|us|µs|ms|s|m|h|d)")
_NUMBER = lazy_pattern(r"\d+(?:\.\d+)?")


def _duration(value: str) -> float:
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError("is not a duration such as 250ms, 10s, 1m30s or a number of seconds")
    digits = max(len(number.partition(".")[2]) for number, _ in parts)
    total = sum(_scaled(number, digits) * _NANOSECONDS[unit] for number, unit in parts)
    return float(total / 10 ** (9 + digits))


def _scaled(number: str, digits: int) -> int:
    """Return a decimal number times 10 to the power of `digits`, of which it has no more."""
    whole, _, part = number.partition(".")
    return int(whole + part.ljust(digits, "0"))


def _show_duration(seconds: float) -> str:
    for unit, factor in (("h", 3600), ("m", 60), ("s", 1)):
        if seconds and seconds % factor == 0:
            return f"{seconds / factor:.0f}{unit}"
    return f"{round(seconds * 1000)}ms" if seconds else "0s"


_SIZE = lazy_pattern(r"(\d+)\s*([kmgKMG]?)(i?)([bB]?)")
_SIZE_UNITS = {"": 0, "k": 1, "m": 2, "g": 3}


def _size(value: str) -> int:
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise ValueError("is not a size such as 65536, 512KiB or 32MiB")
    number, unit, binary, byte = match.groups()
    base = 1000 if unit and byte and not binary else 1024
    return int(number) * int(base ** _SIZE_UNITS[unit.lower()])


def _show_size(size: int) -> str:
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def _mode(value: str) -> int:
    if not re.fullmatch(r"0?o?[0-7]{3}", value.strip()):
        raise ValueError("is not a file mode of three octal digits such as 660")
    return int(value.strip().replace("o", ""), 8)


def integer(minimum: int = 0, maximum: int = 2**31 - 1) -> ValueKind[int]:
    """Build the kind of whole numbers from `minimum` to `maximum`, both included."""

    def parse(value: str) -> int:
        if re.fullmatch(r"[+-]?\d{1,18}", value.strip()) is None or not (
            minimum <= int(value) <= maximum
        ):
            raise ValueError(f"is not a whole number from {minimum} to {maximum}")
        return int(value)

    return ValueKind("integer", parse)


def one_of(*words: str) -> ValueKind[str]:
    """Build the kind of words from a fixed list; case does not matter, the listed form is kept."""
    by_lower = {word.lower(): word for word in words}

    def parse(value: str) -> str:
        try:
            return by_lower[value.strip().lower()]
        except KeyError:
            raise ValueError(f"is not one of {', '.join(words)}") from None

    return ValueKind(" | ".join(words), parse)


def several(item: ValueKind[T]) -> ValueKind[tuple[T, ...]]:
    """Build the kind of lists; one text holds its items separated by commas."""

    def parse(value: str) -> tuple[T, ...]:
        return tuple(item.parse(part.strip()) for part in value.split(",") if part.strip())

    def show(values: tuple[T, ...]) -> str:
        return ", ".join(item.show(value) for value in values)

    return ValueKind(f"list of {item.name}", parse, show, many=True)


TEXT = ValueKind("string", _text)
PATH = ValueKind("path", _text)
COMMAND = ValueKind("command", _command)
"""A program and its arguments, quoted as in a shell; the empty text stands for no command."""
BOOLEAN = ValueKind("boolean", _boolean, lambda value: str(value).lower())
DURATION = ValueKind("duration", _duration, _show_duration)
SIZE = ValueKind("size", _size, _show_size)
MODE = ValueKind("file mode", _mode, lambda value: f"{value:o}")
PORT = integer(0, 65535)
COUNT = integer()
TEXTS = several(TEXT)


def _objects(value: str) -> tuple[Mapping[str, object], ...]:
    raise ValueError("is not a list of objects")


OBJECTS: ValueKind[tuple[Mapping[str, object], ...]] = ValueKind(
    "list of objects", _objects, lambda values: "", many=True
)
