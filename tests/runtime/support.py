"""The application and a running HAProxy on one configuration, without a network between."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from falcon import testing

from dataplane_core.app import create_app
from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.runtime_client import RuntimeClient
from dataplane_core.settings import Settings, UserSettings
from tests.harness.haproxy import DEFAULTS, HaproxyProcess, show_info
from tests.harness.waiting import until

SERVICES = "/v2/services/haproxy"

TEXT = (
    """\
global
  stats socket {folder}/worker.sock mode 600 level admin
"""
    + DEFAULTS
    + """\
frontend fe
  bind unix@{folder}/fe.sock
  acl known src -f {folder}/known.acl
  acl inline src 192.0.2.9
  http-request track-sc0 src table st
  http-request set-header x %[path,map({folder}/maps/m.map)]
  http-request set-header y %[path,map_beg({folder}/other/beg.map)]
  default_backend be
backend be
  balance roundrobin
  server s1 127.0.0.1:9 weight 10
  server s2 127.0.0.1:9 disabled
  server s3 127.0.0.1:9 agent-check agent-port 9 agent-inter 60s
backend st
  stick-table type ip size 1k expire 10m store gpc0,http_req_cnt,http_req_rate(10s)
backend words
  stick-table type string len 64 size 1k expire 10m store gpt0,gpc(3),bytes_in_rate(1m)
"""
)
FILES = {
    "known.acl": "192.0.2.1\n192.0.2.2\n",
    "maps/m.map": "# the first ones\nk1 v1\n\nk2   v2 and more\n",
    "other/beg.map": "/a one\n/a/b two\n",
}


class Api:
    """The application on `folder`/haproxy.cfg, called without a network."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        given = {
            "haproxy.config_file": str(folder / "haproxy.cfg"),
            "haproxy.reload.validate_cmd": "true",
            "haproxy.reload.reload_cmd": "true",
            "haproxy.reload.restart_cmd": "true",
            "dataplane.state_dir": str(folder / "state"),
            "dataplaneapi.resources.maps_dir": str(folder / "maps"),
            "dataplaneapi.user": (UserSettings("admin", "pw", True),),
            **{name.replace("__", "."): value for name, value in settings.items()},
        }
        self.app = create_app(Settings.default().replace(**given))
        self.services = self.app.services
        self.client = testing.TestClient(self.app)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> testing.Result:
        """Ask for a path below /v2/services/haproxy, or a whole one."""
        content = None if body is None else json.dumps(body).encode()
        media = "" if body is None else "application/json"
        return self.send(method, path, content, media, **query)

    def send(
        self, method: str, path: str, content: bytes | None, media: str, **query: Any
    ) -> testing.Result:
        """Ask for such a path with a body of any kind."""
        headers = {"Authorization": f"Basic {base64.b64encode(b'admin:pw').decode()}"}
        if media:
            headers["Content-Type"] = media
        where = path if path.startswith("/") else f"{SERVICES}/{path}"
        asked = {name: str(value) for name, value in query.items()} or None
        return self.client.simulate_request(
            method, where, headers=headers, body=content, params=asked
        )

    def get(self, path: str, **query: Any) -> Any:
        """The object that a GET answers with 200."""
        answer = self.call("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def status(self, method: str, path: str, body: Any = None, **query: Any) -> int:
        """The status of an answer; a failure has its one shape."""
        answer = self.call(method, path, body, **query)
        if answer.status_code >= 400:
            assert answer.json.keys() >= {"code", "message"}
        return answer.status_code

    def change(self, method: str, path: str, body: Any = None, **query: Any) -> testing.Result:
        """A change of the configuration's newest version."""
        version = self.services.config.version()
        answer = self.call(method, f"configuration/{path}", body, version=version, **query)
        assert answer.status_code in (200, 201, 202, 204), answer.text
        return answer


class Live(Api):
    """The application with a HAProxy beside it."""

    def __init__(self, folder: Path, process: HaproxyProcess, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.process = process
        self.worker = RuntimeClient(SocketAddress(path=str(folder / "worker.sock")))

    def tell(self, text: str) -> str:
        """What HAProxy answers to a command."""
        return self.worker.command(text).strip()

    @property
    def pid(self) -> int:
        """The worker's process."""
        return int(show_info(self.worker)["Pid"])

    def entries(self, name: str = "maps/m.map") -> list[str]:
        """Keys and values of a map or list, as HAProxy has them."""
        kind = "acl" if name.endswith(".acl") else "map"
        lines = self.tell(f"show {kind} {self.folder / name}").splitlines()
        return [line.split(" ", 1)[1] for line in lines]


def prepare(folder: Path, text: str = TEXT) -> None:
    """Write the configuration and the files that it names."""
    for name, content in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    (folder / "haproxy.cfg").write_text(text.format(folder=folder))


L = TypeVar("L", bound=Live)


@contextmanager
def live(
    program: str, folder: Path, text: str = TEXT, *, kind: type[L] = Live, **settings: Any
) -> Iterator[L]:
    """Start HAProxy, and the application on the same file."""
    prepare(folder, text)
    with HaproxyProcess(program, folder / "haproxy.cfg", folder) as process:
        until((folder / "worker.sock").exists)
        yield kind(folder, process, **settings)
