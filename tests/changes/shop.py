"""A shop whose configuration a real HAProxy checks, in an application with all plugins."""

from pathlib import Path
from typing import Any

from tests.api.support import OWN
from tests.changes.support import V3, WholeApi

SHOP = """\
global
  maxconn 100

defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s

frontend web
  bind 127.0.0.1:1
  use_backend shop if { path /shop }
  default_backend shop

backend shop
  server s1 127.0.0.1:9001 weight 5
  server s2 127.0.0.1:9002

backend spare
"""


class Changes(WholeApi):
    """A client of it; without a `program` any text is taken."""

    def __init__(self, folder: Path, text: str = SHOP, program: str = "", **settings: Any) -> None:
        checked = {"haproxy__reload__validate_cmd": "", "haproxy__haproxy_bin": program} if program else {}
        super().__init__(folder, text, **checked, **settings)

    def own(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Ask the server's own interface, and return what it answers."""
        answer = self.call(method, f"{OWN}/{path}", body, **more)
        assert answer.status_code == 200, answer.text
        return answer.json

    def everything(self) -> dict[str, bytes]:
        """All files, but for those of the state: a plan changes none."""
        folder = self.file.parent
        return {
            str(path): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and "state" not in path.relative_to(folder).parts
        }


__all__ = ["SHOP", "V3", "Changes"]
