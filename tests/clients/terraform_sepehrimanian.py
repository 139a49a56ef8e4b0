"""The Terraform provider SepehrImanian/haproxy: a transaction for every call, reads included.

It decides by the status of the call inside the transaction, 200 or 202, and sends of some resources
every property, with Go's zero value where nobody set one, and some under the names of Go's fields.
"""

from typing import Any

from tests.clients.flows import each_in_transaction
from tests.clients.replay import Call, Story
from tests.harness.server import CONFIGURATION

BACKEND: dict[str, Any] = {
    "name": "backend_test",
    "mode": "http",
    "adv_check": "",
    "http_connection_mode": "",
    "server_timeout": 0,
    "check_timeout": 0,
    "connect_timeout": 0,
    "queue_timeout": 0,
    "tunnel_timeout": 0,
    "tarpit_timeout": 0,
    "checkcache": "disabled",
    "Balance": {"algorithm": "roundrobin"},
    "HttpchkParams": {"method": "", "uri": "", "version": ""},
    "Forwardfor": {"enabled": "enabled"},
}
FRONTEND: dict[str, Any] = {
    "name": "front_test",
    "default_backend": "backend_test",
    "http_connection_mode": "http-keep-alive",
    "accept_invalid_http_request": "enabled",
    "maxconn": 100,
    "mode": "http",
    "backlog": 1000,
    "http_keep_alive_timeout": 10,
    "http_request_timeout": 10,
    "http_use_proxy_header": "enabled",
    "httplog": True,
    "httpslog": "disabled",
    "error_log_format": "",
    "log_format": "",
    "log_format_sd": "",
    "monitor_uri": "",
    "tcplog": False,
    "Compression": {"algorithms": None, "offload": False, "types": None},
    "Forwardfor": {"enabled": "enabled", "except": "", "header": "", "ifnone": False},
}
GLOBAL: dict[str, Any] = {
    "user": "",
    "group": "",
    "chroot": "",
    "CpuMaps": {"process": "", "cpu_set": ""},
    "daemon": "disabled",
    "master-worker": True,
    "maxcompcpuusage": 0,
    "maxpipes": 0,
    "maxsslconn": 0,
    "maxconn": 5000,
    "nbproc": 0,
    "nbthread": 2,
    "pidfile": "",
    "ulimit_n": 0,
    "crt_base": "",
    "ca_base": "",
    "stats_maxconn": 10,
    "stats_timeout": 30000,
    "ssl_default_bind_ciphers": "",
    "ssl_default_bind_options": "",
}
SERVER: dict[str, Any] = {
    "name": "server_test",
    "address": "172.16.13.15",
    "port": 8080,
    "send-proxy": "enabled",
    "check": "enabled",
    "inter": 3,
    "rise": 3,
    "fall": 3,
}
FRONT = "parent_name=front_test&parent_type=frontend"
BACK = "parent_name=backend_test&parent_type=backend"


def life(
    path: str, name: object, body: dict[str, Any], update: dict[str, Any], query: str = "", **more: Any
) -> tuple[Call, ...]:
    """Create, read and update one object, each in a transaction of its own."""
    tail = "?transaction_id={id}" + (f"&{query}" if query else "")
    collection, one = f"{CONFIGURATION}/{path}{tail}", f"{CONFIGURATION}/{path}/{name}{tail}"
    return each_in_transaction(
        Call("POST", collection, body, status=202, **more),
        Call("GET", one),
        Call("PUT", one, {**body, **update}, status=202, **more),
        Call("GET", one),
    )


def gone(path: str, name: object, query: str = "") -> Call:
    tail = "?transaction_id={id}" + (f"&{query}" if query else "")
    return Call("DELETE", f"{CONFIGURATION}/{path}/{name}{tail}", status=202)


PROXIES = Story(
    "terraform-sepehrimanian-proxies",
    (
        *life("backends", "backend_test", BACKEND, {"check_timeout": 10}, dropped=("HttpchkParams",)),
        *life("servers", "server_test", SERVER, {"rise": 4}, BACK),
        *life("frontends", "front_test", FRONTEND, {"backlog": 2000}),
        *life(
            "binds",
            "test_bind",
            {"name": "test_bind", "address": "127.0.0.1", "port": "#{port}", "maxconn": 3000},
            {"maxconn": 2000},
            FRONT,
        ),
        # Its zero values are left out, an index of 0 among them.
        *life(
            "acls",
            0,
            {"acl_name": "acl_test", "criterion": "hdr_dom(host)", "index": 0, "value": "example.com"},
            {"value": "www.example.com"},
            FRONT,
        ),
        *life(
            "http_checks",
            0,
            {"index": 0, "type": "send", "method": "GET", "uri": "/health", "version": "HTTP/1.1"},
            {"uri": "/ready"},
            BACK,
        ),
    ),
    {
        "backend backend_test": (
            "mode http",
            "balance roundrobin",
            "option forwardfor",
            "timeout check 10",
            "server server_test 172.16.13.15:8080 check inter 3 rise 4 fall 3 send-proxy",
        ),
        "frontend front_test": (
            "mode http",
            "maxconn 100",
            "backlog 2000",
            "bind 127.0.0.1:{port} name test_bind maxconn 2000",
            "acl acl_test hdr_dom(host) www.example.com",
            "option httplog",
            "option http-keep-alive",
            "option http-use-proxy-header",
            "option accept-invalid-http-request",
            "timeout http-request 10",
            "timeout http-keep-alive 10",
            "default_backend backend_test",
        ),
    },
    each_in_transaction(
        gone("http_checks", 0, BACK),
        gone("acls", 0, FRONT),
        gone("binds", "test_bind", FRONT),
        gone("frontends", "front_test"),
        gone("servers", "server_test", BACK),
        gone("backends", "backend_test"),
    ),
    {"Content-Type": "application/json"},
)
SECTIONS = Story(
    "terraform-sepehrimanian-sections",
    (
        *life(
            "caches",
            "test_cache",
            {"name": "test_cache", "max_age": 60, "total_max_size": 4, "process_vary": True},
            {"max_age": 50},
        ),
        *life("resolvers", "rs", {"name": "rs", "timeout_resolve": 10, "parse-resolv-conf": True}, {}),
        *life(
            "nameservers",
            "ns",
            {"name": "ns", "address": "127.0.0.1", "port": 53},
            {"port": 54},
            "resolver=rs",
        ),
        *life(
            "server_templates",
            "srv",
            {"prefix": "srv", "fqdn": "localhost", "num_or_range": "1-3", "port": 80},
            {"port": 81},
            "backend=be_main",
        ),
        *each_in_transaction(
            Call("GET", f"{CONFIGURATION}/global?transaction_id={{id}}"),
            Call("PUT", f"{CONFIGURATION}/global?transaction_id={{id}}", GLOBAL, status=202, dropped=("CpuMaps",)),
        ),
    ),
    {
        "cache test_cache": ("max-age 50", "process-vary on", "total-max-size 4"),
        "resolvers rs": ("nameserver ns 127.0.0.1:54", "parse-resolv-conf", "timeout resolve 10"),
        "backend be_main": ("server-template srv 1-3 localhost:81",),
        "global": ("maxconn 5000", "nbthread 2", "stats maxconn 10", "master-worker"),
    },
    (),
    {"Content-Type": "application/json"},
)
STORIES = (PROXIES, SECTIONS)
