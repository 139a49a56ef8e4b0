"""HAProxy's configuration as it stands on the disk, for whoever has no store of it."""

from pathlib import Path

from dataplane_core.text import Document
from dataplane_core.text.language import SECTIONS


def read_configuration(path: str) -> Document:
    """Return the document in a file; raises `OSError` when it cannot be read."""
    text = Path(path).read_bytes().decode("utf-8", "surrogateescape")
    return Document.parse(text, SECTIONS)
