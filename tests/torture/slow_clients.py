"""Hold many connections that are never done, and see how others are served meanwhile.

`python -m tests.torture --slow-clients` prints a row for each kind of client, on each listener that it
can come to: how many connections were held, and how long the requests of others took, without these
connections and with them.
"""

import base64
import contextlib
import http.client
import socket
import ssl
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.harness.server import CONFIGURATION, PASSWORD, USER, ApiServer, free_port
from tests.harness.waiting import PATIENCE
from tests.server import certificates

MANY = 2000
_REQUESTS = 100
_PACE = 5.0  # seconds between two bytes of a client that sends some
_MOST_TIMES = 3.0  # as long as before, which a request at the 99th percentile may take
_UNSEEN = 0.03  # seconds by which a machine with something else to do changes a percentile
_KEY = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
_HEAD = f"Host: localhost\r\nAuthorization: Basic {_KEY}\r\n"
_RAW = f"POST {CONFIGURATION}/raw?skip_version=true HTTP/1.1\r\n{_HEAD}Content-Type: text/plain\r\n"
_READ = f"GET {CONFIGURATION}/raw HTTP/1.1\r\n{_HEAD}\r\n"
_LINES = 60_000  # of the configuration, which no buffer of a connection takes


@dataclass(frozen=True)
class Kind:
    """Clients that send `begin`, and then `piece` again and again; `reads` one byte at a time.

    With `is_raw` they do not even finish the handshake of TLS.
    """

    name: str
    begin: bytes
    piece: bytes = b""
    reads: bool = False
    schemes: tuple[str, ...] = ("http", "https", "unix")
    is_raw: bool = False


