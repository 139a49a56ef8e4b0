"""What the tests of simulations share."""

from pathlib import Path
from typing import Any

from dataplane_plugins.changes.simulation import simulation
from tests.api.support import Api

SHOP = """\
global
  log 127.0.0.1:9 local0
defaults
  mode http
  log global
  option httplog
  timeout connect 1s
  timeout client 5s
  timeout server 5s

frontend web
  bind 127.0.0.1:80 name plain
  tcp-request connection reject if { src 198.51.100.0/24 }
  http-request deny deny_status 429 if { path /slow }
  http-request redirect code 301 location https://new.example%[path] if { path_beg /old }
  http-request set-path /api%[path] if { hdr(host) api.example }
  use_backend api if { hdr(host) api.example } || { path_beg /api }
  use_backend static if { path_end .css .js }
  default_backend shop

backend shop
  balance roundrobin
  cookie SRV insert indirect nocache
  use-server s2 if { path /two }
  server s1 192.0.2.11:80 cookie one check
  server s2 192.0.2.12:80 cookie two check

backend api
  balance uri
  server a1 192.0.2.21:80
  server a2 192.0.2.22:80

backend static
  server c1 192.0.2.31:80
"""


class SimulatingApi(Api):
    """The application with all plugins, on a configuration and a real HAProxy."""

    def __init__(self, folder: Path, program: str, text: str = SHOP, **settings: Any) -> None:
        super().__init__(folder, text, haproxy__haproxy_bin=program, **settings)

    def wanted(self, plugins: Any) -> None:
        return None

    def ask(self, *requests: dict[str, Any], **more: Any) -> dict[str, Any]:
        """The answer to requests."""
        answer = self.call("POST", "/dataplane/v1/simulate", {"requests": requests, **more})
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def one(self, **request: Any) -> dict[str, Any]:
        """The result of one request."""
        return dict(self.ask(request)["results"][0])

    def close(self) -> None:
        simulation.dataplane_stop()
