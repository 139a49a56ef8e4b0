"""Tokens over the interface: made once, listed without their secret, revoked; and what they may do."""

import pytest

from tests.api.support import OWN, Api

TOKENS = f"{OWN}/tokens"


@pytest.fixture
def api(tmp_path):
    return Api(tmp_path, plugins=["service.tokens"], dataplane__audit_file=str(tmp_path / "audit"))


def make(api, **wanted):
    made = api.call("POST", TOKENS, wanted)
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    return made.json["token"]


def status(api, token, method, path, body=None, **query):
    return api.call(method, path, body, user=None, headers={"Authorization": f"Bearer {token}"}, **query).status_code


def test_the_life_of_a_token(api):
    token = make(api, name="ci", role="editor")
    listed = api.call("GET", TOKENS).json
    assert [(one["name"], one["role"], one["made_by"], one["expired"]) for one in listed] == [("ci", "editor", "admin", False)]
    assert token not in str(listed)
    assert status(api, token, "GET", "/v3/info") == 200
    assert status(api, token, "POST", "/v2/services/haproxy/transactions", version=1) == 201
    for method, path in (("GET", TOKENS), ("POST", TOKENS), ("DELETE", f"{TOKENS}/ci")):
        assert status(api, token, method, path, {"name": "x", "role": "admin"} if method == "POST" else None) == 403
    assert api.call("POST", TOKENS, {"name": "ci", "role": "reader"}).status_code == 409
    assert api.call("DELETE", f"{TOKENS}/ci").status_code == 204
    assert status(api, token, "GET", "/v3/info") == 401
    assert api.call("DELETE", f"{TOKENS}/ci").status_code == 404


def test_a_token_for_some_paths(api):
    token = make(api, name="ci", role="editor", paths=["/services/haproxy/configuration/backends/be1/"])
    base = "/v3/services/haproxy/configuration/backends"
    assert status(api, token, "GET", f"{base}/be1") == 200
    for path in (base, f"{base}/be12", f"{base}/be2", "/v3/info", "/v3/services/haproxy/configuration/raw"):
        for method in ("GET", "DELETE"):
            assert status(api, token, method, path) in (403, 405)
            assert method == "DELETE" or status(api, token, method, path) == 403


@pytest.mark.parametrize("wanted", [
    {}, [], {"name": "a"}, {"role": "reader"}, {"name": "a", "role": "boss"}, {"name": "a b", "role": "reader"},
    {"name": "a", "role": "reader", "more": 1}, {"name": "a", "role": "reader", "lifetime": -1}, {"name": "a", "role": ["reader"]},
    {"name": "a", "role": "reader", "lifetime": True}, {"name": "a", "role": "reader", "paths": ["x"]}, {"name": 1, "role": "reader"},
    {"name": "a", "role": "reader", "paths": ["/v3/info"]}, {"name": "a", "role": "reader", "paths": ["/"]},
])  # fmt: skip
def test_what_cannot_be_made(api, wanted):
    answer = api.call("POST", TOKENS, wanted)
    assert answer.status_code == 400, answer.text
    assert api.call("GET", TOKENS).json == []
