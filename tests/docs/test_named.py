"""Files and modules that the documentation names are there, and every page is in the overview."""

import importlib.util
import re
from pathlib import Path

import pytest

from tests.harness.recorded import TOP

PAGES = sorted(path for folder in ("", "docs", "contrib") for path in (TOP / folder).rglob("*.md")
               if folder or path.parent == TOP)  # fmt: skip
PAGES = [page for page in PAGES if not {".venv", "run"} & set(page.relative_to(TOP).parts)]
LINK = re.compile(r"\]\((?![a-z]+:)([^)#]*)[^)]*\)")
MODULE = re.compile(r"\bdataplane_(?:core|plugins)(?:\.[a-z_0-9]+)+")
FILE = re.compile(r"(?<![\w/.-])(?:tests|docs|contrib|config|dataplane_core|dataplane_plugins)/[\w./-]*\w")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    links = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    files = [name for name in FILE.findall(text) if not (TOP / name).exists()]
    assert (links, files) == ([], [])
    assert [name for name in MODULE.findall(text) if not exists(name)] == []


def exists(name: str) -> bool:
    """Whether there is such a module, or such a name in a module."""
    try:
        if importlib.util.find_spec(name) is not None:
            return True
    except ModuleNotFoundError:
        pass
    module, _, member = name.rpartition(".")
    return hasattr(importlib.import_module(module), member)


def test_the_overview_names_every_page() -> None:
    overview = (TOP / "README.md").read_text("utf-8")
    assert [page.name for page in (TOP / "docs").glob("*.md") if f"(docs/{page.name})" not in overview] == []
