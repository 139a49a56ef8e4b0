"""What release 2.0 announced of stick tables: made, counting, read and set over HTTP."""

from typing import Any

import pytest

from tests.announced.support import Balancer

pytestmark = [pytest.mark.haproxy, pytest.mark.server]

TABLE = {"name": "login_requests", "stick_table": {
    "type": "ip", "size": 1048576, "expire": 1800000, "store": "http_req_cnt,http_req_rate(10s),gpc0"
}}  # fmt: skip
HERE = {"stick_table": "login_requests", "process": 1}
TRACKED = "  http-request track-sc0 src table login_requests\n"
RULES: list[dict[str, Any]] = [
    {"index": 0, "type": "track-sc0", "track-sc0-key": "src", "track-sc0-table": "login_requests"},
    {"index": 0, "type": "track-sc", "track_sc_key": "src", "track_sc_table": "login_requests",
     "track_sc_stick_counter": 0},
]  # fmt: skip


def counted(lb: Balancer, key: str) -> dict[str, Any]:
    """The entry of an address; empty if there is none."""
    found = lb.get("runtime/stick_table_entries", key=key, **HERE)
    return found[0] if found else {}


def count(lb: Balancer, rule: dict[str, Any]) -> None:
    """Make the table and a rule that counts in it."""
    lb.change("POST", "backends", TABLE)
    lb.change("POST", "http_request_rules", rule, parent_type="frontend", parent_name="fe_main")
    assert TRACKED in lb.text


def test_a_table_is_shown_as_it_was_made(lb: Balancer) -> None:
    lb.change("POST", "backends", TABLE)
    size, expire = lb.spelled("1048576", "1m"), lb.spelled("1800000", "30m")
    counters = "http_req_cnt,http_req_rate(10s),gpc0"
    assert f"  stick-table type ip size {size} expire {expire} store {counters}\n" in lb.text
    assert lb.get("configuration/backends/login_requests")["stick_table"] == TABLE["stick_table"]
    [listed] = lb.get("runtime/stick_tables")
    assert lb.get("runtime/stick_tables/login_requests", process=1) == listed
    told = {"name": "login_requests", "type": "ip", "size": 1048576, "used": 0}
    if lb.spoken == "v2":
        told["process"] = 1
    assert listed.items() >= told.items()
    fields = {one["field"]: (one["type"], one.get("period")) for one in listed["fields"]}
    assert fields == {"http_req_cnt": ("counter", None), "http_req_rate": ("rate", 10000),
                      "gpc0": ("counter", None)}  # fmt: skip
    assert lb.get("runtime/stick_table_entries", **HERE) == []


@pytest.mark.parametrize("rule", RULES, ids=["as in 2.0", "as in 2.9"])
def test_requests_are_counted_for_each_address(lb: Balancer, rule: dict[str, Any]) -> None:
    if lb.spoken == "v3" and rule is RULES[0]:
        pytest.skip("version 3 has no rules as in 2.0")
    count(lb, rule)
    for source, requests in (("127.0.0.2", 3), ("127.0.0.3", 5)):
        for _ in range(requests):
            assert lb.fetch(source=source) == (200, "be_main")
        entry = counted(lb, source)
        assert (entry["key"], entry["http_req_cnt"], entry["http_req_rate"]) == (
            source,
            requests,
            requests,
        )
        assert 0 < entry["exp"] <= 1800000
    told = {
        one["key"]: one["http_req_cnt"] for one in lb.get("runtime/stick_table_entries", **HERE)
    }
    assert told == {"127.0.0.2": 3, "127.0.0.3": 5}
    [busiest] = lb.get("runtime/stick_table_entries", filter="http_req_cnt gt 4", **HERE)
    assert busiest["key"] == "127.0.0.3"
    assert lb.get("runtime/stick_tables/login_requests", process=1)["used"] == 2


def test_what_is_set_decides_over_visitors(lb: Balancer) -> None:
    count(lb, RULES[1])
    deny = {"index": 1, "type": "deny", "deny_status": 429, "cond": "if",
            "cond_test": "{ sc0_get_gpc0 gt 0 }"}  # fmt: skip
    lb.change("POST", "http_request_rules", deny, parent_type="frontend", parent_name="fe_main")
    pid = lb.pid
    for value, status in ((1, 429), (0, 200)):
        body = {"key": "127.0.0.2", "data_type": {"gpc0": value}}
        assert lb.call("POST", "runtime/stick_table_entries", body, **HERE).status == 204
        assert counted(lb, "127.0.0.2")["gpc0"] == value
        assert lb.fetch(source="127.0.0.2")[0] == status
        assert lb.fetch(source="127.0.0.3") == (200, "be_main")
    assert lb.pid == pid
