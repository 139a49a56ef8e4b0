"""An operation that somebody asks for, as those see it who decide whether they may."""

from collections.abc import Callable, Mapping
from typing import Any

from dataplane_core.auth import Identity
from dataplane_core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Access:
    """An operation that somebody asks for: the argument of the hook `dataplane_authorize`.

    `path` is normal: no doubled or trailing slash, names decoded. `operation` is the identifier
    in the specification (`replaceServer`).
    """

    method: str
    path: str
    query: Mapping[str, Any]
    operation: str
    version: str


Authorize = Callable[[Identity, Access], str | None]
"""Tells why somebody may not do what they ask for; None if they may."""
