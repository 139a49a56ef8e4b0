"""What a user of haproxy-py calls beside the objects of a configuration, story by story."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.clients.generated import File

SERVICES = "/services/haproxy"
CONFIGURATION = f"{SERVICES}/configuration"


@dataclass(frozen=True)
class Use:
    """One operation, its parameters, and the status that the client's user waits for."""

    method: str
    path: str
    values: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    status: int | tuple[int, ...] = 200
    keep: Mapping[str, str] = field(default_factory=dict)
    """Names for later uses, and the places in the answer where they are found."""


VERSION = Use("GET", f"{CONFIGURATION}/version", keep={"version": ""})
AT_ONCE = {"version": "{version}", "force_reload": True}
CONSUL = {"address": "127.0.0.1", "port": 8500, "enabled": False, "retry_timeout": 10, "name": "far"}
AWS = {
    "name": "cloud",
    "region": "eu-west-1",
    "enabled": False,
    "retry_timeout": 60,
    "ipv4_address": "private",
    "access_key_id": "id",
    "secret_access_key": "secret",
}
SITE = {
    "name": "shop",
    "service": {"mode": "http", "maxconn": 100},
    "farms": [{"name": "shop_farm", "use_as": "default", "mode": "http"}],
}
AGENT = {"name": "agent", "messages": "check", "use-backend": "intentions", "hello_timeout": 1000}
SPOE = {"spoe": "calls.cfg"}
SCOPE = {**SPOE, "scope": "[mirror]"}
IN_SPOE = {"transaction_id": "{spoe}"}


def life(
    path: str, key: str, body: Any, update: dict[str, Any], *, made: int = 201, more: Mapping[str, Any] | None = None
) -> tuple[Use, ...]:
    """Create, list, read, replace and delete an object that has a name or got one."""
    more = more or {}
    one = f"{path}/{{{'id' if key == 'made' else 'name'}}}"
    name = {"id": "{made}"} if key == "made" else {"name": key}
    return (
        Use("GET", path),
        Use("POST", path, more, body, made, {"made": "id"} if key == "made" else {}),
        Use("GET", path),
        Use("GET", one, name),
        Use("PUT", one, {**name, **more}, {**body, **update}),
        Use("DELETE", one, {**name, **more}, status=204),
    )


def stored(kind: str, name: str, content: str, other: str, *, as_json: bool = False) -> tuple[Use, ...]:
    """Upload, list, read, replace and delete a stored file."""
    path = f"{SERVICES}/storage/{kind}"
    one, named = f"{path}/{{name}}", {"name": name}
    forced = {"force_reload": True} if as_json else {}
    return (
        Use("GET", path),
        Use("POST", path, forced, File(name, content), 201),
        Use("GET", one, named),
        Use("PUT", one, {**named, "skip_reload": False, "force_reload": True}, other, (200, 204)),
        Use("DELETE", one, {**named, **({"skip_reload": True, "force_reload": False} if as_json else {})}, status=204),
    )


