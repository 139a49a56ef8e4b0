"""docs/reference: made of signatures and docstrings, and whole. That each hook has a test: `tests/hooks`."""

import ast
import importlib
import inspect
import re

import pytest

from dataplane_core import hookspecs, plugin, testing
from dataplane_core.hooks.specification import declared_hooks
from dataplane_plugins.discovery import routes as discovery
from tests.docs import reference
from tests.harness.recorded import TOP

HOOKS = {name: getattr(module, name) for module in (hookspecs, discovery) for name in declared_hooks(module)}
TEXT = {page.name: (reference.FOLDER / f"{page.name}.md").read_text("utf-8") for page in reference.PAGES}


def test_the_pages_are_what_is_made() -> None:
    assert reference.stale() == [], "python -m tests.docs.reference --write"


def test_a_page_that_is_not_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "made", lambda: {reference.FOLDER / "hooks.md": "# Other", reference.FOLDER / "new.md": ""})
    assert reference.stale() == ["hooks.md", "new.md", "declarations.md", "files.md", "plugin.md", "testing.md"]


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_has_a_heading_with_its_arguments_and_its_signature(name: str) -> None:
    signature = inspect.signature(HOOKS[name])
    assert f"\n### `{name}({', '.join(signature.parameters)})`\n" in TEXT["hooks"]
    shown = re.search(rf"^```python\n({name}\(.*?)\n```", TEXT["hooks"], re.S | re.M)
    assert shown is not None
    (wanted,) = ast.parse(f"def f{str(signature)}: pass".replace("'", "")).body
    (found,) = ast.parse(f"def f{' '.join(shown[1].split())[len(name):]}: pass").body
    assert isinstance(wanted, ast.FunctionDef) and isinstance(found, ast.FunctionDef)
    assert [one.arg for one in found.args.args] == [one.arg for one in wanted.args.args]
    assert all(one.annotation for one in found.args.args) and found.returns


def test_every_heading_is_a_hook() -> None:
    assert sorted(re.findall(r"^### `(\w+)\(", TEXT["hooks"], re.M)) == sorted(HOOKS)


@pytest.mark.parametrize("name", HOOKS)
def test_the_tutorial_says_when_a_hook_is_called(name: str) -> None:
    guide = (TOP / "docs" / "plugins.md").read_text("utf-8")
    assert len(re.findall(rf"^\| `{name}` \|", guide, re.M)) == 1


def test_what_a_failure_does_is_said_of_each_kind() -> None:
    kinds = {terms.failure.name for module in (hookspecs, discovery) for terms in declared_hooks(module).values()}
    assert kinds <= set(reference.FAILURES)
    assert TEXT["hooks"].count("*Failure:* ") == len(HOOKS)


SURFACES = {"plugin": plugin, "testing": testing}


@pytest.mark.parametrize("surface", SURFACES)
def test_every_name_is_there_once_with_what_it_is(surface: str) -> None:
    pages = ["testing"] if surface == "testing" else ["plugin", "declarations", "files"]
    headings = [name for page in pages for name in re.findall(r"^### `(\w+)`$", TEXT[page], re.M)]
    fixtures = set(re.findall(r"^### `(\w+)`\n\nA fixture", TEXT["testing"], re.M))
    names = [name for name in headings if name not in fixtures]
    assert sorted(names) == sorted(SURFACES[surface].__all__)


NAMES = [(page.module, name) for page in reference.PAGES if page.name != "hooks"
         for _, names in reference.topics(page.module) for name in names]  # fmt: skip


@pytest.mark.parametrize(("module", "name"), NAMES, ids=lambda value: value.rpartition(".")[2])
def test_a_name_has_a_docstring(module: str, name: str) -> None:
    home, node, text = reference.resolved(module, name)
    assert len(text.split()) >= 3, f"{home}: {name} says nothing of itself"
    assert getattr(importlib.import_module(module), name) is not None
    if isinstance(node, ast.ClassDef) and home in ("dataplane_core.resources.registry", "dataplane_core.api.routes"):
        told = [one for one in node.body if isinstance(one, ast.FunctionDef) and not one.name.startswith("_")]
        assert [one.name for one in told if not ast.get_docstring(one)] == []
