"""A real Consul: one agent in development mode, which forgets everything when it stops."""

import json
import os
import shutil
import subprocess
import urllib.request
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.harness.server import free_port
from tests.harness.waiting import PATIENCE, until

MANAGEMENT = "11111111-1111-4111-8111-111111111111"
ACCESS_CONTROL = f"""
acl {{
  enabled = true
  default_policy = "deny"
  tokens {{ initial_management = "{MANAGEMENT}", agent = "{MANAGEMENT}" }}
}}
"""


def program() -> str:
    """The one on PATH, or else the newest that `contrib/consul` has built; skips without any."""
    given = os.environ.get("DATAPLANE_CONSUL_DIR")
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    cache = Path(given) if given else Path(caches, "dataplane", "consul")
    kept = sorted(cache.glob("[0-9]*/consul"), key=lambda path: path.stat().st_mtime)
    found = shutil.which("consul") or (kept[-1] if kept else None)
    if found is None:
        pytest.skip("consul is not installed here: contrib/consul builds one")
    return str(found)


class Consul(AbstractContextManager["Consul"]):
    """An agent and its HTTP API; started again, it has the same port."""

    def __init__(self, folder: Path, configuration: str = "", token: str = "") -> None:
        self.folder, self.configuration, self.token = folder, configuration, token
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Consul":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        ports = {f"-{name}-port": str(free_port()) for name in ("server", "serf-lan", "serf-wan")}
        options = [word for pair in ports.items() for word in pair]
        command = [program(), "agent", "-dev", "-bind", "127.0.0.1", "-node", "n1", "-dns-port", "-1",
                   "-grpc-port", "-1", "-grpc-tls-port", "-1", "-http-port", str(self.port), *options,
                   "-hcl", self.configuration]  # fmt: skip
        with (self.folder / "consul.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        until(self._serves)

    def _serves(self) -> bool:
        """Whether it leads itself, and has itself in its catalog: what is registered stays then."""
        with suppress(OSError):
            return bool(self.ask("GET", "catalog/service/consul"))
        return False

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.terminate()
            process.wait(PATIENCE)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to a request below /v1, with the token of the management."""
        text = self.raw(method, path, json.dumps(body).encode() if body is not None else b"")
        return json.loads(text) if text.strip() else None

    def raw(self, method: str, path: str, data: bytes = b"") -> bytes:
        """The bytes of an answer to bytes."""
        headers = {"X-Consul-Token": self.token} if self.token else {}
        url = f"http://127.0.0.1:{self.port}/v1/{path}"
        request = urllib.request.Request(url, data or None, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            found: bytes = answer.read()
        return found

    def register(self, id: str, port: int, *checks: str, name: str = "api", **more: Any) -> None:
        """Register an instance; its checks have these states, and are `<id>-<number>`."""
        listed = [
            {"CheckID": f"{id}-{number}", "TTL": "1h", "Status": status}
            for number, status in enumerate(checks, 1)
        ]
        body = {"Name": name, "ID": id, "Port": port, "Address": "127.0.0.1", "Checks": listed}
        self.ask("PUT", "agent/service/register", {**body, **more})

    def deregister(self, *ids: str) -> None:
        for id in ids:
            self.ask("PUT", f"agent/service/deregister/{quote(id, safe='')}")

    def check(self, id: str, how: str, note: str = "") -> None:
        """Have a check `pass`, `warn` or `fail`, and say so."""
        self.ask("PUT", f"agent/check/{how}/{id}?note={note}")

    def clear(self) -> None:
        """Deregister all services."""
        self.deregister(*self.ask("GET", "agent/services"))
