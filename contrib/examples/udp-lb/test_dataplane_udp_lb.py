"""The plugin's own tests: `pytest` in this folder, where the server is installed."""

import dataplane_udp_lb
import pytest

TEXT = "udp-lb dns\n  dgram-bind :53 name old\n  server dns1 192.0.2.1:53 # first\n"


@pytest.fixture
def server(local_server):
    return local_server(TEXT, [dataplane_udp_lb])


def test_declarations_keep_the_laws(dataplane_law):
    dataplane_law()


def test_it_answers_as_recorded(dataplane_case):
    dataplane_case()


def test_what_the_file_holds_is_read(server):
    assert server.get("udp_lbs/dns") == {"name": "dns", "address": ":53", "label": "old"}
    assert server.get("udp_targets", udp_lb="dns") == [{"name": "dns1", "address": "192.0.2.1:53"}]


def test_a_target_is_added(server):
    target = {"name": "dns2", "address": "192.0.2.2:53", "weight": 5}
    server.change("POST", "udp_targets", target, udp_lb="dns")
    assert server.text == TEXT + "  server dns2 192.0.2.2:53 weight 5\n"


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
def test_every_version_serves_it(server, version):
    base = f"/{version}/services/haproxy/configuration"
    below, query = f"{base}/udp_targets", {"udp_lb": "dns"}
    if version == "v3":
        below, query = f"{base}/udp_lbs/dns/udp_targets", {}
    assert server.get(f"{base}/udp_lbs/dns")["address"] == ":53"
    target = {"name": version, "address": "192.0.2.2:53"}
    server.change("POST", below, target, **query)
    assert server.get(f"{below}/{version}", **query) == target
    server.change("DELETE", f"{below}/{version}", **query)
    assert server.text == TEXT


def test_a_weight_has_limits(server):
    target = {"name": "dns2", "address": "192.0.2.2:53", "weight": 257}
    assert "weight" in server.refusal("POST", "udp_targets", target, udp_lb="dns")
