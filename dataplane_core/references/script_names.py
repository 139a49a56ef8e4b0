"""Find the names that scripts give which lines of the configuration load."""

from collections.abc import Iterator

from dataplane_core.dataclass import dataclass
from dataplane_core.references.file_parts import ReadFile, uses_of_files
from dataplane_core.resources.document_names import DocumentNames, Use
from dataplane_core.resources.registry import Registry

_PREFIX = "lua."
"""What stands in front of all names that scripts give."""


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """A line of a script, counted from 1, that gives a name."""

    file: str
    line: int
    name: str


class ScriptNames:
    """The names of a kind that the scripts of a document give, in `lines` of these.

    It `is_complete` where each script could be read, and gives no other names.
    """

    def __init__(self, registry: Registry, names: DocumentNames, kind: str, read: ReadFile) -> None:
        self._kind = kind
        self.lines: list[ScriptLine] = []
        self.is_complete = True
        language = registry.script_languages[kind]()
        for use in uses_of_files(registry.names, names):
            if use.mention.name.holds == kind:
                path, text = read(use.mention.name.text) or ("", "")
                found = language.read(text)
                self.lines += [ScriptLine(path, line, name) for line, name in found.lines]
                self.is_complete &= bool(path) and found.is_complete

    def uses(self, names: DocumentNames) -> Iterator[Use]:
        """Yield the uses of names of the kind in a document."""
        for section in names.document.sections:
            for one in names.uses(section) if _PREFIX in section.text else ():
                if self._kind in one.mention.name.kinds:
                    yield one

    def lacks(self, name: str) -> bool:
        """Return whether surely no script gives a name."""
        if not self.is_complete or not name or "$" in name:
            return False
        return all(one.name != name for one in self.lines)
