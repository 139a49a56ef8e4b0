"""Lines that people write and HAProxy 2.8 takes: shown as values, or as they stand, and put back."""

from pathlib import Path

import pytest

from dataplane_core.haproxy import binaries
from dataplane_core.testing.judging import check
from tests.laws.support import Everything, places

PROGRAM = binaries.installed().get("2.8")
TEXT = """\
global
  maxconn "10"
  nbthread "4"
  no strict-limits
  master-worker no-exit-on-failure
  localpeer lb1

defaults d
  mode http
  timeout connect 5s
  timeout client "5s"
  timeout server 15min
  no option forwarded

frontend f from d
  bind 127.0.0.1:18998
  stats show-node
  http-request sc-inc-gpc0 if { src 10.0.0.1 }
  http-response sc-inc-gpc1
  tcp-request content sc-inc-gpc0
  tcp-request content sc-set-gpt0 5

backend b from d
  option forwarded proto for
  option httpchk PROPFIND /x
  server-state-file-name
  http-check send meth REPORT uri /

peers p
  bind 127.0.0.1:18997
  server lb1
  server lb2 127.0.0.1:1024

peers q
  peer lb1 127.0.0.1:1024
  peer a "${PEER}:1024"
  peer c unix@/tmp/x shard 1
"""


@pytest.fixture
def api(tmp_path: Path) -> Everything:
    return Everything(tmp_path, TEXT)


@pytest.mark.haproxy
@pytest.mark.skipif(PROGRAM is None, reason="HAProxy 2.8 is not here; `embedded` has it")
def test_haproxy_takes_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEER", "127.0.0.1")
    path = tmp_path / "haproxy.cfg"
    path.write_text(TEXT)
    accepted, found = check(str(PROGRAM), path)
    assert accepted, found


def test_what_has_a_property_is_shown_and_what_has_none_stands_as_it_is(api: Everything) -> None:
    shown = api.get("global")
    assert (shown["maxconn"], shown["nbthread"], shown["master-worker"]) == (10, 4, True)
    assert shown["x_unmanaged"] == ["no strict-limits", "master-worker no-exit-on-failure"]
    defaults = api.get("named_defaults/d")
    assert (defaults["client_timeout"], defaults["server_timeout"]) == (5000, 900_000)
    assert defaults["x_unmanaged"] == ["no option forwarded"]
    assert api.get("frontends/f")["x_unmanaged"] == ["stats show-node"]
    backend = api.get("backends/b")
    assert backend["x_unmanaged"] == ["option forwarded proto for", "server-state-file-name"]
    assert backend["httpchk_params"] == {"method": "PROPFIND", "uri": "/x"}
    assert backend["http-check"]["method"] == "REPORT"


@pytest.mark.parametrize(
    ("path", "parent", "rules"),
    [
        (
            "http_request_rules",
            "frontend",
            [{"type": "sc-inc-gpc0", "cond": "if", "cond_test": "{ src 10.0.0.1 }"}],
        ),
        ("http_response_rules", "frontend", [{"type": "sc-inc-gpc1"}]),
        (
            "tcp_request_rules",
            "frontend",
            [
                {"type": "content", "action": "sc-inc-gpc0"},
                {"type": "content", "action": "sc-set-gpt0", "sc_int": 5},
            ],
        ),
    ],
)
def test_actions_on_the_first_counter(api: Everything, path, parent, rules) -> None:
    shown = api.get(path, parent_type=parent, parent_name="f")
    assert shown == [{"index": at, **rule} for at, rule in enumerate(rules)]


def test_peers_without_a_port_are_entries_without_one(api: Everything) -> None:
    servers = api.get("servers", parent_type="peers", parent_name="p")
    assert servers == [{"name": "lb1"}, {"name": "lb2", "address": "127.0.0.1", "port": 1024}]
    assert api.get("peer_entries", peer_section="q") == [
        {"name": "lb1", "address": "127.0.0.1", "port": 1024},
        {"name": "a", "address": '"${PEER}:1024"'},
        {"name": "c", "address": "unix@/tmp/x", "shard": 1},
    ]


def test_everything_can_be_put_back(api: Everything) -> None:
    tried = 0
    for one in api.registry.collections.values():
        if "replace" not in one.operations or one.name == "traces":
            continue
        for path, query in list(places(api, one)):
            api.change("PUT", path, api.get(path, **query), **query)
            assert api.text == TEXT, path
            tried += 1
    assert tried > 12


def test_a_changed_condition_leaves_the_action_as_it_is_written(api: Everything) -> None:
    query = {"parent_type": "frontend", "parent_name": "f"}
    rule = {**api.get("http_request_rules/0", **query), "cond": "unless"}
    api.change("PUT", "http_request_rules/0", rule, **query)
    assert api.text == TEXT.replace("sc-inc-gpc0 if {", "sc-inc-gpc0 unless {")
