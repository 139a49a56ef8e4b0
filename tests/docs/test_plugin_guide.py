"""docs/plugins.md: its examples run, and its tables have every constructor."""

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dataplane_core import plugin
from dataplane_core.grammar.laws import breaches
from dataplane_core.resources.registry import Registry
from dataplane_core.testing import pytest_plugin
from dataplane_core.text import Document
from dataplane_core.wiring import make_manager
from dataplane_plugins import PLUGINS
from tests.harness.recorded import TOP

GUIDE = (TOP / "docs" / "plugins.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE, re.S | re.M)
    return [text for kind, text in found if kind == language]


def executed() -> dict[str, Any]:
    """The names that the guide's examples define, and one registry that holds their collections.

    It has the server's own as well, which some of the examples extend.
    """
    registry = Registry()
    make_manager(PLUGINS).hook.dataplane_register(registry=registry)
    names: dict[str, Any] = {}
    for block in (block for block in blocks("python") if "\ndef test_" not in f"\n{block}"):
        exec(compile(block, "docs/plugins.md", "exec"), names)
        if "def dataplane_register" in block:
            names["dataplane_register"](registry)
    registry.freeze()
    return {**names, "registry": registry}


def test_examples_run() -> None:
    registry = executed()["registry"]
    assert {"gates", "keepers", "passages"} <= set(registry.collections)


def test_declarations_keep_the_laws() -> None:
    registry = executed()["registry"]
    names = ("keepers", "passages", "guests", "servers", "http_request_rules", "tcp_request_rules")
    statements = [registry.collections[name].table.statement for name in names]
    assert [breach for one in statements for breach in breaches(one)] == []


def test_the_section_is_read_as_the_guide_says() -> None:
    text = next(block for block in blocks("") if block.startswith("gate front"))
    found = re.search(r"as `(\{.*?\})`", GUIDE, re.S)
    assert found is not None
    expected = json.loads(found.group(1).replace("\n", " "))
    names = executed()
    section = Document.parse(text, names["registry"].language).find("gate", "front")
    assert section is not None
    values = names["GATE"].read(section)
    assert {"name": "front", **values} == expected
    assert names["GATE"].put(section, values).text == section.text


def test_what_is_extended_is_read_as_the_guide_says() -> None:
    text = next(block for block in blocks("") if block.startswith("backend be"))
    registry = executed()["registry"]
    section = Document.parse(text, registry.language).find("backend", "be")
    assert section is not None
    read = {"motto": "we serve", "balance.algorithm": "fastest", "default_server.colour": "blue"}
    assert registry.collections["backends"].model.read(section) == read
    rows = [registry.collections[name].table.rows(section) for name in ("servers", "http_request_rules")]
    assert [one.values.get("colour", one.values.get("greeted")) for (one,) in rows] == ["red", "everybody"]


def test_constructors_named_in_the_tables_exist() -> None:
    cells = re.findall(r"^\| (.+?) \|", GUIDE, re.M)
    called = {name for cell in cells for name in re.findall(r"(\w+)\(", cell)}
    fixtures = {"local_server", "fake_runtime", "temporary_configuration"}
    assert called - set(plugin.__all__) == fixtures
    assert {*fixtures, "real_haproxy", "dataplane_law", "dataplane_case"} <= vars(pytest_plugin).keys()


DECLARATIONS = [
    code
    for cell in re.findall(
        r"^\| (`.+?`.*?) \| ",
        GUIDE[GUIDE.index("### Values of one word") : GUIDE.index("## Declaring lines as resources")],
        re.M,
    )
    for code in re.findall(r"`([^`]+)`", cell)
]


@pytest.mark.parametrize("code", DECLARATIONS)
def test_declarations_in_the_tables_can_be_made(code: str) -> None:
    word, statement = plugin.word, plugin.statement
    names = {
        **{name: getattr(plugin, name) for name in plugin.__all__},
        "a": word("a"), "b": word("b"),
        "line": statement("acl", word("acl_name")), "index": plugin.Prop("index", "integer"),
    }  # fmt: skip
    made = eval(code.replace(", …", ""), names)
    assert isinstance(made, plugin.Term | plugin.Statement | plugin.ParameterKeyword | tuple)


def test_every_constructor_stands_in_a_table() -> None:
    constructors = {
        name for name in plugin.__all__
        if inspect.isfunction(getattr(plugin, name)) and getattr(plugin, name).__module__.startswith("dataplane_core.grammar")
    }  # fmt: skip
    shown = {name for code in DECLARATIONS for name in re.findall(r"(\w+)\(", code)}
    other = {"keyword_words", "loose", "misplaced", "of_item", "unwritable"}
    assert constructors - shown == other


def test_the_version_of_the_surface_is_the_one_that_the_guide_states() -> None:
    assert f'PLUGIN_API = "{plugin.API_VERSION}"' in GUIDE


def gates_as_a_module() -> str:
    """The example of a section, as the module that a test imports."""
    return next(block for block in blocks("python") if "GATE = " in block)


def test_the_example_of_a_test_passes(local_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = (block for block in blocks("python") if "local_server" in block)
    gates = ModuleType("my_gates")
    exec(gates_as_a_module(), vars(gates))
    monkeypatch.setitem(sys.modules, "my_gates", gates)
    names: dict[str, Any] = {}
    exec(compile(example, "docs/plugins.md", "exec"), names)
    names["test_a_gate_is_changed"](local_server)


def pytest_in(folder: Path, *arguments: str) -> str:
    """What pytest says in a folder, where the server is installed."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environ["PYTHONPATH"] = os.pathsep.join([str(TOP), str(folder)])
    command = [sys.executable, "-m", "pytest", "-v", "-rs", "-p", "no:cacheprovider", "-p", "dataplane_core.testing.pytest_plugin"]
    done = subprocess.run([*command, *arguments], cwd=folder, env=environ, capture_output=True, text=True, timeout=300)
    return done.stdout + done.stderr


def test_the_examples_of_laws_and_cases_pass(tmp_path: Path) -> None:
    (tmp_path / "my_gates.py").write_text(gates_as_a_module())
    tests = [block for block in blocks("python") if "(dataplane_" in block]
    assert len(tests) == 2
    (tmp_path / "test_gates.py").write_text("\n\n".join(tests))
    (tmp_path / "pytest.ini").write_text("".join(blocks("ini")))
    (tmp_path / "cases.jsonl").write_text(blocks("json")[0])
    (tmp_path / "cases.cfg").write_text("gate front\n  mode tcp\n")
    said = pytest_in(tmp_path)
    assert "test_it_answers_as_recorded[cases-http] PASSED" in said, said
    assert "test_it_answers_as_recorded[cases-none] PASSED" in said
    assert "test_declarations_keep_the_laws[put back: gates in v3] PASSED" in said
    for missing in re.findall(r"`([^`]+)`", GUIDE[GUIDE.index("what is still missing") :])[:2]:
        assert missing in said, said
    (command,) = (block for block in blocks("") if block.startswith("pytest --pyargs"))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    alone = pytest_in(tmp_path, *command.split()[1:], "-k", "documents")
    assert " 3 passed" in alone, alone
