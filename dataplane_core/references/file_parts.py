"""The files beside the configuration in which names stand, and the parts of them that count.

A line names such a file, and perhaps a part of it: `filter spoe engine NAME config FILE`. The names
in the part mean what stands beside them, else what the configuration has.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Reference
from dataplane_core.grammar.names import Name
from dataplane_core.resources.document_names import DocumentNames, Thing, Use
from dataplane_core.resources.file_language import FileLanguage, FilePart
from dataplane_core.resources.name_readers import NameReaders
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Section

ReadFile = Callable[[str], tuple[str, str] | None]
"""Returns the path and the text of the file that a name means; None where it cannot be read."""


@dataclass(frozen=True, slots=True)
class FilePlace:
    """An object in a part of a file, or the part itself."""

    file: str
    part: str
    reference: Reference | None = None


class PartNames(DocumentNames):
    """The names in a part of a file, which mean what is there, or what the configuration has."""

    def __init__(self, language: FileLanguage, part: FilePart, outside: DocumentNames) -> None:
        super().__init__(language.names, part.document)
        self._language = language
        self._whole = part.whole
        self._outside = outside

    def things(self, section: Section, name: Name) -> list[Thing]:
        """Return what a name in a section of the part may mean."""
        return super().things(section, name) or self._outside.things(section, name)

    def holders(self, section: Section, name: Name) -> list[Section]:
        """Return the sections in which a name is looked for that lines give."""
        return super().holders(section, name) or self._outside.holders(section, name)

    def all_uses(self) -> Iterator[Use]:
        """Yield the names that all sections of the part refer to."""
        for section in self.document.sections:
            yield from self.uses(section)

    def dangling_uses(self) -> Iterator[Use]:
        """Yield those that mean nothing."""
        return (one for one in self.all_uses() if not self.is_there(one.section, one.mention.name))

    def meant_from_outside(self, name: Name) -> list[Thing]:
        """Return what a name in the configuration means in the part.

        Only what something in the part refers to counts.
        """
        found = (self.document.find(kind, name.text) for kind in name.kinds)
        things = (Thing(one, one.kind, one.name) for one in found if one is not None)
        return [one for one in things if next(self.referring_to(one), None) is not None]

    def has(self, section: Section) -> bool:
        """Return whether a section is one of the part."""
        return any(one is section for one in self.document.sections)

    def object_at(self, section: Section, at: int) -> Reference | None:
        """Return the object that a line of a section of the part belongs to."""
        return self._language.object_at(self.document, section, at)

    def line_number(self, section: Section, at: int) -> int:
        """Return the number in the file, from 1, of a line of a section."""
        above = self._whole.preamble.count("\n")
        for one in self._whole.sections:
            if one is section:
                break
            above += one.text.count("\n")
        return above + section.top.count("\n") + at + 1


class UsedFile(NamedTuple):
    """A file that a line of the configuration names, and the names in the part that counts.

    `path` is empty where the file cannot be read, and `names` None where it has no such part.
    """

    use: Use
    path: str
    names: PartNames | None

    @property
    def name(self) -> Name:
        """The name of the file in the line."""
        return self.use.mention.name

    def place(self, section: Section | None = None, at: int = -1) -> FilePlace:
        """Return the place of the part, or of the object of a line of a section in it."""
        if section is None or self.names is None:
            return FilePlace(self.path, self.name.part)
        return FilePlace(self.path, self.name.part, self.names.object_at(section, at))


def used_files(registry: Registry, names: DocumentNames, read: ReadFile) -> Iterator[UsedFile]:
    """Yield the files of sections that lines of a document name."""
    for use in uses_of_files(registry.names, names):
        language = registry.file_languages.get(use.mention.name.holds)
        if language is not None:
            yield _used(use, language, names, read)


def uses_of_files(readers: NameReaders, names: DocumentNames) -> Iterator[Use]:
    """Yield the names, in lines of a document, of files in which further names stand."""
    for section in names.document.sections:
        words = readers.holding.get(section.kind)
        if words is None:
            words = readers.of(section.kind).holding
        text = section.text if words else ""
        for word in words:  # most sections are passed over here, without another call
            if word in text:
                yield from _of_lines(section, names, words)
                break


def _of_lines(section: Section, names: DocumentNames, words: frozenset[str]) -> Iterator[Use]:
    """Yield the names of files, in lines that start with one of some words."""
    for at, line in section.lines_with(words):
        said = names.line(section, at) if line.tokens[:1] and line.tokens[0] in words else None
        for mention in said.mentions if said else ():
            if mention.name.holds:
                yield Use(section, at, mention)


def _used(use: Use, language: FileLanguage, names: DocumentNames, read: ReadFile) -> UsedFile:
    found = read(use.mention.name.text)
    if found is None:
        return UsedFile(use, "", None)
    part = language.part(found[1], use.mention.name.part)
    return UsedFile(use, found[0], None if part is None else PartNames(language, part, names))