DOCUMENTS = tuple(
    Use("GET", path)
    for path in (
        "/",
        "/specification",
        "/specification_openapiv3",
        "/info",
        "/health",
        "/services",
        SERVICES,
        f"{SERVICES}/stats",
        CONFIGURATION,
        f"{SERVICES}/runtime",
        f"{SERVICES}/storage",
        f"{SERVICES}/spoe",
        f"{SERVICES}/reloads",
    )
)
DISCOVERY = (
    *life("/service_discovery/consul", "made", CONSUL, {"port": 8501}),
    *life("/service_discovery/aws", "made", AWS, {"retry_timeout": 30}),
)
TRANSACTIONS = (
    VERSION,
    Use("POST", f"{SERVICES}/transactions", {"version": "{version}"}, status=201, keep={"id": "id"}),
    Use("GET", f"{SERVICES}/transactions", {"status": "in_progress"}),
    Use("GET", f"{SERVICES}/transactions/{{id}}", {"id": "{id}"}),
    Use("GET", f"{CONFIGURATION}/version", {"transaction_id": "{id}"}),
    Use("GET", f"{CONFIGURATION}/raw", {"transaction_id": "{id}"}),
    Use("DELETE", f"{SERVICES}/transactions/{{id}}", {"id": "{id}"}, status=204),
    Use("POST", f"{SERVICES}/transactions", {"version": "{version}"}, status=201, keep={"id": "id"}),
    Use("POST", f"{CONFIGURATION}/backends", {"transaction_id": "{id}"}, {"name": "be_new"}, 202),
    Use("PUT", f"{SERVICES}/transactions/{{id}}", {"id": "{id}", "force_reload": False}, status=202,
        keep={"reload": "header Reload-ID"}),
    Use("GET", f"{SERVICES}/reloads/{{id}}", {"id": "{reload}"}),
)
SINGLE = (
    Use("GET", f"{CONFIGURATION}/global", keep={"global": "data"}),
    VERSION,
    Use("PUT", f"{CONFIGURATION}/global", AT_ONCE, "{global}"),
    Use("GET", f"{CONFIGURATION}/defaults", keep={"defaults": "data"}),
    VERSION,
    Use("PUT", f"{CONFIGURATION}/defaults", AT_ONCE, "{defaults}"),
    Use("GET", f"{CONFIGURATION}/raw", {"version": 0}, keep={"raw": "data"}),
    VERSION,
    Use("POST", f"{CONFIGURATION}/raw",
        {**AT_ONCE, "skip_version": False, "skip_reload": False, "only_validate": False}, "{raw}", 201),
)
SITES = (
    VERSION,
    Use("GET", f"{SERVICES}/sites"),
    Use("POST", f"{SERVICES}/sites", AT_ONCE, SITE, 201),
    Use("GET", f"{SERVICES}/sites/{{name}}", {"name": "shop"}),
    VERSION,
    Use("PUT", f"{SERVICES}/sites/{{name}}", {"name": "shop", **AT_ONCE}, {**SITE, "service": {"mode": "http"}}),
    VERSION,
    Use("DELETE", f"{SERVICES}/sites/{{name}}", {"name": "shop", **AT_ONCE}, status=204),
)
STATISTICS = (
    Use("GET", f"{SERVICES}/stats/native"),
    Use("GET", f"{SERVICES}/stats/native", {"type": "backend", "name": "be_main"}),
    Use("GET", f"{SERVICES}/stats/native", {"type": "server", "parent": "be_main", "name": "s1"}),
    Use("GET", f"{SERVICES}/runtime/info"),
)
RUNTIME = f"{SERVICES}/runtime"
MAP = {"map": "hosts.map"}
ACL = {"acl_id": "{acl}"}
TABLE = {"stick_table": "visitors", "process": 1}
RUNTIME_FILES = (
    Use("GET", f"{RUNTIME}/maps", {"include_unmanaged": True}),
    Use("GET", f"{RUNTIME}/maps/{{name}}", {"name": "hosts.map"}),
    Use("PUT", f"{RUNTIME}/maps/{{name}}", {"name": "hosts.map", "force_sync": False},
        [{"key": "a.example.com", "value": "be_api"}], 201),
    Use("GET", f"{RUNTIME}/maps_entries", MAP),
    Use("POST", f"{RUNTIME}/maps_entries", {**MAP, "force_sync": True}, {"key": "b.example.com", "value": "be_api"}, 201),
    Use("GET", f"{RUNTIME}/maps_entries/{{id}}", {"id": "b.example.com", **MAP}),
    Use("PUT", f"{RUNTIME}/maps_entries/{{id}}", {"id": "b.example.com", **MAP, "force_sync": False},
        {"value": "be_static"}),
    Use("DELETE", f"{RUNTIME}/maps_entries/{{id}}", {"id": "b.example.com", **MAP, "force_sync": True}, status=204),
    Use("DELETE", f"{RUNTIME}/maps/{{name}}", {"name": "hosts.map", "forceDelete": False, "force_sync": False},
        status=204),
    Use("GET", f"{RUNTIME}/acls", keep={"acl": "id"}),
    Use("GET", f"{RUNTIME}/acls/{{id}}", {"id": "{acl}"}),
    Use("POST", f"{RUNTIME}/acl_file_entries", ACL, {"value": "10.0.0.9"}, 201),
    Use("GET", f"{RUNTIME}/acl_file_entries", ACL, keep={"entry": "id"}),
    Use("GET", f"{RUNTIME}/acl_file_entries/{{id}}", {**ACL, "id": "{entry}"}),
    Use("DELETE", f"{RUNTIME}/acl_file_entries/{{id}}", {**ACL, "id": "{entry}"}, status=204),
    Use("PUT", f"{RUNTIME}/acl_file_entries", ACL, [{"value": "10.0.0.10"}], 201),
    Use("GET", f"{RUNTIME}/stick_tables", {"process": 1}),
    Use("GET", f"{RUNTIME}/stick_tables/{{name}}", {"name": "visitors", "process": 1}),
    Use("POST", f"{RUNTIME}/stick_table_entries", TABLE, {"key": "10.1.1.1", "data_type": {"gpc0": 5}}, 204),
    Use("GET", f"{RUNTIME}/stick_table_entries", {**TABLE, "count": 10, "offset": 0}),
)
RUNTIME_SERVERS = (
    Use("GET", f"{RUNTIME}/servers", {"backend": "be_main"}),
    Use("GET", f"{RUNTIME}/servers/{{name}}", {"name": "s1", "backend": "be_main"}),
    Use("PUT", f"{RUNTIME}/servers/{{name}}", {"name": "s1", "backend": "be_main"}, {"admin_state": "drain"}),
    Use("PUT", f"{RUNTIME}/servers/{{name}}", {"name": "s1", "backend": "be_main"}, {"admin_state": "ready"}),
    Use("POST", f"{RUNTIME}/servers", {"backend": "be_main"},
        {"name": "s8", "address": "127.0.0.1", "port": 9008, "weight": 10}, 201),
    Use("PUT", f"{RUNTIME}/servers/{{name}}", {"name": "s8", "backend": "be_main"}, {"admin_state": "maint"}),
    Use("DELETE", f"{RUNTIME}/servers/{{name}}", {"name": "s8", "backend": "be_main"}, status=204),
)
STORAGE = (
    *stored("maps", "words.map", "a 1\n", "b 2\n"),
    *stored("general", "page.http", "HTTP/1.0 503 Sorry\r\n\r\n", "HTTP/1.0 502 Sorry\r\n\r\n"),
)


