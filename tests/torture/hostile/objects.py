"""Each hostile string in each string of each object of the configuration.

A string is refused, or it is shown again as it was said, but for blanks around it, makes no other line, and changes nothing
else that a reader is shown.
"""

import copy
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dataplane_core.errors import DataplaneError
from tests.laws.support import Everything
from tests.torture.hostile.baselines import Baseline, Search, search
from tests.torture.hostile.strings import HOSTILE, Json, flat, put_at, value_at
from tests.torture.hostile.subjects import Made, Subject, subject_of

VERSIONS = ("v1", "v2", "v3")
_NEVER = frozenset("\0\r\x0b\x0c")
_LONGEST = 60


@dataclass
class Figures:
    """What was tried, and each breach in a sentence."""

    properties: int = 0
    without_baseline: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """Each text that was made of a string that was taken, and of which string."""

    def __str__(self) -> str:
        told = ", ".join(f"{count} {what}" for what, count in self.counts.items())
        return (
            f"{self.properties} string properties, {len(self.without_baseline)} without a baseline; {told}; "
            f"{len(self.breaches)} breaches"
        )

    def tell(self, subject: str, path: str, value: str, said: str) -> None:
        """Note what is wrong with a string at a place."""
        self.breaches.append(f"{subject}: {path} = {value[:_LONGEST]!r} {said[:400]}")


def breach(subject: Subject, base: Baseline, body: Json, value: str, figures: Figures) -> str:
    """What is wrong when a string stands at the place of a baseline in a copy of its object."""
    put_at(body, base.place, value)
    figures.counts["tried"] += 1
    try:
        made = subject.make(body)
    except DataplaneError as error:
        figures.counts["refused"] += 1
        return f"answered {error.status}" if error.status >= 500 else ""
    except Exception as error:
        return f"fails: {error!r}"
    if made is None:
        figures.counts["refused"] += 1
        return ""
    figures.counts["taken"] += 1
    if set(made.text) & _NEVER or made.lines > base.made.lines:
        return f"makes other lines: {made.text!r}"
    if len(made.shown) != len(base.made.shown):
        return f"makes {len(made.shown)} objects: {made.text!r}"
    figures.texts.setdefault(made.text, f"{subject.name}: {'.'.join(map(str, base.place))} = {value[:_LONGEST]!r}")
    return _read_back(base, made, value)


def _words(value: Any) -> Any:
    """A value without the blanks around it, which a line does not keep."""
    return value.strip(" ") if isinstance(value, str) else value


def _read_back(base: Baseline, after: Made, value: str) -> str:
    """What a reader is shown that the client did not say.

    What is left out may be shown as implied, and an object in a map is shown below its new name. A
    property that is shown by two names has the string in both, as it had the former one.
    """
    before, left_out = base.made, None if value else base.place
    former = _words(value_at(base.body, base.place))
    if after.shown == before.shown:
        return ""
    olds, news = (dict(flat(one.shown[-1] if one.shown else {})) for one in (before, after))
    said, said_before = (dict(flat(one.echo)) for one in (after, before))
    for place in {**olds, **news}:
        old, new = olds.get(place), news.get(place)
        if old == new or place == left_out or value in place:
            continue
        if place in said and said.get(place) != said_before.get(place):
            if new is not None and _words(new) != _words(said[place]):
                return f"is read back as {new!r} at {place} instead of {said[place]!r}: {after.text!r}"
        elif new is not None and new != said.get(place) and (_words(old), _words(new)) != (former, _words(value)):
            return f"changes {place} from {old!r} to {new!r}: {after.text!r}"
    return ""


def subjects(api: Everything, versions: tuple[str, ...] = VERSIONS) -> Iterator[tuple[Subject, dict[str, Search]]]:
    """Every collection of every version, with what is known of the others of it."""
    for served in api.app.served:
        if served.version.name in versions:
            known: dict[str, Search] = {}
            for one in served.view.collections:
                subject = subject_of(served.view, one)
                if subject is not None:
                    yield subject, known


def try_subject(subject: Subject, found: dict[str, Baseline], figures: Figures) -> None:
    """Try every hostile string in the properties that have a baseline here."""
    for path, base in found.items():
        body = copy.deepcopy(base.body)
        for value in HOSTILE:
            said = breach(subject, base, body, value, figures)
            if said:
                figures.tell(subject.name, path, value, said)


def try_all(api: Everything, versions: tuple[str, ...] = VERSIONS, only: str = "") -> Figures:
    """Try every hostile string in every string property of the versions."""
    figures = Figures()
    for subject, known in subjects(api, versions):
        if only in subject.name:
            looked = search(subject, known)
            figures.properties += len(subject.wanted)
            figures.without_baseline += [f"{subject.name}: {path}" for path in looked.missing]
            try_subject(subject, looked.found, figures)
    return figures


def try_some(api: Everything, seed: int, number: int) -> Figures:
    """Try a sample of small objects, by a seed."""
    figures, chance = Figures(), random.Random(seed)
    every: list[Any] = [one for one in subjects(api) if len(one[0].wanted) <= 40]
    for subject, known in chance.sample(every, min(number, len(every))):
        found = search(subject, known).found
        chosen = dict(chance.sample(sorted(found.items()), min(len(found), 2)))
        figures.properties += len(chosen)
        try_subject(subject, chosen, figures)
    return figures
