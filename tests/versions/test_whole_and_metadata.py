"""Metadata inside of a section's own objects, and changes of one thing: a diff of one line."""

from pathlib import Path
from typing import Any

import pytest

from dataplane_core.app import VERSIONS
from tests.laws.support import Everything
from tests.versions.test_nothing_changes import COMMENTED, difference

V3 = "/v3/services/haproxy/configuration"
FRONTEND = f"{V3}/frontends/commented"
RULES = "".join(
    f"  # about {number}\n  http-request deny deny_status 403 if {{ path /{number} }}  # no {number}\n"
    for number in range(200)
)
TEXT = f"""\
global
mailers m
http-errors shop
backend be
  # these three
  server a 10.0.0.1:80  weight  1   # {{"rack":1}}
  server b 10.0.0.2:80 check inter 30000  # by hand
  server c 10.0.0.3:80
{RULES}
{COMMENTED}"""


@pytest.fixture
def api(tmp_path: Path) -> Everything:
    return Everything(tmp_path, TEXT)


def change(api: Everything, method: str, path: str, body: Any, **query: str) -> list[str]:
    """The lines that a change removes and adds."""
    before = api.app.services.config.snapshot().document
    answer = api.call(method, path, body, version=api.version, **query)
    assert answer.status_code in (200, 201, 202), answer.text
    return difference(before, api.app.services.config.snapshot().document)


def shown(api: Everything, path: str, **query: str) -> Any:
    answer = api.call("GET", path, **query)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_objects_inside_of_a_section_have_the_metadata_of_their_lines(api: Everything) -> None:
    frontend = shown(api, FRONTEND)
    assert frontend["metadata"] == {"team": "a", "n": 2}
    assert frontend["errorloc302"]["metadata"] == {"why": "so"}
    assert frontend["email_alert"]["metadata"] == {"mail": True}
    assert "metadata" not in frontend["stick_table"], "words by hand are about the line"
    pages = frontend["errorfiles_from_http_errors"]
    assert [one.get("metadata") for one in pages] == [{"first": 1}, None]
    frontend["errorloc302"]["metadata"] = {"new": 1}
    pages[1]["metadata"] = {"b": 1, "a": "<"}
    assert change(api, "PUT", FRONTEND, frontend) == [
        '-  errorloc302 503 /down  # {"why": "so"}\n',
        '+  errorloc302 503 /down # {"new":1}\n',
        "-  errorfiles shop 403   # by hand\n",
        '+  errorfiles shop 403 # {"a":"\\u003c","b":1}\n',
    ]
    again = shown(api, FRONTEND)
    assert again["errorloc302"]["metadata"] == {"new": 1}
    assert again["errorfiles_from_http_errors"][1]["metadata"] == {"b": 1, "a": "<"}
    assert '  errorfiles shop  # {"first": 1}\n' in api.text


def test_without_metadata_somebody_s_words_stay_and_what_clients_wrote_goes(api: Everything) -> None:
    frontend = shown(api, FRONTEND)
    for name in ("errorloc302", "email_alert"):
        del frontend[name]["metadata"]
    change(api, "PUT", FRONTEND, frontend)
    assert "  errorloc302 503 /down\n" in api.text
    assert "  email-alert from a@b\n" in api.text
    assert "  stick-table type ip size 1m  # table\n" in api.text


def test_the_global_section_and_new_ones_have_metadata(api: Everything) -> None:
    found = shown(api, f"{V3}/global")
    assert change(api, "PUT", f"{V3}/global", {**found, "metadata": {"k": "v"}}) == ["-global\n", '+global # {"k":"v"}\n']
    assert shown(api, f"{V3}/global")["metadata"] == {"k": "v"}
    body = {"name": "u", "metadata": {"k": 1}, "users": {"x": {"username": "x", "password": "p", "secure_password": False, "metadata": {"u": 1}}}}
    change(api, "POST", f"{V3}/userlists", body, full_section="true")
    assert 'userlist u # {"k":1}\n  user x insecure-password p # {"u":1}\n' in api.text
    assert shown(api, f"{V3}/userlists/u", full_section="true") == body


def test_one_rule_of_two_hundred_is_a_diff_of_one_line(api: Everything) -> None:
    path = f"{V3}/backends/be/http_request_rules"
    rules = shown(api, path)
    rules[77]["deny_status"] = 404
    line = "  http-request deny deny_status %s if { path /77 }  # no 77\n"
    assert change(api, "PUT", path, rules) == [f"-{line % 403}", f"+{line % 404}"]


def test_one_change_in_a_whole_section_is_a_diff_of_one_line(api: Everything) -> None:
    path = f"{V3}/backends/be"
    whole = shown(api, path, full_section="true")
    # Most clients sort the names of an object, and its order says nothing.
    whole["servers"] = dict(sorted(whole["servers"].items(), reverse=True))
    whole["servers"]["a"]["weight"] = 5
    assert change(api, "PUT", path, whole, full_section="true") == [
        '-  server a 10.0.0.1:80  weight  1   # {"rack":1}\n',
        '+  server a 10.0.0.1:80 weight 5   # {"rack":1}\n',
    ]
    del whole["http_request_rule_list"][3]
    assert len(change(api, "PUT", path, whole, full_section="true")) == 2


def test_names_that_a_file_has_twice_are_all_shown(api: Everything) -> None:
    binds = shown(api, FRONTEND, full_section="true")["binds"]
    assert [(key, one["name"]) for key, one in binds.items()] == [("a", "a"), (":2", ":2"), (":2#2", ":2")]


def test_the_name_inside_counts(api: Everything) -> None:
    body = {"name": "new", "servers": {"key": {"name": "s", "address": "10.0.0.1"}}}
    change(api, "POST", f"{V3}/backends", body, full_section="true")
    assert "backend new\n  server s 10.0.0.1\n" in api.text
    body = {"name": "other", "servers": {"s": {"address": "10.0.0.1"}}}
    status, _, message = api.refused("POST", f"{V3}/backends", body, full_section="true")
    assert (status, message) == (422, "servers.s.name in body is required")
    body["servers"] = {"_schema": {"name": "s", "address": "10.0.0.1", "weight": "5"}}
    assert api.refused("POST", f"{V3}/backends", body, full_section="true")[0] == 400


def test_older_versions_lose_nothing_of_what_only_newer_ones_say(api: Everything) -> None:
    server = api.get("servers/a", backend="be")
    changed = change(api, "PUT", "servers/a", {**server, "weight": 9}, backend="be")
    assert changed[1] == '+  server a 10.0.0.1:80 weight 9   # {"rack":1}\n'
    server = api.get("servers/b", backend="be")
    changed = change(api, "PUT", "servers/b", {**server, "weight": 9}, backend="be")
    assert changed[1] == "+  server b 10.0.0.2:80 check inter 30000 weight 9  # by hand\n"


def test_a_transaction_goes_through_all_versions(api: Everything) -> None:
    names = [one.name for one in VERSIONS]
    begun = api.call("POST", f"/{names[0]}/services/haproxy/transactions", version=api.version).json
    for name in names:
        top = f"/{name}/services/haproxy/configuration"
        answer = api.call("POST", f"{top}/backends", {"name": f"in-{name}"}, transaction_id=begun["id"])
        assert answer.status_code == 202, answer.text
    last = api.call("PUT", f"/{names[-1]}/services/haproxy/transactions/{begun['id']}")
    assert last.status_code in (200, 202), last.text
    for name in names:
        for other in names:
            assert api.call("GET", f"/{name}/services/haproxy/configuration/backends/in-{other}").status_code == 200
