"""A whole server for tests: on a file of its own, with the plugins that a test names."""

import base64
import json
import threading
from collections.abc import Collection, Iterable, Mapping
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode
from wsgiref.simple_server import WSGIRequestHandler, make_server

from dataplane_core.app import create_app
from dataplane_core.dataclass import dataclass
from dataplane_core.hooks.manager import own_plugins
from dataplane_core.settings import Settings, UserSettings

CONFIGURATION = "/v2/services/haproxy/configuration"
_USER, _PASSWORD = "tester", "secret"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: its status, its headers by their names in small letters, its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; None where there is no body."""
        return json.loads(self.body) if self.body else None


class LocalServer:
    """A server on a free port of 127.0.0.1, in threads of this process.

    The configuration is `folder`/haproxy.cfg, at first `text`. `plugins` are modules, objects with
    hooks, or paths of modules; the server's own plugins are loaded behind them, but for those named
    in `without`. Changes are checked by the program `haproxy`, or by nobody where none is given;
    nothing is reloaded. `settings` are values by their dotted names. Requests have `authorization`,
    at first that of a user who may do everything.

        with LocalServer(tmp_path, "backend be\\n", [my_plugin]) as server:
            server.change("POST", "servers", {"name": "s1", "address": "192.0.2.1"}, backend="be")
            assert "server s1 192.0.2.1" in server.text
    """

    def __init__(
        self,
        folder: Path,
        text: str = "",
        plugins: Iterable[object] = (),
        *,
        without: Collection[str] = (),
        haproxy: Path | str | None = None,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "haproxy.cfg"
        self.file.write_text(text, "utf-8")
        given = {
            "haproxy.config_file": str(self.file),
            "haproxy.haproxy_bin": str(haproxy or "haproxy"),
            "haproxy.reload.validate_cmd": "" if haproxy else "true",
            "haproxy.reload.reload_cmd": "true",
            "haproxy.reload.restart_cmd": "true",
            "dataplane.state_dir": str(folder / "state"),
            "dataplaneapi.user": (UserSettings(_USER, _PASSWORD, True),),
            **(settings or {}),
        }
        own = (name for name in own_plugins() if name not in without)
        credentials = base64.b64encode(f"{_USER}:{_PASSWORD}".encode()).decode()
        self.authorization = f"Basic {credentials}"
        self.app = create_app(Settings.default().replace(**given), [*plugins, *own])
        self._server = make_server("127.0.0.1", 0, self.app, handler_class=_QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self.app.services.start()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.app.services.stop()
        self.app.services.state.shutdown()

    def call(self, method: str, path: str, body: object = None, **query: object) -> Answer:
        """Send a request, with `body` as JSON.

        A path that starts with a slash is whole (`/v2/info`); any other stands below
        `/v2/services/haproxy/configuration`.
        """
        where = path if path.startswith("/") else f"{CONFIGURATION}/{path}"
        words = urlencode({name: str(value) for name, value in query.items()})
        headers = {"Authorization": self.authorization, "Content-Type": "application/json"}
        connection = HTTPConnection("127.0.0.1", self._server.server_port, timeout=60)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, f"{where}?{words}" if words else where, sent, headers)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **query: object) -> Any:
        """Return what is read at a path, without the envelope around it."""
        answer = self.call("GET", path, **query)
        assert answer.status == 200, answer.body
        whole = answer.json
        return whole["data"] if isinstance(whole, dict) and "data" in whole else whole

    def change(self, method: str, path: str, body: object = None, **query: object) -> Answer:
        """Make a change to the newest version, which must not be refused."""
        answer = self.call(method, path, body, version=self.version, **query)
        assert answer.status in (200, 201, 202, 204), answer.body
        return answer

    def refusal(self, method: str, path: str, body: object = None, **query: object) -> str:
        """Ask for a change that must be refused, and return the sentence that says why."""
        answer = self.call(method, path, body, version=self.version, **query)
        assert 400 <= answer.status < 500, (answer.status, answer.body)
        return str(answer.json["message"])

    @property
    def version(self) -> int:
        """The number of the newest version of the configuration."""
        return int(self.get("version"))

    @property
    def text(self) -> str:
        """The configuration file, without the server's own lines at its top."""
        lines = self.file.read_text("utf-8").splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("# _version="))


class _QuietHandler(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_message(self, *args: object) -> None:
        """Leave the line out: tests have the answers."""
