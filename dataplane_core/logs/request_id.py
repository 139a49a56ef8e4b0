"""The identifier of a request, by which its answer and its log lines are found."""

from random import getrandbits

from dataplane_core.lazy_pattern import lazy_pattern

REQUEST_ID = "dataplane.request_id"
"""The key of a request's environment under which a server may hand in the identifier."""

_HARMLESS = lazy_pattern(r"[A-Za-z0-9._:/+=-]{1,128}")


def choose_request_id(given: str | None) -> str:
    """Return the request's own `X-Request-ID` when it is harmless, else a made-up one."""
    if given is not None and _HARMLESS.fullmatch(given):
        return given
    return f"{getrandbits(64):016x}"
