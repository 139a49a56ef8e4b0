"""What the interface ignores is ignored, with a warning that names it; real clients send it."""

from pathlib import Path
from typing import Any

import pytest

from tests.laws.support import Everything

TEXT = """\
defaults
    mode http
frontend zz
    bind 127.0.0.1:18999
backend zb
    server s1 127.0.0.1:80 check newword x   # why
    server s2 127.0.0.1:81
"""
ZZ, ZB = {"frontend": "zz"}, {"backend": "zb"}
RULES = {"parent_type": "frontend", "parent_name": "zz"}
IGNORED: list[tuple[str, dict[str, str], dict[str, Any], str, str]] = [
    ("binds", ZZ, {"name": "b2", "address": "127.0.0.1", "port": 82, "parent_name": "zz", "parent_type": "frontend"},
     "parent_name, parent_type", "bind 127.0.0.1:82 name b2"),
    ("backends", {}, {"name": "b", "HttpchkParams": {"method": "GET", "uri": "/"}},
     "HttpchkParams (did you mean httpchk_params?)", "backend b"),
    ("backends", {}, {"name": "b", "Mode": "tcp", "ADV_CHECK": "tcp-check"}, "", "mode tcp"),
    ("servers", ZB, {"name": "s3", "address": "a", "weigth": 5, "bogus": None, "x_mine": 1},
     "weigth (did you mean weight?)", "server s3 a"),
    ("http_request_rules", RULES, {"index": 0, "type": "deny", "redir_code": 302, "var_name": "x"},
     "var_name, redir_code", "http-request deny"),
    ("http_request_rules", RULES, {"index": 0, "type": "sc-inc-gpc0", "sc_id": 1, "sc_int": 4},
     "sc_int", "http-request sc-inc-gpc0(1)"),
    ("http_request_rules", RULES, {"index": 0, "type": "return", "return_content": "x"},
     "return_content", "http-request return"),
    ("http_request_rules", RULES, {"index": 0, "type": "return", "return_content_format": "default-errorfiles",
                                   "return_content": "x", "return_hdrs": [{"name": "a", "fmt": "b"}]},
     "return_content, return_hdrs", "http-request return default-errorfiles"),
    ("backends", {}, {"name": "b", "adv_check": "tcp-check", "httpchk_params": {"uri": "/"}},
     "httpchk_params.uri", "option tcp-check"),
    ("backends", {}, {"name": "b", "cookie": {"name": "A", "type": "rewrite", "indirect": True}},
     "cookie.indirect", "cookie A rewrite"),
    ("backends", {}, {"name": "b", "http-check": {"index": 0, "type": "disable-on-404", "uri": "/"}},
     "http-check.uri", "http-check disable-on-404"),
    ("backends", {}, {"name": "b", "httpchk_params": {"uri": "/"}}, "httpchk_params.uri", "backend b"),
    ("backends", {}, {"name": "b", "stats_options": {"stats_http_requests": [{"type": "allow", "realm": "x"}]}},
     "stats_options.stats_http_requests.0.realm", "stats http-request allow"),
]  # fmt: skip
"""A collection, its query, a body, what is ignored, and the line that is written."""


def ignored(text: str) -> str:
    return f'299 dataplane "ignored properties: {text}"'


@pytest.fixture
def api(tmp_path: Path) -> Everything:
    return Everything(tmp_path, TEXT)


@pytest.mark.parametrize(("path", "query", "body", "names", "line"), IGNORED)
def test_what_says_nothing_is_named_and_left_out(
    api: Everything, path: str, query: dict[str, str], body: dict[str, Any], names: str, line: str
) -> None:
    answer = api.call("POST", path, body, version=api.version, **query)
    assert answer.status_code in (201, 202), answer.text
    assert answer.headers.get("warning") == (ignored(names) if names else None)
    new = [text.strip() for text in api.text.splitlines() if text not in TEXT.splitlines()]
    assert line in new


@pytest.mark.parametrize(("path", "query", "body", "names", "line"), [case for case in IGNORED if case[3]])
def test_the_strict_setting_refuses_it(
    tmp_path: Path, path: str, query: dict[str, str], body: dict[str, Any], names: str, line: str
) -> None:
    api = Everything(tmp_path, TEXT, dataplane__unknown_properties="refuse")
    answer = api.call("POST", path, body, version=api.version, **query)
    assert answer.status_code == 422, answer.text
    for name in names.split(", "):
        assert name.split(" ")[0] in answer.json["message"]


@pytest.mark.parametrize("strict", ["ignore", "refuse"])
@pytest.mark.parametrize(
    "value",
    ["a\n  daemon", "a b", "a # b", 'a "b', "a\r", "a\x00", "a\u2028b", "a\\"],
    ids=ascii,
)
def test_nothing_becomes_another_word_in_either_mode(
    tmp_path: Path, value: str, strict: str
) -> None:
    api = Everything(tmp_path, TEXT, dataplane__unknown_properties=strict)
    before = api.text
    for body in ({"name": value, "address": "a"}, {"name": "n", "address": value}):
        assert api.call("POST", "servers", body, version=1, **ZB).status_code == 422
    body = {"index": 0, "type": "set-header", "hdr_name": value, "hdr_format": "x", value: value}
    assert api.call("POST", "http_request_rules", body, version=1, **RULES).status_code == 422
    assert api.text == before


def test_a_value_of_another_json_type_is_refused(api: Everything) -> None:
    body = {"name": "n", "address": "a", "weight": "5"}
    answer = api.call("POST", "servers", body, version=1, **ZB)
    assert (answer.status_code, answer.json["code"]) == (400, 400)


def test_unknown_words_are_named_where_they_are_lost(api: Everything) -> None:
    body = api.get("servers/s1", **ZB)
    assert body["x_unmanaged"] == ["newword", "x"]
    copied = api.call("POST", "servers", {**body, "name": "s3"}, version=api.version, **ZB)
    assert copied.headers["warning"] == ignored("x_unmanaged (newword x)")
    other = api.call("PUT", "servers/s2", {**body, "name": "s2"}, version=api.version, **ZB)
    assert other.headers["warning"] == ignored("x_unmanaged (newword x)")
    same = api.call("PUT", "servers/s1", {**body, "weight": 5}, version=api.version, **ZB)
    assert "warning" not in same.headers
    assert "    server s1 127.0.0.1:80 check weight 5 newword x   # why\n" in api.text


def test_disabled_is_the_absence_of_what_haproxy_cannot_switch_off(api: Everything) -> None:
    body = {"name": "b", "tcpka": "disabled", "mode": "http"}
    answer = api.call("POST", "backends", body, version=api.version)
    assert answer.status_code in (201, 202), answer.text
    assert "warning" not in answer.headers
    assert "backend b\n  mode http\n" in api.text
    body = {**api.get("backends/b"), "tcpka": "enabled"}
    assert api.call("PUT", "backends/b", body, version=api.version).status_code in (200, 202)
    assert "option tcpka" in api.text
    body["tcpka"] = "disabled"
    assert api.call("PUT", "backends/b", body, version=api.version).status_code in (200, 202)
    assert "tcpka" not in api.text
