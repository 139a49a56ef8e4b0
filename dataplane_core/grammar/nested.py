"""Lines that are a resource elsewhere, as a list property of the section's own object."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from dataplane_core.errors import Code
from dataplane_core.grammar.props import Problem, Prop, Values, of_item
from dataplane_core.grammar.statements import LineContent, Statement


class NestedStatement(Statement):
    """All lines of `resource` as objects of one list; `index`, if given, numbers them from 0."""

    single = False

    def __init__(self, name: str, resource: Statement, index: Prop | None, help: str) -> None:
        super().__init__(resource.forms, resource.examples, resource.rejects)
        self.prop = Prop(name, "array", help=help)
        self.index = index
        self.resource = resource

    def declared(self) -> Iterable[Prop]:
        items = (*((self.index,) if self.index else ()), *self.resource.props)
        return (replace(self.prop, items=items),)

    def collect(self, rows: Sequence[LineContent]) -> dict[str, Any]:
        name = self.index.name if self.index else ""
        items = [{**({name: at} if name else {}), **row} for at, (_, row) in enumerate(rows)]
        return {self.prop.name: items} if items else {}

    def spread(self, values: Values) -> list[LineContent]:
        return [row for item in self._items(values) for row in self.resource.spread(item)]

    def problems(self, values: Values) -> Iterator[Problem]:
        for at, item in enumerate(self._items(values)):
            if not item:
                path = f"{self.prop.name}.{at}"
                yield Problem(path, Code.REQUIRED, f"{path} in body says nothing")
            yield from of_item(self.prop.name, at, self.resource.problems(item))

    def _items(self, values: Values) -> list[dict[str, Any]]:
        """The objects of the list without their places: a line stands where it stands."""
        name = self.index.name if self.index else ""
        items = values.get(self.prop.name) or ()
        return [{key: item[key] for key in item if key != name} for item in items]


def nested(name: str, resource: Statement, *, numbered: bool = False, help: str) -> Statement:
    """The lines of `resource` as the list property `name`; `numbered` objects have an `index`."""
    index = Prop("index", "integer", nullable=True, help="Position in the list, from 0.")
    return NestedStatement(
        name, resource, replace(index, required=True) if numbered else None, help
    )


__all__ = ["NestedStatement", "nested"]
