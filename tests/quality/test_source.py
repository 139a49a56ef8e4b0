"""Rules of the source that no linter has: how long a module and a function may be."""

import ast
import statistics
from pathlib import Path

import pytest

from tests.harness.recorded import TOP

PACKAGES = ("dataplane_core", "dataplane_plugins")
MODULES = sorted(path for package in PACKAGES for path in (TOP / package).rglob("*.py"))
LONGEST_MODULE, LONGEST_FUNCTION = 300, 50


def functions(path: Path) -> list[tuple[str, int]]:
    """Name and number of lines of every function; a docstring does not count."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
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
