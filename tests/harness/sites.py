"""Small web servers for a balancer to have behind it, in threads of the test process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site(ThreadingHTTPServer):
    """A web server that answers everything with its name; by default on a free port of 127.0.0.1."""

    daemon_threads = True

    def __init__(self, name: str, address: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__((address, port), Page)
        self.name = name

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Page(BaseHTTPRequestHandler):
    """Answers with the name of its site."""

    def do_GET(self) -> None:
        assert isinstance(self.server, Site)
        body = self.server.name.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output to themselves."""


@contextmanager
def sites(*names: str) -> Iterator[list[Site]]:
    """Serve the named sites while the block lasts."""
    with serving(*map(Site, names)) as started:
        yield started


@contextmanager
def serving(*started: Site) -> Iterator[list[Site]]:
    """Serve these sites while the block lasts."""
    threads = [
        threading.Thread(target=site.serve_forever, args=(0.02,), daemon=True) for site in started
    ]
    for thread in threads:
        thread.start()
    try:
        yield list(started)
    finally:
        for site in started:
            site.shutdown()
            site.server_close()
