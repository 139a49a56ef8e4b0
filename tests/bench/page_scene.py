"""A large site for the page: 500 backends with 10 000 servers, some of them in trouble, with traffic."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.bench.run import Run
from tests.bench.systems import THREADS, WORKERS
from tests.harness.haproxy import HaproxyProcess
from tests.harness.server import ApiServer, free_port

BACKENDS, SERVERS_EACH = 500, 20
_RATE = 40
"""Requests a second that go through the site."""
_AREAS = (
    *("shop", "pay", "search", "account", "stock", "media", "mail", "blog", "maps", "price"),
    *("ship", "tax", "chat", "feed", "auth", "report", "admin", "legacy", "partner", "mobile"),
)
_PARTS = ("api", "web", "worker", "cache", "images")
_HEAD = """\
global
  stats socket {folder}/worker.sock level admin
  maxconn 2000
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend answers
  bind 127.0.0.1:{answers}
  http-request return status 500 if {{ path_end /fails }}
  http-request return status 200 content-type text/plain string here
"""


def names() -> list[str]:
    """The names of the backends: of 20 areas, each with five parts in five places."""
    return [
        f"{area}-{part}-{place}" for area in _AREAS for part in _PARTS for place in range(1, 6)
    ]


def configuration(folder: Path, entrance: int, answers: int) -> str:
    """The text of the site, and beside it the file of its map."""
    backends = names()
    (folder / "hosts.map").write_text("".join(f"{one}.example.com {one}\n" for one in backends[:100]))
    lines = [_HEAD.format(folder=folder, answers=answers)]
    for number, (name, ours) in enumerate({"public": backends[:300], "partners": backends[300:450],
                                           "inside": backends[450:]}.items()):  # fmt: skip
        lines += [f"frontend {name}", f"  bind 127.0.0.1:{entrance + number}"]
        lines.append("  acl from_inside src 10.0.0.0/8 127.0.0.1")
        lines.append("  http-request set-header X-Site %[req.hdr(host)] if from_inside")
        lines += [f"  use_backend {one} if {{ path_beg /{one}/ }}" for one in ours]
        lines.append(f"  use_backend %[req.hdr(host),map({folder}/hosts.map,{ours[0]})]")
        lines += [f"  default_backend {ours[0]}", ""]
    for number, name in enumerate(backends):
        lines += [f"backend {name}", "  balance roundrobin"]
        for server in range(SERVERS_EACH):
            port, check = (9, " check inter 60s fall 1") if _fails(number, server) else (answers, "")
            lines.append(f"  server {name}-{server + 1} 127.0.0.1:{port} weight 10{check}")
        lines.append("")
    return "\n".join(lines)


def _fails(backend: int, server: int) -> bool:
    """Whether a server does not answer: all of two backends, and one of each of some others."""
    return backend in (37, 311) or backend % 70 == 5 and server == 3


@contextlib.contextmanager
def large_site(run: Run) -> Iterator[ApiServer]:
    """The server, beside a running site with traffic."""
    folder = run.new_folder()
    folder.mkdir(parents=True)
    entrance, answers = free_port(), free_port()
    file = folder / "haproxy.cfg"
    file.write_text(configuration(folder, entrance, answers), "utf-8")
    settings = {"dataplane": {"workers": WORKERS, "threads": THREADS, "event_streams": 100}}
    with (
        HaproxyProcess(run.haproxy, file, folder),
        ApiServer(file, folder / "server", settings) as server,
        _traffic(entrance),
    ):
        yield server


@contextlib.contextmanager
def _traffic(port: int) -> Iterator[None]:
    """Send requests through the site meanwhile, to most of the first frontend's backends."""
    end, wanted = threading.Event(), names()[:300]

    def send() -> None:
        number = 0
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        while not end.wait(1 / _RATE):
            number += 7
            name = wanted[number % len(wanted)]
            rest = "fails" if number % 31 == 0 else "x"
            try:
                connection.request("GET", f"/{name}/{rest}")
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                connection.close()

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    try:
        yield
    finally:
        end.set()
        sender.join()
