"""The identifier of a request, by which its answer and its log lines are found."""

import re
from random import getrandbits

REQUEST_ID = "dataplane.request_id"
"""The key of a request's environment under which a server may hand in the identifier."""

_HARMLESS = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def choose_request_id(given: str | None) -> str:
    """Return the request's own `X-Request-ID` when it is harmless, else a made-up one."""
    if given is not None and _HARMLESS.fullmatch(given):
        return given
    return f"{getrandbits(64):016x}"
