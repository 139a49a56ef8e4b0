"""What pytest does where the server is installed: nothing at all, until a test asks for something."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.recorded import TOP

SETUP = ast.parse((TOP / "setup.py").read_text("utf-8"))
PLUGIN = """\
from dataplane_core.plugin import Model, impl, integer, seq, statement, word

GUEST = statement("guest", seq(word("name", required=True, help="Who."), integer("age", 0, 99, help="In years.")),
                  examples=["guest ann 5"])


@impl
def dataplane_register(registry):
    registry.sections("houses", kind="house", model=Model("house"))
    registry.rows("guests", GUEST, parents=("house",), parameter="house")
"""
CASE = {"id": "bob", "method": "POST", "path": "guests", "query": {"house": "one"}, "body": {"name": "bob", "age": 7},
        "status": 202, "section": "house one", "lines": ["guest bob 7"], "returned": {"name": "bob", "age": 7}}  # fmt: skip
INI = """\
[pytest]
pythonpath = .
dataplane_plugins = houses
dataplane_cases = cases/*.jsonl
dataplane_base = base.cfg
dataplane_not_judged =
    guests: this HAProxy takes no guests
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package with a plugin, and an environment in which the server is installed."""
    information = tmp_path / "site" / "dataplane-0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: dataplane\nVersion: 0\n")
    (information / "entry_points.txt").write_text("[pytest11]\ndataplane = dataplane_core.testing.entry\n")
    (tmp_path / "houses.py").write_text(PLUGIN)
    (tmp_path / "base.cfg").write_text("house one\n  guest ann 5\n")
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "some.jsonl").write_text(json.dumps(CASE) + "\n")
    return tmp_path


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environ["PYTHONPATH"] = os.pathsep.join([str(folder / "site"), str(TOP)])
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=180)


ALONE = """\
import sys

def test_nothing_else_is_loaded(pytestconfig):
    assert pytestconfig.pluginmanager.has_plugin("dataplane") == {loaded}
    found = sorted(name for name in sys.modules if name.startswith(("dataplane_", "falcon", "marshmallow")))
    assert found == {modules}
"""
CHEAP = ["dataplane_core", "dataplane_core.testing", "dataplane_core.testing.entry", "dataplane_core.testing.pytest_plugin"]


def test_other_tests_load_nothing_of_it(folder: Path) -> None:
    (folder / "test_alone.py").write_text(ALONE.format(loaded=True, modules=CHEAP))
    done = run(folder, "-q", "test_alone.py")
    assert done.returncode == 0, done.stdout
    (folder / "test_alone.py").write_text(ALONE.format(loaded=False, modules=[]))
    done = run(folder, "-q", "-p", "no:dataplane", "test_alone.py")
    assert done.returncode == 0, done.stdout


def test_laws_and_cases_of_a_package(folder: Path) -> None:
    (folder / "pytest.ini").write_text(INI)
    done = run(folder, "-v", "-rs", "-p", "dataplane_core.testing.pytest_plugin", "--pyargs", "dataplane_core.testing.suite")
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("examples: guests guest", "properties: guests", "put back: guests in v3", "documents: houses in v1"):
        assert re.search(rf"test_law\[{name}\] +PASSED", done.stdout)
    assert "test_recorded_case[some-bob]" in done.stdout
    assert "this HAProxy takes no guests" in done.stdout


def test_what_breaks_them_is_said_in_sentences(folder: Path) -> None:
    (folder / "houses.py").write_text(PLUGIN.replace('help="In years."', "default=100"))
    (folder / "cases" / "some.jsonl").write_text(json.dumps({**CASE, "lines": ["guest bob 8"]}))
    (folder / "pytest.ini").write_text(INI.replace("dataplane_plugins = houses\n", ""))
    (folder / "test_it.py").write_text(
        "def test_laws(dataplane_law):\n    dataplane_law()\n\n\n"
        "def test_recorded_cases(dataplane_case):\n    dataplane_case()\n"
    )
    done = run(folder, "-q", "--dataplane-plugin", "houses", "test_it.py", "-k", "properties or bob")
    assert done.returncode == 1
    assert "2 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    for said in ("guests.age has no help", "the default 100 of age is none of its values"):
        assert said in done.stdout
    assert "the lines should be ['guest bob 8'], and is ['guest bob 7']" in done.stdout
    assert "Traceback" not in done.stdout and "def check" not in done.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pytest.ini": "[pytest]\n"}, "which plugins are tested? Name their modules as dataplane_plugins in pytest.ini"),
        ({"pytest.ini": INI.replace("cases/*", "none/*")}, "dataplane_cases: there is no file none/*.jsonl"),
        ({"pytest.ini": INI, "cases/some.jsonl": "\nnonsense\n"}, "some.jsonl:2: Expecting value"),
    ],
)
def test_what_is_not_usable_is_said(folder: Path, given: dict[str, str], said: str) -> None:
    for name, text in given.items():
        (folder / name).write_text(text)
    done = run(folder, "-q", "--pyargs", "dataplane_core.testing.suite")
    assert done.returncode != 0
    assert said in done.stdout + done.stderr


def test_pytest_is_needed_by_tests_alone() -> None:
    lists = {node.targets[0].id: ast.literal_eval(node.value) for node in SETUP.body
             if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
             and node.targets[0].id in ("RUNTIME", "EXTRAS")}  # fmt: skip
    assert not [one for one in lists["RUNTIME"] if one.startswith("pytest")]
    assert [one for one in lists["EXTRAS"]["test"] if one.startswith("pytest>")]
    assert '"pytest11": ["dataplane = dataplane_core.testing.entry"]' in (TOP / "setup.py").read_text("utf-8")
    program = (
        "import sys; sys.modules['pytest'] = None\n"
        "from dataplane_core import testing\n"
        "for name in testing.__all__: getattr(testing, name)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=TOP)
