"""Find the file that a name means, wherever a relative name may start from."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dataplane_core.references.folders import Folders
from dataplane_core.references.survey import Configuration
from dataplane_core.references.texts import read_up_to
from dataplane_core.store.head import decode_text
from dataplane_core.text import Document


def finder_of_files(config_file: Path, text: str) -> Callable[[str], bool]:
    """Return what tells whether one of the files is there that a name in a text may mean."""
    main = Configuration(config_file, text)
    folders = Folders(config_file, from_config="default-path" in text)
    folders.learn({name.text for name in main.paths})
    known: dict[str, bool] = {}

    def is_there(name: str) -> bool:
        if name not in known:
            known[name] = any(os.path.exists(entry.path) for entry in folders.entries(name))
        return known[name]

    return is_there


_MOST_READ = 2**22
"""Bytes of a file up to which it is read for the names in it."""


def reader_of_files(config_file: Path, text: str) -> Callable[[str], tuple[str, str] | None]:
    """Return what reads the file that a name in a text means: its path, and its text.

    For a file that cannot be read, or that is too large, it is None. Each file is read once.
    """
    folders = Folders(config_file, from_config="default-path" in text)
    known: dict[str, tuple[str, str] | None] = {}

    def read(name: str) -> tuple[str, str] | None:
        if name not in known:
            found = (_text_of(entry.path) for entry in folders.entries(name))
            known[name] = next(filter(None, found), None)
        return known[name]

    return read


def reader_for(config_file: Path, document: Document) -> Callable[[str], tuple[str, str] | None]:
    """Return the same for the names in a document; few have any, and cost its text."""
    known: list[Callable[[str], tuple[str, str] | None]] = []

    def read(name: str) -> tuple[str, str] | None:
        if not known:
            known.append(reader_of_files(config_file, document.text()))
        return known[0](name)

    return read


def _text_of(path: str) -> tuple[str, str] | None:
    with suppress(OSError):
        data = read_up_to(path, _MOST_READ)
        return None if data is None else (path, decode_text(data))
    return None
