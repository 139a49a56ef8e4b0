"""Paths: slashes where they belong and where they do not."""

import pytest

from dataplane_core.api.application import normal_path
from tests.api.support import CONFIGURATION


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
    from urllib.parse import unquote_to_bytes, urlsplit

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
