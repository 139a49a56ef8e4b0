"""The SPOE files of a folder, each with versions and transactions of its own.

A file is kept as haproxy.cfg is: by a `ConfigStore`, so that it is read losslessly, written
atomically and numbered in the same way; its state has a folder of its own in the state directory.
"""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dataplane_core.errors import AlreadyExists, Invalid, NotFound
from dataplane_core.haproxy.reload import ReloadRecord
from dataplane_core.services import Services
from dataplane_core.store import State
from dataplane_core.store.config import ConfigStore
from dataplane_core.store.files import sync_directory, told, write_atomically
from dataplane_core.store.ports import Verdict
from dataplane_core.text.section import SCOPE

KINDS = frozenset({SCOPE, "spoe-agent", "spoe-message", "spoe-group"})
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}")


class Unchecked:
    """HAProxy judges a SPOE file only as part of the configuration that refers to it."""

    @contextmanager
    def begin(self, path: Path, /) -> Iterator[Verdict]:
        """Nothing to say; a reload that fails says it."""
        yield tuple


class MainReloads:
    """What a change of a SPOE file needs: a reload of the configuration as it is."""

    def __init__(self, services: Services, name: str) -> None:
        self._services = services
        self._name = name

    def request(self, version: int, reason: str = "") -> str:
        """The id of the reload that will read version `version` of the file."""
        wanted = f"SPOE file {self._name}, version {version}"
        return self._services.reloads.request(self._services.config.version(), wanted)

    def force(self, version: int) -> ReloadRecord:
        """Reload now."""
        return self._services.reloads.force(self._services.config.version())


class SpoeFiles:
    """The files in `spoe_dir`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._folder = Path(services.settings.dataplaneapi.resources.spoe_dir)
        self._stores: dict[str, ConfigStore] = {}
        self._opening = threading.Lock()

    def paths(self) -> list[str]:
        """The full paths of all files, sorted."""
        if not self._folder.is_dir():
            return []
        names = sorted(entry.name for entry in os.scandir(self._folder) if entry.is_file())
        return [str(self._folder / name) for name in names if _NAME.fullmatch(name)]

    def store(self, name: str) -> ConfigStore:
        """The store of a file, by its name or full path; raises `NotFound`."""
        path = self._path(name)
        if path is None or not path.is_file():
            raise NotFound(f"missing object: SPOE file {name} does not exist")
        with self._opening:
            if path.name not in self._stores:
                self._stores[path.name] = self._open(path)
            return self._stores[path.name]

    def create(self, name: str, data: bytes) -> str:
        """Write a new file and return its path; raises `Invalid` and `AlreadyExists`."""
        path = self._path(name)
        if path is None:
            raise Invalid(
                "the name of a SPOE file may hold letters, digits, '-', '_' and '.', and may not "
                f"start with '-' or '.', instead of {name!r}",
                code=605,
            )
        if path.exists():
            raise AlreadyExists(f"object already exists: SPOE file {name} already exists")
        with told(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data, 0o644)
        return str(path)

    def delete(self, name: str) -> None:
        """Remove a file; it is no error when there is none."""
        path = self._path(name)
        if path is None or not path.is_file():
            return
        with told(path, "deleted"):
            path.unlink(missing_ok=True)
        sync_directory(self._folder)
        with self._opening:
            self._stores.pop(path.name, None)

    def _path(self, name: str) -> Path | None:
        plain = name.removeprefix(f"{self._folder}/")
        return self._folder / plain if _NAME.fullmatch(plain) else None

    def _open(self, path: Path) -> ConfigStore:
        services = self._services
        state = State(Path(services.settings.state_dir) / "spoe" / path.name)
        settings = services.settings.replace(**{"haproxy.config_file": path})
        reloads = MainReloads(services, path.name)
        return ConfigStore(settings, KINDS, Unchecked(), None, state, reloads)
