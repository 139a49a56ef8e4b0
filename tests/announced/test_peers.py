"""What release 2.0 announced of peers: what one load balancer counts, the other one knows."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.announced.support import Balancer, balancer
from tests.harness.server import free_port
from tests.harness.waiting import until

pytestmark = [pytest.mark.haproxy, pytest.mark.server]

TABLE: dict[str, Any] = {
    "type": "ip",
    "size": 1048576,
    "expire": 1800000,
    "store": "http_req_cnt,gpc0",
}
HERE = {"stick_table": "login_requests", "process": 1}
RULE = {
    "index": 0,
    "type": "track-sc0",
    "track-sc0-key": "src",
    "track-sc0-table": "login_requests",
}
LATER_RULE = {
    "index": 0,
    "type": "track-sc",
    "track_sc_key": "src",
    "track_sc_table": "login_requests",
    "track_sc_stick_counter": 0,
}


@pytest.fixture
def other(lb: Balancer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Balancer]:
    """A second load balancer of the same version."""
    with balancer(lb.program, tmp_path_factory.mktemp("lb2"), "lb2", spoken=lb.spoken) as found:
        yield found


def counting(lb: Balancer) -> None:
    """A table, and a rule that counts visitors in it."""
    with lb.together():
        lb.change("POST", "backends", {"name": "login_requests", "stick_table": TABLE})
        rule = RULE if lb.spoken == "v2" else LATER_RULE
        lb.change("POST", "http_request_rules", rule, parent_type="frontend", parent_name="fe_main")


def clustered(lb: Balancer, ports: dict[str, int]) -> None:
    """A section with all peers, and the table shared with them."""
    with lb.together():
        lb.change("POST", "peer_section", {"name": "lb_cluster"})
        for name, port in ports.items():
            body = {"name": name, "address": "127.0.0.1", "port": port}
            lb.change("POST", "peer_entries", body, peer_section="lb_cluster")
        shared = {"name": "login_requests", "stick_table": {**TABLE, "peers": "lb_cluster"}}
        lb.change("PUT", "backends/login_requests", shared)


def counts(lb: Balancer) -> dict[str, int]:
    """How often each address came, as far as a load balancer knows."""
    rows = lb.get("runtime/stick_table_entries", **HERE)
    return {row["key"]: row["http_req_cnt"] for row in rows}


def test_what_one_counts_the_other_knows(lb: Balancer, other: Balancer) -> None:
    ports = {"lb1": free_port(), "lb2": free_port()}
    for one in (lb, other):
        counting(one)
        clustered(one, ports)
    for _ in range(4):
        assert lb.fetch(source="127.0.0.2") == (200, "be_main")
    assert other.fetch(source="127.0.0.3") == (200, "be_main")
    for one in (lb, other):
        until(lambda: counts(one) == {"127.0.0.2": 4, "127.0.0.3": 1})  # noqa: B023
    body = {"key": "127.0.0.4", "data_type": {"http_req_cnt": 77}}
    assert other.call("POST", "runtime/stick_table_entries", body, **HERE).status == 204
    until(lambda: counts(lb).get("127.0.0.4") == 77)


def test_a_reload_keeps_what_was_counted(haproxy_program: str, tmp_path: Path) -> None:
    with balancer(haproxy_program, tmp_path, stop="1s") as lb:  # it teaches the next one before it ends
        counting(lb)
        clustered(lb, {"lb1": free_port()})
        until(lambda: resynchronised(lb))  # HAProxy gives its peers five seconds twice
        lb.fetch(source="127.0.0.2")
        pid = lb.pid
        lb.change("POST", "backends", {"name": "another"})
        until(lambda: counts(lb) == {"127.0.0.2": 1})
        assert lb.pid != pid


def resynchronised(lb: Balancer) -> bool:
    """Whether a process has stopped to wait for those that could know more; it teaches then."""
    flags = re.search(r"flags=(0x[0-9a-f]+)", lb.tell("show peers"))
    return flags is not None and int(flags[1], 16) & 3 == 3


def test_a_section_of_peers_says_what_was_sent(lb: Balancer) -> None:
    counting(lb)
    clustered(lb, {"lb1": 10000, "lb2": 10001})
    wanted = ["peer lb1 127.0.0.1:10000", "peer lb2 127.0.0.1:10001"]
    assert lb.section("peers lb_cluster") == wanted
    expire = lb.spelled("1800000", "30m")
    assert f"expire {expire} peers lb_cluster store http_req_cnt,gpc0\n" in lb.text
    assert [one["name"] for one in lb.get("configuration/peer_section")] == ["lb_cluster"]
    assert lb.get("configuration/peer_section/lb_cluster")["name"] == "lb_cluster"
    entry, parent = "peer_entries/lb2", {"peer_section": "lb_cluster"}
    body = {"name": "lb2", "address": "127.0.0.2", "port": 10002}
    lb.change("PUT", entry, body, **parent)
    assert lb.get(f"configuration/{entry}", **parent) == body
    with lb.together():
        lb.change("DELETE", entry, **parent)
        bare = {"name": "login_requests", "stick_table": TABLE}
        lb.change("PUT", "backends/login_requests", bare)
    assert [one["name"] for one in lb.get("configuration/peer_entries", **parent)] == ["lb1"]
    lb.change("DELETE", "peer_section/lb_cluster")
    assert "peers" not in lb.text
