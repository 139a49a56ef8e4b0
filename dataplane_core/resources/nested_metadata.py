"""Metadata of the nested objects that lines of their own say, in the comments of these lines."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from dataplane_core.grammar import Model, Prop, Statement
from dataplane_core.grammar.statements import FIRST
from dataplane_core.resources.extra_props import METADATA
from dataplane_core.text import Section
from dataplane_core.text.metadata import is_metadata, metadata_of, with_metadata

Taken = Mapping[str, list[Any]]
"""Metadata of a body, by the name of the object or list: that of the object, or of each item."""


class NestedMetadata:
    """The metadata of the objects of one model (`Model.annotated`).

    Words by hand are not shown: they are about the line, and they stay. Where several lines say an
    object, each of them has its metadata, and the first shows it.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._statements = {name: [*_saying(model, name)] for name in model.annotated}
        self._lists = {prop.name for prop in model.props if prop.json == "array"}

    def props(self, props: Iterable[Prop]) -> Iterator[Prop]:
        """Yield the model's properties with the metadata of each nested object."""
        for prop in props:
            if prop.name in self._statements and isinstance(prop.items, tuple):
                prop = replace(prop, items=(*prop.items, METADATA))
            yield prop
        for name in self._statements.keys() - self._lists:
            yield METADATA.under(name)

    def show(self, section: Section, values: dict[str, Any]) -> None:
        """Add the metadata of a section's nested objects to its values."""
        said = self._model.find(section).values()
        lines = (section.line(one.at) for ones in said for one in ones)
        if not any("#" in line.raw for line in lines):
            return  # most sections have no comments behind their lines
        for name in self._statements:
            found = [
                {METADATA.name: metadata_of(line)} if is_metadata(line) else {}
                for line in map(section.line, self._places(section, name))
            ]
            if name not in self._lists:
                first = next(filter(None, found), {})
                values.update((f"{name}.{key}", value) for key, value in first.items())
            elif any(found):
                pairs = zip(values[name], found, strict=True)
                values[name] = [{**item, **metadata} for item, metadata in pairs]

    def take(self, values: dict[str, Any]) -> Taken:
        """Take the metadata of nested objects out of a body's values."""
        taken = {}
        for name in self._statements:
            if name in self._lists:
                items = values.get(name) or ()
                taken[name] = [item.get(METADATA.name) for item in items]
                if any(one is not None for one in taken[name]):
                    values[name] = [_without_metadata(item) for item in items]
            else:
                taken[name] = [values.pop(f"{name}.{METADATA.name}", None)]
        return taken

    def write(self, section: Section, taken: Taken) -> Section:
        """Return a section with the metadata `taken` on the lines of its nested objects."""
        lines = {}
        for name, metadata in taken.items():
            places = self._places(section, name)
            each = metadata if name in self._lists else metadata * len(places)
            if name not in self._lists and self._is_shown(section, places, metadata[0]):
                continue
            for at, one in zip(places, each, strict=False):
                line = with_metadata(section.lines[at], one)
                if line is not section.lines[at]:
                    lines[at] = line
        return section.replace_each(lines) if lines else section

    def _is_shown(self, section: Section, places: Iterable[int], metadata: Any) -> bool:
        """Return whether one object has the metadata already, though not on each of its lines."""
        lines = (section.lines[at] for at in places)
        first = next(filter(is_metadata, lines), None)
        return first is not None and with_metadata(first, metadata) is first

    def _places(self, section: Section, name: str) -> list[int]:
        """Return the places of the lines that say an object, or the items of a list in order."""
        found = self._model.find(section)
        places: list[int] = []
        for statement in self._statements[name]:
            lines = [one.at for one in found.get(statement, ()) if one.reading is not None]
            if statement.single:
                lines = lines[:1] if statement.counts == FIRST else lines[-1:]
            places += lines
        return sorted(places)


def _saying(model: Model, name: str) -> Iterator[Statement]:
    """Yield the statements of a model that carry a nested object, or a list of such objects."""
    for statement in model.statements:
        if any(prop.name == name or prop.name.startswith(f"{name}.") for prop in statement.props):
            yield statement


def _without_metadata(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key != METADATA.name}
