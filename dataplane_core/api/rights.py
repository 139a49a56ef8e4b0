"""Tell what somebody may do, before they ask for it."""

from typing import NamedTuple, Protocol

from falcon.uri import parse_query_string

from dataplane_core.api.checked_request import APPLICATION, CheckedRequest
from dataplane_core.api.frame import SLASH, Guard
from dataplane_core.errors import NotFound


class Right(NamedTuple):
    """Whether somebody may do something, and why not."""

    allowed: bool
    reason: str = ""


class Guarded(Protocol):
    """An application with its guards."""

    def guard(self, method: str, target: str) -> tuple[Guard, str] | None:
        """Return the guard of an operation, and the normal path; None for what is no operation."""


def right_to(req: CheckedRequest, method: str, target: str) -> Right:
    """Return whether who asks in `req` may do something: a method, and a path with its query.

    It is what the plugins that decide about rights say now. They may decide otherwise later, and a
    body is not shown to them. Raises `NotFound` for what is no operation of the API.
    """
    application: Guarded = req.env[APPLICATION]
    found = application.guard(method, target)
    if found is None:
        raise NotFound(f"{method} {target} is no operation of the API")
    guard, path = found
    assert req.identity is not None
    query = parse_query_string(target.partition("?")[2])
    reason = guard.refusal(req.identity, path.replace(SLASH, "/"), query)
    return Right(reason is None, reason or "")
