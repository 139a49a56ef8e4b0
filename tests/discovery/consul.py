"""A Consul agent as far as discovery sees it: catalog, health, blocking queries, access control."""

import json
import sys
import threading
import time
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

CATALOG, CHECKS, NODES = "/v1/catalog/services", "/v1/health/state/any", "/v1/catalog/nodes"


class _Server(ThreadingHTTPServer):
    """A server that says nothing of clients that hang up."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class ConsulDouble(AbstractContextManager["ConsulDouble"]):
    """Answers as Consul does; `status`, `delay`, `token`, `hidden` make it behave badly.

    As in Consul 1.20, the index of the catalog moves with instances, that of the states of checks
    with checks, and the former alone with neither.
    """

    def __init__(self) -> None:
        self.services: dict[str, list[dict[str, Any]]] = {}
        self.indexes = {CATALOG: 10, CHECKS: 10}
        self.status = 200
        self.delay = 0.0
        self.token = ""
        self.hidden = ""
        self.body: bytes | None = None
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.tokens: set[str | None] = set()
        self.connections: set[object] = set()
        self.changed = threading.Condition()
        self.server: ThreadingHTTPServer | None = None
        self.port = 0

    def __enter__(self) -> "ConsulDouble":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self.server = _Server(("127.0.0.1", self.port), self._handler())
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
            before = self.services.get(name, [])
            self.services[name] = [
                instance(port=one, id=f"{name}-{one}") if isinstance(one, int) else one
                for one in instances
            ]
            if _without_checks(before) != _without_checks(self.services[name]):
                self._bump(CATALOG, index)
            if _checks(before) != _checks(self.services[name]):
                self._bump(CHECKS, index)

    def remove(self, name: str) -> None:
        with self.changed:
            del self.services[name]
            self._bump(CATALOG)
            self._bump(CHECKS)

    def _bump(self, path: str, index: int | None = None) -> None:
        self.indexes[path] = max(self.indexes.values()) + 1 if index is None else index
        self.changed.notify_all()

    def answer(self, path: str, query: dict[str, str]) -> tuple[Any, int]:
        """The answer to a request and its index, after waiting as long as it asks for."""
        of = path if path in self.indexes else CATALOG
        with self.changed:
            if asked := int(query.get("index", 0)):
                wait = float(query.get("wait", "300s").rstrip("s"))
                self.changed.wait_for(
                    lambda: self.indexes[of] != asked or self.server is None, wait
                )
            return self._found(path, query), self.indexes[of]

    def _found(self, path: str, query: dict[str, str]) -> Any:
        if path == CATALOG:
            return (
                {}
                if self.hidden == "services"
                else {"consul": [], **dict.fromkeys(self.services, [])}
            )
        if self.hidden:
            return []
        if path == NODES:
            return [{"Node": "n1", "Address": "127.0.0.1"}]
        if path == CHECKS:
            some = "filter" in query
            every = [one for found in self.services.values() for one in _checks(found)]
            return [one for one in every if not some or one["Status"] != "passing"]
        return self.services.get(unquote(path.rpartition("/")[2]), [])

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                pass

            def setup(self) -> None:
                super().setup()
                double.connections.add(self)

            def finish(self) -> None:
                super().finish()
                double.connections.discard(self)

            def do_GET(self) -> None:
                if double.server is None:
                    self.close_connection = True
                    return
                parts = urlsplit(self.path)
                query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                token = self.headers.get("X-Consul-Token")
                double.seen.append((parts.path, query))
                double.tokens.add(token)
                time.sleep(double.delay)
                status = double.status
                if double.token and token != double.token:
                    status = 403
                found, index = None, 0
                if status == 200:
                    found, index = double.answer(parts.path, query)
                if double.server is None:
                    self.close_connection = True
                    return
                data = json.dumps(found).encode() if double.body is None else double.body
                if status != 200:
                    data = REFUSALS[status].encode()
                self.send_response(status)
                self.send_header("X-Consul-Index", str(index))
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        return Handler


REFUSALS = {302: "elsewhere", 403: "ACL not found", 500: "No cluster leader"}


def _without_checks(instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: one[key] for key in ("Node", "Service")} for one in instances]


def _checks(instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As `/v1/health/state/any` lists them."""
    return [
        {"Node": one["Node"]["Node"], "ServiceID": one["Service"]["ID"], "CheckID": f"c{at}", **check}
        for one in instances
        for at, check in enumerate(one["Checks"])
    ]  # fmt: skip


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
