"""Listening addresses: names that are made up, and keywords that stand several times."""

import pytest

from dataplane_core.text import Line
from dataplane_plugins.configuration.common.addresses import address_name
from dataplane_plugins.configuration.servers.binds import BIND
from tests.configuration.support import read, rewritten, written


@pytest.mark.parametrize("address", [":80", "*:80", ":::80", "[::]:80", ":80-90", "/run/a.sock", "abns@a"])
def test_a_nameless_address_is_known_by_its_text(address):
    assert address_name(Line(f"  bind {address} ssl  # why\n")) == address


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("bind :::443 v4v6", {"address": "::", "port": 443, "v4v6": True}),
        ("bind quic4@:443 quic-cc-algo cubic", {"address": "quic4@", "port": 443, "quic-cc-algo": "cubic"}),
        (
            "bind :443 quic-cc-algo cubic(1m,32) ssl",
            {
                "port": 443,
                "quic-cc-algo": "cubic",
                "quic_cc_algo_max_window": 1024,
                "quic_cc_algo_burst_size": 32,
                "ssl": True,
            },
        ),
        ("bind :443 quic-cc-algo cubic(1000) ssl", {"port": 443, "ssl": True}),
        ("bind fd@3 expose-fd listeners", {"address": "fd@3", "expose_fd_listeners": True}),
        ("bind :80,:81 interface eth0", {"address": ":80,", "port": 81, "interface": "eth0"}),
        ("bind :443 crt a crt b ssl", {"port": 443, "ssl_certificate": "a", "ssl": True}),
        ("bind :443 default-crt a default-crt b", {"port": 443, "default_crt_list": ["a", "b"]}),
        ("bind :443 no-tls-tickets no-tlsv10", {"port": 443, "no_tls_tickets": True, "no_tlsv10": True}),
    ],
)
def test_what_a_line_says(line, values):
    assert read(BIND, line) == values
    assert rewritten(BIND, line) == line


@pytest.mark.parametrize(
    ("line", "change", "after"),
    [
        ("bind :443 crt a crt b ssl", {"ssl_certificate": "c"}, "bind :443 crt c crt b ssl"),
        ("bind :443 crt a crt b ssl", {"ssl_certificate": None}, "bind :443 crt b ssl"),
        ("bind :443 ssl", {"name": "tls"}, "bind :443 name tls ssl"),
        ("bind :::443 ssl", {"ssl": None}, "bind :::443"),
        ("bind :80-90", {"port-range-end": None}, "bind :80"),
        ("bind :443 quic-cc-algo cubic(1m)", {"ssl": True}, "bind :443 ssl quic-cc-algo cubic(1m)"),
    ],
)
def test_only_what_changes_is_written_anew(line, change, after):
    assert rewritten(BIND, line, **change) == after


def test_a_new_line_has_keywords_in_their_order():
    line = written(BIND, port=443, ssl=True, name="tls", ssl_certificate="a", alpn="h2", nice=1)
    assert line == "bind :443 name tls crt a ssl alpn h2 nice 1"


def test_an_address_or_a_port_is_needed():
    assert [problem.message for problem in BIND.problems({"ssl": True})] == [
        "address or port in body is required"
    ]
