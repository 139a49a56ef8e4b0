"""Read header fields, and the responses that servers give, from JSON or YAML, strictly."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dataplane_core.plugin import Invalid, is_digits
from dataplane_plugins.changes.simulation.responses import FRAMING, LARGEST, SimulatedResponse

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_STATUSES = range(200, 600)
_PARTS: dict[str, tuple[type, ...]] = {"status": (int,), "headers": (dict, list), "body": (str,)}
_NAMES = {"status": "integer", "headers": "object", "body": "string"}


def read_response(values: Mapping[str, Any], around: str) -> SimulatedResponse:
    """Return the response that an object of JSON or YAML says; raises `Invalid`."""
    where = f"{around}.response"
    given = {name: value for name, value in values.items() if value is not None}
    for name, value in given.items():
        if name not in _PARTS:
            raise Invalid(f"{where}.{name} is a forbidden property")
        if not isinstance(value, _PARTS[name]) or isinstance(value, bool):
            raise Invalid(f"{where}.{name} in body must be of type {_NAMES[name]}")
    response = SimulatedResponse(
        headers=tuple(read_fields(given.get("headers", {}), f"{where}.headers")),
        body=str(given.get("body", "")).encode("utf-8", "surrogateescape"),
        **{name: given[name] for name in ("status",) if name in given},
    )
    for problem in _problems(response):
        raise Invalid(f"{where}.{problem}")
    return response


def _problems(response: SimulatedResponse) -> Iterator[str]:
    if response.status not in _STATUSES:
        yield "status in body should be between 200 and 599"
    for problem in wrong_fields(response.headers):
        yield f"headers{problem}"
    for name, value in response.headers:
        if name.lower() in FRAMING:
            yield f"headers.{name} in body is a matter of the connection"
        if name.lower() == "content-length" and not (is_digits(value) and len(value) < 9):
            yield f"headers.{name} in body must be a number"
    if not len(response.body) <= response.length <= LARGEST:
        yield f"body in body must have at most {LARGEST} bytes, and no more than its length"


def read_fields(headers: Any, where: str) -> list[tuple[str, str]]:
    """Return header fields, given as an object or as a list of objects with name and value."""
    found: list[tuple[str, str]] = []
    if isinstance(headers, dict):
        for name, value in headers.items():
            several = value if isinstance(value, list) else [value]
            found += [(str(name), str(one)) for one in several]
        return found
    for one in headers:
        if not isinstance(one, dict) or not {"name", "value"} >= one.keys() or "name" not in one:
            raise Invalid(f"{where} in body must hold objects with a name and a value")
        found.append((str(one["name"]), str(one.get("value", ""))))
    return found


def wrong_fields(fields: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield what is wrong with header fields, as goes on a sentence about them."""
    for name, value in fields:
        if not name or not _TOKEN.issuperset(name):
            yield " in body has a field without a proper name"
        elif any(character in value for character in "\r\n\0"):
            yield f".{name} in body must be one line"
