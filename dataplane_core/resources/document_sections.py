"""The sections of a document, as a collection shows, finds and makes them."""

from collections.abc import Sequence

from dataplane_core.resources.collections import SectionCollection
from dataplane_core.resources.locate import find_section, refuse_namesake, shown_names
from dataplane_core.resources.placing import place_section
from dataplane_core.text import Document, Section


class DocumentSections:
    """All sections of a document; a subclass may narrow them to some part of it.

    `str()` gives the end of sentences that say where a section is, or is not: empty for a whole
    document.
    """

    def __str__(self) -> str:
        return ""

    def shown(self, document: Document, one: SectionCollection) -> list[tuple[str, Section]]:
        """Return a collection's sections in file order, with the names that clients know."""
        return shown_names(document, one.kind, one.unnamed)

    def find(self, document: Document, one: SectionCollection, name: str) -> Section | None:
        """Return the section that clients know by a name; None if there is none."""
        return find_section(document, one.kind, name, one.unnamed)

    def place(
        self,
        document: Document,
        one: SectionCollection,
        name: str,
        parent: str | None,
        order: Sequence[str],
    ) -> tuple[Document, Section]:
        """Return the document with a new empty section, and that section.

        `parent` is the `defaults` section that it is to inherit from, `order` that of kinds of
        sections. Raises `AlreadyExists` where another kind of section has the name.
        """
        refuse_namesake(document, one.kind, name)
        return place_section(document, one.kind, name, parent, order)


WHOLE_DOCUMENT = DocumentSections()
