"""How files are read in which names stand: those that a line of the configuration names."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from dataplane_core.errors import Reference
from dataplane_core.resources.name_readers import NameReaders
from dataplane_core.text import Document, Section


class FilePart(NamedTuple):
    """A part of a file that counts by itself; its sections are those of the `whole` file."""

    document: Document
    whole: Document


class FileLanguage(Protocol):
    """Files that are sections and lines, as the configuration is, in parts that have names."""

    @property
    def names(self) -> NameReaders:
        """What finds names in the lines of a part."""

    def part(self, text: str, name: str) -> FilePart | None:
        """Return a part of a file by its name; None for one that HAProxy does not find either."""

    def object_at(self, part: Document, section: Section, at: int) -> Reference | None:
        """Return the object that a line of a section of a part belongs to."""


class GivenNames(NamedTuple):
    """The names that a file gives, each behind its line, which counts from 1.

    It `is_complete` where the file surely gives no others.
    """

    lines: Sequence[tuple[int, str]]
    is_complete: bool


class ScriptLanguage(Protocol):
    """Files that give names, as scripts do."""

    def read(self, text: str) -> GivenNames:
        """Return the names that a file gives."""
