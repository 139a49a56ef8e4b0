"""An accepted object for each string property, found from the declarations alone.

First come the examples of the declarations, as readers are shown them. What a body lacks is filled
in as the refusal says. Properties that no example has are added to objects that were accepted, with
values that their declarations allow; those of rows in sections come with rows that have them. What
is left is drawn from the terms.
"""

import copy
import os
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from dataplane_core.codec.shape import JsonNode
from dataplane_core.errors import DataplaneError
from dataplane_core.grammar import Prop, Statement
from tests.grammar.generate import objects
from tests.torture.hostile.strings import PLAIN, Json, Place, leaves, put_at
from tests.torture.hostile.subjects import Made, SectionSubject, Subject, subject_of

_DRAWS = 300
_MOST_BODIES = 40
_MOST_FILLED = 8
_MANY = 8
"""A property with more allowed words than that is a choice of what the object is."""
_REQUIRED = "is required"


class Baseline:
    """An object that is accepted, what it makes, and the place of a string in it."""

    def __init__(self, body: Json, place: Place, made: Made) -> None:
        self.body, self.place, self.made = body, place, made


class Search:
    """Looks for the baselines of one subject; `known` keeps those of others."""

    def __init__(self, subject: Subject, known: dict[str, "Search"]) -> None:
        self.subject, self._known = subject, known
        self.found: dict[str, Baseline] = {}
        self.bodies: list[Json] = []
        self._words: dict[str, list[str]] = {}

    @property
    def missing(self) -> list[str]:
        """The properties that have no baseline yet."""
        return [path for path in self.subject.wanted if path not in self.found]

    def run(self) -> dict[str, Baseline]:
        """Find all that can be found."""
        for sample in self.subject.samples():
            self.offer(sample)
        self.offer({})
        for path in self.missing:
            self._embed(path)
        for path in self.missing:
            self._choose(path)
        for path in self.missing:
            self._add(path, self._near(path))
        for statement in self.subject.statements:
            if self._may_have(statement):
                self._draw(statement)
        return self.found

    def _may_have(self, statement: Statement) -> bool:
        """Whether a line may have a property that is missing."""
        names = {self.subject.codec.project.wire_name(prop.name) for prop in statement.props}
        return any(re.split(r"[\[{]", path)[0] in names for path in self.missing)

    def offer(self, body: Json) -> bool:
        """Take an object for a baseline of each property that it is the first to have."""
        new = self._new(body)
        if not new and self.bodies:
            return False
        made = self._completed(body)
        if made is None:
            return False
        self.bodies.append(body)
        for path, place in self._new(body):
            self.found[path] = Baseline(body, place, made)
            said = body
            for step in place:
                said = said[step]  # type: ignore[index]
            self._words.setdefault(path.rpartition(".")[2], []).append(str(said))
        return True

    def _new(self, body: Json) -> list[tuple[str, Place]]:
        every = leaves(body, self.subject.codec.root)
        return [(path, place) for path, place in every if path in self.subject.wanted and path not in self.found]

    def _completed(self, body: Json) -> Made | None:
        """What an object makes, with what is required of it filled in."""
        for _ in range(_MOST_FILLED):
            made = _made(self.subject, body)
            if made is not None:
                return made
            try:
                problems = self.subject.codec.load(body).problems
            except DataplaneError:
                return None
            needed = [_named(path, rule) for path, rule in problems if _REQUIRED in rule]
            if not needed or not self._fill_each(body, needed):
                return None
        return None

    def _fill_each(self, body: Json, paths: list[str]) -> bool:
        """Fill in each of several properties."""
        return all(self._fill(body, path) for path in paths)

    def _fill(self, body: Json, path: str) -> bool:
        steps: list[str | int] = [int(one) if one.isdigit() else one for one in path.split(".")]
        node: JsonNode | None = self.subject.codec.root
        inner: Any = body
        for at, step in enumerate(steps):
            if node is None:
                return False
            node = node.children.get(str(step)) if isinstance(step, str) else node.item
            if at == len(steps) - 1:
                break
            try:
                inner = inner[step] if isinstance(inner, list) else inner.setdefault(step, {})
            except (IndexError, TypeError):
                return False
        if node is None or not isinstance(inner, dict):
            return False
        for value in self._values(str(steps[-1]), node.prop):
            inner[steps[-1]] = value
            problems = self.subject.codec.load(body).problems
            if not any(_named(name, rule) == path for name, rule in problems):
                return True
        return False

    def _values(self, name: str, prop: Prop | None) -> Iterator[Any]:
        """Values that a property may have."""
        if prop is not None and prop.json == "integer":
            yield max(prop.minimum or 0, 1) if name != "index" else 0
            return
        if prop is not None and prop.json == "boolean":
            yield True
            return
        yield from self._words.get(name, [])[:4]
        if prop is not None:
            yield from (str(one) for one in prop.enum if one)
            if prop.pattern:
                yield from _matching(prop.pattern)
        yield from PLAIN

    def _embed(self, path: str) -> None:
        """Put rows that have a property into a section."""
        match = re.match(r"([^.\[{]+)(\[\]|\{\})\.?(.*)", path)
        if not isinstance(self.subject, SectionSubject) or match is None or match[1] not in self.subject.rows:
            return
        rows = self.subject.rows[match[1]]
        child = subject_of(self.subject.view, rows)
        assert child is not None
        found = search(child, self._known).found.get(match[3])
        if found is None:
            return
        body, key = copy.deepcopy(found.body), self.subject.codec.root.children[match[1]].key
        self.offer({match[1]: [body] if key is None else {str(body.get(key, "a")): body}})
        for other in self.bodies[:4]:
            if path in self.found:
                return
            held = {match[1]: [body] if key is None else {str(body.get(key, "a")): body}}
            self.offer({**copy.deepcopy(other), **copy.deepcopy(held)})

    def _choose(self, path: str) -> None:
        """Look for the choice, such as a type, or the two that a property belongs to."""
        children = self.subject.codec.root.children.items()
        choices = {name: node.prop for name, node in children if node.prop is not None and node.prop.enum}
        for first, prop in choices.items():
            if not prop.required:
                continue
            ones: list[Json] = [{first: value} for value in prop.enum if value]
            self._add(path, ones)
            for second, other in choices.items():
                if path in self.missing and second != first and len(other.enum) > _MANY:
                    self._add(path, [{**one, second: value} for one in ones for value in other.enum if value])

    def _add(self, path: str, near: list[Json]) -> None:
        """Add a property to objects that were accepted, with one value after the other."""
        if path not in self.missing:
            return
        prop = self.subject.wanted[path]
        values = [*dict.fromkeys(map(str, self._values(path.rpartition(".")[2].strip("[]{}"), prop)))]
        for body in near:
            for value in values:
                more = copy.deepcopy(body)
                place = _placed(more, path)
                if place is None:
                    break
                put_at(more, place, value)
                said = self._is_said(more, place)
                if said is None:
                    break
                if said and self.offer(more):
                    return

    def _near(self, path: str) -> list[Json]:
        """Objects to add a property to: those first that have one whose path is the most alike."""
        root = self.subject.codec.root

        def alike(body: Json) -> int:
            return max((len(os.path.commonprefix([path, name])) for name, _ in leaves(body, root)), default=0)

        return sorted(self.bodies, key=alike, reverse=True)[:_MOST_BODIES]

    def _is_said(self, body: Json, place: Place) -> bool | None:
        """Whether the codec takes the value at a place; None where the object has no place for it."""
        try:
            loaded = self.subject.codec.load(body)
        except DataplaneError:
            return False
        if any(name.startswith(str(place[0])) for name in loaded.ignored):
            return None
        return all(_REQUIRED in rule for _, rule in loaded.problems)

    def _draw(self, statement: Statement) -> None:
        @seed(17)
        @settings(max_examples=_DRAWS, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(objects(statement))
        def drawn(values: dict[str, Any]) -> None:
            try:
                if self.missing:
                    self.offer(self.subject.of_flat(values))
            except (DataplaneError, KeyError):
                return

        drawn()


def _named(path: str, rule: str) -> str:
    """The property that a violation is about; one of a relation between several begins with its name."""
    return path or rule.partition(" ")[0]


def _made(subject: Subject, body: Json) -> Made | None:
    try:
        return subject.make(copy.deepcopy(body))
    except (DataplaneError, KeyError):
        return None


def _placed(body: Json, path: str) -> Place | None:
    """Make room for a property in an object; its place, or None where there is none."""
    place: list[str | int] = []
    inner: Any = body
    names = path.split(".")
    for at, name in enumerate(names):
        bare, last = name.rstrip("[]{}"), at == len(names) - 1
        if not isinstance(inner, dict):
            return None
        place.append(bare)
        if name.endswith("[]"):
            items = inner.setdefault(bare, [])
            if not items:
                items.append("" if last else {})
            place.append(0)
            inner = items[0]
        elif name.endswith("{}"):
            items = inner.setdefault(bare, {})
            key = next(iter(items), "a")
            inner = items.setdefault(key, "" if last else {})
            place.append(key)
        elif last:
            inner[bare] = ""
        else:
            inner = inner.setdefault(bare, {})
    return tuple(place)


def _matching(pattern: str) -> list[str]:
    """A few texts that a pattern allows."""
    found: list[str] = []

    @seed(17)
    @settings(max_examples=12, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.from_regex(pattern, fullmatch=True))
    def drawn(text: str) -> None:
        found.append(text)

    drawn()
    return sorted({one for one in found if one.isprintable() and one}, key=len)[:6]


def search(subject: Subject, known: dict[str, Search]) -> Search:
    """The baselines of a subject, looked for once."""
    if subject.name not in known:
        known[subject.name] = Search(subject, known)
        known[subject.name].run()
    return known[subject.name]

