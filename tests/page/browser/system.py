"""A live system for a page to show: HAProxy, web servers, traffic, stores, and what is wrong in it."""

import http.client
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.harness.haproxy import HaproxyProcess
from tests.harness.server import PASSWORD, USER, ApiServer, Client, free_port
from tests.harness.waiting import until
from tests.page.browser.certificates import make_pem

READER, READS = "reader", "readerpwd"
START = """\
global
  maxconn 500
  stats socket {folder}/admin.sock mode 600 level admin expose-fd listeners
  stats timeout 60s
  hard-stop-after 1s

defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s

frontend site
  bind 127.0.0.1:{site} name public
  acl is_shop hdr(host) -i shop.example
  http-request track-sc0 src table clients
  http-request deny deny_status 403 if {{ path_beg /private }}
  http-request deny deny_status 403 if {{ src -f {folder}/maps/blocked.acl }}
  http-request set-header X-Team %[path,map_beg({folder}/maps/teams.map,none)]
  use_backend api if {{ path_beg /api }}
  use_backend shop if is_shop {{ path_beg /cart }}
  default_backend web

frontend secure
  bind unix@{folder}/secure.sock ssl crt {folder}/ssl/shop.pem
  default_backend web

backend web
  balance roundrobin
  use-server web1 if {{ path /hold }}
  # bought in spring
  server web1 127.0.0.1:{web1} check inter 500ms weight 20
  server web2 127.0.0.1:{web2} check inter 500ms weight 20

backend api
  balance leastconn
  server api1 127.0.0.1:{web1} check inter 500ms weight 20
  server api2 127.0.0.1:9 check inter 200ms

backend shop
  server shop1 127.0.0.1:{web2}

backend clients
  stick-table type ip size 1k expire 10m store conn_cnt,http_req_cnt
"""
GUARD = f"""
from dataplane_core.plugin import impl


@impl
def dataplane_authorize(identity, operation):
    if identity.name == "{READER}" and operation.method != "GET" and not operation.path.endswith("/session"):
        return "this user only reads"
    return None
"""


class Web(ThreadingHTTPServer):
    """A web server; requests for `/hold` are answered once `open` is set."""

    daemon_threads = True

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.name, self.open = name, threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Answers(BaseHTTPRequestHandler):
    """Answers with the name of its server."""

    def do_GET(self) -> None:
        assert isinstance(self.server, Web)
        if self.path.startswith("/hold"):
            self.server.open.wait()
        body = self.server.name.encode()
        self.send_response(500 if self.path.startswith("/broken") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output to themselves."""


@dataclass
class System:
    """All of it; `client` speaks version 3 as the user of the page does."""

    folder: Path
    process: HaproxyProcess
    api: ApiServer
    site: int
    webs: dict[str, Web]
    client: Client
    cookies: Any = None
    held: list[threading.Thread] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.api.url}/dataplane/v1/page"

    def own(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        """Call a route of the server's own interface."""
        answer = self.client.call(method, f"/dataplane/v1/{path}", body, **more)
        assert answer.status < 300, answer.body
        return answer.json

    def configuration(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        """Call a route of the configuration."""
        answer = self.client.call(method, f"/v3/services/haproxy/configuration/{path}", body, **more)
        assert answer.status < 300, answer.body
        return answer.json

    def text(self) -> str:
        """The configuration as it is in the file."""
        return (self.folder / "haproxy.cfg").read_text()

    def lines(self) -> list[str]:
        """The configuration without the line of its version."""
        return [line for line in self.text().splitlines() if not line.startswith("# _version")]

    def put_text(self, text: str, reason: str = "") -> None:
        """Commit a whole text, and wait until HAProxy has it."""
        headers = {"X-Change-Reason": reason} if reason else {}
        path = "/v3/services/haproxy/configuration/raw"
        answer = self.client.call("POST", path, text=text, headers=headers, version=self.client.version())
        assert answer.status < 300, answer.body
        self.settle()

    def settle(self) -> None:
        """Wait until no reload is under way."""
        path = "/v3/services/haproxy/reloads"
        until(lambda: all(one["status"] not in ("queued", "in_progress") for one in self.client.call("GET", path).json))

    def request(self, path: str = "/", **headers: str) -> int:
        """Ask the site for a path; the status of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.site, timeout=60)
        connection.request("GET", path, headers=headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def hold(self) -> None:
        """Keep one request on web1, until `let_go`."""
        self.settle()  # a process that is replaced would end it
        thread = threading.Thread(target=self.request, args=("/hold",), daemon=True)
        thread.start()
        self.held.append(thread)

    def let_go(self) -> None:
        """Answer the requests that are held."""
        for web in self.webs.values():
            web.open.set()
        for thread in self.held:
            thread.join()
        self.held.clear()


def write_files(folder: Path, text: str) -> None:
    """Write the configuration, its certificate, its map, its ACL file, and the plugin of rights."""
    for name in ("ssl", "maps", "site"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "ssl" / "shop.pem").write_bytes(make_pem("shop.example", 3.5))
    (folder / "maps" / "teams.map").write_text("/api platform\n/cart checkout\n")
    (folder / "maps" / "blocked.acl").write_text("203.0.113.7\n198.51.100.0/24\n")
    (folder / "haproxy.cfg").write_text(text)
    site = folder / "site"
    (site / "guard.py").write_text(GUARD)
    entry = site / "guard-1.dist-info"
    entry.mkdir(exist_ok=True)
    (entry / "METADATA").write_text("Metadata-Version: 2.1\nName: guard\nVersion: 1\n")
    (entry / "entry_points.txt").write_text("[dataplane.plugins]\nguard = guard\n")


def server_of(folder: Path, program: str, process: HaproxyProcess) -> ApiServer:
    """The server of the page, with one user who changes and one who reads."""
    users = [{"name": name, "password": password, "insecure": True} for name, password in ((USER, PASSWORD), (READER, READS))]
    reload = {"reload_cmd": "", "restart_cmd": "", "validate_cmd": "", "reload_delay": 1}
    settings = {
        "dataplaneapi": {"user": users, "resources": {"maps_dir": f"{folder}/maps", "ssl_certs_dir": f"{folder}/ssl"}},
        "haproxy": {"haproxy_bin": program, "master_runtime": str(process.master), "reload": reload},
    }
    path = os.pathsep.join(filter(None, (str(folder / "site"), os.environ.get("PYTHONPATH"))))
    return ApiServer(folder / "haproxy.cfg", folder, settings, environ={"PYTHONPATH": path})


@contextmanager
def live_system(program: str, folder: Path, more: str = "") -> Iterator[System]:
    """Start a whole system with `more` at the end of its configuration."""
    webs = {name: Web(name) for name in ("web1", "web2")}
    for web in webs.values():
        threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True).start()
    site = free_port()
    ports = {name: web.port for name, web in webs.items()}
    write_files(folder, START.format(folder=folder, site=site, **ports) + more)
    with ExitStack() as stack:
        for web in webs.values():
            stack.callback(web.server_close)
            stack.callback(web.shutdown)
        process = stack.enter_context(HaproxyProcess(program, folder / "haproxy.cfg", folder))
        api = stack.enter_context(server_of(folder, program, process))
        system = System(folder, process, api, site, webs, api.client("v3"))
        stack.callback(system.client.connection.close)
        for path in ("/", "/", "/api/items", "/missing", "/broken"):
            system.request(path)
        yield system
