"""A section with the rows that it holds, as one flat object."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dataplane_core.grammar import Model, Problem, Prop, Values, of_item
from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.locate import row_name
from dataplane_core.text import Section


class WholeSection:
    """A section's model, with the collections of its rows by the properties that list them.

    The lists come in the order of the file. One without rows is left out when it is read, and has
    no rows when it is left out of what is put.
    """

    def __init__(self, model: Model, rows: Mapping[str, RowCollection]) -> None:
        self.model = model
        self.rows = rows

    @property
    def props(self) -> tuple[Prop, ...]:
        """The properties of the section, and of its lists."""
        return (*self.model.props, *self.list_props())

    def list_props(self) -> Iterator[Prop]:
        """Yield the properties that hold the lists."""
        for name, rows in self.rows.items():
            yield Prop(name, "array", items=rows.props, help=rows_help(rows))

    def problems(self, values: Values) -> Iterator[Problem]:
        """Yield the rules that `values` break: the model's, each row's, and equal names of rows.

        Rows that may lack a name may have equal ones, too.
        """
        yield from self.model.problems(values)
        for name, rows in self.rows.items():
            items = values.get(name, ())
            if rows.key is not None and rows.unnamed is None:
                yield from repeated(name, (item[rows.key] for item in items if rows.key in item))
            for at, item in enumerate(items):
                yield from of_item(name, at, rows.problems(item))

    def read(self, section: Section) -> dict[str, Any]:
        """Return what a section says; a row without a name has the one that clients know."""
        values = self.model.read(section)
        for name, rows in self.rows.items():
            found = rows.table.rows(section)
            if found:
                values[name] = [_named(rows, row_name(rows, row), row.values) for row in found]
        return values

    def put(self, section: Section, values: Values) -> Section:
        """Return the section saying `values` and holding these rows alone, in their order."""
        own = {path: value for path, value in values.items() if path not in self.rows}
        section = self.model.put(section, own)
        for name, rows in self.rows.items():
            items = _without_made_up_names(rows, section, values.get(name, ()))
            section = rows.table.put(section, items, rows.key)
        return section


def rows_help(rows: RowCollection) -> str:
    """Return what the property is that holds rows of a section."""
    return f"The `{rows.table.statement.forms[0].head[0]}` lines of the section."


def repeated(path: str, names: Iterable[str]) -> Iterator[Problem]:
    """Yield a problem for each name that a list has more than once."""
    for name, count in Counter(names).items():
        if count > 1:
            yield Problem(path, 422, f"{path} must not have {name} more than once")


def _named(rows: RowCollection, name: str | None, values: Values) -> dict[str, Any]:
    return {**values} if rows.key is None else {rows.key: name, **values}


def _without_made_up_names(
    rows: RowCollection, section: Section, items: Iterable[Values]
) -> list[dict[str, Any]]:
    """Return items without the names that were only made up for rows that have none."""
    made_up = {
        row_name(rows, row) for row in rows.table.rows(section) if rows.key not in row.values
    }
    return [
        {path: value for path, value in item.items() if path != rows.key or value not in made_up}
        for item in items
    ]
