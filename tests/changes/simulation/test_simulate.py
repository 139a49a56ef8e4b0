"""`POST /dataplane/v1/simulate`: what HAProxy would do with a request, and why."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.changes.simulation.support import SHOP, SimulatingApi


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """The folder of the folders of scratch processes; a short name, as sockets stand there."""
    with tempfile.TemporaryDirectory(prefix="simulated-") as name, pytest.MonkeyPatch.context() as patch:
        os.chmod(name, 0o711)  # the processes of root's are nobody's
        patch.setattr(tempfile, "tempdir", name)
        yield Path(name)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, haproxy_program: str, scratch: Path) -> Iterator[SimulatingApi]:
    made = SimulatingApi(tmp_path_factory.mktemp("simulation"), haproxy_program)
    yield made
    made.close()


def states(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["does"].split(" if ")[0].split()[0], one["state"]) for one in result["rules"]]


def test_it_says_which_rules_match_and_where_the_request_goes(api: SimulatingApi) -> None:
    result = api.one(url="/style.css", headers={"Host": "www.example"})
    assert (result["outcome"], result["backend"], result["server"]) == ("forwarded", "static", "c1")
    assert result["backend_because"] == {
        "text": "use_backend static",
        "line": 18,
        "resource": "/v3/services/haproxy/configuration/frontends/web/backend_switching_rules/1",
    }
    assert result["server_because"] == {"text": "the only server that can take it"}
    assert [one["state"] for one in result["rules"]] == ["not_matched"] * 5 + ["matched"]
    assert [one["line"] for one in result["rules"]] == [13, 14, 15, 16, 17, 18]


def test_what_the_server_gets_is_shown(api: SimulatingApi) -> None:
    result = api.one(url="http://api.example/users?a=1")
    assert (result["backend"], result["forwarded"]["url"]) == ("api", "/api/users?a=1")
    assert {"name": "host", "value": "api.example"} in result["forwarded"]["headers"]
    assert result["server"] in ("a1", "a2")  # a hash of the URI
    assert result["server_because"] == {"text": "balance uri"}


def test_the_server_of_a_cookie_or_a_rule_is_told_and_that_of_a_turn_is_not(api: SimulatingApi) -> None:
    turn = api.one(url="/")
    assert (turn["backend"], turn["server"], turn["candidates"]) == ("shop", None, ["s1", "s2"])
    assert turn["server_because"] == {"text": "balance roundrobin"}
    assert turn["backend_because"] == {"text": "the default backend of frontend web"}
    for _ in range(3):
        cookie = api.one(url="/", cookies={"SRV": "two"})
        assert (cookie["server"], cookie["server_because"]["text"]) == ("s2", "a cookie of the request")
    used = api.one(url="/two", cookies={"SRV": "one"})
    assert (used["server"], used["server_because"]["line"]) == ("s2", 24)


def test_haproxys_own_answers_name_the_rule(api: SimulatingApi) -> None:
    slow = api.one(url="/slow")
    assert (slow["outcome"], slow["status"], slow["backend"]) == ("answered", 429, None)
    assert slow["decided_by"]["line"] == 14
    assert states(slow)[2:] == [("http-request", "not_reached")] * 2 + [("use_backend", "not_reached")] * 2
    moved = api.one(url="/old/x")
    assert (moved["status"], moved["location"]) == (301, "https://new.example/old/x")
    refused = api.one(url="/", source="198.51.100.7")
    assert (refused["outcome"], refused["decided_by"]["line"]) == ("refused", 13)


def test_a_change_tells_which_requests_it_sends_elsewhere(api: SimulatingApi) -> None:
    text = SHOP.replace("use_backend static", "use_backend shop")
    answer = api.ask({"url": "/a.css"}, {"url": "/api"}, text=text)
    assert answer["elsewhere"] == 1
    first, second = answer["results"]
    assert (first["elsewhere"], first["backend"], first["before"]["backend"]) == (True, "shop", "static")
    assert (second["elsewhere"], second["before"]) == (False, {})


def test_a_transaction_is_simulated_before_its_commit(api: SimulatingApi) -> None:
    begun = api.call("POST", "/v3/services/haproxy/transactions", version=api.version)
    made = api.call("PUT", "/v3/services/haproxy/configuration/frontends/web/backend_switching_rules/0",
                    {"name": "shop"}, transaction_id=begun.json["id"])  # fmt: skip
    assert made.status_code == 202, made.text
    answer = api.ask({"url": "/a.css"}, transaction=begun.json["id"])
    assert answer["results"][0]["before"] == {"backend": "static", "server": "c1"}


def test_expectations_fail_in_sentences(api: SimulatingApi) -> None:
    answer = api.ask(
        {"name": "styles", "url": "/a.css", "expect": {"backend": "static", "server": "c1"}},
        {"url": "/slow", "expect": {"backend": "api", "status": 404}},
    )
    assert answer["failed"] == 1
    assert [one["failures"] for one in answer["results"]] == [
        [],
        ["backend is none instead of api", "status is 429 instead of 404"],
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "requests in body is required"),
        ({"requests": [1]}, "requests in body must be a list of objects"),
        ({"requests": [{"colour": "red"}]}, "requests.0.colour is a forbidden property"),
        ({"requests": [{"url": "/a b"}]}, "requests.0.url in body must be one word, with blanks as %20"),
        ({"requests": [{"url": "/", "source": "here"}]}, "requests.0.source in body must be an IP address"),
        ({"requests": [{"headers": {"X": "a\r\nY: b"}}]}, "requests.0.headers.X in body must be one line"),
        ({"requests": [{"frontend": "x"}]}, "requests.0 in body: no bind line of x can be simulated"),
        ({"requests": [{"expect": {"colour": 1}}]}, "requests.0.expect.colour is a forbidden property"),
        ({"requests": [{"sni": "a\0"}]}, "requests.0.sni in body must be the name of a server"),
        ({"requests": [{"tls": 1}]}, "requests.0.tls in body must be of type boolean"),
        ({"requests": [], "text": "", "transaction": "x"},
         "both transaction and text specified, specify only one"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(api: SimulatingApi, body: Any, said: str) -> None:
    answer = api.call("POST", "/dataplane/v1/simulate", body)
    assert 400 <= answer.status_code < 500
    assert answer.json["message"] == said


def test_a_text_that_haproxy_refuses_is_refused_in_its_words(api: SimulatingApi) -> None:
    text = SHOP.replace("balance uri", "balance nothing")
    answer = api.call("POST", "/dataplane/v1/simulate", {"requests": [{"url": "/"}], "text": text})
    assert answer.status_code == 422
    assert "line 29: " in answer.json["message"]
    assert "/tmp" not in answer.json["message"]


def test_a_second_simulation_finds_the_process_warm(api: SimulatingApi, scratch: Path) -> None:
    api.one(url="/")
    before = [*scratch.iterdir()]
    api.ask(*({"url": f"/{number}"} for number in range(20)))
    assert before
    assert [*scratch.iterdir()] == before


def test_an_equal_text_meets_the_process_of_the_first(api: SimulatingApi) -> None:
    text = SHOP.replace("use_backend static", "use_backend api")
    for _ in range(2):
        assert api.ask({"url": "/a.css"}, text=text)["elsewhere"] == 1


def test_a_server_that_follows_from_its_address_is_not_told(api: SimulatingApi) -> None:
    text = SHOP.replace("cookie SRV insert indirect nocache", "dynamic-cookie-key k\n  cookie SRV insert dynamic")
    text = text.replace("balance roundrobin", "balance source").replace("cookie one", "").replace("cookie two", "")
    (result,) = api.ask({"url": "/"}, text=text)["results"]
    assert (result["server"], result["candidates"]) == (None, ["s1", "s2"])
    assert [one["line"] for one in result["remarks"]] == [24]


def test_what_is_left_out_is_said_where_it_matters(api: SimulatingApi) -> None:
    text = SHOP.replace("  use_backend api", "  http-request do-resolve(txn.ip,dns) hdr(host) if { path /ask }\n  use_backend api")
    text += "resolvers dns\n  nameserver one 192.0.2.53:53\n"
    other, asked = api.ask({"url": "/"}, {"url": "/ask"}, text=text)["results"]
    assert other["remarks"] == []
    assert asked["remarks"] == [{"text": "no name is resolved here: what the rule learns cannot be told", "line": 17}]


def test_a_server_can_have_haproxy_answer_in_its_place(api: SimulatingApi) -> None:
    text = SHOP.replace("192.0.2.31:80", "192.0.2.31:80 redir https://images.example")
    (result,) = api.ask({"url": "/a.css"}, text=text)["results"]
    assert (result["outcome"], result["status"], result["backend"]) == ("answered", 302, "static")
    assert result["location"] == "https://images.example/a.css"


@pytest.mark.parametrize(
    "request_",
    [
        {"url": "http://["}, {"url": "http://a:99999/"}, {"url": "*", "method": "OPTIONS"}, {"url": "relative"},
        {"version": "HTTP/9.9"}, {"method": "G\u00c9T"}, {"headers": [{"name": "Host"}]}, {"headers": [3]},
        {"headers": {"X-Long": "x" * 40000}}, {"cookies": {"a": 1, "b": None}}, {"sni": "a..b"}, {"sni": "x" * 300},
        {"sni": "\u00fc.example", "tls": True}, {"source": "fe80::1%eth0"}, {"destination": "0.0.0.0"},
        {"source_port": 70000}, {"payload_base64": "?"}, {"payload": "GET / HTTP/1.1\r\n\r\n"}, {"url": "/\udcff"},
        {"body": "x" * 100000, "method": "POST"}, {"expect": {"backend": 7, "server": []}}, {"url": None},
    ],
)  # fmt: skip
def test_nothing_that_is_asked_is_a_failure_of_the_server(api: SimulatingApi, request_: dict[str, Any]) -> None:
    answer = api.call("POST", "/dataplane/v1/simulate", {"requests": [request_]})
    assert answer.status_code < 500
    if answer.status_code == 200:
        assert answer.json["results"][0]["outcome"] != "unknown"


def test_no_line_of_a_file_that_a_text_names_is_told(api: SimulatingApi, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere"
    file.write_text("SECRET:line\n")
    text = SHOP.replace("{ path /slow }", f"{{ src -f {file} }}")
    answer = api.call("POST", "/dataplane/v1/simulate", {"requests": [{"url": "/"}], "text": text})
    assert answer.status_code == 422
    assert "SECRET" not in answer.text
    assert f"line 1 of the file {file} is not a valid IPv4 or IPv6 address" in answer.json["message"]


def test_what_cannot_be_known_is_said_to_be_unknown(api: SimulatingApi) -> None:
    rules = "  acl known ssl_fc_has_crt\n  http-request deny if { ssl_c_used } || known { ssl_c_s_dn(cn),lower a }\n"
    text = SHOP.replace("  use_backend api", f"{rules}  use_backend api")
    static, shop = api.ask({"url": "/a.css"}, {"url": "/"}, text=text)["results"]
    known = {"text": "unknown: ssl_fc_has_crt looks at the client's certificate, and the simulation has none", "line": 17}
    both = "unknown: ssl_c_used, ssl_c_s_dn look at the client's certificate, and the simulation has none"
    assert static["remarks"] == shop["remarks"]
    assert sorted(static["remarks"], key=lambda one: int(one["line"])) == [known, {"text": both, "line": 18}]


def test_a_request_of_http_3_is_treated_as_one_of_http_1(api: SimulatingApi) -> None:
    older, newer = api.ask({"url": "/a.css"}, {"url": "/a.css", "version": "HTTP/3"})["results"]
    remark = {"text": "unknown: what rules find in the version of HTTP/3, sent as HTTP/1.1", "line": None}
    assert newer.pop("remarks") == [*older.pop("remarks"), remark]
    assert newer == older
