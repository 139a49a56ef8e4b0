"""The Terraform provider cepitacio/haproxy: a whole site in one transaction, with another go on conflict.

Its objects have properties of other sections and of versions to come. Whether it tries again hangs
on the number and on the words of an error.
"""

from typing import Any

from tests.clients.flows import ASK_VERSION, begin, commit, in_transaction
from tests.clients.replay import Call, Story
from tests.harness.server import CONFIGURATION, TRANSACTIONS

BACKEND: dict[str, Any] = {
    "name": "web",
    "mode": "http",
    "adv_check": "httpchk",
    "http_connection_mode": "http-keep-alive",
    "server_timeout": 30000,
    "check_timeout": 2000,
    "connect_timeout": 5000,
    "queue_timeout": 0,
    "tunnel_timeout": 0,
    "tarpit_timeout": 0,
    "checkcache": "",
    "retries": 3,
    "balance": {"algorithm": "roundrobin", "url_param": ""},
    "httpchk_params": {"method": "GET", "uri": "/health", "version": "HTTP/1.1"},
    "forwardfor": {"enabled": "enabled"},
    "no_sslv3": True,
    "tlsv12": True,
    "ssl_min_ver": "TLSv1.2",
    "verify": "none",
}
FRONTEND: dict[str, Any] = {
    "name": "site",
    "default_backend": "web",
    "mode": "http",
    "maxconn": 1000,
    "http-connection-mode": "http-keep-alive",
    "http-request-timeout": 5000,
    "option_httpclose": "enabled",
    "timeout_client": 30000,
    "stats_options": {},
}
SERVER = {
    "name": "web1",
    "address": "127.0.0.1",
    "port": 8080,
    "check": "enabled",
    "maxconn": 100,
    "force_strict_sni": "enabled",
    "tlsv12": "enabled",
    "pool_max_conn": 10,
}
BIND = {
    "name": "http",
    "address": "127.0.0.1",
    "port": "#{port}",
    "force_strict_sni": "enabled",
    "sslv3": True,
    "log_proto": "legacy",
}
ACL = {"acl_name": "is_api", "index": 0, "criterion": "path_beg", "value": "/api"}
DENY = {"index": 0, "type": "deny", "cond": "if", "cond_test": "is_api", "status_code": 403, "timeout_value": 5}
SET = {"index": 0, "type": "set-header", "hdr_name": "X-Frame-Options", "hdr_format": "DENY"}
EXPECT = {"index": 0, "type": "expect", "match": "status", "pattern": "200", "log_level": "info"}
INSPECT = {"index": 0, "type": "inspect-delay", "timeout": 5000, "action": "accept"}
FRONT = "parent_type=frontend&parent_name=site&transaction_id={id}"
BACK = "parent_type=backend&parent_name=web&transaction_id={id}"
ALONE = "transaction_id={id}"
OBJECTS: tuple[tuple[str, str, dict[str, Any], tuple[str, ...]], ...] = (
    ("backends", ALONE, BACKEND, ("no_sslv3", "tlsv12", "ssl_min_ver", "verify")),
    ("servers", BACK, SERVER, ("force_strict_sni", "tlsv12")),
    ("http_checks", BACK, EXPECT, ("log_level",)),
    ("frontends", ALONE, FRONTEND, ("http-connection-mode", "option_httpclose", "timeout_client")),
    ("binds", FRONT, BIND, ("force_strict_sni", "log_proto", "sslv3")),
    ("acls", FRONT, ACL, ()),
    ("http_request_rules", FRONT, DENY, ("status_code", "timeout_value")),
    ("http_response_rules", FRONT, SET, ()),
    ("tcp_request_rules", FRONT, INSPECT, ("action",)),
)

STACK = Story(
    "terraform-cepitacio-stack",
    (
        *in_transaction(
            *(
                Call("POST", f"{CONFIGURATION}/{path}?{query}", body, 202, dropped=dropped)
                for path, query, body, dropped in OBJECTS
            )
        ),
        Call("GET", f"{CONFIGURATION}/acls?parent_type=frontend&parent_name=site", told={"data": [ACL]}),
        Call("GET", f"{CONFIGURATION}/http_request_rules?parent_type=frontend&parent_name=site",
             told={"data.0.type": "deny"}),
        *in_transaction(Call("PUT", f"{CONFIGURATION}/acls/0?{FRONT}", {**ACL, "value": "/v2"}, 202)),
    ),
    {
        "backend web": (
            "mode http",
            "balance roundrobin",
            "retries 3",
            "option httpchk GET /health HTTP/1.1",
            "option forwardfor",
            "http-check expect status 200",
            "server web1 127.0.0.1:8080 check maxconn 100 pool-max-conn 10",
        ),
        "frontend site": (
            "mode http",
            "maxconn 1000",
            "bind 127.0.0.1:{port} name http",
            "tcp-request inspect-delay 5000",
            "acl is_api path_beg /v2",
            "http-request deny if is_api",
            "http-response set-header X-Frame-Options DENY",
            "default_backend web",
        ),
    },
    in_transaction(
        Call("DELETE", f"{CONFIGURATION}/frontends/site?{ALONE}", status=202),
        Call("DELETE", f"{CONFIGURATION}/backends/web?{ALONE}", status=202),
    ),
)
CONFLICTS = Story(
    "terraform-cepitacio-conflicts",
    (
        *begin(),
        Call("POST", f"{CONFIGURATION}/backends?{ALONE}", {"name": "late"}, 202),
        Call("POST", f"{TRANSACTIONS}?version={{version}}", status=201, keep={"other": "id"}),
        Call("POST", f"{CONFIGURATION}/backends?transaction_id={{other}}", {"name": "first"}, 202),
        Call("PUT", f"{TRANSACTIONS}/{{other}}", status=202),
        Call("PUT", f"{TRANSACTIONS}/{{id}}", status=406,
             told={"code": 406, "message": "*transaction*is outdated and cannot be committed*"}),
        Call("DELETE", f"{TRANSACTIONS}/{{id}}", status=204),
        Call("POST", f"{CONFIGURATION}/backends?{ALONE}", {"name": "late"}, 400,
             {"code": 400, "message": "*transaction does not exist*"}),
        Call("POST", f"{CONFIGURATION}/backends", {"name": "late"}, 400,
             {"code": 400, "message": "*version or transaction not specified*"}),
        # The version that the first of them began with.
        Call("POST", f"{TRANSACTIONS}?version={{version}}", status=409,
             told={"code": 409, "message": "*version mismatch*"}),
        *begin(),
        Call("POST", f"{CONFIGURATION}/backends?{ALONE}", {"name": "late"}, 202),
        commit(),
    ),
    {"backend first": (), "backend late": ()},
    (
        ASK_VERSION,
        Call("DELETE", f"{CONFIGURATION}/backends/first?version={{version}}", status=202),
        ASK_VERSION,
        Call("DELETE", f"{CONFIGURATION}/backends/late?version={{version}}", status=202),
    ),
)
STORIES = (STACK, CONFLICTS)
