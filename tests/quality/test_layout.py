"""Where things are: tests beside their packages, and no module that is a few lines of another."""

import ast
from pathlib import Path

import grimp
import pytest

from tests.harness.recorded import TOP

PACKAGES = ("dataplane_core", "dataplane_plugins")
TESTS = TOP / "tests"
SMALL = 15
"""Lines of code, without docstring, from which on a module may be there for one other alone."""
OTHER_TESTS = {
    "announced": "what running HAProxy offers besides, over HTTP",
    "bench": "measurements, run by hand",
    "browser": "the documentation page in a browser",
    "clients": "clients that others wrote",
    "config": "the samples in config/",
    "contract": "the served document",
    "contrib": "the programs in contrib/",
    "corpus": "configurations as people write them",
    "dialogues": "recorded conversations",
    "docs": "what docs/ says",
    "examples": "the plugins in contrib/examples/",
    "golden": "recorded cases",
    "harness": "what tests share",
    "laws": "what holds for every collection",
    "plugins": "what plugins of several families have in common",
    "quality": "the source itself",
    "torture": "kills and races, run by hand too",
    "versions": "what holds in every version of the interface",
    "walkthrough": "the story that every client knows",
}
"""Folders of tests that belong to no package, and what of."""


def packages() -> set[str]:
    """The packages of the core, and the families of plugins."""
    return {path.parent.name for package in PACKAGES for path in (TOP / package).glob("*/__init__.py")}


def folders() -> set[str]:
    return {path.parent.name for path in TESTS.glob("*/*.py")}


def test_every_package_has_its_tests() -> None:
    assert packages() - folders() == set()


def test_every_folder_of_tests_has_its_package() -> None:
    assert folders() - packages() == set(OTHER_TESTS)


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def lines_of_code(path: Path) -> int:
    """How many lines the statements of a module take; its docstring is none."""
    tree = ast.parse(path.read_text("utf-8"))
    code = tree.body[ast.get_docstring(tree) is not None :]
    return sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in code)


def stands_by_itself(path: Path) -> bool:
    """Whether a module has hooks, or is a version of the API."""
    return "\n@impl" in path.read_text("utf-8") or path.match("dataplane_core/api/v[0-9].py")


def test_no_module_is_a_few_lines_for_one_other(imports: grimp.ImportGraph) -> None:
    folded = []
    for path in (one for package in PACKAGES for one in (TOP / package).rglob("*.py")):
        name = ".".join(path.relative_to(TOP).with_suffix("").parts)
        if path.name == "__init__.py" or stands_by_itself(path) or lines_of_code(path) >= SMALL:
            continue
        importers = imports.find_modules_that_directly_import(name)
        folded += [f"{name} is for {one} alone" for one in importers if len(importers) == 1]
    assert folded == []
