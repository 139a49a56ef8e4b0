"""Rules for responses do in a simulation what they do with the response of a real server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataplane_plugins.changes.simulation.expectations import read_requests
from dataplane_plugins.changes.simulation.responses import SimulatedResponse
from tests.changes.simulation.configurations import ALL, HEAD, Case, backends, front, requests
from tests.changes.simulation.reality import Met, Place, placed, running, send
from tests.changes.simulation.support import SHOP, SimulatingApi
from tests.changes.simulation.test_reality import VERSIONS, Machine
from tests.harness.fixtures import one_haproxy

STATUSES = [{"status": one} for one in (200, 204, 301, 404, 500, 503)]
FIELDS: list[dict[str, Any]] = [
    {"headers": {"Server": "nginx", "Set-Cookie": ["a=1", "b=2"]}},
    {"headers": {"Content-Type": "text/html; charset=utf-8", "X-Powered-By": "php"}, "body": "<html>"},
    {"headers": {"Location": "http://in.example/x", "Cache-Control": "no-store"}, "status": 302},
    {"headers": [{"name": "X-A", "value": "1"}, {"name": "x-a", "value": "2,3"}]},
    {"status": 403, "headers": {"Content-Length": "700"}},
]
"""What servers answer."""

EVERY = [*STATUSES, *FIELDS, None]
FRONT = "default_backend one"
CASES = [
    Case("headers that are set and taken away", HEAD + front(f"""
http-response set-header X-Frame-Options DENY
http-response add-header X-A last
http-response del-header X-Powered-By
http-response del-header server if {{ res.hdr(server) -m sub nginx }}
{FRONT}""") + ALL, requests(response=EVERY)),
    Case("headers that are replaced", HEAD + front(f"""
http-response replace-header Location http://in\\.example(/.*) https://out.example\\1
http-response replace-value X-A ([0-9]) <\\1>
http-response replace-header Set-Cookie (.*) "\\1; Secure" if {{ res.cook_cnt gt 0 }} || {{ res.hdr(set-cookie) -m found }}
{FRONT}""") + ALL, requests(response=EVERY)),
    Case("statuses", HEAD + front(f"""
http-response set-status 599 reason Odd if {{ status 500 }}
http-response deny if {{ status 503 }}
http-response deny deny_status 410 if {{ status 404 }}
http-response set-header X-Seen %[status]
{FRONT}""") + ALL, requests(response=EVERY)),
    Case("other answers", HEAD + front(f"""
http-response return status 200 content-type text/plain string sorry hdr X-Was %[status] if {{ status ge 500 }}
http-response redirect location /elsewhere code 303 if {{ res.hdr(location) -m found }}
http-response allow if {{ status 404 }}
http-response set-header X-Behind yes
{FRONT}""") + ALL, requests(response=EVERY)),
    Case("the backend comes first", HEAD + front(f"""
http-response set-header X-Order "%[res.hdr(x-order)] front"
http-after-response set-header X-After "%[res.hdr(x-order)] after"
{FRONT}""") + backends("one", more="""\
  http-response set-header X-Order back unless { status 404 }
  http-response deny if { status 503 }
  http-after-response set-header X-Last %[status]
"""), requests(response=EVERY)),
    Case("after all responses, and those of HAProxy", HEAD + front(f"""
http-request deny if {{ path /deny }}
http-request redirect location /new if {{ path /old }}
http-request return status 200 hdr X-By haproxy if {{ path /own }}
http-after-response set-header Strict-Transport-Security max-age=1
http-after-response set-header X-Redirect yes if {{ status 300:399 }}
http-after-response del-header X-By
http-after-response set-status 418 if {{ status 403 }}
{FRONT}""") + ALL, requests(url=["/", "/deny", "/old", "/own"], response=[None, *STATUSES[3:], *FIELDS[2:]])),
    Case("what requests have set", HEAD + front(f"""
http-request set-var(txn.path) path
http-response set-header X-Path %[var(txn.path)] if {{ var(txn.path) -m beg /a }}
http-response deny if {{ var(txn.path) -m str /x }} {{ status 200 }}
{FRONT}""") + ALL, requests(url=["/a", "/b", "/x"], response=[None, *STATUSES])),
    Case("rules of defaults", HEAD.replace("defaults", "defaults base") + """\
  http-response set-header X-Base yes if { status lt 400 }
  http-after-response set-header X-After-Base yes
