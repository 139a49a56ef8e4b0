"""The objects of the configuration, as each version takes, writes and shows them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dataplane_core.api.section_objects import SectionObjects, row_values
from dataplane_core.api.view import View
from dataplane_core.codec.codec import Loaded
from dataplane_core.grammar import Prop, Statement
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.resources.document_sections import WHOLE_DOCUMENT
from dataplane_core.resources.extra_props import FROM, INDEX
from dataplane_core.testing.laws import statements_of
from dataplane_core.text import Document, Section
from dataplane_core.text.language import INHERITING
from tests.torture.hostile.strings import Json, string_paths

BASE = "defaults base\n\n"
OWN = "own"


@dataclass(frozen=True)
class Made:
    """What an object makes: the text, what a reader of the text is shown of it, and the echo."""

    text: str
    shown: list[Json]
    echo: Json

    @property
    def lines(self) -> int:
        """The number of lines."""
        return self.text.count("\n")


class Subject:
    """The objects of one collection in one version."""

    def __init__(self, view: View, one: Collection) -> None:
        self.name = f"{view.version.name} {one.name}"
        self.view, self.one, self.codec = view, one, view.codec(one)
        self.wanted: dict[str, Prop | None] = dict(string_paths(self.codec.root))
        self.registry = view.registry

    @property
    def statements(self) -> list[Statement]:
        """The declarations of the object's own lines."""
        return statements_of(self.one)

    def parse(self, text: str) -> Document:
        """The document of a text."""
        return Document.parse(text, self.registry.language)

    def samples(self) -> Iterator[Json]:
        """What clients are shown of lines that examples have, one line at a time."""
        for statement in self.every_statement():
            for example in statement.examples:
                for shown in self.shown(self.parse(f"{BASE}{self.header()}\n  {example}\n")):
                    yield json.loads(json.dumps(shown))

    def every_statement(self) -> Iterator[Statement]:
        """The declarations of all lines that the object may hold."""
        yield from self.statements

    def header(self) -> str:
        """The header of a section for samples."""
        raise NotImplementedError

    def shown(self, document: Document) -> list[Json]:
        """The objects of the collection in a document."""
        raise NotImplementedError

    def written(self, loaded: Loaded) -> Document:
        """A document with the object."""
        raise NotImplementedError

    def make(self, body: Json) -> Made | None:
        """What an object makes; None where it is refused."""
        loaded = self.codec.load(body)
        if loaded.problems:
            return None
        text = self.written(loaded).text()
        return Made(text, self.shown(self.parse(text)), loaded.echo)

    def of_flat(self, values: Mapping[str, Any]) -> Json:
        """The object as a client gives it."""
        body: Json = json.loads(json.dumps(self.codec.project(dict(values))))
        return body


class SectionSubject(Subject):
    """Sections, with all rows that the version shows in them."""

    one: SectionCollection | SingleSection

    def __init__(self, view: View, one: SectionCollection | SingleSection) -> None:
        super().__init__(view, one)
        self._objects = SectionObjects(view, one)
        self.rows = view.whole(one).rows

    def every_statement(self) -> Iterator[Statement]:
        yield from self.statements
        for rows in self.rows.values():
            yield rows.table.statement

    def header(self) -> str:
        return self.one.kind if isinstance(self.one, SingleSection) else f"{self.one.kind} {OWN}"

    def shown(self, document: Document) -> list[Json]:
        return [
            self._objects.show(section, self._name(section), full=True)
            for section in document.sections
            if section.kind == self.one.kind and section.name != "base"
        ]

    def _name(self, section: Section) -> dict[str, str]:
        return {self.one.key: section.name} if isinstance(self.one, SectionCollection) else {}

    def written(self, loaded: Loaded) -> Document:
        one, values, document = self.one, dict(loaded.values), self.parse(BASE)
        if isinstance(one, SectionCollection):
            name, parent = values.pop(one.key, ""), values.get(FROM.name)
            document, section = WHOLE_DOCUMENT.place(document, one, name, parent, self.registry.section_order)
        else:
            values.pop("name", None)
            document = document.insert(len(document.sections), Section.new(one.kind))
            section = document.sections[-1]
        return self._objects.put(document, section, values, full=True)


class RowSubject(Subject):
    """Rows of sections, each alone in one."""

    one: RowCollection

    def header(self) -> str:
        kind = self.one.parents[0]
        return kind if kind == "global" else f"{kind} {OWN}{' from base' if kind in INHERITING - {'defaults'} else ''}"

    def shown(self, document: Document) -> list[Json]:
        return [
            self.codec.project(row_values(self.view, self.one, row, at))
            for section in document.sections
            if section.kind == self.one.parents[0]
            for at, row in enumerate(self.one.table.rows(section))
        ]

    def written(self, loaded: Loaded) -> Document:
        values = dict(loaded.values)
        if self.one.indexed:
            values.pop(INDEX.name, None)
        document = self.parse(f"{BASE}{self.header()}\n")
        section, write = document.sections[-1], self.view.take_metadata(self.one, values)
        new = self.one.table.insert(section, values)
        if write is not None:
            new = new.replace_each({row.at: write(row.line) for row in self.one.table.rows(new)})
        return document.replace(section, new)


def subject_of(view: View, one: Collection) -> Subject | None:
    """The subject of a collection that is made of lines."""
    if isinstance(one, RowCollection):
        return RowSubject(view, one)
    return SectionSubject(view, one) if isinstance(one, SectionCollection | SingleSection) else None
