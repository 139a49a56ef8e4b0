"""The Terraform provider matthisholleville/haproxy: frontends, ACLs, and entries of maps.

It learns the version from the text of the configuration, sends nothing that nobody set, and takes
any status below 300 for success.
"""

from typing import Any

from tests.clients.flows import ASK_VERSION_OF_TEXT, in_transaction
from tests.clients.replay import Call, Story
from tests.harness.server import CONFIGURATION

MAPS = "/v2/services/haproxy/runtime/maps_entries"
FRONTEND: dict[str, Any] = {
    "name": "shop",
    "mode": "http",
    "default_backend": "be_main",
    "client_timeout": 30000,
    "clitcpka": "enabled",
    "contstats": "enabled",
    "dontlognull": "enabled",
    "http-buffer-request": "enabled",
    "http_connection_mode": "http-server-close",
    "http_keep_alive_timeout": 5000,
    "http_request_timeout": 5000,
    "httplog": True,
    "log_separate_errors": "enabled",
    "log_tag": "shop",
    "logasap": "disabled",
    "maxconn": 200,
    "monitor_fail": {"cond": "if", "cond_test": "{ nbsrv(be_main) lt 1 }"},
    "monitor_uri": "/healthz",
    "stats_options": {
        "stats_enable": True,
        "stats_hide_version": True,
        "stats_refresh_delay": 10,
        "stats_uri_prefix": "/stats",
    },
    "unique_id_format": "%{+X}o",
    "unique_id_header": "X-Unique-ID",
}
ACL = {"acl_name": "is_static", "criterion": "path_beg", "index": 0, "value": "/static"}
PARENT = "parent_name=shop&transaction_id={id}&parent_type=frontend"
ONE = f"{CONFIGURATION}/frontends/shop?transaction_id={{id}}"


def together(*calls: Call) -> tuple[Call, ...]:
    return in_transaction(*calls, ask=ASK_VERSION_OF_TEXT)


FRONTENDS = Story(
    "terraform-matthisholleville-frontends",
    (
        *together(
            Call("POST", f"{CONFIGURATION}/frontends?transaction_id={{id}}", FRONTEND, 202, {"name": "shop"}),
        ),
        *together(Call("GET", ONE, told={"data.name": "shop", "data.maxconn": 200})),
        *together(Call("PUT", ONE, {**FRONTEND, "maxconn": 300}, 202)),
        *together(
            Call("GET", f"{CONFIGURATION}/acls?{PARENT}", told={"data": []}),
            Call("POST", f"{CONFIGURATION}/acls?{PARENT}", ACL, 202, ACL),
        ),
        *together(Call("GET", f"{CONFIGURATION}/acls/0?{PARENT}", told={"data.acl_name": "is_static"})),
        *together(Call("PUT", f"{CONFIGURATION}/acls/0?{PARENT}", {**ACL, "value": "/assets"}, 202)),
    ),
    {
        "frontend shop": (
            "mode http",
            "maxconn 300",
            "acl is_static path_beg /assets",
            "option httplog",
            "option http-buffer-request",
            "monitor-uri /healthz",
            "monitor fail if { nbsrv(be_main) lt 1 }",
            "stats refresh 10",
            "default_backend be_main",
        ),
    },
    (
        # It deletes with the object as the body, and does not say what the body is.
        *together(Call("DELETE", f"{CONFIGURATION}/acls/0?{PARENT}", ACL, 202, headers={"Content-Type": ""})),
        *together(Call("DELETE", ONE, status=202)),
    ),
    {"Accept": "application/json; charset=utf-8"},
)
ENTRIES = Story(
    "terraform-matthisholleville-maps",
    (
        Call("POST", f"{MAPS}/?map=hosts.map&force_sync=true",
             {"key": "www.example.com", "value": "be_main"}, 201, {"key": "www.example.com"}),
        Call("GET", f"{MAPS}/www.example.com?map=hosts.map", told={"key": "www.example.com", "value": "be_main"}),
        Call("PUT", f"{MAPS}/www.example.com?map=hosts.map&force_sync=true", {"value": "be_api"},
             told={"value": "be_api"}),
        Call("GET", f"{MAPS}/www.example.com?map=hosts.map", told={"value": "be_api"}),
    ),
    ending=(
        Call("DELETE", f"{MAPS}/www.example.com?map=hosts.map&force_sync=true", status=204),
        Call("GET", f"{MAPS}/www.example.com?map=hosts.map", status=404, told={"code": 404}),
    ),
    headers={"Accept": "application/json; charset=utf-8"},
)
STORIES = (FRONTENDS, ENTRIES)
