"""The walk-through that every client of this interface knows, as data.

First a backend with two servers, a frontend and its bind; then a second backend that an ACL selects
by the Host header, and a rule that denies /admin.php to strangers.
"""

from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]
Step = tuple[str, dict[str, str], Body]
"""Collection below /configuration, query that names the parent, and the body of the POST."""


@dataclass(frozen=True)
class Ports:
    """Where the proxied site is and what stands behind it."""

    site: int
    web: tuple[int, int]
    example: int


def backend(name: str) -> Step:
    return "backends", {}, {"name": name, "mode": "http", "balance": {"algorithm": "roundrobin"}}


def server(backend_name: str, name: str, port: int) -> Step:
    body = {"name": name, "address": "127.0.0.1", "port": port}
    return "servers", {"backend": backend_name}, body


def first_transaction(ports: Ports) -> list[Step]:
    return [
        backend("web_servers"),
        server("web_servers", "server1", ports.web[0]),
        server("web_servers", "server2", ports.web[1]),
        ("frontends", {}, {"name": "fe_main", "mode": "http", "default_backend": "web_servers"}),
        (
            "binds",
            {"frontend": "fe_main"},
            {"name": "http", "address": "127.0.0.1", "port": ports.site},
        ),
    ]


def second_transaction(ports: Ports) -> list[Step]:
    frontend = {"parent_type": "frontend", "parent_name": "fe_main"}
    deny = {
        "index": 0,
        "type": "deny",
        "cond": "if",
        "cond_test": "{ path -i /admin.php } !{ src 192.168.50.20/24 }",
    }
    acl = {
        "index": 0,
        "acl_name": "is_example",
        "criterion": "hdr(host)",
        "value": "-i www.example.local",
    }
    rule = {"index": 0, "name": "example_servers", "cond": "if", "cond_test": "is_example"}
    return [
        backend("example_servers"),
        server("example_servers", "server1", ports.example),
        ("acls", frontend, acl),
        ("backend_switching_rules", {"frontend": "fe_main"}, rule),
        ("http_request_rules", frontend, deny),
    ]


def expected_lines(ports: Ports) -> dict[str, list[str]]:
    """What stands in haproxy.cfg afterwards: section header to its lines, in any order."""
    return {
        "backend web_servers": [
            "mode http",
            "balance roundrobin",
            f"server server1 127.0.0.1:{ports.web[0]}",
            f"server server2 127.0.0.1:{ports.web[1]}",
        ],
        "frontend fe_main": [
            "mode http",
            f"bind 127.0.0.1:{ports.site} name http",
            "acl is_example hdr(host) -i www.example.local",
            "http-request deny if { path -i /admin.php } !{ src 192.168.50.20/24 }",
            "use_backend example_servers if is_example",
            "default_backend web_servers",
        ],
        "backend example_servers": [
            "mode http",
            "balance roundrobin",
            f"server server1 127.0.0.1:{ports.example}",
        ],
    }


def lines_by_section(text: str) -> dict[str, list[str]]:
    """The lines of a configuration, comments left out and blanks normalised, by section header."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        words = " ".join(line.split("#")[0].split())
        if words and not line[0].isspace():
            current = found.setdefault(words, [])
        elif words:
            current.append(words)
    return found


def assert_told(text: str, ports: Ports) -> None:
    """Assert that a configuration has the sections of the story, with exactly their lines."""
    found = lines_by_section(text)
    for header, lines in expected_lines(ports).items():
        assert sorted(found[header]) == sorted(lines), header
