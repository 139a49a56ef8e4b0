"""Hostile strings in every string property of every object of every version of the interface.

No value of a property makes a second line, or another word at the head of one; none fails for an
unforeseen reason; and what is taken is read back as it was said. For each property there is a
baseline, an object that is accepted and has the property: from the examples of the declarations, or
made of their terms.
"""

import copy
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from dataplane_core.codec.codec import Codec
from dataplane_core.codec.shape import JsonNode
from dataplane_core.errors import DataplaneError
from dataplane_core.grammar import Prop, Statement
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.testing.laws import statements_of
from dataplane_core.text import Section
from dataplane_core.text.language import INHERITING
from tests.grammar.generate import objects, readings
from tests.laws.support import Everything

HOSTILE = (
    "a\nserver evil 10.0.0.1:80", "a\r\nbackend evil", "a\rserver evil", "\n", "a\tb", "a b", "a\x00b", "a\x0bb",
    "a#b", "a # b", "#a", '"', "'", 'a"b', "a'b", '"a" b', "\\", "a\\", "a\\\nb", "a;b", "a; server evil", "a if TRUE",
    "a unless FALSE", "if", "{ src 1 }", "a\u2028b", "a\x85b", "\udc80", "\ud800", "a\udc0ab", "\u00fc", "\ufeffa",
    "${HOME}", '"$HOME"', "$(id)", "%[src]", "%s%n", "../../etc/passwd", "<!--", "-->", "a" * 5000, " ", "  a", "a ", "",
    ".if TRUE", "backend", "a,b", "a:b", "a=b", "[a]", "(a", "a)", "\x7f", "\x1b[0m",
)  # fmt: skip
Path_ = tuple[str | int, ...]
_DRAWS = 40
_MOST_BODIES = 4
PLAIN = ("a", "enabled", "1", "/a", "10.0.0.1", "10.0.0.1:80", "1s", "a:b", "a=b", "%[src]", "http", "GET", "str(a)",
         "127.0.0.1:1@a", "h2", "all", "0", "on", "disabled", "sha1", "a@b", "1-2", "true")  # fmt: skip
"""What is tried where no example and no term gives a property a value."""



@dataclass
class Figures:
    """What was tried, and each breach in a sentence."""

    properties: int = 0
    without_baseline: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = ", ".join(f"{count} {what}" for what, count in self.counts.items())
        return (
            f"{self.properties} string properties, {len(self.without_baseline)} without a baseline; {told}; "
            f"{len(self.breaches)} breaches"
        )


class Subject:
    """The objects of one collection in one version."""

    def __init__(self, version: str, one: Collection, codec: Codec) -> None:
        self.name = f"{version} {one.name}"
        self._one, self._codec = one, codec
        self._rows = isinstance(one, RowCollection)
        self.statements: list[Statement] = statements_of(one)

    def wanted(self) -> dict[str, Prop | None]:
        """The string properties that a client may set."""
        return dict(string_paths(self._codec.root))

    def names(self, statement: Statement) -> set[str]:
        """The paths of a statement's properties, with those of the strings in arrays."""
        paths = [self._codec.project.wire_name(prop.name) for prop in statement.props]
        return {path for path in self.wanted() if path.split("[")[0] in paths}

    def body(self, flat: dict[str, Any]) -> dict[str, Any]:
        """The object as a client gives it."""
        body: dict[str, Any] = self._codec.project(flat)
        return body

    def section(self, body: dict[str, Any]) -> tuple[Section, dict[str, Any]] | None:
        """The section that the object makes and what it says; None where it is refused."""
        loaded = self._codec.load(body)
        if loaded.problems:
            return None
        one, values = self._one, loaded.values
        if isinstance(one, RowCollection):
            kind, name = one.parents[0], "own"
        else:
            assert isinstance(one, SectionCollection | SingleSection)
            kind, name = one.kind, str(values.get(getattr(one, "key", ""), "own"))
        made = Section.new(kind, name, "base" if kind in INHERITING - {"defaults"} else None)
        if isinstance(one, RowCollection):
            return one.table.insert(made, values), values
        return one.model.put(made, values), values  # type: ignore[union-attr]

    def read(self, section: Section) -> dict[str, Any]:
        """What the lines of a section say."""
        one = self._one
        if isinstance(one, RowCollection):
            rows = list(one.table.rows(section))
            return dict(rows[0].values) if len(rows) == 1 else {}
        return dict(one.model.read(section))  # type: ignore[union-attr]


