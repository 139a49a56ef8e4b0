"""`/v1`: what it spells otherwise than later versions, and what it cannot say, which stays in the file."""

from difflib import unified_diff
from typing import Any

import pytest

from dataplane_core.testing.places import served
from tests.laws.support import Everything

V1 = "/v1/services/haproxy"
TEXT = """\
global
  stats socket /run/a.sock level admin gid 5 expose-fd listeners
  stats socket /run/b.sock level user

backend full
  balance uri  whole depth 8 # c
  cookie S httponly insert nocache # keep
  option httpchk GET /alive HTTP/1.1
  default-server inter 2s port 8080 ssl verify none
  server s1 10.0.0.1:80 check inter 3s weight 5 pool-max-conn 7

backend other
  balance hdr(host)  use_domain_only
  option mysql-check user x
  cookie S

backend bare
  balance random(2)
  option httpchk
  default-server ssl

frontend fe
  bind :80 accept-netscaler-cip 5
  acl a path_beg /x
  acl b path_beg /y
  default_backend other
"""


@pytest.fixture(scope="module")
def one_api(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    return Everything(tmp_path_factory.mktemp("v1"), TEXT)


@pytest.fixture
def api(one_api: Everything) -> Everything:
    """The application on a file that is as it was."""
    one_api.file.write_text(f"# _version={one_api.version + 1}\n{TEXT}")
    return one_api


def show(api: Everything, path: str, **query: str) -> Any:
    answer = api.call("GET", f"{V1}/{path}", **query)
    assert answer.status_code == 200, answer.text
    assert answer.json["_version"] == api.version
    return answer.json["data"]


def change(api: Everything, method: str, path: str, body: Any = None, **query: str) -> list[str]:
    """The lines that a change removes and adds."""
    before = api.text.splitlines()
    answer = api.call(method, f"{V1}/{path}", body, version=api.version, **query)
    assert answer.status_code == 202, answer.text
    return difference(before, api.text.splitlines())


def difference(before: list[str], after: list[str]) -> list[str]:
    lines = unified_diff(before, after, n=0, lineterm="")
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def backend(name: str) -> str:
    return f"configuration/backends/{name}"


FULL = {
    "name": "full",
    "balance": {"algorithm": "uri", "arguments": ["depth", "8", "whole"]},
    "cookie": "S",
    "httpchk": {"method": "GET", "uri": "/alive", "version": "HTTP/1.1"},
    "default_server": {"inter": 2000, "port": 8080},
}
OTHER = {
    "name": "other",
    "adv_check": "mysql-check",
    "balance": {"algorithm": "hdr", "arguments": ["use_domain_only"]},
    "cookie": "S",
}
BARE = {"name": "bare", "balance": {"algorithm": "random"}, "httpchk": {}}


def test_sections_are_shown_with_the_words_of_version_1(api: Everything) -> None:
    assert [show(api, backend(one["name"])) for one in (FULL, OTHER, BARE)] == [FULL, OTHER, BARE]
    assert show(api, "configuration/backends") == [FULL, OTHER, BARE]


CHANGES: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    (FULL, {}, []),
    (FULL, {"cookie": "N"}, ["-  cookie S httponly insert nocache # keep", "+  cookie N httponly insert nocache # keep"]),
    (FULL, {"cookie": None}, ["-  cookie S httponly insert nocache # keep"]),
    (FULL, {"cookie": ""}, ["-  cookie S httponly insert nocache # keep"]),
    (FULL, {"balance": None}, ["-  balance uri  whole depth 8 # c"]),
    (FULL, {"balance": {"algorithm": "uri", "arguments": ["whole", "depth", "8"]}}, []),
    (
        FULL,
        {"balance": {"algorithm": "uri", "arguments": ["depth", "9", "whole"]}},
        ["-  balance uri  whole depth 8 # c", "+  balance uri whole depth 9 # c"],
    ),
    (FULL, {"balance": {"algorithm": "uri"}}, ["-  balance uri  whole depth 8 # c", "+  balance uri # c"]),
    (
        FULL,
        {"balance": {"algorithm": "url_param", "arguments": ["sid", "check_post", "64"]}},
        ["-  balance uri  whole depth 8 # c", "+  balance url_param sid check_post 64 # c"],
    ),
    (
        FULL,
        {"balance": {"algorithm": "roundrobin", "arguments": []}},
        ["-  balance uri  whole depth 8 # c", "+  balance roundrobin # c"],
    ),
    (FULL, {"httpchk": None}, ["-  option httpchk GET /alive HTTP/1.1"]),
    (FULL, {"httpchk": {}}, ["-  option httpchk GET /alive HTTP/1.1", "+  option httpchk"]),
    (FULL, {"httpchk": {"uri": "/x"}}, ["-  option httpchk GET /alive HTTP/1.1", "+  option httpchk /x"]),
    (
        FULL,
        {"httpchk": None, "adv_check": "tcp-check"},
        ["-  option httpchk GET /alive HTTP/1.1", "+  option tcp-check"],
    ),
    (
        FULL,
        {"default_server": {"port": 1}},
        ["-  default-server inter 2s port 8080 ssl verify none", "+  default-server port 1 ssl verify none"],
    ),
    (
        FULL,
        {"default_server": None},
        ["-  default-server inter 2s port 8080 ssl verify none", "+  default-server ssl verify none"],
    ),
    (OTHER, {}, []),
    (OTHER, {"balance": {"algorithm": "uri"}}, ["-  balance hdr(host)  use_domain_only", "+  balance uri"]),
    (OTHER, {"adv_check": None, "httpchk": {}}, ["-  option mysql-check user x", "+  option httpchk"]),
    (OTHER, {"adv_check": "tcp-check"}, ["-  option mysql-check user x", "+  option tcp-check"]),
    (OTHER, {"adv_check": None}, ["-  option mysql-check user x"]),
    (BARE, {}, []),
    (BARE, {"balance": {"algorithm": "first"}}, ["-  balance random(2)", "+  balance first"]),
    (BARE, {"httpchk": None}, ["-  option httpchk"]),
]  # fmt: skip


