"""Send a request into a scratch process, and read what its log says of it."""

import re
import select
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from dataplane_core.plugin import dataclass
from dataplane_plugins.changes.simulation.http2 import NoHttp2, Response
from dataplane_plugins.changes.simulation.process import ScratchEnded, ScratchProcess
from dataplane_plugins.changes.simulation.requests import (
    SimulatedRequest,
    client_hello,
    tls_context,
)
from dataplane_plugins.changes.simulation.responses import SimulatedResponse
from dataplane_plugins.changes.simulation.scratch_text import LONGEST_LINE, Entrance

_SECONDS = 5.0
_AFTER_THE_END = 0.3
_GOING_SECONDS = 0.05
_COMING_SECONDS = 1.0
_HEAD = 16384
_MISSING = "-"
_INTERIM = re.compile(rb"(?:HTTP/[0-9.]+ 1(?!01)[0-9]{2}.*?\r\n\r\n)+", re.DOTALL)
_TLS = tls_context()
_TLS_OF_HTTP2 = tls_context("h2", "http/1.1")
_HTTP2 = "h2"


@dataclass(slots=True)
class Seen:
    """What a scratch process has done with a request.

    `kind` is `stream` for one that was evaluated, `session` for a connection that was refused
    before, "" where HAProxy has logged nothing. The other words are those of the log; `head` is the
    beginning of the answer, and `forwarded` the method, the URL and the header fields that came to
    a server.
    """

    kind: str = ""
    frontend: str = ""
    backend: str = ""
    server: str = ""
    status: int = 0
    termination: str = ""
    trace: str = ""
    head: bytes = b""
    forwarded: tuple[str, str, str] | None = None
    late: bool = False
    is_http2: bool = False
    tls_failure: str = ""

    @property
    def response(self) -> bytes:
        """The beginning of the answer, without what came before its own status (`103`)."""
        found = _INTERIM.match(self.head)
        return self.head[found.end() :] if found is not None else self.head


class Exchange:
    """One request on its way through a scratch process."""

    def __init__(
        self, process: ScratchProcess, entrance: Entrance, request: SimulatedRequest, number: int
    ) -> None:
        self._process = process
        self._entrance = entrance
        self._request = request
        self._number = number
        self._seen = Seen()
        self._frames: Response | None = None

    def run(self) -> Seen:
        """Return what was done with the request."""
        for _ in _lines(self._process.log, 0.0):
            pass  # what an earlier request has left
        self._process.servers.begin(self._request.response or SimulatedResponse())
        deadline = time.monotonic() + _SECONDS
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_SECONDS)
            try:
                connection.connect(str(self._process.folder / self._entrance.socket))
            except OSError:
                raise ScratchEnded("the process for the simulation has ended") from None
            client = self._begin(connection)
            if client is not None:
                with client:
                    self._watch(client, deadline)
        if not self._seen.kind:
            self._seen.late = client is not None and time.monotonic() >= deadline
            self._read_log(_AFTER_THE_END)
            if not self._process.runs:
                raise ScratchEnded("the process for the simulation ended over the request")
        self._seen.forwarded = self._process.servers.forwarded
        return self._seen

    def _begin(self, connection: socket.socket) -> socket.socket | None:
        """Send the beginning of the connection; None where the TLS handshake fails."""
        entrance, request = self._entrance, self._request
        port = next(iter(entrance.ports), 0)
        head = request.proxy_header(self._number, entrance.address, port)
        try:
            if entrance.ssl:
                connection.sendall(head)
                named = request.sni or None
                context = _TLS_OF_HTTP2 if request.is_http2 else _TLS
                connection = secured = context.wrap_socket(connection, server_hostname=named)
                if secured.selected_alpn_protocol() == _HTTP2:
                    connection.sendall(self._as_http2("https"))
                else:
                    connection.sendall(request.to_send())
            elif request.sni and request.payload is None and request.wants_tls:
                connection.sendall(head + client_hello(request.sni))
            elif request.is_http2:
                connection.sendall(head + self._as_http2("http"))
            else:
                connection.sendall(head + request.to_send())
        except ssl.SSLError as error:
            self._seen.tls_failure = error.reason or "the handshake failed"
            return None
        except OSError:
            if entrance.ssl:
                self._seen.tls_failure = "the connection was closed in the handshake"
                return None
        return connection

    def _as_http2(self, scheme: str) -> bytes:
        """Return what a client of HTTP/2 sends, and have the answer read as such."""
        self._frames, self._seen.is_http2 = Response(), True
        return self._request.to_send_as_http2(scheme)

    def _watch(self, client: socket.socket, deadline: float) -> None:
        """Read the answer and the log, until the request is logged and its answer is there."""
        client.settimeout(0.0)
        readers = [client, self._process.log]
        is_open = True
        while True:
            logged, answered = bool(self._seen.kind), b"\r\n\r\n" in self._seen.response
            if logged and (not is_open or answered or self._seen.status <= 0):
                return
            # A stream that passes bytes on is logged when its client goes; what is logged is on its
            # way.
            limit = _COMING_SECONDS if logged else _GOING_SECONDS if answered else _SECONDS
            left = min(deadline - time.monotonic(), limit)
            pending = is_open and isinstance(client, ssl.SSLSocket) and client.pending() > 0
            ready = [client] if pending else _ready(readers, left)
            if not ready:
                return
            if client in ready and not self._read_answer(client):
                is_open = False
                readers.remove(client)
                client.close()  # HAProxy waits for that, where it passes bytes on
            if self._process.log in ready:
                self._read_log(0.0)

    def _read_answer(self, client: socket.socket) -> bool:
        """Take what has come of the answer; return whether more may come."""
        try:
            part = client.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        if self._frames is not None:
            return self._read_frames(part)
        if len(self._seen.head) < _HEAD:
            self._seen.head += part
        return bool(part)

    def _read_frames(self, part: bytes) -> bool:
        """Take what has come of an answer in HTTP/2."""
        assert self._frames is not None
        try:
            self._frames.take(part)
        except NoHttp2:
            return False
        self._seen.head = self._frames.head[:_HEAD]
        return bool(part) and not self._frames.is_over

    def _read_log(self, seconds: float) -> None:
        for line in _lines(self._process.log, seconds):
            words = line.decode("utf-8", "replace").split(" ")
            if len(words) == 8 and words[1] == str(self._number):
                self._take(words)
                if seconds:
                    return

    def _take(self, words: list[str]) -> None:
        seen = self._seen
        seen.kind, _, seen.frontend, seen.backend, seen.server = words[:5]
        seen.frontend = seen.frontend.rstrip("~")
        with suppress(ValueError):
            seen.status = int(words[5])
        seen.termination = words[6]
        seen.trace = "" if words[7] == _MISSING else words[7]


def _ready(sockets: Iterable[socket.socket], seconds: float) -> list[socket.socket]:
    """Return those of some sockets that can be read, or that do so within some seconds."""
    by_number = {one.fileno(): one for one in sockets}
    poller = select.poll()
    for number in by_number:
        poller.register(number, select.POLLIN)
    return [by_number[number] for number, _ in poller.poll(max(seconds, 0.0) * 1000)]


def _lines(log: socket.socket, seconds: float) -> Iterator[bytes]:
    """Yield the log lines that are there, or that come within some seconds."""
    deadline = time.monotonic() + seconds
    while _ready([log], deadline - time.monotonic()):
        yield log.recv(LONGEST_LINE + 1).rstrip(b"\n")
