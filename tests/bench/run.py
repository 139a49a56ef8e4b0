"""One run of the measurements: what they share."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import systems
from tests.bench.files import Size
from tests.bench.tables import Effort
from tests.harness.server import ApiServer

BEFORE = "8bd58bd"
"""The revision that is compared with, if no other is named: the last one with gunicorn's worker."""


@dataclass
class Run:
    """How long to measure, where, with which HAProxy, and against which revisions.

    Servers that several measurements ask are started once.
    """

    effort: Effort
    folder: Path
    haproxy: str
    against: list[str]
    servers: dict[Size, ApiServer] = field(default_factory=dict)
    _sources: dict[str, Path] = field(default_factory=dict)
    _folders: int = 0

    def new_folder(self) -> Path:
        """The path of a folder that is not there yet."""
        self._folders += 1
        return self.folder / f"{self._folders}"

    def server(self, size: Size) -> ApiServer:
        """A server of that size, which runs until all is measured."""
        if size not in self.servers:
            server = systems.ours(size, self.new_folder(), self.haproxy)
            self.servers[size] = server.start()
        return self.servers[size]

    def sources(self, revision: str) -> Path:
        """The sources of another revision."""
        if revision not in self._sources:
            self._sources[revision] = systems.unpacked(revision, self.new_folder())
        return self._sources[revision]

    def stop(self) -> None:
        for server in self.servers.values():
            server.stop()
        self.servers.clear()
