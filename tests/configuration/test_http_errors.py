"""Entries of `http-errors` sections that lack something: a bad request, as in the interface."""

import pytest

from tests.laws.support import Everything

WHOLE = {"code": 503, "file": "/dev/null"}


@pytest.fixture
def api(tmp_path):
    return Everything(tmp_path, "http-errors kept\n  errorfile 400 /dev/null\n")


@pytest.mark.parametrize("entry", [{}, {"code": 503}, {"file": "/dev/null"}])
def test_an_incomplete_entry(api, entry):
    for files in ([entry], [WHOLE, entry]):
        body = {"name": "new", "error_files": files}
        status, code, message = api.refused("POST", "http_errors_sections", body)
        assert (status, code) == (400, 400)
        for name in WHOLE.keys() - entry.keys():
            assert f"{name} in body is required" in message
        assert api.refused("PUT", "http_errors_sections/kept", {**body, "name": "kept"})[:2] == (400, 400)


def test_other_rules_keep_their_codes(api):
    assert api.refused("POST", "http_errors_sections", {"name": "new"})[:2] == (422, 602)
    wrong = {"name": "new", "error_files": [{**WHOLE, "code": 201}]}
    assert api.refused("POST", "http_errors_sections", wrong)[:2] == (422, 606)


@pytest.mark.parametrize("family", ["http_request_rules", "http_response_rules", "tcp_request_rules"])
def test_tracking_needs_its_counter(tmp_path, family):
    api = Everything(tmp_path, "frontend fe1\n")
    tcp = family.startswith("tcp")
    key, counter = ("track_key", "track_stick_counter") if tcp else ("track_sc_key", "track_sc_stick_counter")
    kind = {"type": "content", "action": "track-sc"} if tcp else {"type": "track-sc"}
    parent = {"parent_type": "frontend", "parent_name": "fe1"}
    whole = {"index": 0, **kind, key: "src", counter: 0}
    for name in (key, counter):
        body = {field: value for field, value in whole.items() if field != name}
        status, code, message = api.refused("POST", family, body, **parent)
        assert (status, code, message) == (422, 602, f"{name} in body is required")
    api.change("POST", family, whole, **parent)
    assert "track-sc0 src\n" in api.text
