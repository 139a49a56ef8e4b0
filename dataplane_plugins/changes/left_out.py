"""Count what an answer leaves out of a change that is large."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")

MOST_CHARACTERS = 1 << 19
"""Of a difference as text."""
MOST_BYTES = 2 << 20
"""Of the objects that differ, in JSON."""
MOST_ITEMS = 5000
"""Of any other list."""


class LeftOut(Counter[str]):
    """How much of each part of an answer is left out."""

    def first(self, name: str, items: Sequence[Item]) -> list[Item]:
        """Return the first items of a list, and count the others under its name."""
        self[name] += max(len(items) - MOST_ITEMS, 0)
        return [*items[:MOST_ITEMS]]

    def told(self) -> dict[str, Any]:
        """Return what an answer says of it: nothing where it has all."""
        found = {name: count for name, count in self.items() if count}
        return {"left_out": found} if found else {}
