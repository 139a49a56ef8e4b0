"""What the interface accepts HAProxy accepts, but for what only HAProxy can know.

Objects are made from the declarations' own limits, a few of every family;
`DATAPLANE_OBJECTS=5000 pytest tests/laws/test_generated_objects.py -s` makes more of them and tells
what HAProxy said.
"""

import collections
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from dataplane_core.codec.codec import Codec
from dataplane_core.codec.schema import SchemaFactory
from dataplane_core.errors import DataplaneError
from dataplane_core.grammar import Prop, Statement
from dataplane_core.haproxy import binaries
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.testing.judging import Piece, verdicts
from dataplane_core.text import Section
from dataplane_core.text.language import INHERITING
from tests.golden.offline import nested, registry
from tests.grammar.generate import objects, readings

OBJECTS = int(os.environ.get("DATAPLANE_OBJECTS", "300"))
SEED = int(os.environ.get("DATAPLANE_SEED", "28"))
PROGRAM = binaries.installed().get("2.8")
REGISTRY = registry()
FAMILIES = [
    one
    for one in REGISTRY.collections.values()
    if isinstance(one, RowCollection) or (isinstance(one, SectionCollection | SingleSection) and one.model.statements)
]
REASONS = {
    line.split("  ", 1)[0]: line.split("  ", 1)[1].strip()
    for line in Path(__file__).with_name("refusals.txt").read_text().splitlines()
    if line.strip() and not line.startswith("#")
}
CONDITIONS = ("TRUE", "{ src 10.0.0.1 }")


def pools(statements: list[Statement]) -> dict[str, list[Any]]:
    """What the examples of statements say, by property, at every depth."""
    found: dict[str, list[Any]] = collections.defaultdict(list)

    def gather(values: dict[str, Any]) -> None:
        for name, value in values.items():
            if isinstance(value, list) and value and isinstance(value[0], dict):
                for item in value:
                    gather(item)
            elif value not in found[name]:
                found[name].append(value)

    for statement in statements:
        for values in readings(statement):
            gather(values)
    return found


def plausible(
    data: st.DataObject, values: dict[str, Any], pool: dict[str, list[Any]], props: dict[str, Prop]
) -> dict[str, Any]:
    """`values` with words that mean something in the place of words made up."""
    result = dict(values)
    for name, value in values.items():
        prop = props.get(name)
        if name.endswith("cond_test"):
            result[name] = data.draw(st.sampled_from(CONDITIONS))
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            inner = {one.name: one for one in prop.items} if prop and prop.items else {}
            result[name] = [plausible(data, item, pool, inner) for item in value]
        elif prop is not None and not prop.enum and isinstance(value, str | list) and pool[name]:
            result[name] = data.draw(st.sampled_from(pool[name]))
    return result


class Maker:
    """Random objects of one family that the interface accepts, as sections."""

    def __init__(self, one: Collection) -> None:
        self.one = one
        rows = isinstance(one, RowCollection)
        self.statements = [one.table.statement] if rows else list(one.model.statements)
        self.makers = [objects(statement) for statement in self.statements]
        self.pool = pools(self.statements)
        self.props = {prop.name: prop for prop in one.props}
        rules = one.table.problems if rows else one.model.problems
        self.codec = Codec(one.name, one.props, "v2", SchemaFactory([]), rules=rules)

    def draw(self, data: st.DataObject, first: int) -> dict[str, Any] | None:
        """An object with a statement and perhaps others; None where the interface refuses it."""
        made = data.draw(self.makers[first])
        if not isinstance(self.one, RowCollection):
            for other in data.draw(st.lists(st.sampled_from(self.makers), max_size=2)):
                made = {**data.draw(other), **made}
        body = nested(plausible(data, made, self.pool, self.props))
        try:
            loaded = self.codec.load(body)
        except DataplaneError:
            return None
        return None if loaded.problems else loaded.values

    def section(self, data: st.DataObject, number: int, values: dict[str, Any]) -> Section:
        """A section that holds the object."""
        one = self.one
        kind = data.draw(st.sampled_from(one.parents)) if isinstance(one, RowCollection) else one.kind
        name = "" if kind in ("global", "traces") else f"gen-{number}"
        section = Section.new(kind, name, "base" if kind in INHERITING - {"defaults"} else None)
        if isinstance(one, RowCollection):
            return one.table.insert(section, values)
        return one.model.put(section, values)


def pieces(count: int) -> list[Piece]:
    """Accepted objects of every family, as text."""
    made: list[Piece] = []
    for one in FAMILIES:
        maker = Maker(one)
        share = max(1, count // len(FAMILIES))
        step = max(1, len(maker.statements) // share)
        for first in range(0, len(maker.statements), step):
            fill(made, maker, first, max(2, share * step // len(maker.statements)))
    return made


def fill(made: list[Piece], maker: Maker, first: int, count: int) -> None:
    """Add up to `count` objects of one family, all with one of its statements, to `made`."""

    @seed(SEED)
    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def make(data: st.DataObject) -> None:
        values = maker.draw(data, first)
        if values is None:
            return
        try:
            text = maker.section(data, len(made), values).text
        except DataplaneError:
            return
        made.append(Piece(maker.one.name, len(made), text.rstrip("\n") + "\n"))

    make()


def reason(message: str) -> str | None:
    """Why only HAProxy can know what it says, None where nothing in the list tells."""
    return next((why for pattern, why in REASONS.items() if re.search(pattern, message)), None)


@pytest.mark.haproxy
@pytest.mark.skipif(PROGRAM is None, reason="HAProxy 2.8 is not here; the extra `embedded` has it")
def test_haproxy_accepts_what_the_interface_accepts(tmp_path: Path) -> None:
    made = pieces(OBJECTS)
    refused = verdicts(str(PROGRAM), tmp_path, made)
    counts = collections.Counter(reason(message) for message in refused.values())
    print(f"{len(made)} objects of {len(FAMILIES)} families, {len(refused)} refused by HAProxy 2.8")
    for why, number in counts.most_common():
        print(f"{number:6}  {why}")
    wrong = [
        f"{piece.family}: {refused[piece.number]}\n{piece.text}"
        for piece in made
        if piece.number in refused and reason(refused[piece.number]) is None
    ]
    assert not wrong, f"{len(wrong)} of {len(made)}:\n" + "\n".join(wrong)
