"""Consul: services of its catalog, with blocking queries (Consul, "Blocking Queries", HTTP API)."""

import json
import re
import threading
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from dataplane_core import impl
from dataplane_core.discovery import Entry, Found, Instance, Source, SourceFailed
from dataplane_core.errors import Code
from dataplane_core.grammar import Problem, Prop
from dataplane_plugins.discovery.web import Refused, fetch

_WORD = r"^[^\s]+$"
_ITSELF = "consul"
_MARGIN = 5.0
_LEAST_PERIOD = 0.2


def _words(name: str, help: str, deprecated: bool = False) -> Prop:
    return Prop(name, "array", help=help, items=Prop("", pattern=_WORD), deprecated=deprecated)


PROPS = (
    Prop("address", pattern=_WORD, required=True, help="Host of the Consul agent."),
    Prop("port", "integer", minimum=1, maximum=65535, required=True, help="Port of its HTTP API."),
    Prop("mode", enum=("http", "https"), help="Scheme of its HTTP API."),
    Prop("token", pattern=_WORD, help="Sent as `X-Consul-Token`."),
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


class Client:
    """Consul's HTTP API with the credentials of an entry."""

    def __init__(self, entry: Entry) -> None:
        host = str(entry["address"])
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        self.base = f"{entry.get('mode') or 'http'}://{host}:{entry['port']}"
        self.headers = {"Accept": "application/json"}
        if entry.get("token"):
            self.headers["X-Consul-Token"] = str(entry["token"])
        self.namespace = {"ns": entry["namespace"]} if entry.get("namespace") else {}

    def get(self, path: str, timeout: float, **query: object) -> tuple[Any, int]:
        """The decoded answer and its index (0 where there is none); raises `SourceFailed`."""
        asked = urlencode({**self.namespace, **query})
        url = f"{self.base}{path}{'?' if asked else ''}{asked}"
        try:
            data, headers = fetch(f"Consul at {self.base}", url, self.headers, timeout)
        except Refused as error:
            raise SourceFailed(f"Consul answered {path} with status {error.answered}") from None
        index = headers.get("X-Consul-Index") or ""
        try:
            return json.loads(data), int(index) if index.isdigit() else 0
        except (ValueError, RecursionError):
            raise SourceFailed(f"Consul's answer to {path} is no JSON") from None


def watch(entry: Entry, stop: threading.Event) -> Iterator[Found]:
    """All services that the entry wants, at each change of the catalog and each `retry_timeout`.

    The index of a blocking query is begun anew when it goes backwards; one of 0 never blocks.
    """
    client = Client(entry)
    wait = max(1, int(entry.get("retry_timeout") or 1))
    index = 0
    while not stop.is_set():
        blocking = {"index": index, "wait": f"{wait}s"} if index else {}
        timeout = wait + wait / 16 + _MARGIN if index else _MARGIN + wait
        catalog, new = client.get("/v1/catalog/services", timeout, **blocking)
        if not isinstance(catalog, dict):
            raise SourceFailed("Consul's answer to /v1/catalog/services is no object")
        yield {name: _instances(client, entry, name) for name in chosen(entry, catalog)}
        backwards = new < index
        index = 0 if backwards else new
        stop.wait(_LEAST_PERIOD if index or backwards else wait)


def chosen(entry: Entry, names: Iterator[str] | Sequence[str] | dict[str, Any]) -> list[str]:
    """The services that the entry wants, sorted. Consul itself is one only where it is named."""
    allowed = {*(entry.get("service_allowlist") or ()), *(entry.get("service-whitelist") or ())}
    denied = {*(entry.get("service_denylist") or ()), *(entry.get("service-blacklist") or ())}
    pattern = re.compile(str(entry.get("service_name_regexp") or ""))
    return sorted(
        name
        for name in names
        if name not in denied
        and (name in allowed if allowed else name != _ITSELF)
        and pattern.search(name)
    )


def _instances(client: Client, entry: Entry, service: str) -> list[Instance]:
    path = f"/v1/health/service/{quote(service, safe='')}"
    found, _ = client.get(path, _MARGIN + 5.0)
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


def healthy(entry: Entry, checks: Sequence[str | None]) -> bool:
    """Whether an instance with these checks counts; one without any is healthy but for `min`."""
    passing = sum(status == "passing" for status in checks)
    policy = entry.get("health_check_policy") or "none"
    if policy == "any":
        return passing > 0 or not checks
    if policy == "all":
        return passing == len(checks)
    if policy == "min":
        return passing >= int(entry.get("health_check_policy_min") or 1)
    return True


def prefix(entry: Entry) -> str:
    """What the names of an entry's backends begin with."""
    return f"consul-backend-{entry['address']}-{entry['port']}-"


def problems(entry: Entry) -> Iterator[Problem]:
    """The rules between properties, and the regular expression."""
    if entry.get("health_check_policy") == "min" and not entry.get("health_check_policy_min"):
        told = "health_check_policy_min in body is required with health_check_policy min"
        yield Problem("health_check_policy_min", Code.REQUIRED, told)
    if re.search(r"[^A-Za-z0-9_.:-]", str(entry.get("address") or "")):
        told = "address in body must be a host name or an IP address"
        yield Problem("address", Code.PATTERN, told)
    try:
        re.compile(str(entry.get("service_name_regexp") or ""))
    except re.error as error:
        told = f"service_name_regexp in body is no regular expression: {error}"
        yield Problem("service_name_regexp", Code.PATTERN, told)


SOURCE = Source(
    "consul",
    watch,
    prefix,
    PROPS,
    title="Consul",
    defaults={"mode": "http", "health_check_policy": "none"},
    configured=lambda settings: settings.service_discovery.consuls,
    problems=problems,
)


@impl
def dataplane_discovery() -> list[Source]:
    """Consul as a source."""
    return [SOURCE]
