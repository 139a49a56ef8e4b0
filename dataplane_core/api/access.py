"""An operation that somebody asks for, as those see it who decide whether they may."""

from collections.abc import Callable, Mapping
from typing import Any

from dataplane_core.api.operations import Operation
from dataplane_core.auth import Identity, Role
from dataplane_core.dataclass import dataclass

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_RUNTIME = "/services/haproxy/runtime/"


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


def least_role(operation: Operation, method: str, template: str) -> Role:
    """Return the role that an operation takes at least, which its method and its path say.

    `template` is the path below the prefix of a version. An operation that `administers` is for
    admins, whatever it is.
    """
    if operation.administers:
        return Role.ADMIN
    if method in _READS or operation.asks:
        return Role.READER
    return Role.OPERATOR if template.startswith(_RUNTIME) else Role.EDITOR


def limit_of(identity: Identity, least: Role, prefix: str, path: str) -> str | None:
    """Return why the role of somebody, or the paths that they are for, forbid something.

    `prefix` is that of the version, which `path` begins with unless it is served at the top.
    """
    if identity.role < least:
        has = f"has the role {identity.role.word}" if identity.role else "has no role"
        return f"this is for the role {least.word} and those above it, and {identity.name} {has}"
    below = path.removeprefix(prefix)
    allowed = identity.paths
    if allowed and not any(below == one or below.startswith(f"{one}/") for one in allowed):
        return f"{identity.name} is for other paths: {', '.join(allowed)}"
    return None