def certificates(first: str, second: str) -> tuple[Use, ...]:
    """The uses of certificates, which have to be made for them."""
    return stored("ssl_certificates", "site.pem", first, second, as_json=True)


def spoe_object(path: str, body: dict[str, Any], update: dict[str, Any]) -> tuple[Use, ...]:
    """Create, list, read, replace and delete an object of a SPOE file."""
    base, named = f"{SERVICES}/spoe/{path}", {"name": body["name"]}
    one = f"{base}/{{name}}"
    return (
        Use("POST", base, {**SCOPE, **IN_SPOE}, body, 201),
        Use("GET", base, {**SCOPE, **IN_SPOE}),
        Use("GET", one, {**SCOPE, **named, **IN_SPOE}),
        Use("PUT", one, {**SCOPE, **named, **IN_SPOE}, {**body, **update}),
        Use("DELETE", one, {**SCOPE, **named, **IN_SPOE}, status=204),
    )


FILES = f"{SERVICES}/spoe/spoe_files"
SCOPES = f"{SERVICES}/spoe/spoe_scopes"
OF_SPOE = f"{SERVICES}/spoe_transactions"
BEGIN_SPOE = (
    Use("GET", f"{SERVICES}/spoe/version", SPOE, keep={"version": ""}),
    Use("POST", OF_SPOE, {**SPOE, "version": "{version}"}, status=201, keep={"spoe": "id"}),
)
SPOE_FILES = (
    Use("POST", FILES, {}, File("calls.cfg", "[mirror]\n"), 201),
    Use("GET", FILES),
    Use("GET", f"{FILES}/{{name}}", {"name": "calls.cfg"}),
    *BEGIN_SPOE,
    Use("GET", OF_SPOE, {**SPOE, "status": "in_progress"}),
    Use("GET", f"{OF_SPOE}/{{id}}", {**SPOE, "id": "{spoe}"}),
    Use("GET", SCOPES, {**SPOE, **IN_SPOE}),
    Use("POST", SCOPES, {**SPOE, **IN_SPOE}, "[other]", 201),
    Use("GET", f"{SCOPES}/{{name}}", {**SPOE, "name": "[other]", **IN_SPOE}),
    Use("DELETE", f"{SCOPES}/{{name}}", {**SPOE, "name": "[other]", **IN_SPOE}, status=204),
    *spoe_object("spoe_agents", AGENT, {"idle_timeout": 2000}),
    *spoe_object("spoe_messages", {"name": "check", "args": "src"}, {"args": "dst"}),
    *spoe_object("spoe_groups", {"name": "all", "messages": "check"}, {"messages": "check other"}),
    Use("PUT", f"{OF_SPOE}/{{id}}", {**SPOE, "id": "{spoe}", "force_reload": False}, status=202),
    *BEGIN_SPOE,
    Use("DELETE", f"{OF_SPOE}/{{id}}", {**SPOE, "id": "{spoe}"}, status=204),
    Use("DELETE", f"{FILES}/{{name}}", {"name": "calls.cfg"}, status=204),
)
STORIES: Mapping[str, tuple[Use, ...]] = {
    "documents": DOCUMENTS,
    "discovery": DISCOVERY,
    "transactions": TRANSACTIONS,
    "single": SINGLE,
    "sites": SITES,
    "statistics": STATISTICS,
    "runtime-files": RUNTIME_FILES,
    "runtime-servers": RUNTIME_SERVERS,
    "storage": STORAGE,
    "spoe": SPOE_FILES,
}
