"""Lists of rules that `/v3` replaces as a whole: the smallest edit of the file, judged by HAProxy."""

import difflib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness.server import ApiServer, Client

pytestmark = pytest.mark.server

TOP = "/v3/services/haproxy/configuration"
RULES = f"{TOP}/frontends/fe/http_request_rules"
MANY = 200
HEAD = """\
global
\tstats timeout   30s

defaults base
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s

frontend fe from base
  bind 127.0.0.1:8080   # somewhere
  acl local src 127.0.0.0/8
  # the rules, by hand
"""
TAIL = """\
  # behind the rules
  filter bwlim-in slow default-limit 625k default-period 1s
  default_backend be

backend be from base
  stick-table type ip size 1k expire 30s store gpc(4),gpt(4)
\ttcp-request inspect-delay   5000  # enough
\ttcp-request content set-var(txn.a)  src # why
\thttp-check connect   port 8080
\ttcp-response content sc-add-gpc(0,1)  2
\tstick on src   # for ever
  server s1 127.0.0.1:8081
"""


def rule(number: int) -> str:
    """A rule as people write it: every form of blanks, a comment behind it or above it."""
    lines = {
        0: f"  http-request set-header   X-{number} '%[src]'  # number {number}\n",
        1: f"\thttp-request deny deny_status 403 if {{ path /{number} }}\n",
        2: f"  # about {number}\n  http-request set-var(txn.v{number}) str(a) unless local\n",
        3: f"    http-request track-sc{number % 3} src  table be if local\n\n",
        4: f'  http-request set-uri /{number}%[path] # {{"owner":"me"}}\n',
    }
    return lines[number % len(lines)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, haproxy_program: str) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("lists")
    configuration = folder / "haproxy.cfg"
    configuration.write_text(HEAD + "".join(map(rule, range(MANY))) + TAIL)
    checked = {"validate_cmd": f"{haproxy_program} -c -f {{file}}"}
    with ApiServer(configuration, folder / "run", {"haproxy": {"reload": checked}}) as started:
        yield started


@pytest.fixture
def client(server: ApiServer) -> Iterator[Client]:
    """A client; the file is as it was when a test ends."""
    before = server.configuration.read_text()
    client = server.client()
    yield client
    answer = client.call("POST", f"{TOP}/raw", text=before, version=client.version())
    assert answer.status < 300, answer.body


def changes(server: ApiServer, before: str) -> list[str]:
    """The lines that are not as before, with their signs; that of the version is left out."""
    after = server.configuration.read_text().splitlines()
    found = difflib.unified_diff(before.splitlines(), after, lineterm="", n=0)
    marked = (line for line in found if line[:1] in "+-" and line[:3] not in ("+++", "---"))
    return [line for line in marked if "_version" not in line and "_md5hash" not in line]


def put(client: Client, path: str, body: Any) -> Any:
    answer = client.call("PUT", path, body, version=client.version(), force_reload="true")
    assert answer.status == 200, answer.body
    return answer.json


def test_one_of_two_hundred_rules_is_one_line(server: ApiServer, client: Client) -> None:
    before = server.configuration.read_text()
    rules = client.call("GET", RULES).json
    assert len(rules) == MANY
    rules[101]["deny_status"] = 404
    assert put(client, RULES, rules) == rules
    assert changes(server, before) == [
        "-\thttp-request deny deny_status 403 if { path /101 }",
        "+\thttp-request deny deny_status 404 if { path /101 }",
    ]
    assert client.call("GET", RULES).json == rules


def test_a_rule_between_others_leaves_their_lines_and_comments(
    server: ApiServer, client: Client
) -> None:
    before = server.configuration.read_text()
    rules = client.call("GET", RULES).json
    del rules[150]
    rules.insert(30, {"type": "set-priority-class", "expr": "int(3)", "cond": "if", "cond_test": "local"})
    put(client, RULES, rules)
    assert changes(server, before) == [
        "+  http-request set-priority-class int(3) if local",
        "-  http-request set-header   X-150 '%[src]'  # number 150",
    ]


LISTS = [
    "frontends/fe/acls",
    "frontends/fe/http_request_rules",
    "frontends/fe/filters",
    "backends/be/tcp_request_rules",
    "backends/be/tcp_response_rules",
    "backends/be/http_checks",
    "backends/be/stick_rules",
]


@pytest.mark.parametrize("path", LISTS)
def test_what_is_shown_and_put_back_changes_nothing(
    server: ApiServer, client: Client, path: str
) -> None:
    before = server.configuration.read_text()
    shown = client.call("GET", f"{TOP}/{path}").json
    assert shown
    put(client, f"{TOP}/{path}", shown)
    for at, one in enumerate(shown):
        if at < 5:
            put(client, f"{TOP}/{path}/{at}", one)
    assert changes(server, before) == []


def test_what_an_older_version_puts_loses_nothing_that_only_this_one_says(
    server: ApiServer, client: Client
) -> None:
    before = server.configuration.read_text()
    parent = {"parent_type": "frontend", "parent_name": "fe"}
    old = "/v2/services/haproxy/configuration/http_request_rules/4"
    shown = client.call("GET", old, **parent).data
    assert shown == {"index": 4, "type": "set-uri", "hdr_format": "/4%[path]"}
    body, version = {**shown, "cond": "if", "cond_test": "local"}, client.version()
    answer = client.call("PUT", old, body, version=version, force_reload="true", **parent)
    assert answer.status == 200, answer.body
    assert changes(server, before) == [
        '-  http-request set-uri /4%[path] # {"owner":"me"}',
        '+  http-request set-uri /4%[path] if local # {"owner":"me"}',
    ]
    assert client.call("GET", f"{RULES}/4").json == {
        "type": "set-uri",
        "uri-fmt": "/4%[path]",
        "cond": "if",
        "cond_test": "local",
        "metadata": {"owner": "me"},
    }


def test_versions_are_strict_about_choices_each_in_its_way(client: Client, server: ApiServer) -> None:
    both = {"type": "sc-set-gpt", "sc_id": 1, "sc_idx": 1, "sc_int": 5, "sc_expr": "src_port"}
    none = {"type": "sc-set-gpt", "sc_id": 1, "sc_idx": 1}
    for body in (both, none):
        answer = client.call("POST", f"{RULES}/0", body, version=client.version())
        assert (answer.status, answer.json["code"]) == (400, 400)
    old, parent = f"{TOP}/http_request_rules".replace("v3", "v2"), {"parent_type": "frontend"}
    answer = client.call(
        "POST", old, {"index": 0, **none}, version=client.version(), parent_name="fe", **parent
    )
    assert answer.status in (201, 202), answer.body
    shown = client.call("GET", f"{RULES}/0").json
    assert shown == none
    before = server.configuration.read_text()
    put(client, f"{RULES}/0", shown)
    assert changes(server, before) == []


def test_acls_of_defaults_are_in_this_version_alone(client: Client, server: ApiServer) -> None:
    acl = {"acl_name": "static", "criterion": "path_beg", "value": "/static"}
    assert put(client, f"{TOP}/defaults/base/acls", [acl]) == [acl]
    assert "\n  acl static path_beg /static\n" in server.configuration.read_text()
    assert client.call("GET", f"{TOP}/defaults/base/acls").json == [acl]
    parent = {"parent_type": "defaults", "parent_name": "base"}
    assert client.call("GET", f"{TOP}/acls".replace("v3", "v2"), **parent).status == 422
