"""An operation that somebody asks for, as those see it who decide whether they may."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

from dataplane_core.api.operations import Operation
from dataplane_core.auth import Identity, Role
from dataplane_core.dataclass import dataclass

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_RUNTIME = "/services/haproxy/runtime/"
_RUNTIME_SERVERS = "/services/haproxy/runtime/servers"
_CONFIGURATION = "/services/haproxy/configuration/"
_TRANSACTIONS = "/services/haproxy/transactions/"


@dataclass(frozen=True, slots=True)
class Access:
    """An operation that somebody asks for: the argument of the hook `dataplane_authorize`.

    `path` is normal: no doubled or trailing slash, names decoded. `operation` is the identifier
    in the specification (`replaceServer`). `places` are further paths of the same thing, below its
    section, where the query names that: those that version 3 has. `opened_by` is who has begun the
    transaction that it is about; None where it is about none that there is.
    """

    method: str
    path: str
    query: Mapping[str, Any]
    operation: str
    version: str
    places: tuple[str, ...] = ()
    opened_by: str | None = None


@runtime_checkable
class InSections(Protocol):
    """A resource whose objects stand in sections that the query names."""

    def section_paths(self, query: Mapping[str, Any]) -> Iterator[str]:
        """Yield the paths of the section that a query names, below those of the configuration."""


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


def places_of(resource: object, path: str, query: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the paths that what is at a path has below its section, which the query names.

    They are paths of version 3, of which those of the sections themselves are in all versions.
    """
    backend = query.get("backend")
    before, found, rest = path.partition(_RUNTIME_SERVERS)
    if found and isinstance(backend, str) and "/" not in backend:
        return (f"{before}{_RUNTIME}backends/{backend}/servers{rest}",)
    before, found, rest = path.partition(_CONFIGURATION)
    if not found or not isinstance(resource, InSections):
        return ()
    return tuple(f"{before}{_CONFIGURATION}{one}/{rest}" for one in resource.section_paths(query))


def transaction_in(path: str, query: Mapping[str, Any]) -> str:
    """Return the transaction of the configuration that an operation is about; "" for none."""
    given = query.get("transaction_id") or ""
    _, found, rest = path.partition(_TRANSACTIONS)
    return rest if found else str(given[0] if isinstance(given, list) else given)


def limit_of(identity: Identity, least: Role, prefix: str, asked: Access) -> str | None:
    """Return why the role of somebody, or the paths that they are for, forbid something.

    `prefix` is that of the version, which paths begin with unless they are served at the top. Who
    is for some paths alone has the transactions alone that they have begun.
    """
    if identity.role < least:
        has = f"has the role {identity.role.word}" if identity.role else "has no role"
        return f"this is for the role {least.word} and those above it, and {identity.name} {has}"
    if not (allowed := identity.paths):
        return None
    for path in (asked.path, *asked.places):
        below = path.removeprefix(prefix)
        if any(below == one or below.startswith(f"{one}/") for one in allowed):
            break
    else:
        return f"{identity.name} is for other paths: {', '.join(allowed)}"
    if asked.opened_by not in (None, identity.name):
        return f"{identity.name} is for transactions of their own alone"
    return None
