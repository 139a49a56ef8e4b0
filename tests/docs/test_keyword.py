"""docs/keyword.md: its diff is applied to a copy of the tree, and what it says of it is so."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.recorded import TOP

PAGE = (TOP / "docs" / "keyword.md").read_text("utf-8")
PARTS = ("dataplane_core", "dataplane_plugins", "tests", "pyproject.toml")


def blocks(language: str = "") -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.S | re.M)
    return [text for kind, text in found if kind == language]


class Clone:
    """A copy of the tree, in which the page's commands are carried out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in PARTS:
            if (TOP / part).is_dir():
                shutil.copytree(TOP / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(TOP / part, folder / part)
        (folder / "keyword.diff").write_text(blocks("diff")[0])
        (folder / "seen.py").write_text(blocks("python")[0])

    def run(self, command: str) -> "subprocess.CompletedProcess[str]":
        environ = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "GIT_"))}
        environ |= {"PYTHONPATH": str(self.folder), "PATH": os.pathsep.join([str(Path(sys.executable).parent), environ["PATH"]])}
        return subprocess.run(command, shell=True, cwd=self.folder, env=environ, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return Clone(tmp_path_factory.mktemp("clone"))


def test_a_keyword_is_added_by_one_line(clone: Clone) -> None:
    assert len([line for line in blocks("diff")[0].splitlines() if re.match(r"[-+] ", line)]) == 1
    (seen,) = (text.strip() for text in blocks() if "seen.py" in text)
    before = clone.run(seen)
    assert before.returncode != 0 and "KeyError: 'pause_after'" in before.stderr, before.stderr
    shutil.rmtree(clone.folder / "try")
    apply, laws, once = blocks()[0].splitlines()
    for command in (apply, laws, once):
        done = clone.run(command + (" -p no:cacheprovider" if "pytest" in command else ""))
        assert done.returncode == 0, command + done.stdout + done.stderr
    after = clone.run(seen)
    assert after.returncode == 0, after.stderr
    assert after.stdout == blocks("text")[0]


def test_every_command_is_carried_out() -> None:
    commands = [line for block in blocks() for line in block.splitlines()]
    assert len(commands) == 4


def test_the_server_lacks_the_keyword_that_the_page_invents() -> None:
    plugins = (TOP / "dataplane_plugins").rglob("*.py")
    assert not [path for path in plugins if "pause-after" in path.read_text("utf-8")]
