"""The built package in an environment of its own, far from the clone: what a user installs."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.harness.recorded import TOP
from tests.harness.waiting import PATIENCE

_PARTS = ("dataplane_core", "dataplane_plugins", "config", "contrib/systemd")
_SETUPTOOLS = 77
_FILES = ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")


@dataclass(frozen=True)
class CleanRoot:
    """A folder with an environment in which nothing of the clone can be found."""

    folder: Path

    @property
    def wheel(self) -> Path:
        """The server's package."""
        [wheel] = self.folder.glob("wheels/dataplane-*.whl")
        return wheel

    @property
    def python(self) -> str:
        return str(self.folder / "opt" / "bin" / "python")

    @property
    def dataplane(self) -> str:
        """The command that the package brings."""
        return str(self.folder / "opt" / "bin" / "dataplane")

    @property
    def environ(self) -> dict[str, str]:
        """Variables of a newcomer with an empty home."""
        path = f"{self.folder}/opt/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return {"PATH": path, "HOME": str(self.folder / "home"), "LANG": "C.UTF-8"}

    def run(self, *argv: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command, with text on its standard input."""
        return subprocess.run(
            argv, input=given, capture_output=True, text=True, cwd=self.folder, env=self.environ,
            timeout=5 * PATIENCE,
        )  # fmt: skip


def build_wheel(folder: Path) -> None:
    """Build the wheel from a copy of the clone.

    Skips where what builds it, which the extra `test` brings, is too old.
    """
    if int(version("setuptools").split(".")[0]) < _SETUPTOOLS:
        pytest.skip(f"setuptools {_SETUPTOOLS} or newer builds the package")
    copy = copy_sources(folder / "source")
    build(folder, copy)
    shutil.rmtree(copy)


def copy_sources(copy: Path) -> Path:
    """Copy what a package is built of, without what a build leaves beside it."""
    for name in _PARTS:
        litter = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(TOP / name, copy / name, ignore=litter)
    for name in _FILES:
        shutil.copy(TOP / name, copy / name)
    return copy


_PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
_OFFLINE = ["--no-deps", "--no-index"]


def build(folder: Path, *sources: Path) -> list[Path]:
    """Build wheels into a folder, each from a copy of a source: what builds writes beside that."""
    wheels = folder / "wheels"
    _call([*_PIP, "wheel", *_OFFLINE, "--no-build-isolation", "-w", str(wheels), *map(str, sources)])
    return sorted(wheels.glob("*.whl"))


def build_sdist(folder: Path, source: Path) -> Path:
    """Build the archive of the sources into a folder."""
    code = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"
    _call([sys.executable, "-c", code, str(folder)], source)
    [archive] = folder.glob("*.tar.gz")
    return archive


def install(folder: Path, *wheels: Path) -> CleanRoot:
    """Install wheels into an environment of their own; all other packages are those of here."""
    root = CleanRoot(folder)
    (folder / "home").mkdir()
    (folder / "wheels").mkdir(exist_ok=True)
    for wheel in wheels:
        if wheel.parent != folder / "wheels":
            shutil.copy(wheel, folder / "wheels")
    _call([sys.executable, "-m", "venv", "--without-pip", str(folder / "opt")])
    _call([*_PIP, "--python", root.python, "install", *_OFFLINE, *map(str, wheels)])
    [site] = (folder / "opt").glob("lib/python*/site-packages")
    falcon = importlib.util.find_spec("falcon")
    assert falcon is not None
    assert falcon.origin is not None
    (site / "others.pth").write_text(f"{Path(falcon.origin).parents[1]}\n")
    return root


def _call(command: Sequence[str], folder: Path | None = None) -> None:
    environ = {**os.environ, "PIP_NO_INPUT": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
