"""Find the names in files beside the configuration that a change of it takes from them."""

from collections.abc import Iterator
from pathlib import Path

from dataplane_core.references.existing import reader_of_files
from dataplane_core.references.file_parts import ReadFile
from dataplane_core.references.names_in_files import NamesInFiles
from dataplane_core.resources.referring import words_of_thing
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document


def lost_in_files(
    registry: Registry, before: Document, after: Document, config_file: Path
) -> Iterator[tuple[str, str]]:
    """Yield what a change takes from lines of files, in words, each with such a line."""
    known: list[ReadFile] = []

    def read(name: str) -> tuple[str, str] | None:
        if not known:  # few configurations use such a file, and nothing is made for the others
            known.append(reader_of_files(config_file, after.text()))
        return known[0](name)

    for thing, use in NamesInFiles(registry, after, read).lost(before):
        yield words_of_thing(thing), f"line {use.line} of {use.file}"
