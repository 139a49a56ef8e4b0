"""A share of what a part tries."""

import random
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def share(every: Iterable[T], most: int, seed: int = 0) -> list[T]:
    """So many of all, in their order, chosen by a seed; all without a number."""
    found = list(every)
    if not most or len(found) <= most:
        return found
    return [found[at] for at in sorted(random.Random(seed).sample(range(len(found)), most))]
