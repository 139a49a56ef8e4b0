"""Say of objects what refers to them, and what they refer to.

`dangling`, `unused`, `referrers` and `targets` are asked about a document; they know nothing that
its lines and the declarations do not say.
"""

from collections.abc import Container
from typing import NamedTuple

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Reference
from dataplane_core.grammar.names import Name
from dataplane_core.resources.collections import RowCollection, SectionCollection, SingleSection
from dataplane_core.resources.document_names import DocumentNames, HasFile, Thing, Use
from dataplane_core.resources.line_names import Given
from dataplane_core.resources.locate import (
    ParentReference,
    find_named,
    find_section,
    find_single,
    object_at,
)
from dataplane_core.resources.lost_names import Gone, lost_uses
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document, Section
from dataplane_core.text.joined_sections import JoinedSections


@dataclass(frozen=True, slots=True)
class NamedUse:
    """A name that an object refers to.

    `line` counts from 1 in the document, `section` is the header of the section that holds it, and
    `resource` the object that the line belongs to. `property` holds the name, which is one of a
    thing of the `kinds`. `targets` are the objects that it means; none where it is dangling, a
    file, or known to the running process alone. `perhaps`: the line is in a conditional block.
    """

    line: int
    section: str
    resource: Reference | None
    property: str
    kinds: tuple[str, ...]
    name: str
    targets: tuple[Reference, ...] = ()
    perhaps: bool = False


@dataclass(frozen=True, slots=True)
class UnusedName:
    """A name that nothing refers to, of something that does nothing by itself."""

    line: int
    section: str
    resource: Reference | None
    kind: str
    name: str


def dangling(
    registry: Registry, document: Document, has_file: HasFile | None = None
) -> list[NamedUse]:
    """Return the uses of names that nothing has.

    `has_file` tells whether there is a file with a name; without it all files count as there.
    """
    shown = Shown(registry, document)
    return [shown.use(one) for one in shown.names.dangling(has_file)]


def newly_dangling(registry: Registry, before: Document, after: Document) -> list[NamedUse]:
    """Return the uses of names that nothing has after a change, and that were right before it.

    It costs what differs, and a search for the names of the sections that do.
    """
    shown = Shown(registry, after)
    return [shown.use(one) for one in shown.names.newly_dangling(before)]


def lost_names(
    registry: Registry, before: Document, after: Document, gone: list[Gone]
) -> list[tuple[str, Reference]]:
    """Return what a change takes from lines that refer to it, in words, each with such an object.

    `gone` is what it takes away. What meant nothing before it counts as lost long ago.
    """
    uses = [*lost_uses(registry.names, before, after, gone)]
    if not uses:
        return []
    shown = Shown(registry, after)
    found = ((words_of_thing(thing), shown.use(use).resource) for thing, use in uses)
    return [(words, user) for words, user in found if user is not None]


def words_of_thing(thing: Thing) -> str:
    """Return in words what has a name."""
    section = f"{thing.section.kind} {thing.section.name}".rstrip()
    return section if thing.is_section else f"{thing.name} of {section}"


def unused(
    registry: Registry, document: Document, used: Container[tuple[str, str]] = ()
) -> list[UnusedName]:
    """Return the names that nothing refers to, of things that do nothing by themselves.

    `used` are kinds with the names that others than the configuration refer to.
    """
    shown = Shown(registry, document)
    found = (one for one in shown.names.unused() if (one[0].kind, one[0].name) not in used)
    return [shown.idle(thing, at) for thing, at in found]


def referrers(registry: Registry, document: Document, reference: Reference) -> list[NamedUse]:
    """Return the uses of the names that an object gives, from outside of it.

    Only lines that may hold one of the names are read; of a line that gives names by numbers, all
    lines of its section, and of those that name the section. An object that does not exist, or
    gives no name, has none.
    """
    shown = Shown(registry, document)
    sections, at = _lines(registry, document, reference)
    things = named_by(registry, document, reference)
    found = [one for thing in things for one in shown.names.referring_to(thing)]
    if at is not None:
        found += shown.names.referring_to_counted(sections[0], at)
    outside = (one for one in found if not (one.section in sections and at in (None, one.at)))
    return [shown.use(one) for one in outside]


def targets(registry: Registry, document: Document, reference: Reference) -> list[NamedUse]:
    """Return the names that an object refers to; those of its rows count as a section's."""
    shown = Shown(registry, document)
    sections, at = _lines(registry, document, reference)
    found = (one for section in sections for one in shown.names.uses(section))
    return [shown.use(one) for one in found if at is None or one.at == at]


