"""Lines as the declarations read and rewrite them."""

from typing import Any

from dataplane_core.grammar import RowTable, Statement
from dataplane_core.text import Line, Section


def section(*lines: str) -> Section:
    """A section of these lines."""
    return Section(Line("section name\n"), (), tuple(Line(f"  {line}\n") for line in lines))


def read(statement: Statement, line: str) -> dict[str, Any]:
    """What a line says."""
    (row,) = RowTable(statement).rows(section(line))
    return row.values


def rewritten(statement: Statement, line: str, **change: Any) -> str:
    """The line with other values; None takes a property away, `a__b` stands for `a-b`."""
    table = RowTable(statement)
    before = section(line)
    (row,) = table.rows(before)
    changed = {name.replace("__", "-"): value for name, value in change.items()}
    values = {name: value for name, value in {**row.values, **changed}.items() if value is not None}
    return table.replace(before, row, values).lines[0].raw.strip()


def written(statement: Statement, **values: Any) -> str:
    """The line of a new row."""
    return RowTable(statement).line({k.replace("__", "-"): v for k, v in values.items()}).raw.strip()
