"""Properties that no words of an object's lines have: its name, its index, what it inherits."""

from dataplane_core.grammar import Prop
from dataplane_core.resources.collections import (
    Collection,
    RowCollection,
    SectionCollection,
    SingleSection,
)
from dataplane_core.text.language import INHERITING, SECTION_NAME

INDEX = Prop("index", "integer", nullable=True, required=True, help="Position in the list, from 0.")
FROM = Prop("from", pattern=SECTION_NAME, help="The defaults section that is inherited from.")
UNMANAGED = Prop(
    "x_unmanaged",
    "array",
    items=Prop("", help="A line, or a word of the line."),
    read_only=True,
    help="What the file says here and the API does not know. It is kept; in a body it is ignored.",
)
METADATA = Prop("metadata", "object", help="What clients keep of the object, in its comment.")


def extra_props(collection: Collection) -> tuple[Prop, ...]:
    """Return the properties that no words of a line have.

    They are names, positions, `from`, what is not known, and metadata; versions may lack some.
    """
    if isinstance(collection, RowCollection):
        return (*((INDEX,) if collection.indexed else ()), UNMANAGED, METADATA)
    if not isinstance(collection, SectionCollection | SingleSection):
        return ()
    inherits = (FROM,) if collection.kind in INHERITING else ()
    if isinstance(collection, SingleSection):
        named = (Prop("name", pattern=SECTION_NAME), *inherits) if inherits else ()
        return (*named, UNMANAGED, METADATA)
    name = Prop(
        collection.key,
        pattern=collection.key_pattern,
        nullable=collection.key_nullable,
        required=collection.unnamed is None,
        help="Name of the section.",
    )
    return (name, *inherits, UNMANAGED, METADATA)
