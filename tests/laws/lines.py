"""Single lines of every declaration, respelled, and HAProxy's verdict on each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dataplane_core.grammar import Model, Reading, RowTable, Statement
from dataplane_core.resources.collections import (
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.testing.judging import Piece, section_text, verdicts
from dataplane_core.text import Line, Section
from tests.golden.offline import registry

REGISTRY = registry()


@dataclass(frozen=True)
class Sample:
    """An example line of a declaration, in a kind of section that takes it."""

    family: str
    kind: str
    statement: Statement
    text: str

    @property
    def reading(self) -> Reading:
        """What the line says; empty where the declaration does not read it."""
        rows = RowTable(self.statement).rows(body(self.text))
        return rows[0].reading if rows else Reading()


def samples() -> Iterator[Sample]:
    """Every example of every declaration."""
    for one in REGISTRY.collections.values():
        if isinstance(one, RowCollection):
            kind, statements = one.parents[0], [one.table.statement]
        elif isinstance(one, SectionCollection | SingleSection):
            kind, statements = one.kind, one.model.statements
        for statement in statements:
            for text in statement.examples:
                yield Sample(one.name, kind, statement, text)


def body(*lines: str) -> Section:
    """A section of these lines, as a person writes them."""
    made = [Line(f"\t {line}  # why\n") for line in lines]
    return Section.new("section", "name").with_lines(made)


def accepted(
    program: str, folder: Path, made: Sequence[tuple[Sample, Sequence[str]]]
) -> list[bool]:
    """Whether HAProxy takes the lines of each, in a section of the sample's kind."""
    pieces = [
        Piece(one.family, n, section_text(one.kind, n, lines)) for n, (one, lines) in enumerate(made)
    ]
    refused = verdicts(program, folder, pieces)
    return [number not in refused for number in range(len(pieces))]


def model_of(one: Sample) -> Model:
    """The object that the lines of one declaration make."""
    return Model("lines", one.statement)
