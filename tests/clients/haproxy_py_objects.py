"""Every kind of object of a configuration, as a user of haproxy-py makes one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FRONT = {"parent_type": "frontend", "parent_name": "fe_main"}
BACK = {"parent_type": "backend", "parent_name": "be_main"}
CHECK = {"cond": "if", "cond_test": "{ src 10.0.0.0/8 }"}


@dataclass(frozen=True)
class Kind:
    """One collection below `/configuration`: where an object of it goes, and what the object is."""

    path: str
    body: dict[str, Any]
    update: dict[str, Any] = field(default_factory=dict)
    parent: Mapping[str, str] = field(default_factory=dict)
    key: str = "name"
    before: tuple[tuple[str, dict[str, Any]], ...] = ()
    """Sections that hold the object, made first."""


def rule(path: str, body: dict[str, Any], update: dict[str, Any], parent: Mapping[str, str] = FRONT) -> Kind:
    """An object that has a number instead of a name."""
    return Kind(path, {"index": 0, **body}, update, parent, key="index")


KINDS = (
    Kind("named_defaults", {"name": "quick", "mode": "http", "client_timeout": 5000}, {"connect_timeout": 1000}),
    Kind("frontends", {"name": "fe_new", "mode": "http", "maxconn": 100}, {"default_backend": "be_main"}),
    Kind("backends", {"name": "be_new", "mode": "tcp", "balance": {"algorithm": "leastconn"}}, {"retries": 2}),
    Kind("userlists", {"name": "people"}),
    Kind(
        "users",
        {"username": "anna", "password": "pw", "secure_password": False},
        {"password": "other"},
        {"userlist": "people"},
        "username",
        (("userlists", {"name": "people"}),),
    ),
    Kind(
        "groups",
        {"name": "staff"},
        {"users": "anna"},
        {"userlist": "people"},
        before=(("userlists", {"name": "people"}),),
    ),
    Kind("mailers_section", {"name": "post", "timeout": 10000}, {"timeout": 20000}),
    Kind(
        "mailer_entries",
        {"name": "m1", "address": "127.0.0.1", "port": 25},
        {"port": 26},
        {"mailers_section": "post"},
        before=(("mailers_section", {"name": "post"}),),
    ),
    Kind("peer_section", {"name": "mates"}),
    Kind(
        "peer_entries",
        {"name": "p1", "address": "127.0.0.1", "port": 10000},
        {"port": 10001},
        {"peer_section": "mates"},
        before=(("peer_section", {"name": "mates"}),),
    ),
    Kind(
        "tables",
        {"name": "t1", "type": "ip", "size": "100k", "expire": "1h", "store": "gpc0"},
        {"size": "200k"},
        {"peer_section": "mates"},
        before=(("peer_section", {"name": "mates"}),),
    ),
    Kind(
        "http_errors_sections",
        {"name": "pages", "error_files": [{"code": 503, "file": "/etc/haproxy/503.http"}]},
        {"error_files": [{"code": 502, "file": "/etc/haproxy/502.http"}]},
    ),
    Kind("programs", {"name": "helper", "command": "/bin/sleep 100"}, {"command": "/bin/sleep 200"}),
    Kind("fcgi_apps", {"name": "php", "docroot": "/var/www"}, {"index": "index.php"}),
    Kind("rings", {"name": "events", "size": 32768, "format": "rfc5424"}, {"maxlen": 1200}),
    Kind(
        "binds",
        {"name": "b1", "address": "127.0.0.1", "port": 8443},
        {"port": 8444, "maxconn": 10},
        {"frontend": "fe_main", **FRONT},
    ),
    Kind("log_forwards", {"name": "syslog"}, {"maxconn": 10}),
    Kind(
        "dgram_binds",
        {"name": "d1", "address": "127.0.0.1", "port": 5514},
        {"port": 5515},
        {"log_forward": "syslog"},
        before=(("log_forwards", {"name": "syslog"}),),
    ),
    Kind(
        "servers",
        {"name": "s9", "address": "127.0.0.1", "port": 9009, "check": "enabled", "weight": 10},
        {"weight": 20},
        {"backend": "be_main", **BACK},
    ),
    Kind(
        "server_templates",
        {"prefix": "srv", "num_or_range": "1-3", "fqdn": "localhost", "port": 80},
        {"port": 81},
        {"backend": "be_main"},
        "prefix",
    ),
    rule("http_checks", {"type": "send", "method": "GET", "uri": "/"}, {"uri": "/health"}, BACK),
    rule("tcp_checks", {"action": "connect", "port_string": "80"}, {"port_string": "81"}, BACK),
    rule("http_request_rules", {"type": "deny", "deny_status": 403, **CHECK}, {"deny_status": 404}),
    rule("http_response_rules", {"type": "del-header", "hdr_name": "Server"}, {"hdr_name": "X-Server"}),
    rule(
        "http_after_response_rules",
        {"type": "set-header", "hdr_name": "X-One", "hdr_format": "1"},
        {"hdr_format": "2"},
    ),
    rule(
        "http_error_rules",
        {"type": "status", "status": 503, "return_content_type": "text/plain",
         "return_content_format": "string", "return_content": "sorry"},
        {"return_content": "gone"},
    ),
    rule("tcp_request_rules", {"type": "connection", "action": "accept", **CHECK}, {"action": "reject"}),
    rule(
        "tcp_response_rules",
        {"type": "content", "action": "accept", "cond": "if", "cond_test": "{ res.len gt 0 }"},
        {"action": "reject"},
        {"backend": "be_main"},
    ),
    rule("backend_switching_rules", {"name": "be_api", **CHECK}, {"name": "be_static"}, {"frontend": "fe_main"}),
    rule(
        "server_switching_rules", {"target_server": "s1", **CHECK}, {"cond": "unless"}, {"backend": "be_main"}
    ),
    rule("filters", {"type": "trace", "trace_name": "before"}, {"trace_name": "after"}),
    rule("stick_rules", {"type": "match", "pattern": "src"}, {"pattern": "dst"}, {"backend": "be_main"}),
    rule("log_targets", {"address": "127.0.0.1:514", "facility": "local0"}, {"level": "info"}),
    rule(
        "acls",
        {"acl_name": "is_local", "criterion": "src", "value": "127.0.0.1"},
        {"value": "127.0.0.0/8"},
    ),
    rule("captures", {"type": "request", "length": 10}, {"length": 20}, {"frontend": "fe_main"}),
    Kind("caches", {"name": "small", "total_max_size": 4, "max_age": 60}, {"max_age": 30}),
    Kind("resolvers", {"name": "dns", "timeout_resolve": 1000}, {"timeout_retry": 1000}),
    Kind(
        "nameservers",
        {"name": "ns1", "address": "127.0.0.1", "port": 53},
        {"port": 54},
        {"resolver": "dns"},
        before=(("resolvers", {"name": "dns"}),),
    ),
)