""" + front(FRONT).replace("frontend web", "frontend web from base")
         + HEAD.partition("defaults")[2].join(("defaults plain", "")) + ALL, requests(response=EVERY)),
    Case("content of TCP", HEAD + front(f"mode tcp\n{FRONT}") + backends("one", mode="tcp", more="""\
  tcp-response inspect-delay 1s
  tcp-response content reject if { res.payload(9,3) -m str 500 }
  tcp-response content accept if { res.payload(9,3) -m str 404 }
  tcp-response content close if { res.payload(9,3) -m str 301 }
"""), requests(response=STATUSES)),
    Case("bodies", HEAD + front(f"""
http-response wait-for-body time 200ms if {{ res.hdr(content-length) -m found }}
http-response set-header X-Size %[res.body_size]
http-response deny if {{ res.body -m sub html }}
{FRONT}""") + ALL, requests(response=EVERY)),
    Case("methods", HEAD + front(f"""
http-response set-header X-M %[method] if HTTP
{FRONT}""".replace(" if HTTP", "")) + ALL, requests(method=["GET", "HEAD", "POST", "PUT"], body=["", "x" * 100], response=FIELDS)),
    Case("Lua", HEAD.replace("maxconn 200", "maxconn 200\n  lua-load {D}/answer.lua") + front(f"""
http-response lua.mark if {{ status lt 500 }}
http-response set-header X-Mark %[var(txn.mark)]
{FRONT}""") + ALL, requests(response=EVERY)),
]  # fmt: skip
_OF_THE_CONNECTION = {"connection", "x-server", "keep-alive", "transfer-encoding"}


@pytest.fixture(scope="module", params=VERSIONS)
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with Machine(one_haproxy(request.param), tmp_path_factory.mktemp("responses")) as made:
        (made.folder / "answer.lua").write_text("""
