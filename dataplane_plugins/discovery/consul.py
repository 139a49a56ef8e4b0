"""Consul: services of its catalog and the health of their instances (Consul, HTTP API)."""

import json
import re
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

from dataplane_core.plugin import PORT, Code, Problem, Prop, impl, is_digits, lazy_pattern
from dataplane_plugins.discovery.blocking import LEAST_PERIOD, Changes, Query
from dataplane_plugins.discovery.expressions import Expression, UnfitExpression
from dataplane_plugins.discovery.sources import Found, Instance, Source, SourceEntry, SourceFailed
from dataplane_plugins.discovery.web import Refused, SourceConnection

_WORD = r"^[^\s]+$"
_ITSELF = "consul"
_MARGIN = 10.0
_CATALOG, _CHECKS, _NODES = "/v1/catalog/services", "/v1/health/state/any", "/v1/catalog/nodes"
_READABLE = lazy_pattern(r"[\w .,:;'\"()/-]{1,200}", re.ASCII)


def _words(name: str, help: str, deprecated: bool = False) -> Prop:
    return Prop(name, "array", help=help, items=Prop("", pattern=_WORD), deprecated=deprecated)


PROPS = (
    Prop("address", pattern=_WORD, required=True, help="Host of the Consul agent."),
    Prop("port", "integer", minimum=PORT[0], maximum=PORT[1], required=True,
         help="Port of its HTTP API."),
    Prop("mode", enum=("http", "https"), help="Scheme of its HTTP API."),
    Prop("token", pattern=_WORD, secret=True, help="Sent as `X-Consul-Token`."),
    Prop("namespace", help="Namespace of the services (Consul Enterprise)."),
    _words("service_allowlist", "Only these services."),
    _words("service_denylist", "All services but these."),
    _words("service-whitelist", "Former name of `service_allowlist`.", deprecated=True),
    _words("service-blacklist", "Former name of `service_denylist`.", deprecated=True),
    Prop("service_name_regexp", help="Only services in whose name this is found."),
    Prop("health_check_policy", enum=("none", "any", "all", "min"),
         help="Which instances count: all, or by how many of their checks pass."),
    Prop("health_check_policy_min", "integer", minimum=1,
         help="How many checks must pass with the policy `min`."),
    Prop("defaults", help="The defaults section that the backends inherit from."),
)  # fmt: skip


class ConsulClient:
    """Consul's HTTP API with the credentials of an entry, over a connection that is kept open."""

    def __init__(self, entry: SourceEntry) -> None:
        host = str(entry["address"])
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        base = f"{entry.get('mode') or 'http'}://{host}:{entry['port']}"
        self.connection = SourceConnection(f"Consul at {base}", base)
        self.token = str(entry.get("token") or "")
        self.namespace = {"ns": entry["namespace"]} if entry.get("namespace") else {}

    def get(
        self, path: str, query: Mapping[str, object] = MappingProxyType({}), wait: float = 0.0
    ) -> tuple[Any, int]:
        """Return the decoded answer and its index (0 where there is none); raises `SourceFailed`.

        An answer may take `wait` seconds, which Consul lengthens by a sixteenth, and some more.
        """
        asked = urlencode({**self.namespace, **query})
        headers = {"Accept": "application/json"}
        if self.token:
            headers["X-Consul-Token"] = self.token
        url = f"{path}{'?' if asked else ''}{asked}"
        try:
            data, fields = self.connection.ask(url, headers, wait * 17 / 16 + _MARGIN)
        except Refused as error:
            why = self._reason(error.body)
            raise SourceFailed(
                f"Consul answered {path} with status {error.answered}{why}"
            ) from None
        index = fields.get("X-Consul-Index") or ""
        try:
            return json.loads(data), int(index) if is_digits(index) else 0
        except (ValueError, RecursionError):
            raise SourceFailed(f"Consul's answer to {path} is no JSON") from None

    def _reason(self, body: bytes) -> str:
        """Return Consul's own message, such as `ACL not found`, unless it has the token in it."""
        text = body.decode("utf-8", "replace").strip()
        hides = bool(self.token) and self.token in text
        return f": {text}" if _READABLE.fullmatch(text) and not hides else ""

    def end(self) -> None:
        """Make a `get` in another thread fail at once."""
        self.connection.end()

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def watch(entry: SourceEntry, stop: threading.Event) -> Iterator[Found]:
    """Yield all services that the entry wants: at each change, and every `retry_timeout` seconds.

    Looking takes half of the time at most, however often something changes.
    """
    catalog = Query(ConsulClient(entry), _CATALOG, _names, by_index=True)
    queries: list[Query[Any]] = [catalog, *_health(entry)]
    period = max(1, int(entry.get("retry_timeout") or 1))
    with closing(ConsulClient(entry)) as client, Changes(queries, period) as changes:
        while changes.wait(stop):
            began = time.monotonic()
            found = _look(client, entry, catalog.seen or ())
            spent = time.monotonic() - began
            yield found
            stop.wait(max(LEAST_PERIOD, spent))