def string_paths(node: JsonNode, path: str = "") -> Iterator[tuple[str, Prop | None]]:
    """The paths of all strings below a node, `[]` for the items of arrays and `{}` for those of maps."""
    for name, child in node.children.items():
        if child.prop is None or not child.prop.read_only:
            yield from _strings(child, f"{path}.{name}" if path else name)


def _strings(node: JsonNode, path: str) -> Iterator[tuple[str, Prop | None]]:
    if node.children:
        yield from string_paths(node, path)
    elif node.item is not None:
        inner = f"{path}{'[]' if node.key is None else '{}'}"
        if node.item.children:
            yield from string_paths(node.item, inner)
        elif node.item.prop is None or node.item.prop.json == "string":
            yield inner, node.item.prop
    elif node.prop is not None and node.prop.json == "string":
        yield path, node.prop


def leaves(body: Any, path: str = "", place: Path_ = ()) -> Iterator[tuple[str, Path_]]:
    """The path and the place of every string in an object."""
    if isinstance(body, dict):
        for name, item in body.items():
            yield from leaves(item, f"{path}.{name}" if path else name, (*place, name))
    elif isinstance(body, list):
        for at, item in enumerate(body):
            yield from leaves(item, f"{path}[]", (*place, at))
    elif isinstance(body, str):
        yield path, place


def with_value(body: dict[str, Any], place: Path_, value: str) -> dict[str, Any]:
    """A copy of an object with another string at a place."""
    result = copy.deepcopy(body)
    inner: Any = result
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return result


def baselines(subject: Subject) -> dict[str, tuple[dict[str, Any], Path_]]:
    """An accepted object for each string property that one could be made for."""
    wanted, found = subject.wanted(), dict[str, tuple[dict[str, Any], Path_]]()
    bodies: list[dict[str, Any]] = []

    def offer(flat: dict[str, Any]) -> None:
        try:
            body = json.loads(json.dumps(subject.body(flat)))
            new = [(path, place) for path, place in leaves(body) if path in wanted and path not in found]
            if (new or not bodies) and subject.section(body) is not None:
                bodies.append(body)
                found.update({path: (body, place) for path, place in new})
        except (DataplaneError, KeyError):
            return

    samples = [values for one in subject.statements for values in readings(one)]
    named = {"name": "own"}
    for values in samples:
        offer(values)
        offer({**named, **values})
    for path in set(wanted) - set(found):
        made = next(_with_property(subject, bodies, path, wanted[path]), None)
        if made is not None:
            found[path] = made
    for statement in subject.statements:
        if subject.names(statement) & (set(wanted) - set(found)):
            _draw(statement, lambda flat: (offer(flat), offer({**named, **flat})))
    return found


def _with_property(
    subject: Subject, bodies: list[dict[str, Any]], path: str, prop: Prop | None
) -> Iterator[tuple[dict[str, Any], Path_]]:
    """Accepted objects with a property more, tried with values of many kinds."""
    said = [*(str(one) for one in prop.enum if one), *PLAIN] if prop is not None else [*PLAIN]
    for value, body in product(said, bodies[:_MOST_BODIES]):
        more, place = copy.deepcopy(body), list[str | int]()
        inner: Any = more
        names = path.split(".")
        for at, name in enumerate(names):
            bare, last = name.removesuffix("[]"), at == len(names) - 1
            place.append(bare)
            if name.endswith("[]"):
                place.append(0)
                inner[bare] = [value] if last else inner.get(bare) or [{}]
                inner = inner[bare][0]
            elif last:
                inner[bare] = value
            else:
                inner = inner.setdefault(bare, {})
            if not isinstance(inner, dict):
                break
        try:
            made, before = subject.section(more), subject.section(body)
        except (DataplaneError, AttributeError, TypeError, KeyError):
            continue
        if made is not None and before is not None and made[1] != before[1]:
            yield more, tuple(place)


