"""Know tokens, and say what each may do.

A token for certain sections may read and change these, and what stands in them. It may open and
commit transactions, whose steps are asked for one by one, and read what every client needs: the
version of the configuration, and what the server is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from dataplane_core.plugin import Access, ApiRequest, Identity, Registry, Role, Unauthorized
from dataplane_enterprise.settings import TokenSettings

METHOD = "token"
_READS = ("GET", "HEAD", "OPTIONS")
_PREFIX = re.compile(r"/v\d+(?=/)")
_CONFIGURATION = "/services/haproxy/configuration/"
_TRANSACTIONS = re.compile(r"/services/haproxy/transactions(/[^/]+)?")
_FOR_ALL = re.compile(r"/info|/services/haproxy/configuration/version|/dataplane/v1/me")
_SECTIONS = {"frontends": "frontend", "backends": "backend"}
_ROLES = {"read": Role.READER, "write": Role.ADMIN}
_MESSAGE = "unauthenticated for invalid credentials"

Section = tuple[str, str]


@dataclass(frozen=True)
class Tokens:
    """The tokens of the settings; `registry` tells which collections stand in which sections."""

    tokens: tuple[TokenSettings, ...]
    registry: Registry

    def identify(self, req: ApiRequest) -> Identity | None:
        """Return whose token a request has; None for one without a token."""
        scheme, _, secret = (req.get_header("Authorization") or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        digest = sha256(secret.strip().encode("latin-1", "replace")).hexdigest()
        token = next((one for one in self.tokens if one.sha256 == digest), None)
        if token is None or (token.expires and date.today() > date.fromisoformat(token.expires)):
            raise Unauthorized(_MESSAGE)
        return Identity(token.name, METHOD, role=_ROLES.get(token.scope, Role.READER))

    def refusal(self, identity: Identity, access: Access) -> str | None:
        """Return why the token of somebody does not let them do something; None if it does."""
        if identity.method != METHOD:
            return None
        token = next((one for one in self.tokens if one.name == identity.name), None)
        if token is None:
            return f"there is no token {identity.name} any more"
        allowed = {("frontend", name) for name in token.frontends}
        allowed |= {("backend", name) for name in token.backends}
        if not allowed:
            return None
        path = _PREFIX.sub("", access.path, count=1)
        if access.opened_by not in (None, token.name):
            return f"the token {token.name} has transactions of its own alone"
        if _is_for_all(path, access.method):
            return None
        named = set(self._named(path, access))
        if named and named <= allowed:
            return None
        sections = ", ".join(f"{kind} {name}" for kind, name in sorted(allowed))
        return f"the token {token.name} is for nothing but {sections}"

    def _named(self, path: str, access: Access) -> Iterator[Section]:
        """Yield all sections that an operation names; nothing where it may concern others."""
        if not path.startswith(_CONFIGURATION):
            return
        collection, *rest = path.removeprefix(_CONFIGURATION).split("/")
        if collection in _SECTIONS:
            if rest and rest[0]:
                yield _SECTIONS[collection], rest[0]
            return
        rows = next(
            (one for one in self.registry.all_rows() if one.name_in(access.version) == collection),
            None,
        )
        if rows is not None and access.version != "v3":  # its paths name the section
            yield from _in_query(rows.query.parameter, rows.query.typed, access.query)


def _in_query(parameter: str | None, typed: bool, query: Mapping[str, object]) -> Iterator[Section]:
    """Yield the sections that a query names, in whichever way the collection takes it."""
    if parameter in _SECTIONS.values() and parameter in query:
        yield str(parameter), str(query[str(parameter)])
    if typed and ("parent_type" in query or "parent_name" in query):
        yield str(query.get("parent_type", "")), str(query.get("parent_name", ""))


def _is_for_all(path: str, method: str) -> bool:
    if _TRANSACTIONS.fullmatch(path):
        return True
    return method in _READS and _FOR_ALL.fullmatch(path) is not None
