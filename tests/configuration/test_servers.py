"""Servers: what the recorded cases leave open, in both directions."""

import pytest

from dataplane_plugins.configuration.servers.server_templates import SERVER_TEMPLATE
from dataplane_plugins.configuration.servers.servers import LIVE, SERVER
from tests.configuration.support import read, rewritten, written

AT = {"name": "a", "address": "10.0.0.1", "port": 80}


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("server a 10.0.0.1:80 no-tlsv10", {**AT, "force_tlsv10": "disabled"}),
        ("server a 10.0.0.1:80 no-sslv3", {**AT, "no_sslv3": "enabled"}),
        ("server a 10.0.0.1:80 inter 2s rise 3", {**AT, "inter": 2000, "rise": 3}),
        (
            "server a 10.0.0.1:80 source 10.0.0.2:1-9 usesrc hdr_ip(x-for,-1) interface eth0 weight 3",
            {
                **AT,
                "source": "10.0.0.2:1-9",
                "source_usesrc": "hdr_ip(x-for,-1)",
                "source_interface": "eth0",
                "weight": 3,
            },
        ),
        ("server a ::1:80", {"name": "a", "address": "::1", "port": 80}),
        ("server a 10.0.0.1:+100", {"name": "a", "address": "10.0.0.1:+100"}),
        ("server a 10.0.0.1:80 maxconn 10k check", {**AT, "check": "enabled"}),
        ("server a 10.0.0.1:80 tomorrow 5 check", {**AT, "check": "enabled"}),
    ],
)  # fmt: skip
def test_what_a_line_says(line, values):
    assert read(SERVER, line) == values
    assert rewritten(SERVER, line) == line


@pytest.mark.parametrize(
    ("line", "change", "after"),
    [
        ("server a ::1:80 inter 2s", {"weight": 3}, "server a ::1:80 inter 2s weight 3"),
        ("server a ::1:80 inter 2s", {"port": 81}, "server a [::1]:81 inter 2s"),
        ("server a b maxconn 10k check", {"weight": 3}, "server a b maxconn 10k check weight 3"),
        ("server a b maxconn 10k check", {"maxconn": 7}, "server a b maxconn 7 check"),
        ("server a b tomorrow 5 check", {"weight": 3}, "server a b tomorrow 5 check weight 3"),
        ("server a b weight 3 check", {"name": "c", "check": "disabled"}, "server c b weight 3 no-check"),
        ("server a b no-tlsv10 check", {"force_tlsv10": "enabled"}, "server a b force-tlsv10 check"),
        ("server a b check weight 3", {"ssl": "enabled"}, "server a b check ssl weight 3"),
        (
            "server a b set-proxy-v2-tlv-fmt(0x20) %[src] set-proxy-v2-tlv-fmt(0x21) %[dst]",
            {"set__proxy__v2__tlv__fmt.value": "%[fc_pp]"},
            "server a b set-proxy-v2-tlv-fmt(0x20) %[fc_pp] set-proxy-v2-tlv-fmt(0x21) %[dst]",
        ),
    ],
)  # fmt: skip
def test_only_what_changes_is_written_anew(line, change, after):
    assert rewritten(SERVER, line, **change) == after


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"no_tlsv11": "enabled"}, "no-tlsv11"),
        ({"no_tlsv11": "enabled", "force_tlsv11": "enabled"}, "force-tlsv11"),
        ({"no_verifyhost": "enabled"}, ""),
        ({"check_via_socks4": "disabled"}, ""),
        ({"maintenance": "disabled"}, "enabled"),
    ],
)
def test_switches_that_two_properties_say(values, line):
    assert written(SERVER, **AT, **values) == f"server a 10.0.0.1:80 {line}".strip()


def test_properties_that_a_running_process_takes_exist():
    assert {prop.name for prop in SERVER.props if prop.live} == set(LIVE)


def test_a_template_has_a_host_and_a_range():
    line = "server-template web 1-3 _http._tcp.example.com:80 resolvers dns check"
    values = read(SERVER_TEMPLATE, line)
    assert (values["num_or_range"], values["fqdn"], values["port"]) == ("1-3", "_http._tcp.example.com", 80)
    assert rewritten(SERVER_TEMPLATE, line, num_or_range="5").startswith("server-template web 5 _http")
