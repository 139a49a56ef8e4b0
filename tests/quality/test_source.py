"""Rules of the source that no linter has: how long a module and a function may be, and how they begin."""

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.recorded import TOP

PACKAGES = ("dataplane_core", "dataplane_plugins")
MODULES = sorted(path for package in PACKAGES for path in (TOP / package).rglob("*.py"))
LONGEST_MODULE, LONGEST_FUNCTION, LONGEST_SENTENCE = 300, 50, 100
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> list[tuple[str, int]]:
    """Name and number of lines of every function; a docstring does not count."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, Function):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node) is not None:
                first = node.body[0]
                assert first.end_lineno is not None
                lines -= first.end_lineno - first.lineno + 1
            found.append((node.name, lines))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(TOP)))
def test_module_and_its_functions_are_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST_MODULE
    assert [name for name, lines in functions(path) if lines > LONGEST_FUNCTION] == []


def test_most_functions_are_a_few_lines() -> None:
    lengths = sorted(lines for path in MODULES for _, lines in functions(path))
    assert statistics.median(lengths) <= 8
    assert lengths[int(len(lengths) * 0.9)] <= 25


def public(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """Name and docstring of what others may call; methods may go without one, as ruff is told."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from (found for found in public(node.body) if found[1])
        elif isinstance(node, Function) and not node.name.startswith("_"):
            yield node.name, ast.get_docstring(node) or ""


def first_sentence(text: str) -> str:
    """What stands before the first full stop, colon or semicolon that ends a part."""
    return re.split(r"(?<=[.:;])\s", " ".join(text.split("\n\n")[0].split()))[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(TOP)))
def test_it_begins_with_a_sentence(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    first = (ast.get_docstring(tree) or "").split("\n")[0]
    assert re.fullmatch(r"([A-Z]|`).*\.", first) or not tree.body, first
    told = dict(public(tree.body))
    assert [name for name, text in told.items() if not 0 < len(first_sentence(text)) <= LONGEST_SENTENCE] == []