def kinds(hello: bytes) -> tuple[Kind, ...]:
    """All of them; `hello` is how a client of TLS begins."""
    body = _RAW + "Content-Length: {}\r\n\r\nx"
    return (
        Kind("nothing", b"", is_raw=True),
        Kind("half a hello", hello[: len(hello) // 2], schemes=("https",), is_raw=True),
        Kind("a hello, byte by byte", hello[:40], hello[40:41], schemes=("https",), is_raw=True),
        Kind("half a header", _READ[:-20].encode()),
        Kind("a header, byte by byte", _READ[:-2].encode() + b"X: ", b"x"),
        Kind("half a short body", body.format(1000).encode()),
        Kind("a short body, byte by byte", body.format(1000).encode(), b"x"),
        Kind("half a long body", body.format(9_000_000).encode()),
        Kind("a long body, byte by byte", body.format(9_000_000).encode(), b"x"),
        Kind(
            "chunks, byte by byte",
            (_RAW + "Transfer-Encoding: chunked\r\n\r\n").encode() + b"11170\r\n" + b"x" * 70_000,
            b"1\r\nx\r\n",
        ),
        Kind("100-continue, and no body", (_RAW + "Content-Length: 9\r\nExpect: 100-continue\r\n\r\n").encode()),
        Kind("an answer that is not read", _READ.encode()),
        Kind("an answer, byte by byte", _READ.encode(), reads=True),
    )


def hello() -> bytes:
    """What a client of TLS sends first."""
    out = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return out.read()


class Target:
    """A server with all listeners, and what connects to each."""

    def __init__(self, folder: Path, *, certified: bool = False) -> None:
        configuration = folder / "haproxy.cfg"
        lines = "".join(f"  server s{number} 192.0.2.1:80\n" for number in range(_LINES))
        configuration.write_text(f"global\n\ndefaults\n  mode http\n\nbackend be\n{lines}")
        self._socket, self._tls = str(folder / "api.sock"), free_port()
        pair = certificates.make("server")
        tls = {"tls_port": self._tls, "tls_certificate": pair.write(folder / "server.pem")}
        if certified:
            tls["tls_ca"] = certificates.make("clients").write(folder / "clients.pem")
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        self.server = ApiServer(configuration, folder / "run", {
            "dataplaneapi": {"scheme": ["http", "https", "unix"], "socket_path": self._socket, "tls": tls},
            "dataplane": {"workers": 2, "threads": 8},
        })  # fmt: skip

    def connect(self, scheme: str, number: int, *, is_raw: bool) -> socket.socket:
        """A connection from an address of its own; with TLS, unless it is `is_raw`."""
        made = socket.socket(socket.AF_UNIX if scheme == "unix" else socket.AF_INET)
        made.settimeout(PATIENCE)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        port = self._tls if scheme == "https" else self.server.port
        address = self._socket if scheme == "unix" else ("127.0.0.1", port)
        if scheme != "unix":
            made.bind((f"127.1.{number // 250}.{number % 250 + 1}", 0))
        made.connect(address)
        return self._context.wrap_socket(made) if scheme == "https" and not is_raw else made


class Crowd:
    """Connections of one kind, held until the end of the `with`."""

    def __init__(self, target: Target, scheme: str, kind: Kind, number: int) -> None:
        self._target, self._scheme, self._kind, self._number = target, scheme, kind, number
        self.held: list[socket.socket] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)

    def __enter__(self) -> "Crowd":
        for number in range(self._number):
            self._add(number)
        self._thread.start()
        return self

    def _add(self, number: int) -> None:
        with contextlib.suppress(OSError):
            made = self._target.connect(self._scheme, number, is_raw=self._kind.is_raw)
            made.sendall(self._kind.begin)
            made.setblocking(False)
            self.held.append(made)

    def _go_on(self) -> None:
        kind = self._kind
        while not self._over.wait(_PACE):
            for one in self.held:
                with contextlib.suppress(OSError):
                    if kind.reads:
                        one.recv(1)
                    elif kind.piece:
                        one.send(kind.piece)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for one in self.held:
            one.close()


@dataclass(frozen=True)
class Served:
    """What others got: how many requests were answered, and the seconds of these."""

    answered: int
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def slow(self) -> float:
        """The 99th percentile."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.99) - 1] if self.seconds else PATIENCE


def others(target: Target, requests: int) -> Served:
    """Ask as an honest client does, half of the time over a new connection; each request asks a thread."""
    seconds, answered = [], 0
    headers = {"Authorization": f"Basic {_KEY}"}
    kept = http.client.HTTPConnection("127.0.0.1", target.server.port, timeout=PATIENCE)
    for number in range(requests):
        begun = time.monotonic()
        for _ in range(2):  # a connection that is kept may have ended meanwhile
            if number % 2:
                kept.close()
            try:
                kept.request("GET", f"{CONFIGURATION}/backends/none{number}", headers=headers)
                answered += kept.getresponse().read() != b""
                break
            except (OSError, http.client.HTTPException):
                kept.close()
        seconds.append(time.monotonic() - begun)
    return Served(answered, tuple(seconds))


@dataclass(frozen=True)
class Row:
    """How others were served beside clients of one kind."""

    kind: str
    scheme: str
    held: int
    before: Served
    beside: Served

    @property
    def holds(self) -> bool:
        """Whether all were answered, and as soon as before."""
        limit = max(self.before.slow * _MOST_TIMES, self.before.slow + _UNSEEN)
        return self.beside.answered == len(self.beside.seconds) and self.beside.slow <= limit

    def __str__(self) -> str:
        told = [
            f"{self.kind}, {self.scheme}", str(self.held), f"{self.beside.answered}/{len(self.beside.seconds)}",
            *(f"{value * 1000:.1f}" for value in (self.before.median, self.beside.median)),
            *(f"{value * 1000:.1f}" for value in (self.before.slow, self.beside.slow)),
            "yes" if self.holds else "**no**",
        ]  # fmt: skip
        return f"| {' | '.join(told)} |"


HEADER = """\
| clients, listener | held | others answered | median before, ms | beside | p99 before, ms | beside | holds |
|---|--:|--:|--:|--:|--:|--:|---|"""


def rows(number: int, requests: int = _REQUESTS) -> Iterator[Row]:
    """Try each kind on each listener, and those of TLS also where certificates are required."""
    first = hello()
    for certified in (False, True):
        with tempfile.TemporaryDirectory(prefix="dataplane-slow-") as folder:
            target = Target(Path(folder), certified=certified)
            with target.server:
                others(target, requests)
                for kind in kinds(first):
                    for scheme in kind.schemes:
                        if certified and not (kind.is_raw and scheme == "https"):
                            continue
                        yield _tried(target, kind, scheme, number, requests, certified)


def _tried(
    target: Target, kind: Kind, scheme: str, number: int, requests: int, certified: bool
) -> Row:
    before = others(target, requests)
    with Crowd(target, scheme, kind, number) as crowd:
        beside = others(target, requests)
    name = f"{scheme} with certificates" if certified else scheme
    return Row(kind.name, name, len(crowd.held), before, beside)


def run_all(number: int) -> int:
    """Print all rows; 1 where others had to wait."""
    print(HEADER, flush=True)
    bad = 0
    for row in rows(number):
        print(row, flush=True)
        bad += not row.holds
    return int(bad > 0)
