"""What stands in SPOE files, as objects of which can be told how they differ."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from dataplane_core.plugin import (
    SCOPE_KIND,
    ConfigStore,
    Document,
    Reference,
    Registry,
    Services,
)
from dataplane_plugins.spoe.files import SpoeFiles, language
from dataplane_plugins.spoe.models import GROUP, ROWS, agent, message, numbered_rows


class SpoeObjects:
    """The agents, messages and groups of the SPOE files; each scope of a file is a part."""

    part_kind = "spoe_scope"

    def __init__(self, services: Services, files: SpoeFiles, base: str) -> None:
        self._declared = services.registry
        self._files = files
        self._base = base

    @property
    def folder(self) -> Path:
        """The folder of the SPOE files."""
        return self._files.folder

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

    def document(self, text: str) -> Document:
        """Return the text of a file, cut into its sections."""
        return Document.parse(text, language(self._declared))

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

    def store(self, name: str) -> ConfigStore:
        """Return the store of a file; raises `NotFound`."""
        return self._files.store(name)
