"""Paths: slashes where they belong and where they do not."""

import json
from urllib.parse import unquote_to_bytes

import pytest

from dataplane_core.api.application import normal_path
from tests.api.support import CONFIGURATION
from tests.changes.whole import Whole


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("/v2/info", "/v2/info"),
        ("/v2/info/", "/v2/info"),
        ("//v2//info//", "/v2/info"),
        ("/v2/a%2Fb/c?x=1/2", "/v2/a\0b/c"),
        ("/v2/%2frun%2Fx/", "/v2/\0run\0x"),
        ("http://host:1/v2/a%2Fb", "/v2/a\0b"),
        ("http://host:1/v2//info", "/v2/info"),
        ("/", "/"),
        ("", "/"),
        ("//", "/"),
    ],
)
def test_normal_form(raw, expected):
    from urllib.parse import urlsplit

    path = urlsplit(raw).path if "://" in raw else raw.partition("?")[0]
    assert normal_path(unquote_to_bytes(path).decode("latin-1"), raw) == expected


def test_a_nul_is_in_no_path():
    assert normal_path("/v2/a\0b", "/v2/a%00b") == "/\0"


@pytest.mark.parametrize("path", ["gates/g1/", "/v2//services/haproxy//configuration/gates//g1"])
def test_slashes_too_many_are_tolerated(api, path):
    assert api.get(path)["name"] == "g1"


@pytest.mark.parametrize("path", ["Gates", "gates/g1/x", "gates/%00", "%67ates/g1/x", "gat%65s%2Fg1"])
def test_paths_that_do_not_exist(api, path):
    assert api.call("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("gates/%00", "gates/%00"),
        ("gates/a%00b%2Fc", "gates/a%00b/c"),
        ("gates/g%C3%B6%00", "gates/gö%00"),
        ("nope/%0d%0A%7F", "nope/%0D%0A%7F"),
        ("nope%C2%85", "nope%C2%85"),
        ("n%C3%B6pe/%ff", "nöpe/\ufffd"),
        ("nope%2Fx//y/", "nope/x//y/"),
    ],
)
def test_a_missing_path_is_told_as_it_was_asked_for(api, path, told):
    for method in ("GET", "PUT"):
        answer = api.call(method, path)
        assert answer.status_code == 404
        assert answer.json["message"] == f"path {CONFIGURATION}/{told} was not found"


def test_names_are_decoded_once(api):
    api.change("POST", "keepers", {"name": "a%2Fb", "address": "x"}, backend="be1")
    assert api.get("keepers/a%252Fb", backend="be1")["name"] == "a%2Fb"
    assert api.refused("GET", "keepers/a%2Fb", backend="be1")[0] == 404


def test_names_of_any_language(api):
    api.change("POST", "keepers", {"name": "größe", "address": "x"}, backend="be1")
    assert api.get("keepers/gr%C3%B6%C3%9Fe", backend="be1")["name"] == "größe"


@pytest.fixture
def odd(tmp_path):
    """A configuration with names that are not UTF-8, as HAProxy takes them."""
    made = Whole(tmp_path)
    text = b"\nbackend b\xff\n  server s\xff 192.0.2.1:80\n  http-request deny\n"
    made.file.write_bytes(made.file.read_bytes() + text)
    return made


def asked(api, method, path, body=None, **query):
    """Ask with the bytes in a path as they come from a server: falcon's client has no such."""
    version, _, rest = path.partition("/")
    info = f"/{version}/services/haproxy/configuration/{rest.partition('?')[0]}"
    extras = {"PATH_INFO": unquote_to_bytes(info).decode("latin-1"), "RAW_URI": info}
    content = None if body is None else json.dumps(body)
    head = {"Authorization": "Basic YWRtaW46cHc=", "Content-Type": "application/json"}
    words = "&".join([rest.partition("?")[2], *(f"{name}={value}" for name, value in query.items())])
    return api.client.simulate_request(method, "/", headers=head, body=content, query_string=words.strip("&"), extras=extras)


def test_a_name_that_a_list_shows_has_a_path_whatever_its_bytes_are(odd):
    names = [one["name"] for one in asked(odd, "GET", "v3/backends").json]
    assert names[-1] == "b\udcff"
    assert asked(odd, "GET", "v3/backends/b%FF").json["name"] == names[-1]
    assert asked(odd, "GET", "v2/backends/b%FF").json["data"]["name"] == names[-1]
    [server] = asked(odd, "GET", "v3/backends/b%FF/servers").json
    assert server["name"] == "s\udcff"
    assert asked(odd, "GET", "v2/servers/s%FF?backend=b%FF").json["data"] == server
    assert len(asked(odd, "GET", "v2/http_request_rules?parent_type=backend&parent_name=b%FF").json["data"]) == 1
    changed = asked(odd, "PUT", "v3/backends/b%FF/servers/s%FF", {**server, "port": 81}, version=odd.version)
    assert changed.status_code in (200, 202), changed.text
    assert b"  server s\xff 192.0.2.1:81\n" in odd.file.read_bytes()
    assert asked(odd, "DELETE", "v3/backends/b%FF", version=odd.version).status_code in (202, 204)
    assert b"\xff" not in odd.file.read_bytes()


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_bytes_that_are_no_name_are_missing_and_no_fault(odd, method):
    for version in ("v1", "v2", "v3"):
        for path in (
            "backends/b%FE", "%FF", "backends/%C3%28/servers/x%FF", "servers/%FF?backend=%FE", "sites/%FF",
            "backends/b%EF%BF%BD", "backends/be1?transaction_id=%FF", "frontends/fe?version=%FF&%FF=%FF",
        ):  # fmt: skip
            body = {"name": "x"} if method in ("PUT", "POST") else None
            answer = asked(odd, method, f"{version}/{path}", body)
            assert 300 <= answer.status_code < 500 or "frontends" in path, (version, path, answer.text)
            assert answer.status_code < 500
