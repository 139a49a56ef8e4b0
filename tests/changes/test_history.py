"""The history over HTTP: lists and filters, one version, its text, and who wrote each line."""

import re
from pathlib import Path

import pytest

from tests.api.support import OWN
from tests.changes.whole import TEXT, TOP, Whole

REASON = {"X-Change-Reason": "less load on s1", "User-Agent": "curl/8"}


@pytest.fixture
def api(tmp_path: Path) -> Whole:
    """Version 2: a weight; 3: a rule, by a transaction; 4: a line written by hand."""
    api = Whole(tmp_path)
    api.weigh("be1", "s1", 5, headers=REASON)
    begun = api.call("POST", "/v3/services/haproxy/transactions", version=2).json["id"]
    rule = {"type": "allow", "cond": "if", "cond_test": "{ path /c }"}
    path = f"{TOP}/frontends/fe/http_request_rules/0"
    assert api.call("POST", path, rule, transaction_id=begun).status_code == 202
    assert api.call("PUT", f"/v3/services/haproxy/transactions/{begun}").status_code == 202
    api.file.write_text(api.file.read_text().replace("server s1 192.0.2.3", "server s9 192.0.2.3"))
    assert api.version == 4
    return api


def versions(api: Whole, **query: object) -> list[int]:
    return [one["version"] for one in api.own("history", **query)]


def test_the_list_says_who_did_what_and_why(api: Whole) -> None:
    fourth, third, second, first = api.own("history")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", second["time"])
    asked = {"name": "admin", "method": "basic", "client": "curl/8", "interface": "v3"}
    assert second["author"].items() >= asked.items()
    assert second["reason"] == "less load on s1"
    assert (second["origin"], second["state"]) == ("request", "waits")
    assert second["reload"]["reason"]
    server = {"resource": f"{TOP}/backends/be1/servers/s1", "section": "backend be1", "change": "changed"}
    assert second["resources"] == [server]
    assert third["origin"] == "transaction" and third["transaction_id"]
    rule = {"resource": f"{TOP}/frontends/fe/http_request_rules/0", "section": "frontend fe", "change": "created"}
    assert third["resources"] == [rule]
    assert fourth["origin"] == "hand_edit" and "author" not in fourth
    assert [one["change"] for one in fourth["resources"]] == ["deleted", "created"]
    assert (first["origin"], first["state"]) == ("hand_edit", "running")
    assert "resources" not in first


def test_filters_and_pages(api: Whole) -> None:
    assert versions(api, limit=2) == [4, 3]
    assert versions(api, limit=2, before=3) == [2, 1]
    assert versions(api, who="admin") == [3, 2]
    assert versions(api, who="nobody") == []
    assert api.call("GET", f"{OWN}/history?who=%FF").json == [], "a name that is not UTF-8"
    for origin, found in (("request", [2]), ("transaction", [3]), ("hand_edit", [4, 1]), ("rollback", []),
                          ("restore", []), ("discovery", [])):  # fmt: skip
        assert versions(api, origin=origin) == found
    second = api.own("history/2")["time"]
    assert versions(api, since=second) == [4, 3, 2]
    assert versions(api, until=second) == [1]


def test_versions_that_touched_a_resource(api: Whole) -> None:
    assert versions(api, resource=f"{TOP}/backends/be1/servers/s1") == [2]
    assert versions(api, resource="backends/be1/servers/s2") == []
    assert versions(api, resource="backends/be1") == [2]
    assert versions(api, resource="backends/be2/servers/s1") == [4]
    assert versions(api, resource="frontends/fe/http_request_rules/0") == [3]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"limit": 0}, "limit must be between 1 and 1000"),
        ({"limit": 1001}, "limit must be between 1 and 1000"),
        ({"since": "yesterday"}, "since must be a time such as 2026-11-30T01:02:03Z: 'yesterday'"),
        ({"until": "9" * 200}, "until must be a time"),
        ({"resource": "nothing/x"}, "'nothing/x' is no path of a resource, such as"),
        ({"origin": "moon"}, "origin in query should be one of"),
        ({"before": "x"}, "before in query must be of type int64"),
    ],
)
def test_what_cannot_be_read_is_refused(api: Whole, query: dict[str, object], said: str) -> None:
    status, message = api.own_refusal("history", **query)
    assert status in (400, 422) and said in message


def test_one_version_says_what_it_changed_in_resources_and_lines(api: Whole) -> None:
    found = api.own("history/2")
    assert (found["former"], found["is_kept"]) == (1, True)
    (change,) = found["changes"]
    assert change["properties"] == {"weight": {"before": 1, "after": 5}}
    assert "-  server s1 192.0.2.1:80 weight 1\n+  server s1 192.0.2.1:80 weight 5\n" in found["diff"]
    assert found["diff"].startswith("--- version 1\n+++ version 2\n")
    assert api.own("history/newest")["version"] == 4
    assert "former" not in api.own("history/1")


def test_texts_of_versions(api: Whole) -> None:
    answer = api.call("GET", f"{OWN}/history/1/text")
    assert (answer.text, answer.headers["content-type"]) == (TEXT, "text/plain")
    assert api.call("GET", f"{OWN}/history/newest/text").text == api.file.read_text()


@pytest.mark.parametrize("path", ["history/{}", "history/{}/text", "history/{}/blame"])
def test_versions_that_are_not_there(api: Whole, path: str) -> None:
    assert api.own_refusal(path.format(99)) == (404, "version 99 is not in the history")
    for word in ("0x1", "-1", "oldest", "9" * 30):
        status, message = api.own_refusal(path.format(word))
        assert status == 400 and message.startswith("a version is a number, or `newest`")


def test_who_wrote_each_line(api: Whole) -> None:
    lines = api.own("history/4/blame")
    owners = {line["text"].strip(): line["version"] for line in lines}
    assert owners["server s1 192.0.2.1:80 weight 5"] == 2
    assert owners["http-request allow if { path /c }"] == 3
    assert owners["server s9 192.0.2.3:80"] == 4
    assert owners["server s2 192.0.2.2:80"] == 1
    assert [line["line"] for line in lines] == list(range(1, len(lines) + 1))
    (line,) = api.own("history/newest/blame", resource="backends/be1/servers/s1")
    assert (line["who"], line["reason"], line["origin"]) == ("admin", "less load on s1", "request")
    assert line["line"] == api.file.read_text().split("\n").index(line["text"]) + 1


def test_blame_of_a_section(api: Whole) -> None:
    lines = api.own("history/newest/blame", section="backend be2")
    assert [line["text"].strip() for line in lines] == ["backend be2", "server s9 192.0.2.3:80"]
    assert api.own("history/newest/blame", resource="backends/be2") == lines
    found = api.own("history/newest/blame", resource="global")
    assert [line["text"].strip() for line in found] == ["# by hand", "global", "maxconn 100"]
    assert api.own_refusal("history/4/blame", section="backend no")[0] == 404
    assert api.own_refusal("history/4/blame", section="backend be1", resource="backends/be1")[0] == 400


def test_texts_that_are_gone_are_said_to_be(tmp_path: Path) -> None:
    api = Whole(tmp_path, dataplane__history_limit=2)
    for weight in range(2, 14):
        api.weigh("be1", "s1", weight)
    assert api.own("history/3")["is_kept"] is False
    assert api.own_refusal("history/3/text") == (404, "the text of version 3 is not kept")
    assert api.own("history")[-2]["resources"]  # what it touched is known all the same
    lines = api.own("history/newest/blame", resource="backends/be1")
    assert [line.get("or_earlier", False) for line in lines] == [True, False, True]