def _health(entry: SourceEntry) -> list[Query[frozenset[tuple[str, ...]]]]:
    """Return the query for checks; an empty list where the entry's policy needs none.

    For the policy `all`, the checks that fail are enough.
    """
    policy = entry.get("health_check_policy") or "none"
    if policy == "none":
        return []
    only = {"filter": 'Status != "passing"'} if policy == "all" else {}
    return [Query(ConsulClient(entry), _CHECKS, _states, only)]


def _names(catalog: Any) -> frozenset[str]:
    if not isinstance(catalog, dict):
        raise SourceFailed(f"Consul's answer to {_CATALOG} is no object")
    return frozenset(catalog)


def _states(checks: Any) -> frozenset[tuple[str, ...]]:
    """Return the facts of checks that policies use, without their output."""
    keys = ("Node", "CheckID", "ServiceID", "Status")
    try:
        return frozenset(tuple(str(one.get(key) or "") for key in keys) for one in checks)
    except (AttributeError, TypeError):
        raise SourceFailed(f"Consul's answer to {_CHECKS} has not the form that is known") from None


def _look(client: ConsulClient, entry: SourceEntry, catalog: Collection[str]) -> Found:
    """Return the services that are wanted, with their instances.

    Consul leaves out what a token may not read: instances whose nodes it may not, and in some
    releases their services. It always has nodes, so where it shows none and no instances either, it
    is the token that lacks rights, and no reason to stop all servers.
    """
    found = {name: _instances(client, entry, name) for name in chosen(entry, catalog)}
    if not any(found.values()) and not client.get(_NODES)[0]:
        raise SourceFailed(
            "Consul shows neither instances nor nodes: its access control requires a token with "
            "service:read and node:read"
        )
    return found


def chosen(entry: SourceEntry, names: Collection[str]) -> list[str]:
    """Return the services that the entry wants, sorted; `consul` only if it is named.

    Raises `SourceFailed` for an expression that cannot be used.
    """
    allowed = {*(entry.get("service_allowlist") or ()), *(entry.get("service-whitelist") or ())}
    denied = {*(entry.get("service_denylist") or ()), *(entry.get("service-blacklist") or ())}
    try:
        expression = Expression(str(entry.get("service_name_regexp") or ""))
    except UnfitExpression as error:
        raise SourceFailed(f"service_name_regexp cannot be used: {error}") from None
    return sorted(
        name
        for name in names
        if name not in denied
        and (name in allowed if allowed else name != _ITSELF)
        and expression.found_in(name)
    )


def _instances(client: ConsulClient, entry: SourceEntry, service: str) -> list[Instance]:
    path = f"/v1/health/service/{quote(service, safe='')}"
    found, _ = client.get(path)
    try:
        return [
            Instance(
                str(one["Service"].get("Address") or one["Node"].get("Address") or ""),
                int(one["Service"].get("Port") or 0),
                str(one["Service"].get("ID") or one["Node"].get("Node") or ""),
            )
            for one in found
            if healthy(entry, [check.get("Status") for check in one.get("Checks") or ()])
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise SourceFailed(f"Consul's answer to {path} has not the form that is known") from None


def healthy(entry: SourceEntry, checks: Sequence[str | None]) -> bool:
    """Return whether an instance counts as healthy; one without checks does, but for `min`."""
    passing = sum(status == "passing" for status in checks)
    policy = entry.get("health_check_policy") or "none"
    if policy == "any":
        return passing > 0 or not checks
    if policy == "all":
        return passing == len(checks)
    if policy == "min":
        return passing >= int(entry.get("health_check_policy_min") or 1)
    return True


def prefix(entry: SourceEntry) -> str:
    """Return the prefix of the names of an entry's backends."""
    return f"consul-backend-{entry['address']}-{entry['port']}-"


def problems(entry: SourceEntry) -> Iterator[Problem]:
    """Yield a problem for each broken rule between properties, and for a broken expression."""
    if entry.get("health_check_policy") == "min" and not entry.get("health_check_policy_min"):
        message = "health_check_policy_min in body is required with health_check_policy min"
        yield Problem("health_check_policy_min", Code.REQUIRED, message)
    if re.search(r"[^A-Za-z0-9_.:-]", str(entry.get("address") or "")):
        message = "address in body must be a host name or an IP address"
        yield Problem("address", Code.PATTERN, message)
    try:
        Expression(str(entry.get("service_name_regexp") or ""))
    except UnfitExpression as error:
        message = f"service_name_regexp in body is no regular expression: {error}"
        yield Problem("service_name_regexp", Code.PATTERN, message)


SOURCE = Source(
    "consul",
    watch,
    prefix,
    PROPS,
    title="Consul",
    defaults={"mode": "http", "health_check_policy": "none"},
    configured=lambda settings: settings.service_discovery.consuls,
    key="service_discovery.consuls",
    example={"enabled": False, "address": "127.0.0.1", "port": 8500, "retry_timeout": 10},
    problems=problems,
)


@impl(optionalhook=True)
def dataplane_discovery() -> list[Source]:
    """Offer Consul as a source of services."""
    return [SOURCE]
