"""The files of this server that its fleet shares: those in the folders of the storage."""

import os
from collections.abc import Iterator
from pathlib import Path

from dataplane_core.plugin import NotFound, Services, StorageFailed
from dataplane_plugins.fleet.records.chunks import Chunks

_FOLDERS = {
    "maps": "maps_dir",
    "ssl_certificates": "ssl_certs_dir",
    "general": "general_storage_dir",
    "spoe_files": "spoe_dir",
}
_Identity = tuple[int, ...]


class LocalFiles:
    """The files by the names that all members know, such as `maps/hosts.map`."""

    def __init__(self, services: Services, chunks: Chunks) -> None:
        resources = services.settings.dataplaneapi.resources
        self.folders = {kind: Path(getattr(resources, name)) for kind, name in _FOLDERS.items()}
        self._chunks = chunks
        self._seen: dict[str, tuple[_Identity, str]] = {}

    def name(self, path: str) -> str | None:
        """Return what the fleet calls the file at a path; None for one that it does not share."""
        folder, name = os.path.split(path)
        return next(
            (f"{kind}/{name}" for kind, one in self.folders.items() if str(one) == folder), None
        )

    def path(self, name: str) -> Path:
        """Return the path of a file here."""
        kind, _, own = name.partition("/")
        return self.folders[kind] / own

    def now(self) -> dict[str, str]:
        """Return the addresses of what the files hold; what is unchanged is not read."""
        found = dict(self._entries())
        self._seen = {name: self._seen[name] for name in found}
        return found

    def one(self, name: str) -> str | None:
        """Return the address of what a file holds; None where there is none."""
        path = self.path(name)
        try:
            status = os.lstat(path)
            identity = status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
            known = self._seen.get(name)
            if known is not None and known[0] == identity:
                return known[1]
            found = self._chunks.address(path.read_bytes())
        except (OSError, NotFound, StorageFailed):
            return None
        self._seen[name] = identity, found
        return found

    def _entries(self) -> Iterator[tuple[str, str]]:
        for kind, folder in self.folders.items():
            try:
                with os.scandir(folder) as entries:
                    names = [
                        one.name for one in entries
                        if not one.name.startswith(".") and one.is_file(follow_symlinks=False)
                    ]  # fmt: skip
            except OSError:
                continue
            for name in names:
                found = self.one(f"{kind}/{name}")
                if found is not None:
                    yield f"{kind}/{name}", found
