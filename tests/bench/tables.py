"""How long to measure, what a measurement shows, and how two sides are measured in turn."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Effort:
    """How long to measure: seconds of each round, rounds, and repetitions of single calls."""

    seconds: float = 0.5
    rounds: int = 9
    calls: int = 30


QUICK = Effort(0.2, 1, 5)
"""Whether it runs at all."""


@dataclass
class Row:
    """One line of a table: words, figures, and whether the limit holds (None: no limit)."""

    cells: list[str]
    holds: bool | None = None


@dataclass
class Table:
    """One measurement as it is shown."""

    title: str
    heads: list[str]
    rows: list[Row] = field(default_factory=list)
    limit: str = ""


def timed(action: Callable[[], object]) -> float:
    """Milliseconds that an action takes."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def in_turn(rounds: int, *sides: Callable[[], T]) -> list[list[T]]:
    """What each side gives in each round; every second round goes through the sides backwards."""
    taken = []
    for number in range(rounds):
        order = list(enumerate(sides))
        given = {place: side() for place, side in (order if number % 2 == 0 else order[::-1])}
        taken.append([given[place] for place in range(len(sides))])
    return taken


def medians(rounds: Iterable[Iterable[float]]) -> list[float]:
    """The median of each side over all rounds."""
    return [statistics.median(side) for side in zip(*rounds, strict=True)]


def ratio(rounds: Iterable[list[float]]) -> float:
    """The median of the first side's ratios to the second, round by round."""
    return statistics.median(one[0] / one[1] for one in rounds)


def quartiles(ratios: list[float]) -> str:
    """The median of some ratios, and between what half of them lie."""
    low, median, high = statistics.quantiles(ratios, n=4)
    return f"{median:.2f} ({low:.2f} to {high:.2f})"
