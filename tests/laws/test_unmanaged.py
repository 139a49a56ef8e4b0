"""What no declaration knows is shown, kept, and ignored in a body."""

import pytest

from dataplane_core.resources.locate import owner
from tests.laws.support import Everything

TEXT = """\
global
  daemon
  future.setting 5   # not yet

backend b
  mode http
  balance bogus
  frobnicate x 'y z'
  .if feature(X)
  server s 127.0.0.1:1 weight 5 futureword check
  ".endif"
  server broken 'open
  server t 127.0.0.1:2
"""


@pytest.fixture
def api(tmp_path):
    return Everything(tmp_path, TEXT)


def test_unknown_lines_of_a_section_are_shown(api):
    assert api.get("global")["x_unmanaged"] == ["future.setting 5   # not yet"]
    shown = api.get("backends/b")["x_unmanaged"]
    assert shown == ["balance bogus", "frobnicate x 'y z'", "server broken 'open"]


def test_unknown_words_of_a_row_are_shown(api):
    known, plain = api.get("servers", backend="b")
    assert known["x_unmanaged"] == ["futureword"]
    assert "x_unmanaged" not in plain


def test_what_get_returned_can_be_put(api):
    before = api.text
    for path, query in (("global", {}), ("backends/b", {}), ("servers/s", {"backend": "b"})):
        api.change("PUT", path, api.get(path, **query), **query)
        assert api.text == before
    changed = {**api.get("servers/s", backend="b"), "weight": 6, "x_unmanaged": ["evil", "words"]}
    api.change("PUT", "servers/s", changed, backend="b")
    assert api.text == before.replace("weight 5", "weight 6")


ROUNDED = """\
global
  tune.ssl.lifetime 1500ms

backend b
  timeout connect 100us
  timeout queue 5s
  cookie SRV insert maxidle 1500ms maxlife 3m
  stick-table type ip size 1m expire 1500us
  http-request wait-for-body time 1500us at-least 1k
  server s 127.0.0.1:1 inter 100us weight 5
"""


def test_what_json_rounds_is_shown_as_it_stands(tmp_path):
    api = Everything(tmp_path, ROUNDED)
    assert api.get("global")["x_unmanaged"] == ["tune.ssl.lifetime 1500ms"]
    backend = api.get("backends/b")
    assert backend["connect_timeout"] == 1
    assert backend["stick_table"]["expire"] == 2  # HAProxy rounds up
    assert backend["x_unmanaged"] == [
        "timeout connect 100us",
        "cookie SRV insert maxidle 1500ms maxlife 3m",
        "stick-table type ip size 1m expire 1500us",
    ]
    assert api.get("servers/s", backend="b")["x_unmanaged"] == ["100us"]


def test_a_line_rewritten_for_another_property_keeps_the_value_that_json_rounds(tmp_path):
    api = Everything(tmp_path, ROUNDED)
    backend = api.get("backends/b")
    backend["cookie"]["maxlife"] = 120
    backend["stick_table"]["size"] = 5
    api.change("PUT", "backends/b", backend)
    api.change("PUT", "servers/s", {**api.get("servers/s", backend="b"), "weight": 6}, backend="b")
    query = {"parent_type": "backend", "parent_name": "b"}
    rule = {**api.get("http_request_rules/0", **query), "wait_at_least": 2}
    api.change("PUT", "http_request_rules/0", rule, **query)
    wanted = (
        ("maxlife 3m", "maxlife 120"),
        ("size 1m", "size 5"),
        ("weight 5", "weight 6"),
        ("at-least 1k", "at-least 2"),
    )
    expected = ROUNDED
    for old, new in wanted:
        expected = expected.replace(old, new)
    assert api.text == expected


def test_timers_that_haproxy_cannot_count_are_refused(tmp_path):
    api = Everything(tmp_path, ROUNDED)
    body = {**api.get("servers/s", backend="b"), "inter": 2**31}
    status, code, message = api.refused("PUT", "servers/s", body, backend="b")
    assert (status, code) == (422, 608)
    assert "inter must be from 0 to 2147483647" in message


