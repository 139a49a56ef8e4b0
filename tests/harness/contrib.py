"""Modules of contrib/lib, which stand in no package: the commands there use them as the tests do."""

import importlib.util
import sys
from types import ModuleType

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


debian_package = _module("debian_package")
debian_root = _module("debian_root")
systemd_part = _module("systemd_part")
