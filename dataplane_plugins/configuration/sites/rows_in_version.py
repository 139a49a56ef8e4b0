"""The rows of a section as one API version has them, with the comments of their lines."""

from collections.abc import Mapping
from typing import Any

from dataplane_core.plugin import (
    METADATA,
    Model,
    Prop,
    RowCollection,
    Section,
    Values,
    View,
    WholeSection,
    with_each,
)


class SectionInVersion(WholeSection):
    """A section with its rows, of which a version shows the metadata, and keeps what it lacks."""

    def __init__(self, model: Model, rows: Mapping[str, RowCollection], view: View) -> None:
        super().__init__(model, rows)
        self._view = view

    def props_of(self, name: str) -> tuple[Prop, ...]:
        """Return the properties of the rows that a property lists."""
        rows = self.rows[name]
        return (*rows.props, METADATA) if self._view.has_metadata(rows) else rows.props

    def read(self, section: Section) -> dict[str, Any]:
        values = super().read(section)
        for name, rows in self.rows.items():
            lines = [row.line for row in rows.table.rows(section)]
            for item, line in zip(values.get(name, ()), lines, strict=True):
                item |= self._view.metadata(rows, line)
        return values

    def put(self, section: Section, values: Values) -> Section:
        before, own, writes = super().read(section), self._kept(section, values), {}
        for name, rows in self.rows.items():
            items = [dict(item) for item in values.get(name, ())]
            writes[name] = [self._view.take_metadata(rows, item) for item in items]
            own[name] = self._view.codec(rows).keeping.keep_each(before.get(name, ()), items)
        section = super().put(section, own)
        for name, rows in self.rows.items():
            section = with_each(section, rows, writes[name])
        return section

    def _kept(self, section: Section, values: Values) -> dict[str, Any]:
        """Return values with what the section itself says and the version cannot say."""
        sections = self._view.registry.sections_of(section.kind)
        if sections is None:
            return dict(values)
        keeping = self._view.codec(sections).keeping
        return keeping.keep(self.model.read(section), dict(values))
