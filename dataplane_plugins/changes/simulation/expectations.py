"""Compare what becomes of requests with what is expected, and say the difference in sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from dataplane_core.plugin import Invalid, conceal
from dataplane_plugins.changes.simulation.request_reading import read_request
from dataplane_plugins.changes.simulation.requests import SimulatedRequest

_MOST = 1000
_NAMES = ("backend", "server", "outcome", "status", "location", "url", "response_status")
_FIELDS = "response_headers"


def read_requests(values: Any, defaults: Any = None) -> list[SimulatedRequest]:
    """Return the requests of a list of JSON or YAML objects; raises `Invalid`.

    What one of them does not say, `defaults` says for it.
    """
    common = {} if defaults is None else defaults
    if not isinstance(common, dict):
        raise Invalid("defaults in body must be of type object")
    if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
        raise Invalid("requests in body must be a list of objects")
    if len(values) > _MOST:
        raise Invalid(f"requests in body should have at most {_MOST} items")
    requests = [read_request({**common, **one}, at) for at, one in enumerate(values)]
    for at, request in enumerate(requests):
        unknown = sorted(request.expect.keys() - {*_NAMES, _FIELDS})
        if unknown:
            raise Invalid(f"requests.{at}.expect.{unknown[0]} is a forbidden property")
        if not isinstance(request.expect.get(_FIELDS, {}), dict):
            raise Invalid(f"requests.{at}.expect.{_FIELDS} in body must be of type object")
    return requests


def failures(expected: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each property that is not as expected."""
    forwarded = result["forwarded"] or {}
    shown = {**result, "url": forwarded.get("url")}
    for name in _NAMES:
        if name in expected and shown[name] != expected[name]:
            yield f"{name} is {_said(shown[name])} instead of {_said(expected[name])}"
    came = result[_FIELDS] or []
    for name, value in expected.get(_FIELDS, {}).items():
        values = [one["value"] for one in came if one["name"].lower() == name.lower()]
        if (value not in values) if value is not None else values:
            found = ", ".join(values) if values else None
            both = f"{_field(name, found)} instead of {_field(name, value)}"
            yield f"response header {name} is {both}"


def _said(value: object) -> str:
    return "none" if value is None else conceal(str(value))


def _field(name: str, value: str | None) -> str:
    """Return the value of a header field in a sentence, without credentials."""
    return _said(value) if value is None else conceal(f"{name}: {value}").partition(": ")[2]


def described(request: SimulatedRequest) -> str:
    """Return what a request is called in a sentence."""
    return request.name or f"{request.method} {request.url}"
