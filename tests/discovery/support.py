"""The application with all plugins, its background work begun, and no HAProxy."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.api.support import Api

DISCOVERY = "/v2/service_discovery"
PLUGINS = ("service.specification", "configuration.servers", "configuration.backends", "configuration.frontends",
           "configuration.defaults", "configuration.global_", "discovery.routes",
           "discovery.consul", "discovery.aws")  # fmt: skip
TEXT = """\
defaults base
  mode http

frontend fe from base
  bind :0
"""


class Discovering(Api):
    """What tests ask for."""

    def wanted(self, plugins: Any) -> list[object]:
        return [*PLUGINS, *plugins]

    def add(self, source: str, body: dict[str, Any], status: int = 201) -> Any:
        """Add an entry; the answer."""
        answer = self.call("POST", f"{DISCOVERY}/{source}", body)
        assert answer.status_code == status, answer.text
        return answer.json

    @property
    def status(self) -> dict[str, Any]:
        """The status of the only entry that is followed; empty before the first look."""
        found = self.get(f"{DISCOVERY}/status")
        return found[0] if found else {}

    def servers(self, backend: str) -> dict[str, str] | None:
        """The servers at work in a backend, by name; None where there is no such backend."""
        section = self.app.services.config.snapshot().document.find("backend", backend)
        if section is None:
            return None
        rows = [line.tokens for line in section.lines if line.tokens[:1] == ("server",)]
        return {row[1]: row[2] for row in rows if "disabled" not in row}

    def slots(self, backend: str) -> int:
        section = self.app.services.config.snapshot().document.find("backend", backend)
        assert section is not None
        return sum(line.tokens[:1] == ("server",) for line in section.lines)


@contextmanager
def discovering(folder: Path, text: str = TEXT, **more: Any) -> Iterator[Discovering]:
    """Start the application's background work, and end it."""
    api = Discovering(folder, text, **more)
    api.app.services.start()
    try:
        yield api
    finally:
        api.app.services.stop()
