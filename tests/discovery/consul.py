"""A Consul agent as far as discovery sees it: catalog, health, blocking queries, access control."""

import json
import threading
import time
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class ConsulDouble(AbstractContextManager["ConsulDouble"]):
    """Answers as Consul does; `status`, `delay` and `token` make it behave badly."""

    def __init__(self) -> None:
        self.services: dict[str, list[dict[str, Any]]] = {}
        self.index = 10
        self.status = 200
        self.delay = 0.0
        self.token = ""
        self.body: bytes | None = None
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.tokens: set[str | None] = set()
        self.changed = threading.Condition()
        self.server: ThreadingHTTPServer | None = None
        self.port = 0

    def __enter__(self) -> "ConsulDouble":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        server, self.server = self.server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            with self.changed:
                self.changed.notify_all()

    def set(self, name: str, *instances: dict[str, Any] | int, index: int | None = None) -> None:
        """Register a service: instances as `instance` makes them, or ports on 127.0.0.1."""
        with self.changed:
            self.services[name] = [
                instance(port=one, id=f"{name}-{one}") if isinstance(one, int) else one
                for one in instances
            ]
            self._bump(index)

    def remove(self, name: str) -> None:
        with self.changed:
            del self.services[name]
            self._bump(None)

    def _bump(self, index: int | None) -> None:
        self.index = self.index + 1 if index is None else index
        self.changed.notify_all()

    def answer(self, path: str, query: dict[str, str]) -> Any:
        """The answer to a request, after waiting as long as it asks for."""
        with self.changed:
            if int(query.get("index", 0)) and self.index == int(query["index"]):
                wait = float(query.get("wait", "300s").rstrip("s"))
                self.changed.wait_for(lambda: self.index != int(query["index"]), wait)
            if path == "/v1/catalog/services":
                return {"consul": [], **{name: [] for name in self.services}}
            return self.services.get(unquote(path.rpartition("/")[2]), [])

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                token = self.headers.get("X-Consul-Token")
                double.seen.append((parts.path, query))
                double.tokens.add(token)
                time.sleep(double.delay)
                status = double.status
                if double.token and token != double.token:
                    status = 403
                found = double.answer(parts.path, query) if status == 200 else "Permission denied"
                if double.server is None:
                    return
                data = json.dumps(found).encode() if double.body is None else double.body
                self.send_response(status)
                self.send_header("X-Consul-Index", str(double.index))
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        return Handler


def instance(
    address: str = "127.0.0.1",
    port: int = 80,
    id: str = "one",
    checks: tuple[str, ...] = ("passing",),
    node: str = "127.0.0.1",
) -> dict[str, Any]:
    """One entry of `/v1/health/service/<name>`."""
    return {
        "Node": {"Node": "n1", "Address": node},
        "Service": {"ID": id, "Address": address, "Port": port},
        "Checks": [{"Status": status} for status in checks],
    }
