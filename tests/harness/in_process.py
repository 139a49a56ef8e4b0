"""The API in the process of a test, behind the connections of http.client: for cases by the thousand."""

import io
import json
from collections.abc import Callable, Iterable, Mapping
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from dataplane_core.app import create_app
from dataplane_core.settings import load
from tests.harness.server import merged, quiet_settings

PORT = 80
"""Nobody listens there: a connection of these asks the application itself."""


class AppServer:
    """The application on one configuration, with the settings that `ApiServer` has."""

    def __init__(self, configuration: Path, folder: Path, settings: Mapping[str, Any] | None = None) -> None:
        self.configuration, self.url = configuration, f"http://127.0.0.1:{PORT}"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "dataplane.yaml"
        tree = merged(quiet_settings(configuration, folder, PORT), settings or {})
        file.write_text(json.dumps(tree), "utf-8")
        self.app = create_app(load(["-f", str(file)], {}))

    def start(self) -> "AppServer":
        """Bring what an interrupted server left to an end, and start all parts."""
        self.app.services.recover()
        self.app.services.start()
        return self

    def stop(self) -> None:
        """End all parts."""
        self.app.services.stop()
        self.app.services.state.shutdown()

    def connection(self, *_: object, **__: object) -> "AppConnection":
        """Return what takes the place of an `http.client.HTTPConnection` to the server."""
        return AppConnection(self.app)


class AppConnection:
    """Sends a request to an application, and has its answer."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self.status, self._headers, self._body = 0, Message(), b""

    def request(self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> None:
        """Ask as the server's own listener does, with the path as it was sent."""
        path, _, query = target.partition("?")
        given: dict[str, Any] = {
            "REQUEST_METHOD": method, "SCRIPT_NAME": "", "QUERY_STRING": query, "RAW_URI": target,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": str(PORT), "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": f"127.0.0.1:{PORT}", "CONTENT_LENGTH": str(len(body or b"")),
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body or b""),
            "wsgi.errors": io.StringIO(), "wsgi.multithread": True, "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }  # fmt: skip
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            given[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        answer = self._app(given, self._begin)
        try:
            self._body = b"".join(answer)
        finally:
            getattr(answer, "close", lambda: None)()

    def _begin(self, status: str, headers: Iterable[tuple[str, str]], *_: object) -> Callable[[bytes], object]:
        self.status, self._headers = int(status[:3]), Message()
        for name, value in headers:
            self._headers[name] = value
        return lambda _: None

    def getresponse(self) -> "AppConnection":
        return self

    def getheader(self, name: str, default: str = "") -> str:
        return str(self._headers.get(name, default))

    def read(self) -> bytes:
        return self._body
