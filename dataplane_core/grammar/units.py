"""Numbers with a unit: those of a duration and of a size, and how a client wants them written."""

from collections.abc import Mapping

_DURATIONS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_SIZES = {"g": 1 << 30, "m": 1 << 20, "k": 1 << 10}
UNITS: Mapping[str, Mapping[str, int]] = {
    "milliseconds": _DURATIONS,
    "seconds": {unit: length // 1000 for unit, length in _DURATIONS.items() if length >= 1000},
    "bytes": _SIZES,
}
"""What a property may count (`Prop.unit`), each with HAProxy's units for it, the largest first
(manual, sections 2.5 and 2.6)."""


class InUnits(int):
    """A whole number that is written with a unit: equal to the number, `5s` as text."""

    _text: str

    def __new__(cls, number: int, counted: str) -> "InUnits":
        """Return `number` of what is `counted`, a key of `UNITS`, in the largest fitting unit."""
        self = super().__new__(cls, number)
        self._text = in_units(number, counted)
        return self

    def __str__(self) -> str:
        return self._text


def in_units(number: int, counted: str) -> str:
    """Return a number with the largest unit that divides it.

    >>> in_units(90_000, "milliseconds"), in_units(0, "milliseconds"), in_units(1 << 20, "bytes")
    ('90s', '0ms', '1m')
    """
    units = UNITS[counted]
    smallest = next((unit for unit, length in units.items() if length == 1), "")
    if number <= 0:
        return f"{int(number)}{smallest}"
    unit = next((unit for unit, length in units.items() if number % length == 0), smallest)
    return f"{int(number) // units.get(unit, 1)}{unit}"
