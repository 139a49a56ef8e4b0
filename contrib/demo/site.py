"""A web server for a load balancer to have something behind it: `site.py NAME PORT`."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STATUSES = {"/broken": 500, "/missing": 404}
"""Paths that are answered as if something was wrong."""


class Page(BaseHTTPRequestHandler):
    """Says which server answered, what was asked for and on whose behalf."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        client = self.headers.get("X-Forwarded-For", self.client_address[0])
        body = f"{self.server.name}: {self.path} for {client}\n".encode()  # type: ignore[attr-defined]
        self.send_response(STATUSES.get(self.path, 200))
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: health checks would fill the screen."""


def main() -> None:
    name, port = sys.argv[1], int(sys.argv[2])
    server = ThreadingHTTPServer(("127.0.0.1", port), Page)
    server.name = name  # type: ignore[attr-defined]
    server.serve_forever()


if __name__ == "__main__":
    main()