GLOBALS = """\
global
  maxconn 10
  log 127.0.0.1 local0
  future.one 1

defaults
  mode http

# the second
global   # more
  nbthread 2
  log 127.0.0.1 local1
  future.two 2
"""


def test_several_global_sections_are_one(tmp_path):
    api = Everything(tmp_path, GLOBALS)
    shown = api.get("global")
    assert (shown["maxconn"], shown["nbthread"]) == (10, 2)
    assert shown["x_unmanaged"] == ["future.one 1", "future.two 2"]
    logs = {"parent_type": "global"}
    assert [one["facility"] for one in api.get("log_targets", **logs)] == ["local0", "local1"]
    api.change("PUT", "global", shown)
    assert api.text == GLOBALS
    api.change("PUT", "global", {**shown, "maxconn": 11, "nbthread": 3, "daemon": "enabled"})
    first = api.get("log_targets/0", **logs)
    api.change("PUT", "log_targets/0", {**first, "level": "notice"}, **logs)
    api.change("DELETE", "log_targets/1", **logs)
    api.change("POST", "log_targets", {**first, "index": 1, "facility": "local2"}, **logs)
    expected = (
        ("maxconn 10", "maxconn 11"), ("nbthread 2", "nbthread 3"), ("global\n", "global\n  daemon\n"), ("local0", "local0 notice"),
        ("  log 127.0.0.1 local1\n", ""), ("notice\n", "notice\n  log 127.0.0.1 local2\n"),
    )  # fmt: skip
    text = GLOBALS
    for old, new in expected:
        text = text.replace(old, new)
    assert api.text == text


def test_rows_of_a_section_that_its_name_does_not_reach_are_shown(tmp_path):
    rows = "  server s 127.0.0.1:1\n  http-request deny\n"
    text = f".if feature(X)\nbackend b\n{rows}.else\nbackend b\n  balance first\n{rows}.endif\n"
    api = Everything(tmp_path, text)
    first, second = api.get("backends")
    assert "x_unmanaged" not in first
    assert second["x_unmanaged"] == [line.strip() for line in rows.splitlines()]
    assert second["balance"] == {"algorithm": "first"}


def test_lines_that_others_override_are_shown(tmp_path):
    text = "backend b\n  balance first\n  fullconn 10\n  balance leastconn\n  fullconn 10\n  fullconn 10\n"
    api = Everything(tmp_path, text)
    shown = api.get("backends/b")
    assert shown["balance"] == {"algorithm": "leastconn"}
    assert shown["x_unmanaged"] == ["balance first"]
    api.change("PUT", "backends/b", shown)
    assert api.text == text


def test_every_kind_of_section_has_an_object(tmp_path):
    text = "global\nlog-profile p\n  on error format x\nnamespace_list\n  namespace n\n"
    api = Everything(tmp_path, text)
    assert [kind for kind in api.registry.language.kinds if owner(api.registry.collections.values(), kind) is None] == []
    assert api.get("log_profiles") == [{"name": "p", "x_unmanaged": ["on error format x"]}]
    assert api.get("log_profiles/p")["x_unmanaged"] == ["on error format x"]
    assert api.get("namespaces") == {"x_unmanaged": ["namespace n"]}


def test_rows_that_a_version_lacks_are_shown_as_unknown_there(tmp_path):
    api = Everything(tmp_path, "defaults d\n  acl a src 127.0.0.1\n  mode http\n")
    assert api.get("named_defaults/d")["x_unmanaged"] == ["acl a src 127.0.0.1"]
    shown = api.call("GET", "/v3/services/haproxy/configuration/defaults/d").json
    assert "x_unmanaged" not in shown
    before = api.text
    api.change("PUT", "named_defaults/d", {**api.get("named_defaults/d"), "mode": "tcp"})
    assert api.text == before.replace("mode http", "mode tcp")
