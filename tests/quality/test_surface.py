"""What plugins import: one module of the core, which the core itself never imports."""

import ast
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from dataplane_core import grammar, plugin
from tests.harness.recorded import TOP

EXAMPLES = sorted((TOP / "contrib" / "examples").rglob("*.py"))
PLUGINS = sorted((TOP / "dataplane_plugins").rglob("*.py"))
ALLOWED = {"dataplane_core.plugin"}
ROOMS = {"declarations", "files"}
"""Modules of the surface, whose names it gives again."""


def core_imports(path: Path) -> set[str]:
    """The modules of the core that a file imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {module for module in found if module.split(".")[0] == "dataplane_core"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_imports_the_surface_alone(path: Path) -> None:
    testing = {"dataplane_core.testing"} if "test" in path.name else set()
    assert core_imports(path) <= ALLOWED | testing


def test_plugins_import_the_surface_alone() -> None:
    others = {path: core_imports(path) - ALLOWED for path in PLUGINS}
    assert {path: found for path, found in others.items() if found} == {}


def test_the_surface_names_each_thing_once() -> None:
    assert [name for name, times in Counter(plugin.__all__).items() if times > 1] == []
    own = ("_", "@")  # @: what pytest puts into a module whose assertions it rewrites
    exported = {name for name in vars(plugin) if not name.startswith(own)} | {"__version__"}
    assert exported - ROOMS == set(plugin.__all__)
    assert set(grammar.__all__) <= set(plugin.__all__)


def test_the_core_starts_without_the_surface() -> None:
    """Commands that load no plugin do not pay for it."""
    program = (
        "import sys, json, dataplane_core, dataplane_core.cli, dataplane_core.commands.group, dataplane_core.services;"
        "print(json.dumps('dataplane_core.plugin' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert json.loads(done.stdout) is False


FOR_STRANGERS = {
    "API_VERSION": "to be asked for the server's version of the surface",
    "Transaction": "what transactions give",
    "Candidate": "a file that is whole at any moment, as `Folder` gives it",
    "sync_directory": "to have what was done in a folder survive a power cut",
    "Feed": "an answer that goes on", "none_or": "what a hook of one's own returns",
}  # fmt: skip
"""Names that no plugin of the repository imports, each with what strangers need it for."""


def test_the_surface_has_nothing_that_no_plugin_needs() -> None:
    imported = {
        alias.name
        for path in (*PLUGINS, *EXAMPLES)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "dataplane_core.plugin"
        for alias in node.names
    }
    assert set(plugin.__all__) - imported == set(FOR_STRANGERS)
