"""Find the names that a change takes from lines with the line that loads their script."""

from collections.abc import Iterator
from pathlib import Path

from dataplane_core.errors import Reference
from dataplane_core.references.existing import reader_for
from dataplane_core.references.names_in_files import newly_dangling_in_files
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document

_LOADING = ("global", "")
"""Kind and name of the sections whose lines load scripts."""


def loads_otherwise(before: Document, after: Document) -> bool:
    """Return whether a section is another that loads scripts; found without reading it."""
    former, now = before.index.get(_LOADING, ()), after.index.get(_LOADING, ())
    return len(former) != len(now) or any(
        before.sections[one] is not after.sections[other]
        for one, other in zip(former, now, strict=True)
    )


def lost_with_scripts(
    registry: Registry, before: Document, after: Document, config_file: Path
) -> Iterator[tuple[str, Reference | None, str]]:
    """Yield the names that surely no script gives any more, each with who still uses it.

    That is an object, or a line in words.
    """
    read = reader_for(config_file, after)
    for one in newly_dangling_in_files(registry, before, after, read):
        if one.kinds[0] in registry.script_languages:
            resource = None if one.file else one.user.resource
            place = f"line {one.line} of {one.file}" if one.file else f"line {one.line}"
            yield f"{one.kinds[0]}.{one.name}", resource, place
