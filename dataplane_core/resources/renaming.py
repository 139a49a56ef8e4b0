"""Give something another name, together with all lines that refer to it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from dataplane_core.errors import AlreadyExists, Conflict, Invalid, NotFound, Reference
from dataplane_core.grammar import LineForm, Reading
from dataplane_core.grammar.names import NameKind
from dataplane_core.grammar.props import Values
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.resources.collections import SectionCollection
from dataplane_core.resources.document_names import GIVEN_ACLS, DocumentNames, Thing, Use
from dataplane_core.resources.line_names import LineNames, exchanged, value_at
from dataplane_core.resources.locate import refuse_namesake
from dataplane_core.resources.referring import NamedUse, Numbered, Shown, named_by, numbered_by
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document, Line, Section
from dataplane_core.text.tokens import is_one_word, may_be_quoted

_UNQUOTED = lazy_pattern(r"[A-Za-z0-9_./@:+=~-]+")


_TAKEN_ACLS = GIVEN_ACLS | {"or", "if", "unless"}
"""Words that cannot name an ACL: what HAProxy has itself, and words of conditions."""


class Renamed(NamedTuple):
    """A document in which something has another name, and the object under that name.

    `uses` are the lines that referred to the former name, as they were.
    """

    document: Document
    reference: Reference
    uses: tuple[NamedUse, ...]


def rename(registry: Registry, document: Document, reference: Reference, name: str) -> Renamed:
    """Return the document with another name for an object, and in all that refers to it.

    Raises `NotFound` where the object does not exist, `Invalid` for a name that it cannot have and
    for an object without a name, and `AlreadyExists` for a name that something else has.
    """
    things = named_by(registry, document, reference, alone=False)
    if not things and (numbered := numbered_by(registry, document, reference)):
        return _rename_numbered(registry, document, reference, numbered, name)
    if not things:
        raise NotFound(f"there is no object {_words(reference)} that has a name")
    thing = things[0]
    _check_name(registry, document, thing, name)
    names = DocumentNames(registry.names, document)
    uses = list(names.referring_to(thing))
    shown = Shown(registry, document)
    document = renamed(names, thing, uses, name)
    place = replace(reference, section=name) if thing.is_section else replace(reference, key=name)
    if isinstance(reference.key, int):
        place = reference
    return Renamed(document, place, tuple(map(shown.use, uses)))


def _rename_numbered(
    registry: Registry, document: Document, reference: Reference, numbered: Numbered, name: str
) -> Renamed:
    """Rename a line that gives several names by numbers: it has what stands in front of these."""
    section, at, given = numbered
    names = DocumentNames(registry.names, document)
    thing = Thing(section, given.kind, given.name)
    _check_name(registry, document, thing, name)
    _check_numbered(names, numbered, name)
    found = names.referring_to_counted(section, at)
    uses = [one for one in found if names.gives(section, given.kind, one.mention.name.text) == [at]]
    shown = Shown(registry, document)
    document = renamed(names, thing, uses, name, [at])
    return Renamed(document, replace(reference, key=name), tuple(map(shown.use, uses)))


def _check_numbered(names: DocumentNames, numbered: Numbered, name: str) -> None:
    """Raise `AlreadyExists` where another line gives one of the numbered names already."""
    section, at, given = numbered
    new = given._replace(name=name)
    for by_name in names.of(section).given.get(given.kind, {}).values():
        for place, other in by_name:
            if place != at and (other.name == name if other.numbers else new.counts(other.name)):
                raise AlreadyExists(f"object already exists: {given.kind} {other.name}")


def rename_uses(
    registry: Registry, document: Document, kind: str, old: str, new: str
) -> tuple[Document, tuple[NamedUse, ...]]:
    """Return the document with another name in the uses of a file or a Lua function, and these.

    The file, and the script, stay as they are. Raises `NotFound` where nothing names it, and
    `Invalid` for a name that cannot stand everywhere without quotes.
    """
    if not _UNQUOTED.fullmatch(new):
        raise Invalid(f"a {kind} cannot be called {new!r} here: it would need quotes")
    names = DocumentNames(registry.names, document)
    uses = list(names.uses_of(kind, old))
    if not uses:
        raise NotFound(f"nothing refers to {kind} {old}")
    shown = Shown(registry, document)
    edits: dict[int, _Edit] = {}
    for use in uses:
        edit = edits.setdefault(id(use.section), _Edit(use.section))
        edit.uses.setdefault(use.at, []).append(use)
    for edit in edits.values():
        document = document.replace(edit.section, edit.done(names, None, new))
    return document, tuple(map(shown.use, uses))


def _words(reference: Reference) -> str:
    key = () if reference.key is None else (str(reference.key),)
    return " ".join((reference.collection, reference.section, *key))


def _check_name(registry: Registry, document: Document, thing: Thing, name: str) -> None:
    pattern = r"^[A-Za-z0-9-_.:]+$"
    if thing.is_section:
        sections = registry.sections_of(thing.kind)
        pattern = sections.key_pattern if isinstance(sections, SectionCollection) else pattern
        if document.find(thing.kind, name) is not None:
            raise AlreadyExists(f"object already exists: {thing.kind} {name}")
        refuse_namesake(document, thing.kind, name)
    elif thing.kind == NameKind.ACL and name in _TAKEN_ACLS:
        raise AlreadyExists(f"object already exists: {thing.kind} {name} is one of HAProxy's own")
    elif DocumentNames(registry.names, document).gives(thing.section, thing.kind, name):
        raise AlreadyExists(f"object already exists: {thing.kind} {name}")
    if may_be_quoted(name) or not is_one_word(name) or not re.search(pattern, name):
        raise Invalid(f"a {thing.kind} cannot be called {name!r}")


def renamed(
    names: DocumentNames,
    thing: Thing,
    uses: Iterable[Use],
    name: str,
    places: Iterable[int] | None = None,
) -> Document:
    """Return the document of `names` with another name for something and in the uses of its name.

    `places` are those of the lines that give the name, if not all that do are meant. Raises
    `Conflict` for a line that cannot be written with the name.
    """
    edits: dict[int, _Edit] = {}
    for use in uses:
        edit = edits.setdefault(id(use.section), _Edit(use.section))
        edit.uses.setdefault(use.at, []).append(use)
    own = edits.setdefault(id(thing.section), _Edit(thing.section))
    if thing.is_section:
        own.name = name
    else:
        if places is None:
            places = names.gives(thing.section, thing.kind, thing.name)
        for at in places:
            own.given[at] = thing.kind
    document = names.document
    for edit in edits.values():
        document = document.replace(edit.section, edit.done(names, thing, name))
    return document


def rewritten_uses(
    names: DocumentNames, thing: Thing, uses: Iterable[Use], name: str
) -> Iterator[tuple[Section, int, Line]]:
    """Yield the lines, by their sections and places, that use the name of something by another.

    Raises `Conflict` as `renamed` does.
    """
    edits: dict[int, _Edit] = {}
    for use in uses:
        edit = edits.setdefault(id(use.section), _Edit(use.section))
        edit.uses.setdefault(use.at, []).append(use)
    for edit in edits.values():
        section = edit.done(names, thing, name)
        yield from ((edit.section, at, section.lines[at]) for at in edit.uses)


class _Edit:
    """What changes in a section: its name, uses of a name by line, and lines that give it."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self.name = ""
        self.uses: dict[int, list[Use]] = {}
        self.given: dict[int, str] = {}

    def done(self, names: DocumentNames, thing: Thing | None, name: str) -> Section:
        """Return the section with the new name in all these places."""
        lines: dict[int, Line] = {}
        for at in {*self.uses, *self.given} - {-1}:
            line = self.section.lines[at]
            read = names.reading(self.section, at)
            assert read is not None
            values: Values = read[1].values
            old = "" if thing is None else thing.name
            values = _in_uses(values, self.uses.get(at, ()), old, name)
            if thing is not None and at in self.given:
                values = {**values, **_as_given(names.line(self.section, at), thing, name)}
            lines[at] = _written(line, read, values)
        section = self.section.replace_each(lines)
        if -1 in self.uses:
            section = section.with_parent(name)
        return _called(section, self.name) if self.name else section


