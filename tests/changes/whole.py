"""The application with all plugins of its own on a file, called without a network."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.api.support import OWN, Api

TOP = "/v3/services/haproxy/configuration"
TEXT = """\
# by hand
global
  maxconn 100

defaults
  mode http
  timeout connect 1s

frontend fe
  bind 127.0.0.1:8080
  http-request deny if { path /a }
  http-request deny if { path /b }
  default_backend be1

backend be1
  server s1 192.0.2.1:80 weight 1
  server s2 192.0.2.2:80

backend be2
  server s1 192.0.2.3:80
"""


class Whole(Api):
    """The application with every plugin that comes with the server."""

    def __init__(self, folder: Path, text: str = TEXT, **settings: Any) -> None:
        super().__init__(folder, text, **settings)

    def wanted(self, plugins: Iterable[object]) -> list[object] | None:
        return None

    def own(self, path: str, **query: Any) -> Any:
        """What a GET below `/dataplane/v1` answers."""
        answer = self.call("GET", f"{OWN}/{path}", **query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def own_refusal(self, path: str, method: str = "GET", **query: Any) -> tuple[int, str]:
        answer = self.call(method, f"{OWN}/{path}", **query)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json["message"]

    def weigh(self, backend: str, server: str, weight: int, **more: Any) -> Any:
        """Change the weight of a server."""
        path = f"{TOP}/backends/{backend}/servers/{server}"
        body = {**self.call("GET", path).json, "weight": weight}
        answer = self.call("PUT", path, body, version=self.version, **more)
        assert answer.status_code in (200, 202), answer.text
        return answer
