"""Where the objects of the configuration are in each version of the interface.

Tests say what they do in the words of version 2: a collection, the query that names the parent, and
a body. Version 3 has parents and indexes in its paths, version 1 calls the index `id`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PARENTS = {"frontend": "frontends", "backend": "backends"}
"""The collections of the sections that parameters of the query name."""

ALWAYS_IN_QUERY = {"nameservers", "peer_entries", "mailer_entries"}
"""Collections whose parents the query names in version 3, too."""


@dataclass(frozen=True)
class Address:
    """The path below the version's prefix, the rest of the query, and the body as it is sent there."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


def address(version: str, path: str, query: Mapping[str, str], body: Any = None) -> Address:
    """Return where version 2's `path` below `configuration/` with this query is in a version."""
    start = "/services/haproxy/configuration"
    if version == "v1" and isinstance(body, Mapping) and "index" in body:
        body = {"id" if name == "index" else name: value for name, value in body.items()}
    if version != "v3":
        return Address(f"{start}/{path}", query, body)
    rest, parent = dict(query), ""
    if path.partition("/")[0] not in ALWAYS_IN_QUERY:
        if "parent_type" in rest:
            parent = f"/{PARENTS[rest.pop('parent_type')]}/{rest.pop('parent_name')}"
        for name in PARENTS.keys() & rest:
            parent = f"/{PARENTS[name]}/{rest.pop(name)}"
    if isinstance(body, Mapping) and "index" in body:
        path = path if "/" in path else f"{path}/{body['index']}"
        body = {name: value for name, value in body.items() if name != "index"}
    return Address(f"{start}{parent}/{path}", rest, body)
