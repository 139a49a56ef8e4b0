"""A whole server for tests: on a file of its own, with the plugins that a test names."""

import threading
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler, make_server

from dataplane_core.testing.client import Client
from dataplane_core.testing.configuration import PASSWORD, USER, TemporaryConfiguration


class LocalServer(TemporaryConfiguration, Client):
    """A server on a free port of 127.0.0.1, in threads of this process, and a client of it.

    The arguments are those of `TemporaryConfiguration`. Requests have `authorization`, at first
    that of a user who may do everything.

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
        TemporaryConfiguration.__init__(
            self, folder, text, plugins, without=without, haproxy=haproxy, settings=settings
        )
        self._server = make_server("127.0.0.1", 0, self.app, handler_class=_QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        Client.__init__(self, self._server.server_port, USER, PASSWORD)

    def __enter__(self) -> Self:
        super().__enter__()
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
        super().__exit__(kind, error, trace)


class _QuietHandler(WSGIRequestHandler):
    """Writes no line for each request, and tells how its path is written: `%2F` is no slash."""

    def get_environ(self) -> dict[str, Any]:
        """Return what the server says of a request, with the path as it was sent."""
        return {**super().get_environ(), "RAW_URI": self.path}

    def log_message(self, *args: object) -> None:
        """Leave the line out: tests have the answers."""