def _draw(statement: Statement, offer: Any) -> None:
    @seed(17)
    @settings(max_examples=_DRAWS, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(objects(statement))
    def made(flat: dict[str, Any]) -> None:
        offer(flat)

    made()


def heads(section: Section) -> list[str]:
    """The first word of each line as it will stand in the file."""
    return [line.split()[0] if line.split() else "" for line in section.text.split("\n")]


def breach(
    subject: Subject, base: tuple[Section, dict[str, Any]], body: dict[str, Any], place: Path_, value: str,
    figures: Figures,
) -> str:  # fmt: skip
    """What is wrong when a string stands at a place of an object, of which `base` is made."""
    try:
        made = subject.section(with_value(body, place, value))
    except DataplaneError as error:
        figures.counts["refused"] += 1
        return f"answered {error.status}" if error.status >= 500 else ""
    except Exception as error:
        return f"fails: {error!r}"
    if made is None:
        figures.counts["refused"] += 1
        return ""
    figures.counts["taken"] += 1
    section, values = made
    if set(section.text) & set("\0\r\x0b") or len(heads(section)) > len(heads(base[0])):
        return f"makes other lines: {section.text!r}"
    return _read_back(subject, section, values, base)


def _read_back(
    subject: Subject, section: Section, values: dict[str, Any], base: tuple[Section, dict[str, Any]]
) -> str:
    read, before = subject.read(section), subject.read(base[0])
    changed = {name for name in values if values[name] != base[1].get(name)}
    for name in sorted(set(before) & set(base[1]) | set(read)):
        if name in changed or name not in read:
            if name in changed and name in read and read[name] != values[name]:
                return f"is read back as {read[name]!r} instead of {values[name]!r}: {section.text!r}"
        elif read[name] != before.get(name, read[name]):
            return f"changes {name}: {section.text!r}"
    extra = set(read) - set(before) - changed
    return f"adds {sorted(extra)}: {section.text!r}" if extra else ""


def subjects(api: Everything, versions: tuple[str, ...]) -> Iterator[Subject]:
    """Every collection of every version."""
    for served in api.app.served:
        if served.version.name in versions:
            for one in served.view.collections:
                if isinstance(one, RowCollection | SectionCollection | SingleSection):
                    yield Subject(served.version.name, one, served.view.codec(one))


def try_all(folder: Path, versions: tuple[str, ...] = ("v1", "v2", "v3"), only: str = "") -> Figures:
    """Try every hostile string in every string property."""
    figures = Figures()
    for subject in subjects(Everything(folder, "global\n"), versions):
        if only and only not in subject.name:
            continue
        found = baselines(subject)
        wanted = subject.wanted()
        figures.properties += len(wanted)
        figures.without_baseline += [f"{subject.name}: {path}" for path in sorted(set(wanted) - set(found))]
        for path, (body, place) in found.items():
            base = subject.section(body)
            assert base is not None
            for value in HOSTILE:
                figures.counts["tried"] += 1
                said = breach(subject, base, body, place, value, figures)
                if said:
                    figures.breaches.append(f"{subject.name}: {path} = {value[:60]!r} {said[:400]}")
    return figures


def run_all() -> int:
    """Try all; 1 where a value does more than it says."""
    import_module("tests.conftest")  # its profile gives Hypothesis time
    with tempfile.TemporaryDirectory(prefix="dataplane-injection-") as folder:
        figures = try_all(Path(folder))
    print(*figures.breaches, *(f"no baseline: {one}" for one in figures.without_baseline), sep="\n")
    print(figures)
    return int(bool(figures.breaches))