def _in_uses(values: Values, uses: Iterable[Use], old: str, name: str) -> Values:
    """Return a line's values with another name in the places of uses, the last place first.

    A use of a numbered name has its number behind the `old` name, and keeps it.
    """
    for use in sorted(uses, key=lambda one: one.mention.name.start, reverse=True):
        path, found = use.mention.path, use.mention.name
        value = value_at(values, path)
        number = found.text.removeprefix(old) if old and NameKind.SERVER in found.kinds else ""
        said = f"{value[: found.start]}{name}{number}{found.quotes}{value[found.end :]}"
        values = exchanged(values, path, said)
    return values


def _as_given(known: LineNames | None, thing: Thing, name: str) -> dict[str, str]:
    return {
        one.path: name
        for one in (known.given if known else ())
        if one.kind == thing.kind and one.name == thing.name
    }


def _written(line: Line, read: tuple[LineForm, Reading], values: Values) -> Line:
    form, reading = read
    new = line.rewritten(form.write(values, reading.layout))
    if form.read(new) is None:
        raise Conflict(f"the line cannot be written with the new name: {line.raw.strip()}")
    return new


def _called(section: Section, name: str) -> Section:
    """Return the section with another name in its header."""
    header = section.header
    words = [header.tokens[0], name, *header.tokens[2:]]
    top = "".join(line.raw for line in section.lead) + header.rewritten(words).raw
    return section.with_top(top)
