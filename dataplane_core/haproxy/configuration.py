"""Read a configuration file without the store: users, addresses and checks before a start."""

from pathlib import Path

from dataplane_core.text import Document
from dataplane_core.text.language import SECTIONS


def read_configuration(path: str) -> Document:
    """Return the document in a file, to the byte; raises `OSError` when it cannot be read."""
    text = Path(path).read_bytes().decode("utf-8", "surrogateescape")
    return Document.parse(text, SECTIONS)
