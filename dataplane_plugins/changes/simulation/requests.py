"""Requests to simulate: what they say, and the bytes that a client sends for one."""

import base64
import binascii
import ipaddress
import ssl
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from dataplane_core.plugin import CONTROL_CHARACTERS, Invalid

_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_PROXY = 0x21
_UNIQUE_ID = 0x05
_FAMILIES = {4: 0x11, 6: 0x21}
_CLIENT = "192.0.2.1"
_PORT = 54321
_DESTINATIONS = {4: "192.0.2.254", 6: "2001:db8::fe"}
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True, slots=True)
class SimulatedRequest:
    """A request, or the first bytes of a connection, with where it comes from and goes to."""

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

    @property
    def wants_tls(self) -> bool | None:
        """Whether the client speaks TLS; None where the request does not say."""
        if self.tls is not None:
            return self.tls
        scheme = urlsplit(self.url).scheme
        if scheme in ("http", "https"):
            return scheme == "https"
        return True if self.sni else None

    def to_send(self) -> bytes:
        """Return what the client sends, but for TLS around it."""
        if self.payload is not None:
            return self.payload
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
        lines = [f"{self.method} {target} {self.version}", *(f"{n}: {v}" for n, v in headers)]
        return "\r\n".join((*lines, "", "")).encode("utf-8", "surrogateescape") + self.body

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


def read_request(values: Mapping[str, Any], at: int = 0) -> SimulatedRequest:
    """Return the request that an object of JSON or YAML says; raises `Invalid`."""
    where = f"requests.{at}"
    given = {name: value for name, value in values.items() if value is not None}
    unknown = sorted(given.keys() - _FIELDS.keys())
    if unknown:
        raise Invalid(f"{where}.{unknown[0]} is a forbidden property")
    for name, value in given.items():
        kinds = _FIELDS[name]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise Invalid(f"{where}.{name} in body must be of type {_NAMES[kinds[0]]}")
    headers = [*_pairs(given.get("headers", {}), f"{where}.headers")]
    cookies = given.get("cookies", {})
    if cookies:
        headers.append(("Cookie", "; ".join(f"{name}={value}" for name, value in cookies.items())))
    plain = ("frontend", "bind", "method", "url", "version", "sni", "tls", "source", "name",
             "source_port", "destination", "destination_port", "expect")  # fmt: skip
    request = SimulatedRequest(
        **{name: given[name] for name in plain if name in given},
        headers=tuple(headers),
        body=str(given.get("body", "")).encode("utf-8", "surrogateescape"),
        payload=_payload(given, where),
    )
    _check(request, where)
    return request


_FIELDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "frontend", "bind", "method", "url", "version", "sni"), (str,)),
    **dict.fromkeys(("source", "destination", "body", "payload", "payload_base64"), (str,)),
    **dict.fromkeys(("source_port", "destination_port"), (int,)),
    "headers": (dict, list),
    "cookies": (dict,),
    "expect": (dict,),
    "tls": (bool,),
}
_NAMES = {str: "string", int: "integer", dict: "object", bool: "boolean"}


def _pairs(headers: Any, where: str) -> list[tuple[str, str]]:
    """Return header fields, given as an object or as a list of objects with name and value."""
    found: list[tuple[str, str]] = []
    if isinstance(headers, dict):
        for name, value in headers.items():
            found += [(str(name), str(one)) for one in (value if isinstance(value, list) else [value])]
        return found
    for one in headers:
        if not isinstance(one, dict) or not {"name", "value"} >= one.keys() or "name" not in one:
            raise Invalid(f"{where} in body must hold objects with a name and a value")
        found.append((str(one["name"]), str(one.get("value", ""))))
    return found


def _payload(given: Mapping[str, Any], where: str) -> bytes | None:
    if "payload_base64" in given:
        try:
            return base64.b64decode(given["payload_base64"], validate=True)
        except (binascii.Error, ValueError):
            raise Invalid(f"{where}.payload_base64 in body is not base64") from None
    text = given.get("payload")
    return None if text is None else str(text).encode("utf-8", "surrogateescape")


def _check(request: SimulatedRequest, where: str) -> None:
    """Refuse what would be another request than it seems, or none at all."""
    for name, text in (("method", request.method), ("version", request.version)):
        if not text or CONTROL_CHARACTERS.search(text) or " " in text:
            raise Invalid(f"{where}.{name} in body must be one word")
    if not request.url or CONTROL_CHARACTERS.search(request.url) or " " in request.url:
        raise Invalid(f"{where}.url in body must be one word, with blanks as %20")
    for name, value in request.headers:
        if not name or not _TOKEN.issuperset(name):
            raise Invalid(f"{where}.headers in body has a field without a proper name")
        if any(character in value for character in "\r\n\0"):
            raise Invalid(f"{where}.headers.{name} in body must be one line")
    for name, port in (
        ("source_port", request.source_port),
        ("destination_port", request.destination_port),
    ):
        if not 0 <= port <= 65535:
            raise Invalid(f"{where}.{name} in body must be a port")
    for name, text in (("source", request.source), ("destination", request.destination)):
        try:
            if text or name == "source":
                ipaddress.ip_address(text)
        except ValueError:
            raise Invalid(f"{where}.{name} in body must be an IP address") from None
    if request.sni:
        try:
            client_hello(request.sni)
        except (ValueError, UnicodeError, ssl.SSLError):
            raise Invalid(f"{where}.sni in body must be the name of a server") from None


def tls_context() -> ssl.SSLContext:
    """Return what a client of the simulation takes for TLS: any certificate, HTTP/1.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


def client_hello(sni: str) -> bytes:
    """Return the first message of a TLS client that names a server."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = tls_context().wrap_bio(incoming, outgoing, server_hostname=sni)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()
