"""How deep the arrays and objects of a JSON value stand in one another."""

from typing import Any

DEEPEST = 100
"""How many arrays and objects may stand in one another: far more than any object of the interface
has, and far fewer than Python's recursion allows."""


def is_too_deep(value: Any) -> bool:
    """Return whether a JSON value holds more than `DEEPEST` arrays and objects in one another."""
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [one for one in level if isinstance(one, dict | list)]
        if not level:
            return False
        parts = (one.values() if isinstance(one, dict) else one for one in level)
        level = [inner for inside in parts for inner in inside]
    return True
