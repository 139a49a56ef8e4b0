"""Plugins of third parties, found as entry points are, on a server with few plugins of its own."""

from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_core.hooks.manager import GROUP
from tests.api.support import Api

FEW = ("service.info", "service.health", "service.transactions", "service.reloads", "configuration.raw",
       "configuration.version", "configuration.backends", "configuration.frontends")  # fmt: skip
"""Plugins of the server's own, enough to read and to change something."""


class Point(metadata.EntryPoint):
    """An entry point whose module is at hand, or the error that its import raises."""

    def __init__(self, name: str, plugin: object) -> None:
        super().__init__(name, f"{name}_module", GROUP)
        vars(self).update(plugin=plugin, dist=SimpleNamespace(name=f"the-{name}", version="1.2"))

    def load(self) -> Any:
        plugin = vars(self)["plugin"]
        if isinstance(plugin, BaseException):
            raise plugin
        return plugin() if isinstance(plugin, type) else plugin


def install(monkeypatch: pytest.MonkeyPatch, **plugins: object) -> None:
    """Have plugins of third parties be installed, by their names."""
    points = [Point(name, plugin) for name, plugin in plugins.items()]
    monkeypatch.setattr("dataplane_core.hooks.manager.entry_points", lambda group: metadata.EntryPoints(points))


class Few(Api):
    """The server as it is installed, with few plugins of its own."""

    def __init__(self, folder: Path, names: Any = (), **settings: Any) -> None:
        folder.mkdir(exist_ok=True)
        super().__init__(folder, "backend be\n", dataplane__plugins__only=(*FEW, *names), **settings)

    def wanted(self, plugins: Any) -> list[object] | None:
        return None