class Shown:
    """Shows the lines of a document as objects, with their numbers."""

    def __init__(self, registry: Registry, document: Document) -> None:
        self.names = DocumentNames(registry.names, document)
        self._registry = registry
        self._headers: dict[int, int] = {}
        self._known: dict[tuple[int, str, str], Reference | None] = {}
        self._meant: dict[tuple[int, Name], tuple[Reference, ...]] = {}
        above = document.preamble.count("\n")
        for section in document.sections:
            self._headers[id(section)] = above + len(section.lead) + 1
            above += section.text.count("\n")

    def use(self, use: Use) -> NamedUse:
        """Return what a use of a name looks like from outside."""
        name = use.mention.name
        text = f"{name.scope}/{name.text}" if name.scope and name.text else name.text or name.scope
        return NamedUse(
            self._line(use.section, use.at),
            _title(use.section),
            self._object(use.section, use.at),
            use.mention.path,
            name.kinds,
            text,
            self._targets(use.section, name),
            any(use.at in block for block in use.section.blocks[0]),
        )

    def _targets(self, section: Section, name: Name) -> tuple[Reference, ...]:
        """Return the objects that a name in a section may mean: many lines may refer to one."""
        key = id(section), name._replace(start=0, end=0)
        if key not in self._meant:
            found = map(self.reference, self.names.things(section, name))
            self._meant[key] = tuple(filter(None, found))
        return self._meant[key]

    def idle(self, thing: Thing, at: int) -> UnusedName:
        """Return what an unused name looks like from outside."""
        section = thing.section
        line, resource = self._line(section, at), self._object(section, at)
        return UnusedName(line, _title(section), resource, thing.kind, thing.name or section.name)

    def reference(self, thing: Thing) -> Reference | None:
        """Return the object that gives a name: many lines may name the same."""
        key = id(thing.section), thing.kind, thing.name
        if key not in self._known:
            self._known[key] = self._reference(thing)
        return self._known[key]

    def _reference(self, thing: Thing) -> Reference | None:
        if thing.is_section:
            return self._object(thing.section, -1)
        places = self.names.gives(thing.section, thing.kind, thing.name)
        return self._object(thing.section, places[0])

    def _line(self, section: Section, at: int) -> int:
        return self._headers[id(section)] + at + 1

    def _object(self, section: Section, at: int) -> Reference | None:
        return object_at(self._registry, self.names.document, section, at)


def _title(section: Section) -> str:
    return f"{section.kind} {section.name}".rstrip()


class _Lines(NamedTuple):
    """The lines of an object: whole sections, or one line of one."""

    sections: tuple[Section, ...]
    at: int | None = None


def _lines(registry: Registry, document: Document, reference: Reference) -> _Lines:
    one = registry.collections.get(reference.collection)
    found: Section | None = None
    if isinstance(one, SectionCollection):
        found = find_section(document, one.kind, reference.section, one.unnamed)
    elif isinstance(one, SingleSection):
        found = find_single(document, one)
    elif isinstance(one, RowCollection):
        found = ParentReference((reference.kind,), reference.section).find(document)
    if found is None:
        return _Lines(())
    if not isinstance(one, RowCollection):
        return _Lines(found.parts if isinstance(found, JoinedSections) else (found,))
    if isinstance(reference.key, int):
        row = one.table.nth(found, reference.key)
    else:
        row = find_named(one, found, reference.key or "")
    return _Lines(()) if row is None else _part(found, row.at)


def _part(section: Section, at: int) -> _Lines:
    """Return the part of joined sections that a line is in."""
    for part in section.parts if isinstance(section, JoinedSections) else ():
        if at < len(part.lines):
            return _Lines((part,), at)
        at -= len(part.lines) + 1
    return _Lines((section,), at)


class Numbered(NamedTuple):
    """A line that gives several names by numbers, and what it gives."""

    section: Section
    at: int
    given: Given


def numbered_by(
    registry: Registry, document: Document, reference: Reference
) -> Numbered | None:
    """Return the line that an object is, where that gives several names by numbers."""
    sections, at = _lines(registry, document, reference)
    if at is None or not sections:
        return None
    given = DocumentNames(registry.names, document).given_at(sections[0], at)
    return next((Numbered(sections[0], at, one) for one in given if one.numbers), None)


def named_by(
    registry: Registry, document: Document, reference: Reference, *, alone: bool = True
) -> list[Thing]:
    """Return what has a name of all that an object is; none for one that gives no name.

    A line that gives several names by numbers has none of them. With `alone`, a name does not count
    that another line of the section gives as well. Whoever refers to a line of another section
    refers to that section as well.
    """
    sections, at = _lines(registry, document, reference)
    if not sections:
        return []
    section = sections[0]
    if at is None:
        return [Thing(section, section.kind, section.name)] if section.name else []
    names = DocumentNames(registry.names, document)
    return [
        Thing(section, given.kind, given.name)
        for given in names.given_at(section, at)
        if not given.numbers
        and (not alone or names.gives(section, given.kind, given.name) == [at])
    ]
