"""Requests to simulate: what they say, and the bytes that a client sends for one."""

import ipaddress
import ssl
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from typing import Any
from urllib.parse import urlsplit

from dataplane_core.plugin import dataclass
from dataplane_plugins.changes.simulation.http2 import LARGEST_BODY
from dataplane_plugins.changes.simulation.http2 import request as http2_request
from dataplane_plugins.changes.simulation.responses import SimulatedResponse

_NEWEST = ("HTTP/3", "3")
_NEWER = ("HTTP/2", "2", *_NEWEST)
_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_PROXY = 0x21
_UNIQUE_ID = 0x05
_FAMILIES = {4: 0x11, 6: 0x21}
_CLIENT = "192.0.2.1"
_PORT = 54321
_DESTINATIONS = {4: "192.0.2.254", 6: "2001:db8::fe"}


@dataclass(frozen=True, slots=True)
class SimulatedRequest:
    """A request, or the first bytes of a connection, with where it comes from and goes to.

    `response` is what its server answers, if somebody has said that.
    """

    frontend: str = ""
    bind: str = ""
    method: str = "GET"
    url: str = "/"
    version: str = "HTTP/1.1"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    payload: bytes | None = None
    sni: str = ""
    tls: bool | None = None
    source: str = _CLIENT
    source_port: int = _PORT
    destination: str = ""
    destination_port: int = 0
    expect: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    response: SimulatedResponse | None = None

    @property
    def wants_tls(self) -> bool | None:
        """Whether the client speaks TLS; None where the request does not say."""
        if self.tls is not None:
            return self.tls
        scheme = urlsplit(self.url).scheme
        if scheme in ("http", "https"):
            return scheme == "https"
        return True if self.sni else None

    @property
    def port(self) -> int:
        """The port of the URL; 0 where it has none, and no scheme that stands for one."""
        parts = urlsplit(self.url)
        return parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)

    @property
    def is_newer(self) -> bool:
        """Whether the request is one of HTTP/2 or HTTP/3."""
        return self.payload is None and self.version.startswith(_NEWER)

    @property
    def is_http2(self) -> bool:
        """Whether the request is sent as one of HTTP/2; others that are newer are HTTP/1.1."""
        if not self.is_newer or self.version.startswith(_NEWEST) or self.method == "CONNECT":
            return False
        return len(self.body) <= LARGEST_BODY

    def to_send(self) -> bytes:
        """Return what the client sends, but for TLS around it."""
        if self.payload is not None:
            return self.payload
        target, headers = self._line()
        version = "HTTP/1.1" if self.is_newer else self.version
        lines = [f"{self.method} {target} {version}", *(f"{n}: {v}" for n, v in headers)]
        return "\r\n".join((*lines, "", "")).encode("utf-8", "surrogateescape") + self.body

    def to_send_as_http2(self, scheme: str) -> bytes:
        """Return what a client of HTTP/2 sends, with the preface of the connection."""
        target, headers = self._line()
        hosts = [value for name, value in headers if name.lower() == "host"]
        fields = [(":method", self.method), (":scheme", scheme), (":path", target)]
        fields += [(":authority", host) for host in hosts[:1]]
        fields += [one for one in headers if one[0].lower() != "host"]
        return http2_request(fields, self.body)

    def _line(self) -> tuple[str, list[tuple[str, str]]]:
        """Return the target of the request and its header fields."""
        parts = urlsplit(self.url)
        target = self.url
        headers = list(self.headers)
        if parts.scheme in ("http", "https"):
            target = self.url.split("://", 1)[1]
            slash = min((at for at in map(target.find, "/?#") if at >= 0), default=len(target))
            target = target[slash:].partition("#")[0] or "/"
            target = target if target.startswith("/") else f"/{target}"
            if not any(name.lower() == "host" for name, _ in headers):
                headers.insert(0, ("Host", parts.netloc.rpartition("@")[2]))
        if self.body and not any(name.lower() == "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(self.body))))
        return target, headers

    def proxy_header(self, number: int, default: str, default_port: int) -> bytes:
        """Return the header of the PROXY protocol that says where the connection is from.

        `number` identifies it in the log, `default` is the address that it came to unless the
        request names one.
        """
        source = ipaddress.ip_address(self.source)
        destination = _address(self.destination) or _address(default)
        if destination is None or destination.version != source.version:
            destination = ipaddress.ip_address(_DESTINATIONS[source.version])
        ports = struct.pack(">HH", self.source_port, self.destination_port or default_port or 80)
        identity = str(number).encode()
        added = struct.pack(">BH", _UNIQUE_ID, len(identity)) + identity
        block = source.packed + destination.packed + ports + added
        family = _FAMILIES[source.version]
        return _SIGNATURE + struct.pack(">BBH", _PROXY, family, len(block)) + block


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return None if found.is_unspecified else found


def tls_context(*protocols: str) -> ssl.SSLContext:
    """Return what a client of the simulation takes for TLS: any certificate, these protocols."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([*(protocols or ("http/1.1",))])
    return context


def client_hello(sni: str) -> bytes:
    """Return the first message of a TLS client that names a server."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = tls_context().wrap_bio(incoming, outgoing, server_hostname=sni)
    with suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()
