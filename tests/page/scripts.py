"""Where the page's scripts are, and what they import."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "dataplane_plugins" / "page"
STATIC = PAGE / "static"
VENDOR = PAGE / "vendor"
_FROM = re.compile(r"""(?:\bfrom\s*|^import\s+|\bimport\()["']([\w@.][^"'\n]*)["']""", re.M)
_COMMENT = re.compile(r"/\*\*.*?\*/|^\s*//.*?$", re.M | re.S)


def imported_by(script: Path) -> set[str]:
    """Return the specifiers that a script imports, in whichever way."""
    code = _COMMENT.sub("", script.read_text())
    return set(_FROM.findall(code))
