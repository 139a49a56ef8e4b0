"""Find what the names in a document mean, which mean nothing, and what no name means."""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from dataplane_core.grammar import LineForm, Reading
from dataplane_core.grammar.names import Name, NameKind
from dataplane_core.resources.line_names import (
    UNKNOWN_KINDS,
    Given,
    LineNames,
    Mention,
    SectionNames,
    may_say,
)
from dataplane_core.resources.name_readers import NameReaders
from dataplane_core.text import Document, Section
from dataplane_core.text.language import DEFAULTS, INHERITING

# Those that every HAProxy has (manual, section 7.4 "Pre-defined ACLs").
GIVEN_ACLS = frozenset({
    "FALSE", "HTTP", "HTTP_1.0", "HTTP_1.1", "HTTP_2.0", "HTTP_3.0", "HTTP_CONTENT",
    "HTTP_URL_ABS", "HTTP_URL_SLASH", "HTTP_URL_STAR", "LOCALHOST", "METH_CONNECT",
    "METH_DELETE", "METH_GET", "METH_HEAD", "METH_OPTIONS", "METH_POST", "METH_PUT",
    "METH_TRACE", "RDP_COOKIE", "REQ_CONTENT", "TRUE", "WAIT_END",
})  # fmt: skip
# HAProxy makes these itself: the section where there is none (manual, section 5.3.2), and the ring
# in any case.
_GIVEN_SECTIONS = frozenset({("resolvers", "default"), ("ring", "buf0")})
FEW = 16
"""Up to so many names are searched for one by one; for more, all lines are read."""
_PARENT = "from"
"""The property that holds the name of the `defaults` section of a header."""

HasFile = Callable[[str], bool]
"""Tells whether there is a file with a name."""


class Use(NamedTuple):
    """A name, and the line that refers to it."""

    section: Section
    at: int
    mention: Mention


class Thing(NamedTuple):
    """Something that has a name: a section, or what lines of a section give (`kind`, `name`)."""

    section: Section
    kind: str
    name: str

    @property
    def is_section(self) -> bool:
        """Whether it is the section itself."""
        return self.kind == self.section.kind


