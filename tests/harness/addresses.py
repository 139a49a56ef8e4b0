"""Where objects are in each version of the interface.

Tests say what they do in the words of version 2: a path, the query that names the parent, and a body.
Version 3 has parents and indexes in its paths, version 1 calls the index `id`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

CONFIGURATION = "/services/haproxy/configuration"

PARENTS = {"frontend": "frontends", "backend": "backends"}
"""The collections of the sections that parameters of the query name."""

ALWAYS_IN_QUERY = {"nameservers", "peer_entries", "mailer_entries"}
"""Collections whose parents the query names in version 3, too."""

BELOW_PARENTS = {
    "runtime/servers": ("runtime/backends/{}/servers", "backend"),
    "runtime/maps_entries": ("runtime/maps/{}/entries", "map"),
    "runtime/stick_table_entries": ("runtime/stick_tables/{}/entries", "stick_table"),
    "spoe/version": ("spoe/{}/version", "spoe"),
    "spoe/spoe_scopes": ("spoe/spoe_files/{}/scopes", "spoe"),
    "spoe/spoe_agents": ("spoe/spoe_files/{}/scopes/{}/agents", "spoe", "scope"),
    "spoe/spoe_messages": ("spoe/spoe_files/{}/scopes/{}/messages", "spoe", "scope"),
}
"""Paths beside the configuration: where they are in version 3, and the words of the query for it."""


@dataclass(frozen=True)
class Address:
    """The path below the version's prefix, the rest of the query, and the body as it is sent there."""

    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None


def address(version: str, path: str, query: Mapping[str, Any], body: Any = None) -> Address:
    """Return where version 2's `path` below `configuration/` with this query is in a version."""
    if version == "v1" and isinstance(body, Mapping) and "index" in body:
        body = {"id" if name == "index" else name: value for name, value in body.items()}
    if version != "v3":
        return Address(f"{CONFIGURATION}/{path}", query, body)
    rest, parent = dict(query), ""
    collection, slash, _ = path.partition("/")
    if collection not in ALWAYS_IN_QUERY:
        if "parent_type" in rest:
            parent = f"/{PARENTS[rest.pop('parent_type')]}/{rest.pop('parent_name')}"
        for name in PARENTS.keys() & rest:
            parent = f"/{PARENTS[name]}/{rest.pop(name)}"
    if isinstance(body, Mapping) and "index" in body:
        path = path if slash else f"{path}/{body['index']}"
        body = {name: value for name, value in body.items() if name != "index"}
    return Address(f"{CONFIGURATION}{parent}/{path}", rest, body)


def service_address(version: str, path: str, query: Mapping[str, Any], body: Any = None) -> Address:
    """Return where version 2's `path` below `services/haproxy/` with this query is in a version."""
    start, _, below = path.partition("/")
    if start == "configuration" and below not in ("raw", "version"):
        return address(version, below, query, body)
    collection, slash, key = (
        "/".join(path.split("/")[:2]),
        *path.partition("/")[2].partition("/")[1:],
    )
    if version == "v3" and collection in BELOW_PARENTS:
        template, *words = BELOW_PARENTS[collection]
        names = [quote(str(query[word]), safe="") for word in words]
        rest = {name: value for name, value in query.items() if name not in (*words, "process")}
        return Address(f"/services/haproxy/{template.format(*names)}{slash}{key}", rest, body)
    return Address(f"/services/haproxy/{path}", query, body)
