"""Read requests to simulate from JSON or YAML, strictly."""

import base64
import binascii
import ipaddress
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

from dataplane_core.plugin import CONTROL_CHARACTERS, Invalid
from dataplane_plugins.changes.simulation.requests import SimulatedRequest, client_hello
from dataplane_plugins.changes.simulation.response_reading import (
    read_fields,
    read_response,
    wrong_fields,
)


def read_request(values: Mapping[str, Any], at: int = 0) -> SimulatedRequest:
    """Return the request that an object of JSON or YAML says; raises `Invalid`."""
    where = f"requests.{at}"
    given = {name: value for name, value in values.items() if value is not None}
    unknown = sorted(given.keys() - _TYPES.keys())
    if unknown:
        raise Invalid(f"{where}.{unknown[0]} is a forbidden property")
    for name, value in given.items():
        kinds = _TYPES[name]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise Invalid(f"{where}.{name} in body must be of type {_NAMES[kinds[0]]}")
    headers = read_fields(given.get("headers", {}), f"{where}.headers")
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
        response=read_response(given["response"], where) if "response" in given else None,
    )
    _check(request, where)
    return request


_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "frontend", "bind", "method", "url", "version", "sni"), (str,)),
    **dict.fromkeys(("source", "destination", "body", "payload", "payload_base64"), (str,)),
    **dict.fromkeys(("source_port", "destination_port"), (int,)),
    "headers": (dict, list),
    "cookies": (dict,),
    "expect": (dict,),
    "response": (dict,),
    "tls": (bool,),
}
_NAMES = {str: "string", int: "integer", dict: "object", bool: "boolean"}


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
    for problem in (*_words(request), *_fields(request), *_places(request)):
        raise Invalid(f"{where}.{problem}")


def _words(request: SimulatedRequest) -> Iterator[str]:
    words = {"method": request.method, "version": request.version, "url": request.url}
    for name, text in words.items():
        if not text or CONTROL_CHARACTERS.search(text) or " " in text:
            yield f"{name} in body must be one word" + (", with blanks as %20" * (name == "url"))


def _fields(request: SimulatedRequest) -> Iterator[str]:
    for problem in wrong_fields(request.headers):
        yield f"headers{problem}"


def _places(request: SimulatedRequest) -> Iterator[str]:
    """Yield what is wrong with addresses, ports and names of servers."""
    ports = {"source_port": request.source_port, "destination_port": request.destination_port}
    for name, port in ports.items():
        if not 0 <= port <= 65535:
            yield f"{name} in body must be a port"
    for name, text in (("source", request.source), ("destination", request.destination or "::1")):
        try:
            ipaddress.ip_address(text)
        except ValueError:
            yield f"{name} in body must be an IP address"
    try:
        _ = request.port
    except ValueError:
        yield "url in body must have a port that is one"
    if request.sni:
        try:
            client_hello(request.sni)
        except (ValueError, TypeError, ssl.SSLError):  # a NUL is a wrong type
            yield "sni in body must be the name of a server"