class DocumentNames:
    """The names in one document."""

    def __init__(self, readers: NameReaders, document: Document) -> None:
        self._readers = readers
        self.document = document

    def of(self, section: Section) -> SectionNames:
        """Return the names in a section's lines."""
        return self._readers.of(section.kind).section(section)

    def uses(self, section: Section) -> Iterator[Use]:
        """Yield the names that a section refers to, its `defaults` section first."""
        yield from _of_header(section)
        for at, names in self.of(section).lines:
            yield from (Use(section, at, mention) for mention in names.mentions)

    def things(self, section: Section, name: Name) -> list[Thing]:
        """Return what a name in a section may mean, if it is in the document."""
        found = [
            Thing(one, kind, name.text)
            for kind in name.kinds
            if (one := self.document.find(kind, name.text)) is not None
        ]
        if len(found) > 1 and name.having:
            found = [one for one in found if name.having in self.of(one.section).given] or found
        for kind in name.kinds:
            for holder in self.holders(section, name):
                if self.gives(holder, kind, name.text):
                    found.append(Thing(holder, kind, name.text))
        return found

    def gives(self, section: Section, kind: str, name: str) -> list[int]:
        """Return the places of the lines of a section that give a name."""
        reader = self._readers.of(section.kind)
        found = reader.saying(section, name).gives(kind, name) if name else []
        return found or reader.section(section).gives(kind, name)

    def holders(self, section: Section, name: Name) -> list[Section]:
        """Return the sections in which a name is looked for that lines give."""
        if not name.scope:
            return [section]
        found = (self.document.find(kind, name.scope) for kind in name.scope_kinds)
        return [one for one in found if one is not None]

    def is_there(self, section: Section, name: Name, has_file: HasFile | None = None) -> bool:
        """Return whether there is what a name in a section means, or nobody can know."""
        if not name.text and not name.scope or "$" in name.text + name.scope:
            return True
        if NameKind.FILE in name.kinds:
            return has_file is None or has_file(name.text)
        if not UNKNOWN_KINDS.isdisjoint(name.kinds):
            return True
        if name.kinds == (NameKind.PATTERN_LIST,):
            return name.text in self._files
        if name.kinds == (NameKind.ACL,) and name.text in GIVEN_ACLS:
            return True
        if any((kind, name.text) in _GIVEN_SECTIONS for kind in name.kinds):
            return True
        if section.kind == DEFAULTS and not name.scope and _is_of_proxy(name):
            return True
        if name.scope and not self.holders(section, name):
            return True  # that there is no such section is said already
        return bool(self.things(section, name))

    @cached_property
    def _files(self) -> frozenset[str]:
        """The files that lines have loaded."""
        every = (one for section in self.document.sections for one in self.uses(section))
        names = (one.mention.name for one in every)
        return frozenset(name.text for name in names if NameKind.FILE in name.kinds)

    def dangling(self, has_file: HasFile | None = None) -> Iterator[Use]:
        """Yield the references to what is not there; without `has_file`, files always are."""
        for section in self.document.sections:
            for one in self.uses(section):
                if not self.is_there(section, one.mention.name, has_file):
                    yield one

    def newly_dangling(self, before: Document) -> Iterator[Use]:
        """Yield the uses of names that nothing has, and did have, or that were not there `before`.

        Only sections that differ are read, and lines with the name of one.
        """
        kept = {id(section) for section in before.sections}
        now = {id(section) for section in self.document.sections}
        gone = {one.name for one in before.sections if id(one) not in now and one.name}
        former = DocumentNames(self._readers, before)
        for section in self.document.sections:
            if id(section) not in kept:
                yield from self._not_before(section, self.uses(section), former)
            elif gone:
                yield from self._not_before(section, self._naming(section, gone), former)

    def _naming(self, section: Section, sections: Collection[str]) -> Iterator[Use]:
        """Yield the uses of the names of sections, and of names in them."""
        if len(sections) <= FEW:
            for name in sections:
                yield from self.saying(section, name)
            return
        for use in self.uses(section):
            if use.mention.name.text in sections or use.mention.name.scope in sections:
                yield use

    def saying(self, section: Section, name: str) -> Iterator[Use]:
        """Yield the uses of a name of a section, and of names in it."""
        yield from (one for one in _of_header(section) if one.mention.name.text == name)
        if may_say(section.text, name):
            for at, names in self._readers.of(section.kind).saying(section, name).lines:
                found = (one for one in names.mentions if name in (one.name.text, one.name.scope))
                yield from (Use(section, at, one) for one in found)

    def _not_before(
        self, section: Section, uses: Iterable[Use], former: "DocumentNames"
    ) -> Iterator[Use]:
        """Yield the uses that mean nothing, but for names that meant nothing before either."""
        was = former.document.find(section.kind, section.name)
        known: set[tuple[str, str]] | None = None
        for use in uses:
            name = use.mention.name
            if self.is_there(section, name):
                continue
            if known is None:
                known = set() if was is None else former.lacking(was)
            if (name.scope, name.text) not in known:
                yield use

    def lacking(self, section: Section) -> set[tuple[str, str]]:
        """Return the names that a section uses and that mean nothing."""
        uses = (one.mention.name for one in self.uses(section))
        return {(name.scope, name.text) for name in uses if not self.is_there(section, name)}

    def unused(self) -> Iterator[tuple[Thing, int]]:
        """Yield what does nothing, as nothing refers to it, with the place of its line."""
        used: set[tuple[int, str, str]] = set()
        open_kinds: set[str] = set()
        for section in self.document.sections:
            for one in self.uses(section):
                name = one.mention.name
                if not name.text and not name.scope or "$" in name.text:
                    open_kinds.update(name.kinds)
                used.update((id(x.section), x.kind, x.name) for x in self.things(section, name))
        used.update((id(one), DEFAULTS, one.name) for one in self._inherited())
        for thing, at in self._idle():
            if thing.kind not in open_kinds and (id(thing.section), *thing[1:]) not in used:
                yield thing, at

    def _idle(self) -> Iterator[tuple[Thing, int]]:
        """Yield what does nothing by itself."""
        for section in self.document.sections:
            if section.kind in self._readers.idle and section.name:
                yield Thing(section, section.kind, section.name), -1
            for kind, by_name in self.of(section).given.items():
                for name, places in by_name.items():
                    if places[0][1].idle:
                        yield Thing(section, kind, name), places[0][0]

    def _inherited(self) -> Iterator[Section]:
        """Yield the `defaults` sections that proxies inherit from without naming them."""
        last: Section | None = None
        for section in self.document.sections:
            if section.kind == DEFAULTS:
                last = section
            elif section.kind in INHERITING and section.parent is None and last is not None:
                yield last

    def referring_to(self, wanted: Thing) -> Iterator[Use]:
        """Yield the references to something; only lines that may have its name are read.

        Those to what a section gives count as references to the section, too.
        """
        for section in self.document.sections:
            for one in _of_header(section):
                if self._means(section, one.mention.name, wanted):
                    yield one
            yield from self._in_lines(section, wanted)

    def referring_to_counted(self, section: Section, at: int) -> Iterator[Use]:
        """Yield the references to the names that a line of a section gives by numbers."""
        counted = [one for one in self.given_at(section, at) if one.numbers]
        for holder in self.document.sections if counted else ():
            if holder is section or may_say(holder.text, section.name):
                for use in self.uses(holder):
                    name = use.mention.name
                    for given in counted:
                        if given.kind in name.kinds and given.counts(name.text):
                            found = self.things(holder, name)
                            if any(one.section is section for one in found):
                                yield use

    def uses_of(self, kind: str, name: str) -> Iterator[Use]:
        """Yield the uses of a name of a kind that no line gives: a file, or what a script gives."""
        said = f"lua.{name}" if kind == NameKind.LUA else name
        kinds = {kind, NameKind.PATTERN_LIST} if kind == NameKind.FILE else {kind}
        for section in self.document.sections:
            if may_say(section.text, said):
                for at, names in self._readers.of(section.kind).saying(section, said).lines:
                    for one in names.mentions:
                        if one.name.text == name and not kinds.isdisjoint(one.name.kinds):
                            yield Use(section, at, one)

    def _in_lines(self, section: Section, wanted: Thing) -> Iterator[Use]:
        is_own = section is wanted.section
        text = wanted.name if wanted.name and is_own else wanted.section.name
        if not may_say(section.text, text):
            return
        for at, names in self._readers.of(section.kind).saying(section, text).lines:
            for mention in names.mentions:
                if self._means(section, mention.name, wanted):
                    yield Use(section, at, mention)

    def _means(self, section: Section, name: Name, wanted: Thing) -> bool:
        if wanted.kind not in name.kinds or name.text != wanted.name:
            return False
        found = self.things(section, name)
        return any(one.section is wanted.section and one.kind == wanted.kind for one in found)

    def line(self, section: Section, at: int) -> LineNames | None:
        """Return the names in a line of a section; None where there are none."""
        return self._readers.of(section.kind).line(section.line(at))

    def reading(self, section: Section, at: int) -> tuple[LineForm, Reading] | None:
        """Return the form of a line of a section, and what it says; None for one without names."""
        return self._readers.of(section.kind).reading(section.line(at))

    def given_at(self, section: Section, at: int) -> list[Given]:
        """Return the names that a line of a section gives."""
        names = self.line(section, at)
        return list(names.given) if names else []


def _of_header(section: Section) -> Iterator[Use]:
    parent = section.parent
    if parent:
        yield Use(section, -1, Mention(_PARENT, Name((DEFAULTS,), parent, 0, len(parent))))


def _is_of_proxy(name: Name) -> bool:
    """Return whether a name in `defaults` is looked for in the proxies that inherit it."""
    return not {NameKind.SERVER, NameKind.FILTER, NameKind.ENGINE}.isdisjoint(name.kinds)