@pytest.mark.parametrize(("shown", "given", "lines"), CHANGES)
def test_a_change_is_what_it_says_and_keeps_what_version_1_cannot_say(
    api: Everything, shown: dict[str, Any], given: dict[str, Any], lines: list[str]
) -> None:
    body = {name: value for name, value in {**shown, **given}.items() if value is not None}
    assert change(api, "PUT", backend(shown["name"]), body) == lines


def test_a_new_backend_has_its_check_balance_and_cookie(api: Everything) -> None:
    body = {"name": "n", "balance": {"algorithm": "roundrobin", "arguments": []}, "cookie": "C", "httpchk": {}}
    lines = change(api, "POST", "configuration/backends", body)
    assert [one for one in lines if one.strip("+")] == [
        "+backend n", "+  balance roundrobin", "+  option httpchk", "+  cookie C",
    ]  # fmt: skip


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"balance": {"algorithm": "uri", "arguments": [word]}}, "balance.arguments in body must be the words that HAProxy takes behind uri")
    for word in ("foo", "depth", "#")
] + [
    ({"balance": {"algorithm": "uri", "arguments": ["depth", "-9"]}}, "balance.arguments in body must be the words that HAProxy takes behind uri"),
    ({"balance": {"algorithm": "first", "arguments": ["x"]}}, "balance.arguments in body must be the words that HAProxy takes behind first"),
    ({"balance": {"algorithm": "url_param", "arguments": ["#a"]}}, "balance.arguments in body must be the words that HAProxy takes behind url_param"),
    ({"balance": {"algorithm": "url_param"}}, "balance.arguments in body is required"),
    ({"balance": {"arguments": ["x"]}}, "balance.algorithm in body is required"),
    ({"httpchk": {"method": "GET"}}, "httpchk.uri in body is required"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_words_that_are_no_arguments_are_refused(
    api: Everything, given: dict[str, Any], message: str
) -> None:
    refused = api.refused("PUT", f"{V1}/{backend('full')}", {**FULL, **given})
    assert (refused[0], refused[2]) == (422, message)


@pytest.mark.parametrize("arguments", [["a b"], ['"a\nb"'], ["a\nserver evil 1.2.3.4"], ["\0"]])
def test_an_argument_is_one_word_of_its_line(api: Everything, arguments: list[str]) -> None:
    given = {"balance": {"algorithm": "url_param", "arguments": arguments}}
    status, _, message = api.refused("PUT", f"{V1}/{backend('full')}", {**FULL, **given})
    assert (status, message.partition(" ")[0]) == (422, "balance.arguments.0")


def test_command_sockets_keep_what_version_1_cannot_say_of_them(api: Everything) -> None:
    shown = show(api, "configuration/global")
    assert shown["runtime_apis"][0] == {"address": "/run/a.sock", "level": "admin", "exposeFdListeners": True}
    shown["runtime_apis"][0] |= {"level": "user", "exposeFdListeners": False}
    assert change(api, "PUT", "configuration/global", shown) == [
        "-  stats socket /run/a.sock level admin gid 5 expose-fd listeners",
        "+  stats socket /run/a.sock level user gid 5",
    ]
    del shown["runtime_apis"][1]
    assert change(api, "PUT", "configuration/global", shown) == ["-  stats socket /run/b.sock level user"]


def test_servers_and_binds_keep_what_version_1_cannot_say_of_them(api: Everything) -> None:
    server = show(api, "configuration/servers/s1", backend="full")
    assert server == {"name": "s1", "address": "10.0.0.1", "port": 80, "check": "enabled", "inter": 3000, "weight": 5}
    changed = change(api, "PUT", "configuration/servers/s1", {**server, "weight": 7}, backend="full")
    assert changed[1] == "+  server s1 10.0.0.1:80 check inter 3s weight 7 pool-max-conn 7"
    bind = show(api, "configuration/binds", frontend="fe")[0]
    changed = change(api, "PUT", f"configuration/binds/{bind['name']}", {**bind, "port": 81}, frontend="fe")
    assert changed[1] == "+  bind :81 accept-netscaler-cip 5"


def test_rows_are_known_by_their_id(api: Everything) -> None:
    where = {"parent_type": "frontend", "parent_name": "fe"}
    shown = show(api, "configuration/acls", **where)
    assert [(one["id"], one["acl_name"]) for one in shown] == [(0, "a"), (1, "b")]
    new = {"id": 1, "acl_name": "n", "criterion": "src", "value": "10.0.0.0/8"}
    assert change(api, "POST", "configuration/acls", new, **where) == ["+  acl n src 10.0.0.0/8"]
    assert show(api, "configuration/acls/1", **where) == new
    assert change(api, "DELETE", "configuration/acls/1", **where) == ["-  acl n src 10.0.0.0/8"]
    assert api.call("GET", f"{V1}/configuration/acls/2", **where).status_code == 404
    path = f"{V1}/configuration/acls"
    unnumbered = {**new, "index": 1}
    del unnumbered["id"]
    assert api.refused("POST", path, unnumbered, **where)[2] == "id in body is required"
    del new["value"]
    assert api.refused("POST", path, new, **where)[2] == "value in body is required"


def test_what_is_required(api: Everything) -> None:
    binds, servers = f"{V1}/configuration/binds", f"{V1}/configuration/servers"
    assert api.refused("POST", binds, {"port": 81}, frontend="fe")[2] == "name in body is required"
    assert api.refused("POST", servers, {"name": "s9"}, backend="full")[2] == "address in body is required"


def test_a_site_keeps_how_its_farm_balances(api: Everything) -> None:
    site = show(api, "sites/fe")
    assert site["farms"][0]["balance"] == OTHER["balance"]
    assert change(api, "PUT", "sites/fe", site) == []
    site["farms"][0]["balance"] = FULL["balance"]
    assert change(api, "PUT", "sites/fe", site)[1] == "+  balance uri depth 8 whole"
    site["farms"][0]["balance"] = {"algorithm": "uri", "arguments": ["x"]}
    assert api.refused("PUT", f"{V1}/sites/fe", site)[2].startswith("farms.0.balance.arguments in body must")


def test_version_1_has_nothing_that_came_later(api: Everything) -> None:
    shapes = {route.shape for route in served(api, "v1").routes}
    assert len(shapes) < 60
    for gone in ("/health", "/services/haproxy/configuration/version", "/services/haproxy/runtime/info",
                 "/services/haproxy/storage/maps", "/services/haproxy/configuration/resolvers"):  # fmt: skip
        assert gone not in shapes
        assert api.call("GET", f"/v1{gone}").status_code == 404
    codec = served(api, "v1").view.codec(api.registry.collections["servers"])
    assert set(codec.root.children) == {
        "address", "allow_0rtt", "backup", "check", "cookie", "inter", "maintenance", "maxconn", "name", "on-error",
        "on-marked-down", "on-marked-up", "port", "send-proxy", "send-proxy-v2", "ssl", "ssl_cafile",
        "ssl_certificate", "tls_tickets", "verify", "weight", "x_unmanaged",
    }  # fmt: skip


def test_no_property_is_a_word_and_an_object_at_once(api: Everything) -> None:
    for one in api.app.served:
        for collection in one.view.collections:
            waiting = [one.view.codec(collection).root]
            while waiting:
                node = waiting.pop()
                waiting += node.children.values()
                assert not node.children or node.prop is None or node.prop.json == "object", node.path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("transactions", []),
        ("reloads", []),
        ("sites", {"_version", "data"}),
        ("configuration/raw", {"_version", "data"}),
        ("configuration/defaults", {"_version", "data"}),
    ],
)
def test_answers_have_the_envelopes_of_version_1(api: Everything, path: str, shown: Any) -> None:
    answer = api.call("GET", f"{V1}/{path}")
    assert answer.status_code == 200
    assert (set(answer.json) if isinstance(answer.json, dict) else []) == shown
