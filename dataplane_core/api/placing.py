"""Where a new section is put: where people look for it, and where it changes nothing for others."""

from collections.abc import Sequence

from dataplane_core.api.collections import INHERITING
from dataplane_core.api.locate import find_defaults
from dataplane_core.text import Document, Section


def place(
    document: Document, kind: str, name: str, parent: str | None, order: Sequence[str]
) -> tuple[Document, Section]:
    """The document with a new empty section, and that section.

    It goes behind the last of its kind. A new `defaults` would change the proxies below it that
    inherit from the last one above them (manual, chapter 4), so it goes in front of that one then,
    or to the end of the file if it is itself to inherit from it.
    """
    new = Section.new(kind, name)
    if kind == "defaults" and (last := _heir(document)) is not None:
        at = document.position(last)
        origin = None if parent is None else find_defaults(document, parent)
        if origin is not None and document.position(origin) >= at:
            at = len(document.sections)
        at = document.free(at)
        document = document.insert(at, new)
        return document, document.sections[at]
    document = document.add(new, order)
    return document, document.all(kind)[-1]


def _heir(document: Document) -> Section | None:
    """The last `defaults` section, if a proxy below it inherits from it without saying so."""
    last = None
    for section in reversed(document.sections):
        if section.kind == "defaults":
            return section if last is not None else None
        if section.kind in INHERITING and section.parent is None:
            last = section
    return None
