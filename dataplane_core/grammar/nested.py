"""Lines that are a resource elsewhere, as a list property of the section's own object."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dataplane_core.grammar.props import Prop, Values
from dataplane_core.grammar.statements import Row, Statement


class Nested(Statement):
    """All lines of `resource` as objects of one list; `index`, if given, numbers them from 0."""

    single = False

    def __init__(self, name: str, resource: Statement, index: Prop | None, help: str) -> None:
        items = (*((index,) if index else ()), *resource.props)
        prop = Prop(name, "array", items=items, help=help)
        super().__init__(resource.forms, [prop], resource.examples, resource.rejects)
        self.prop = prop
        self.index = index
        self.resource = resource

    def collect(self, rows: Sequence[Row]) -> dict[str, Any]:
        name = self.index.name if self.index else ""
        items = [{**({name: at} if name else {}), **row} for at, (_, row) in enumerate(rows)]
        return {self.prop.name: items} if items else {}

    def spread(self, values: Values) -> list[Row]:
        name = self.index.name if self.index else ""
        lines: list[Row] = []
        for item in values.get(self.prop.name) or ():
            lines += self.resource.spread({key: item[key] for key in item if key != name})
        return lines


def nested(name: str, resource: Statement, *, numbered: bool = False, help: str) -> Statement:
    """The lines of `resource` as the list property `name`; `numbered` objects have an `index`."""
    index = Prop("index", "integer", nullable=True, help="Position in the list, from 0.")
    return Nested(name, resource, replace(index, required=True) if numbered else None, help)


__all__ = ["Nested", "nested"]
