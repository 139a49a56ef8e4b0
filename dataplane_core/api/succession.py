"""Tell clients of a deprecated API version so, and what has taken its place."""

from collections.abc import Iterable
from functools import cached_property
from typing import Protocol
from urllib.parse import quote

import falcon

from dataplane_core.api.routes import Route, shape
from dataplane_core.api.version import ApiVersion

_SLASH_IN_NAME = "%00"  # as `frame.SLASH` is quoted


class Successor(Protocol):
    """An API version that is served, as far as a link to its paths needs it."""

    version: ApiVersion

    @property
    def routes(self) -> Iterable[Route]:
        """All routes."""


class Succession:
    """The headers of all answers of a deprecated API version.

    They are `Deprecation` (RFC 9745), the moment since which it is, and, where the version that
    took its place is served, a `Link` (RFC 8288) of the relation `successor-version` (RFC 5829):
    to the same path, or to the version's top where it has no such path.
    """

    def __init__(self, version: ApiVersion, successor: Successor | None) -> None:
        moment = version.deprecated
        self._since = "" if moment is None else f"@{int(moment.timestamp())}"
        self._prefix = version.prefix
        self._successor = successor

    def announce(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Set the headers; none for a version that is not deprecated."""
        if not self._since:
            return
        resp.set_header("Deprecation", self._since)
        if self._successor is not None:
            target = self._successor.version.prefix + self._path(req)
            resp.set_header("Link", f'<{target}>; rel="successor-version"')

    def _path(self, req: falcon.Request) -> str:
        """Return the path below the prefix, quoted; empty where the successor does not have it."""
        template = (req.uri_template or "").removeprefix(self._prefix)
        if not template or shape(template) not in self._shapes:
            return ""
        path = quote(req.path.removeprefix(self._prefix), safe="/:@", errors="surrogateescape")
        return path.replace(_SLASH_IN_NAME, "%2F")

    @cached_property
    def _shapes(self) -> frozenset[str]:
        assert self._successor is not None
        return frozenset(route.shape for route in self._successor.routes)
