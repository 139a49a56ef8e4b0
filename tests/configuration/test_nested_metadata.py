"""Objects in a proxy have metadata of their own in the comments of their lines, for version 3."""

import pytest

from tests.laws.support import Everything

V3 = "/v3/services/haproxy/configuration"
TEXT = """\
global
defaults d
  mode http
backend b
  errorloc302 503 /down  # {"by":"ops"}
  errorfiles shop 404
  errorfiles shop 500   # {"n":2}
  email-alert from a@b.c  # why
  email-alert to c@d.e
  email-alert mailers m
  stick-table type ip size 1m # {"x":1}
"""
METADATA = {
    "errorloc302": {"by": "ops"},
    "stick_table": {"x": 1},
}


@pytest.fixture
def api(tmp_path):
    return Everything(tmp_path, TEXT)


def read(api):
    return api.call("GET", f"{V3}/backends/b").json


def put(api, body):
    answer = api.call("PUT", f"{V3}/backends/b", body, version=api.version)
    assert answer.status_code in (200, 202), answer.text


def test_it_is_shown_and_put_back(api):
    shown = read(api)
    assert {name: shown[name]["metadata"] for name in METADATA} == METADATA
    assert shown["errorfiles_from_http_errors"] == [
        {"name": "shop", "codes": [404]},
        {"name": "shop", "codes": [500], "metadata": {"n": 2}},
    ]
    assert "metadata" not in shown["email_alert"]
    put(api, shown)
    assert api.text.endswith(TEXT)


def test_it_is_written_on_every_line_of_its_object(api):
    body = read(api)
    body["email_alert"]["metadata"] = {"team": "a"}
    body["errorfiles_from_http_errors"][0]["metadata"] = {"new": True}
    del body["errorloc302"]["metadata"]
    put(api, body)
    assert read(api) == body
    lines = [line.split("#") for line in api.text.splitlines()]
    comments = {words[0].strip(): words[-1].strip() for words in lines if len(words) > 1}
    assert comments["errorfiles shop 404"] == '{"new":true}'
    assert [comments[f"email-alert {one}"] for one in ("from a@b.c", "to c@d.e", "mailers m")] == ['{"team":"a"}'] * 3
    assert "  errorloc302 503 /down\n" in api.text


def test_version_2_neither_shows_nor_loses_it(api):
    shown = api.get("backends/b")
    assert "metadata" not in str(shown)
    shown["errorloc302"]["url"] = "/gone"
    shown["errorfiles_from_http_errors"][1]["codes"] = [503]
    api.change("PUT", "backends/b", shown)
    after = read(api)
    assert after["errorloc302"] == {"code": 503, "url": "/gone", "metadata": {"by": "ops"}}
    assert after["errorfiles_from_http_errors"][1]["metadata"] == {"n": 2}


def test_metadata_is_an_object(api):
    body = read(api)
    body["stick_table"]["metadata"] = "x"
    assert api.call("PUT", f"{V3}/backends/b", body, version=api.version).status_code == 400
