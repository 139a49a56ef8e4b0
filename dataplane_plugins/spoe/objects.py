"""What stands in SPOE files, as objects of which can be told how they differ."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, unquote

from dataplane_core.plugin import (
    SCOPE_KIND,
    ConfigStore,
    Document,
    FilePart,
    FilePlace,
    NameReaders,
    Reference,
    Registry,
    Section,
    SectionCollection,
    Services,
    object_at,
)
from dataplane_plugins.spoe.files import SpoeFiles, language
from dataplane_plugins.spoe.models import GROUP, ROWS, agent, message, numbered_rows


class SpoeLanguage:
    """How SPOE files are read; what the rows of sections are, `declared` says."""

    def __init__(self, declared: Registry) -> None:
        self._declared = declared

    @cached_property
    def registry(self) -> Registry:
        """The sections of a scope, with their rows as properties."""
        made = Registry()
        rows = {kind: numbered_rows(self._declared, kind) for kind in ROWS}
        for name, model in (
            ("agent", agent(*rows["spoe-agent"])),
            ("message", message(*rows["spoe-message"])),
            ("group", GROUP),
        ):
            title = f"Spoe{name.capitalize()}"
            made.sections(
                f"{name}s", kind=f"spoe-{name}", model=model, schema=f"spoe_{name}", title=title
            )
        made.freeze()
        return made

    @cached_property
    def names(self) -> NameReaders:
        """What finds names in the lines of a scope."""
        return NameReaders(self.registry.collections.values(), self._declared.names.functions)

    def document(self, text: str) -> Document:
        """Return the text of a file, cut into its sections."""
        return Document.parse(text, language(self._declared))

    def part(self, text: str, name: str) -> FilePart | None:
        """Return the scope of an engine, or what stands in none; None where it has no agent."""
        whole, scope, found = self.document(text), "", []
        for section in whole.sections:
            if section.kind == SCOPE_KIND:
                scope = section.name
            elif scope == (f"[{name}]" if name else ""):
                found.append(section)
        part = Document("", tuple(found), whole.language)
        return FilePart(part, whole) if part.of_kind("spoe-agent") else None

    def object_at(self, part: Document, section: Section, at: int) -> Reference | None:
        """Return the agent, message or group that a line of a scope belongs to."""
        return object_at(self.registry, part, section, at)


class SpoeObjects(SpoeLanguage):
    """The agents, messages and groups of the SPOE files; each scope of a file is a part."""

    part_kind = "spoe_scope"

    def __init__(self, services: Services, files: SpoeFiles, base: str) -> None:
        super().__init__(services.registry)
        self._files = files
        self._base = base

    @property
    def folder(self) -> Path:
        """The folder of the SPOE files."""
        return self._files.folder

    def parts(self, document: Document) -> Mapping[str, Document]:
        """Return what stands in each scope."""
        found: dict[str, str] = {}
        scope = None
        for section in document.sections:
            if section.kind == SCOPE_KIND:
                scope = section.name
                found.setdefault(scope, "")
            elif scope is not None:
                found[scope] += section.text
        return {name: Document.parse(text, document.language) for name, text in found.items()}

    def path(self, file: str, part: str, reference: Reference | None = None) -> str:
        """Return the path of a scope, or of a section in it."""
        scope = f"{self._base}/spoe_files/{quote(file)}/scopes/{quote(part, safe='')}"
        if reference is None:
            return scope
        return f"{scope}/{reference.collection}/{quote(reference.section, safe='')}"

    def part_called(self, name: str) -> str:
        """Return the scope of an engine."""
        return f"[{name}]"

    def place(self, path: str) -> FilePlace | None:
        """Return the scope, or the section in it, that a path means; None for another path."""
        parts = [unquote(one) for one in path.removeprefix(f"{self._base}/spoe_files/").split("/")]
        if not path.startswith(self._base) or parts[1:2] != ["scopes"] or len(parts) not in (3, 5):
            return None
        file, scope = str(self.folder / parts[0]), parts[2].removeprefix("[").removesuffix("]")
        if len(parts) == 3:
            return FilePlace(file, scope)
        collection = self.registry.collections.get(parts[3])
        if not isinstance(collection, SectionCollection):
            return None
        return FilePlace(file, scope, Reference(parts[3], collection.kind, parts[4]))

    def store(self, name: str) -> ConfigStore:
        """Return the store of a file; raises `NotFound`."""
        return self._files.store(name)
