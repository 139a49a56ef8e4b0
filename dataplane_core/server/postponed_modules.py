"""Postpone modules of Python's library that libraries import and a server hardly ever needs.

Each is loaded when somebody takes something from it, as if it had been imported then.
"""

import sys
from importlib.util import find_spec, module_from_spec
from threading import RLock
from types import ModuleType
from typing import Any

HARDLY_NEEDED = (
    "argparse",  # gunicorn has a command line of its own
    "bz2",
    "lzma",  # archives, which `shutil` could make
    "html",  # gunicorn's own error pages
    "pickle",  # log lines sent to another Python
    "urllib.request",  # `http.cookiejar`, of which Falcon's types name a class
    "xml.etree.ElementTree",  # Falcon's errors in XML
)
"""Modules for what this server does not do; the comments say which libraries import them."""

_lock = RLock()


class PostponedModule(ModuleType):
    """A module that is loaded once something is taken from it; others wait while it is loaded."""

    def __getattribute__(self, name: str) -> Any:
        get = super().__getattribute__
        if name in ("__spec__", "__class__"):  # `import` and `isinstance` look at them
            return get(name)
        with _lock:
            spec = get("__spec__")
            if type(self) is PostponedModule and spec.loader_state is None:
                spec.loader_state = "loading"
                try:
                    spec.loader.exec_module(self)
                    self.__class__ = ModuleType  # type: ignore[assignment]
                finally:
                    spec.loader_state = None
        return get(name)


def postpone(*names: str) -> None:
    """Let modules be imported without being loaded, those that nobody has imported yet.

    The packages that they stand in are loaded.
    """
    for name in names:
        spec = find_spec(name) if name not in sys.modules else None
        if spec is None:
            continue
        module = module_from_spec(spec)
        module.__class__ = PostponedModule
        sys.modules[name] = module
        package, _, last = name.rpartition(".")
        if package:
            setattr(sys.modules[package], last, module)
