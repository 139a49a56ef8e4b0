"""What release 2.0 announced of resolvers: traffic follows what a name server says."""

from typing import Any

import pytest

from tests.announced.names import NameServer, name_server
from tests.announced.support import Balancer
from tests.harness.sites import Site, serving
from tests.harness.waiting import until

pytestmark = [pytest.mark.haproxy, pytest.mark.server]

RESOLVER = {"name": "internal_dns", "accepted_payload_size": 4096, "hold_valid": 100,
            "hold_nx": 100, "hold_obsolete": 0, "resolve_retries": 3, "timeout_resolve": 100,
            "timeout_retry": 100, "parse-resolv-conf": False}  # fmt: skip


def resolve(lb: Balancer, names: NameServer, port: int) -> dict[str, Any]:
    """Have be_main's server resolved by the name server; the server."""
    lb.change("POST", "resolvers", RESOLVER)
    server = {"name": "dns1", "address": "127.0.0.1", "port": names.port}
    lb.change("POST", "nameservers", server, resolver="internal_dns")
    body = {"name": "s1", "address": "app.example.local", "port": port, "resolvers": "internal_dns",
            "init-addr": "none", "resolve-prefer": "ipv4"}  # fmt: skip
    lb.change("PUT", "servers/s1", body, backend="be_main")
    return body


def test_a_section_of_resolvers_says_what_was_sent(lb: Balancer) -> None:
    lb.change("POST", "resolvers", RESOLVER)
    for name, port in (("dns1", 53), ("dns2", 5353)):
        body = {"name": name, "address": "192.0.2.53", "port": port}
        lb.change("POST", "nameservers", body, resolver="internal_dns")
    soon = lb.spelled("100", "100ms")
    assert sorted(lb.section("resolvers internal_dns")) == [
        "accepted_payload_size 4096", f"hold nx {soon}", lb.spelled("hold obsolete 0", "hold obsolete 0ms"), f"hold valid {soon}",
        "nameserver dns1 192.0.2.53:53", "nameserver dns2 192.0.2.53:5353", "resolve_retries 3",
        f"timeout resolve {soon}", f"timeout retry {soon}",
    ]  # fmt: skip
    [shown] = lb.get("configuration/resolvers")
    assert shown["name"] == "internal_dns" and shown["hold_valid"] == 100
    lb.change("PUT", "resolvers/internal_dns", {**RESOLVER, "hold_valid": 200})
    assert lb.get("configuration/resolvers/internal_dns")["hold_valid"] == 200
    path, parent = "nameservers/dns2", {"resolver": "internal_dns"}
    lb.change("PUT", path, {"name": "dns2", "address": "192.0.2.54", "port": 53}, **parent)
    assert lb.get(f"configuration/{path}", **parent)["address"] == "192.0.2.54"
    lb.change("DELETE", path, **parent)
    assert [one["name"] for one in lb.get("configuration/nameservers", **parent)] == ["dns1"]
    lb.change("DELETE", "resolvers/internal_dns")
    assert "resolvers" not in lb.text


def test_traffic_follows_the_answers_of_a_name_server(lb: Balancer) -> None:
    first = Site("first", "127.0.0.21")
    second = Site("second", "127.0.0.22", first.port)
    with serving(first, second), name_server(app="127.0.0.21") as names:
        body = resolve(lb, names, first.port)
        assert lb.get("configuration/servers/s1", backend="be_main") == body
        until(lambda: lb.fetch() == (200, "first"))
        assert names.asked == {"app.example.local"}
        [state] = lb.get("runtime/servers", backend="be_main")
        assert (state["address"], state["port"]) == ("127.0.0.21", first.port)
        pid = lb.pid
        names.addresses["app.example.local"] = "127.0.0.22"
        until(lambda: lb.fetch() == (200, "second"))
        del names.addresses["app.example.local"]
        until(lambda: lb.fetch()[0] == 503)
        names.addresses["app.example.local"] = "127.0.0.21"
        until(lambda: lb.fetch() == (200, "first"))
        assert lb.pid == pid
