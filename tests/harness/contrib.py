"""Modules of contrib/lib, which stand in no package: the commands there use them as the tests do."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.harness.recorded import TOP


def _module(name: str) -> ModuleType:
    path = TOP / "contrib" / "lib" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look for their module
    spec.loader.exec_module(module)
    return module


locked = _module("locked")
licences = _module("licences")
containerfile = _module("containerfile")
debian_package = _module("debian_package")
debian_root = _module("debian_root")
systemd_part = _module("systemd_part")


def build_debian(wheel: Path, target: Path, **environ: str) -> Path:
    """Build the Debian package of a wheel; skips where that cannot be done here."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb is installed here")
    if sys.version_info[:2] != (3, 11):
        pytest.skip("Python 3.11 builds the package, as Debian 12 has it")
    words = ["--to", str(target), "--wheel", str(wheel), "--compression", "none"]
    command = [sys.executable, str(TOP / "contrib" / "debian" / "build"), *words]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environ})
    if "pip download" in done.stderr:
        pytest.skip("the libraries are not kept here, and pip cannot fetch them")
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())
