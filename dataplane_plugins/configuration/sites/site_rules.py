"""Where the rules of a site stand among those of its frontend that are no part of the site."""

from collections.abc import Sequence
from typing import Any

from dataplane_core.plugin import opcodes

SwitchingRule = dict[str, Any]


def in_places(old: Sequence[str], wanted: Sequence[SwitchingRule]) -> list[list[SwitchingRule]]:
    """Return for each rule of a site the rules that are to stand there, then those behind all.

    `old` are the backends that the rules lead to now. A rule that leads where it did keeps its
    place, so that HAProxy tries it before and behind the same other rules. A new one goes behind
    the one in front of it; what is last goes behind all.

    >>> [[one["name"] for one in some] for some in in_places(["a", "b"], [{"name": "b"}])]
    [[], ['b'], []]
    """
    places: list[list[SwitchingRule]] = [[] for _ in range(len(old) + 1)]
    names = [rule["name"] for rule in wanted]
    for tag, i1, i2, j1, j2 in opcodes(old, names):
        common = min(i2 - i1, j2 - j1)
        for step in range(common):
            places[i1 + step].append(wanted[j1 + step])
        last = i2 if tag == "insert" and i1 in (0, len(old)) else i2 - 1
        places[last].extend(wanted[j1 + common : j2])
    return places
