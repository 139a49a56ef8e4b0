"""Compare what becomes of requests with what is expected, and say the difference in sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from dataplane_core.plugin import Invalid, conceal
from dataplane_plugins.changes.simulation.request_reading import read_request
from dataplane_plugins.changes.simulation.requests import SimulatedRequest

_MOST = 1000
_NAMES = ("backend", "server", "outcome", "status", "location", "url")


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
        unknown = sorted(request.expect.keys() - set(_NAMES))
        if unknown:
            raise Invalid(f"requests.{at}.expect.{unknown[0]} is a forbidden property")
    return requests


def failures(expected: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each property that is not as expected."""
    forwarded = result["forwarded"] or {}
    shown = {**result, "url": forwarded.get("url")}
    for name in _NAMES:
        if name in expected and shown[name] != expected[name]:
            yield f"{name} is {_said(shown[name])} instead of {_said(expected[name])}"


def _said(value: object) -> str:
    return "none" if value is None else conceal(str(value))


def described(request: SimulatedRequest) -> str:
    """Return what a request is called in a sentence."""
    return request.name or f"{request.method} {request.url}"
