"""What looks like a number to Python and is none, in the file and in bodies."""

from pathlib import Path

import pytest

from tests.laws.support import Everything

TEXT = """\
global
  tune.bufsize ²
  stats socket /nowhere/sock process ² level admin

frontend f1
  bind :80
  http-request sc-inc-gpc(１,2)
  http-request sc-inc-gpc({long},2)
  http-request deny

backend b1
  stick-table type ip size 1k store gpc(²)
"""
LONG = "9" * 5000
"""More digits than Python turns into a number."""


@pytest.fixture
def api(tmp_path: Path) -> Everything:
    return Everything(tmp_path, TEXT.format(long=LONG))


def test_rules_with_odd_numbers_are_no_rules(api):
    found = api.get("http_request_rules", parent_type="frontend", parent_name="f1")
    assert found == [{"index": 0, "type": "deny"}]


def test_sections_with_odd_numbers_are_read(api):
    assert api.get("global")["runtime_apis"][0]["process"] == "²"
    assert api.get("backends/b1")["stick_table"]["store"] == "gpc(²)"


@pytest.mark.parametrize("path", ["stick_tables", "stick_table_entries", "info"])
def test_sockets_with_odd_numbers_are_asked(api, path):
    query = {"stick_table": "b1", "process": 1}
    answer = api.call("GET", f"/v2/services/haproxy/runtime/{path}", **query)
    assert answer.status_code == 503
    assert "/nowhere/sock" in answer.json["message"]


@pytest.mark.parametrize("mss", [LONG, f"-{LONG}", "0", "65536"])
def test_a_segment_size_too_large(api, mss):
    body = {"name": "b", "address": "*", "port": 81, "mss": mss}
    assert api.refused("POST", "binds", body, frontend="f1")[:2] == (422, 605)