core.register_action("mark", { "http-res" }, function(txn)
  txn:set_var("txn.mark", "marked " .. txn.f:status())
  txn.http:res_add_header("X-Lua", "yes")
end)
""")
        yield made


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_response_is_the_one_that_is_met(machine: Machine, case: Case) -> None:
    values = [{name: value for name, value in one.items() if value is not None} for one in case.requests]
    place = placed(case, machine.folder, machine.servers)
    simulated = machine.simulated(place, values)
    reached = []
    with running(machine.program, place.text, machine.folder):
        for one, given in zip(read_requests(values), values, strict=True):
            machine.servers.response = one.response or SimulatedResponse()
            reached.append(send(one, given, place))
    machine.servers.response = SimulatedResponse()
    found = [
        (given, told(result), met)
        for given, result, met in zip(values, simulated, reached, strict=True)
        if told(result) != (met.status, sorted(fields_of(met)))
    ]
    assert found == []
    states = {one["state"] for result in simulated for one in result["rules"] if one["phase"] == "response"}
    assert "matched" in states


def told(result: dict[str, Any]) -> tuple[int | None, list[tuple[str, str]]]:
    """The response of a simulation."""
    headers = ((one["name"].lower(), one["value"]) for one in result["response_headers"] or ())
    return result["response_status"], sorted(one for one in headers if one[0] not in _OF_THE_CONNECTION)


def fields_of(met: Met) -> Iterator[tuple[str, str]]:
    yield from (one for one in met.headers if one[0] not in _OF_THE_CONNECTION)


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 10
    assert sum(len(case.requests) for case in CASES) >= 120


RULES = """
  http-response deny if { status 500 }
  http-response set-header X-Front yes if { res.hdr(server) -m found }
  http-after-response set-header X-After yes
  use_backend static"""


@pytest.fixture
def api(tmp_path: Path, haproxy_program: str) -> Iterator[SimulatingApi]:
    made = SimulatingApi(tmp_path, haproxy_program, SHOP.replace("\n  use_backend static", RULES, 1))
    yield made
    made.close()


def test_rules_for_responses_are_told_in_order(api: SimulatingApi) -> None:
    plain, named, wrong = api.ask(
        {"url": "/a.css"},
        {"url": "/a.css", "response": {"headers": {"Server": "x"}}},
        {"url": "/a.css", "response": {"status": 500}},
    )["results"]
    rules = [[one for one in result["rules"] if one["phase"] == "response"] for result in (plain, named, wrong)]
    assert [[one["state"] for one in found] for found in rules] == [
        ["not_matched", "not_matched", "matched"],
        ["not_matched", "matched", "matched"],
        ["matched", "matched", "not_reached"],
    ]
    assert [one["does"] for one in rules[0]] == [
        "http-response deny", "http-response set-header X-Front yes", "http-after-response set-header X-After yes",
    ]  # fmt: skip
    assert {result["outcome"] for result in (plain, named, wrong)} == {"forwarded"}
    assert {result["status"] for result in (plain, named, wrong)} == {None}
    assert (plain["response_status"], plain["response_because"]) == (200, None)
    assert wrong["response_status"] == 502
    assert wrong["response_because"]["text"] == "http-response deny"
    assert wrong["response_because"]["resource"].endswith("/frontends/web/http_response_rules/0")
    remark = "the server is taken to answer 200 without header fields: `response` says another answer"
    assert [one["text"] for one in plain["remarks"]] == [remark] and not wrong["remarks"]


def test_what_haproxy_answers_has_its_rules_too(api: SimulatingApi) -> None:
    found = api.one(url="/slow")
    assert found["outcome"] == "answered" and found["decided_by"]["text"] == "http-request deny deny_status 429"
    assert (found["status"], found["response_status"], found["response_because"]) == (429, 429, None)
    assert {"name": "x-after", "value": "yes"} in found["response_headers"]


def test_a_response_is_expected_and_compared(api: SimulatingApi) -> None:
    wrong = {"url": "/a.css", "response": {"status": 500}}
    good = {"response_status": 200, "response_headers": {"X-After": "yes", "X-Front": None}}
    bad = {"response_status": 200, "response_headers": {"X-After": "no", "X-Front": "yes"}}
    one, two, three = api.ask(
        {"url": "/a.css", "expect": good}, {"url": "/a.css", "expect": bad}, {**wrong, "expect": {"response_status": 200}}
    )["results"]  # fmt: skip
    assert one["failures"] == []
    assert two["failures"] == ["response header X-After is yes instead of no", "response header X-Front is none instead of yes"]
    assert three["failures"] == ["response_status is 502 instead of 200"]
    text = SHOP
    (changed,) = api.ask(wrong, text=text)["results"]
    assert changed["elsewhere"] and changed["before"] == {"response_status": 502}


@pytest.mark.parametrize(
    ("response", "said"),
    [
        ({"status": 199}, "status in body should be between 200 and 599"),
        ({"status": "200"}, "status in body must be of type integer"),
        ({"status": True}, "status in body must be of type integer"),
        ({"headers": {"a b": "c"}}, "headers in body has a field without a proper name"),
        ({"headers": {"a": "c\r\nd"}}, "headers.a in body must be one line"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "headers.Transfer-Encoding in body is a matter of the connection"),
        ({"headers": {"Content-Length": "-1"}}, "headers.Content-Length in body must be a number"),
        ({"headers": {"Content-Length": "99999999"}}, "body in body must have at most"),
        ({"headers": {"Content-Length": "1"}, "body": "two"}, "no more than its length"),
        ({"other": 1}, "other is a forbidden property"),
    ],
)  # fmt: skip
def test_a_response_that_is_none_is_refused(api: SimulatingApi, response: dict[str, Any], said: str) -> None:
    answer = api.call("POST", "/dataplane/v1/simulate", {"requests": [{"response": response}]})
    assert answer.status_code == 422 and said in answer.text


def test_a_large_body_comes_to_the_server_whole(api: SimulatingApi) -> None:
    found = api.one(url="/a.css", method="POST", body="x" * 900_000, response={"status": 201, "body": "y" * 500_000})
    assert (found["outcome"], found["response_status"]) == ("forwarded", 201)


def test_rules_see_no_header_field_of_the_connection(machine: Machine) -> None:
    text = SHOP.replace("\n  use_backend static", '\n  http-response set-header X-C "<%[res.hdr(connection)]>"\n  use_backend static', 1)
    (found,) = machine.simulated(Place(text, (0, 0)), [{"url": "/a.css"}])
    assert {"name": "x-c", "value": "<>"} in found["response_headers"]
