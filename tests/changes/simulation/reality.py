"""Real traffic through a real HAProxy: servers that say which one they are, and a client."""

import re
import selectors
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from dataplane_plugins.changes.simulation.requests import (
    SimulatedRequest,
    client_hello,
    tls_context,
)
from dataplane_plugins.changes.simulation.responses import SimulatedResponse
from tests.changes.simulation.configurations import FILES, Case
from tests.harness.server import free_port
from tests.harness.waiting import until
from tests.server import certificates

_SECONDS = 2.0
"""How long a client waits for an answer: nothing is heard of a connection that is dropped."""
_SERVER = re.compile(rb"(?:X-Server: |SERVER )([0-9.]+)", re.IGNORECASE)
_LENGTH = re.compile(rb"^content-length: *([0-9]+)", re.IGNORECASE | re.MULTILINE)
_HTTP = re.compile(rb"[A-Z]+ \S+ HTTP/1")


class Servers:
    """Servers at every address of this machine, at one port; each answers with its address.

    What else they answer is `response`.
    """

    def __init__(self) -> None:
        self.response = SimulatedResponse()
        self._listener = socket.create_server(("0.0.0.0", 0), backlog=100)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    one = key.fileobj
                    assert isinstance(one, socket.socket)
                    if one is not self._listener:
                        selector.unregister(one)
                        self._answer(one)
                        continue
                    try:
                        connection = one.accept()[0]
                    except OSError:
                        return
                    selector.register(connection, selectors.EVENT_READ)

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            address = connection.getsockname()[0]
            asked = connection.recv(65536)
            if not asked:
                return
            if not _HTTP.match(asked):
                connection.sendall(f"SERVER {address}\n".encode())
                return
            length = _LENGTH.search(asked)
            while length is not None and len(asked) < asked.find(b"\r\n\r\n") + 4 + int(length[1]):
                asked += connection.recv(65536)  # what is not read would reset the connection
            said = self.response
            headers = (*said.headers, ("X-Server", address))
            connection.sendall(replace(said, headers=headers).to_send(asked.split(b" ")[0].decode()))

    def close(self) -> None:
        """Stop listening."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class Met(NamedTuple):
    """What a request has met: the address of a server, or the status and location of an answer.

    `headers` are the fields of the answer, with names in small letters.
    """

    server: str
    status: int | None
    location: str | None
    headers: tuple[tuple[str, str], ...] = ()


class Place(NamedTuple):
    """Where a case runs: the text with its ports and folders, and these."""

    text: str
    ports: tuple[int, int]


def write_files(folder: Path) -> None:
    """Write what the configurations name."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
    certificates.make("a.example").write(folder / "site.pem")


def placed(case: Case, folder: Path, servers: Servers) -> Place:
    """The text of a case on this machine."""
    ports = (free_port(), free_port())
    text = case.text
    for word, value in {"{P}": ports[0], "{Q}": ports[1], "{S}": servers.port, "{D}": folder}.items():
        text = text.replace(word, str(value))
    return Place(text, ports)


@contextmanager
def running(program: str, text: str, folder: Path) -> Iterator[None]:
    """An HAProxy that works on a text."""
    file = folder / "haproxy.cfg"
    file.write_text(text)
    ports = [int(port) for port in re.findall(r"bind 127.0.0.1:([0-9]+)", text)]
    with subprocess.Popen([program, "-db", "-f", str(file)], stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: process.poll() is not None or all(map(_listens, ports)))
            yield
        finally:
            process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def send(request: SimulatedRequest, values: dict[str, Any], place: Place) -> Met:
    """Send a request as a client does, and return what it met."""
    second = values.get("bind") in ("second", "plain", "q")
    to_tls = values.get("bind") == "tls"
    address = ("127.0.0.1", place.ports[1] if second else place.ports[0])
    head = b""
    with suppress(OSError):
        connection = socket.create_connection(address, _SECONDS, (values.get("source", "127.0.0.1"), 0))
        with connection:
            if to_tls:
                connection = tls_context().wrap_socket(connection, server_hostname=request.sni or None)
                connection.sendall(request.to_send())
            elif request.sni:
                connection.sendall(client_hello(request.sni))
            else:
                connection.sendall(request.to_send())
            with connection:
                while part := _part(connection, head):
                    head += part
    return _met(head)


def _part(connection: socket.socket, head: bytes) -> bytes:
    if b"\r\n\r\n" in head or b"SERVER" in head:
        return b""
    with suppress(ssl.SSLError):
        return connection.recv(65536)
    return b""


def _met(head: bytes) -> Met:
    server = _SERVER.search(head)
    status = re.match(rb"HTTP/[0-9.]+ ([0-9]+)", head)
    location = re.search(rb"^location: *(\S+)", head, re.IGNORECASE | re.MULTILINE)
    return Met(
        server[1].decode() if server else "",
        int(status[1]) if status else None,
        location[1].decode() if location else None,
        tuple(_fields(head)),
    )


def _fields(head: bytes) -> Iterator[tuple[str, str]]:
    for line in head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        yield name.lower(), value.strip()
