"""The routes beside the configuration's resources: transactions, reloads, raw, info, health."""

import json

import pytest

import dataplane_core
from tests.api.support import TEXT, TRANSACTIONS

PLAIN = {"Content-Type": "text/plain"}
RELOADS = "/v2/services/haproxy/reloads"


class TestTransactions:
    def test_its_life(self, api):
        begun = api.call("POST", TRANSACTIONS, version=1)
        identifier = begun.json["id"]
        shown = {"_version": 1, "id": identifier, "status": "in_progress"}
        assert (begun.status_code, begun.json) == (201, shown)
        one = f"{TRANSACTIONS}/{identifier}"
        assert api.call("GET", one).json == shown
        assert api.call("GET", TRANSACTIONS, status="in_progress").json == [shown]
        assert api.call("GET", TRANSACTIONS, status="failed").json == []
        done = api.call("PUT", one)
        assert (done.status_code, done.json) == (202, {**shown, "status": "success"})
        assert done.headers["reload-id"]
        assert done.headers["configuration-version"] == "2"
        for method in ("GET", "PUT", "DELETE"):
            assert api.call(method, one).status_code == 404

    def test_an_empty_one_raises_the_version_and_no_more(self, api):
        with api.transaction():
            pass
        assert (api.version, api.text) == (2, TEXT)

    def test_forced(self, api):
        begun = api.call("POST", TRANSACTIONS, version=1).json["id"]
        done = api.call("PUT", f"{TRANSACTIONS}/{begun}", force_reload="true")
        assert done.status_code == 200
        assert "reload-id" not in done.headers

    def test_the_one_that_is_overtaken(self, api):
        late = api.call("POST", TRANSACTIONS, version=1).json["id"]
        with api.transaction() as first:
            api.call("POST", "gates", {"name": "g2"}, transaction_id=first)
        one = f"{TRANSACTIONS}/{late}"
        assert api.call("GET", one).json == {"id": late, "status": "outdated"}
        assert api.call("POST", "gates", {"name": "g3"}, transaction_id=late).status_code == 400
        assert api.call("PUT", one).status_code == 406
        assert api.call("DELETE", one).status_code == 204

    def test_the_one_that_a_direct_change_overtakes(self, api):
        late = api.call("POST", TRANSACTIONS, version=1).json["id"]
        api.change("POST", "gates", {"name": "g2"})
        answer = api.call("PUT", f"{TRANSACTIONS}/{late}")
        assert answer.status_code == 409
        assert "transaction version: 1, configured version: 2" in answer.json["message"]

    def test_wrong_requests(self, api):
        assert api.refused("POST", TRANSACTIONS, version="")[:2] == (422, 602)
        assert api.refused("POST", TRANSACTIONS, version="abc")[:2] == (422, 601)
        assert api.refused("POST", TRANSACTIONS, version=9)[:2] == (409, 409)
        assert api.refused("GET", TRANSACTIONS, status="bogus")[:2] == (422, 606)

    def test_too_many(self, make_api):
        api = make_api(dataplaneapi__transaction__max_open_transactions=1)
        assert api.call("POST", TRANSACTIONS, version=1).status_code == 201
        assert api.refused("POST", TRANSACTIONS, version=1)[:2] == (429, 429)
        assert api.change("POST", "gates", {"name": "g2"}).status_code == 202

    def test_a_refusal_leaves_it_failed(self, make_api):
        api = make_api(haproxy__reload__validate_cmd="false")
        begun = api.call("POST", TRANSACTIONS, version=1).json["id"]
        one = f"{TRANSACTIONS}/{begun}"
        assert api.call("PUT", one).status_code == 400
        assert api.call("GET", one).json == {"id": begun, "status": "failed"}
        assert api.call("PUT", one).status_code == 406
        assert api.call("DELETE", one).status_code == 204


class TestReloads:
    def test_a_change_can_be_followed(self, api):
        identifier = api.change("POST", "gates", {"name": "g2"}).headers["reload-id"]
        again = api.change("POST", "gates", {"name": "g3"}).headers["reload-id"]
        assert identifier == again
        assert api.call("GET", f"{RELOADS}/{identifier}").json == {
            "id": identifier,
            "status": "in_progress",
            "reason": "my-gate g2 was added; my-gate g3 was added",
        }
        api.change("DELETE", "gates/g3", force_reload="true")
        over = api.call("GET", f"{RELOADS}/{identifier}").json
        assert over["status"] == "succeeded"
        assert isinstance(over["reload_timestamp"], int)
        assert [one["id"] for one in api.call("GET", RELOADS).json] == [identifier]

    def test_wrong_requests(self, api):
        assert api.refused("GET", f"{RELOADS}/none")[:2] == (422, 605)
        assert api.refused("GET", f"{RELOADS}/2020-01-01-1")[:2] == (404, 404)


class TestRaw:
    def test_reading(self, api):
        answer = api.call("GET", "raw")
        assert answer.json == {"data": TEXT}  # the file has no version line yet
        assert len(answer.headers["configuration-checksum"]) == 32
        api.change("POST", "gates", {"name": "g2"})
        answer = api.call("GET", "raw")
        assert answer.json == {"_version": 2, "data": api.file.read_text()}

    def test_reading_a_transaction_and_a_past_version(self, api):
        with api.transaction() as one:
            api.call("POST", "gates", {"name": "g2"}, transaction_id=one)
            answer = api.call("GET", "raw", transaction_id=one)
            assert "my-gate g2" in answer.json["data"]
            assert "my-gate g2" not in api.call("GET", "raw").json["data"]
        assert api.call("GET", "raw", version=999).status_code == 404

    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            ("global\n  maxconn 5", "global\n  maxconn 5\n"),
            ("global\r\n  maxconn 5", "global\r\n  maxconn 5\r\n"),
            ("global\r\n  maxconn 5\r", "global\r\n  maxconn 5\r\n"),
            ("# mine\r\nglobal\n  maxconn 5", "# mine\r\nglobal\n  maxconn 5\n"),
            ("global\n  maxconn 5\n  ", "global\n  maxconn 5\n  \n"),
            ("global", "global\n"),
            ("global\n\n", "global\n\n"),
            ("global\n# caf\udce9", "global\n# caf\udce9\n"),
        ],
    )
    def test_a_text_gains_the_last_newline_that_it_lacks(self, api, sent, kept):
        data = sent.encode("utf-8", "surrogateescape")
        checked = api.call("POST", "raw", raw=data, headers=PLAIN, only_validate="true")
        assert (checked.status_code, checked.json) == (202, kept)
        for query in ({"version": api.version}, {"skip_version": "true"}):
            answer = api.call("POST", "raw", raw=data, headers=PLAIN, **query)
            assert answer.status_code == 202, answer.text
            shown = api.call("GET", "raw").json["data"]
            assert answer.json == shown
            assert shown.partition("\n")[2] == kept

    @pytest.mark.parametrize(
        "sent", ["global\n  maxconn 5\n", "global\n  maxconn 5", "# \u00e9 \"\\\tglobal\n", "# caf\udce9\nglobal\n"]
    )
    def test_a_json_string_is_the_text(self, api, sent):
        for media in ("application/json", "Application/JSON; charset=utf-8"):
            headers = {"Content-Type": media}
            body = json.dumps(sent)
            checked = api.call("POST", "raw", raw=body, headers=headers, only_validate="true")
            plain = api.call("POST", "raw", raw=sent.encode("utf-8", "surrogateescape"), headers=PLAIN,
                             only_validate="true")  # fmt: skip
            assert (checked.status_code, checked.json) == (202, plain.json)
            answer = api.call("POST", "raw", raw=body, headers=headers, version=api.version)
            assert answer.status_code == 202, answer.text
            assert api.text == plain.json

    @pytest.mark.parametrize(
        ("sent", "status", "code"),
        [
            ("global\n  maxconn 5\n", 400, 400),  # the text itself
            ('{"data": "global\\n"}', 400, 400),
            ('["global"]', 400, 400),
            ("null", 400, 400),
            ("7", 400, 400),
            ('""', 422, 602),
            ('" \\n"', 422, 602),
            ('"\\ud834"', 400, 400),
        ],
    )
    def test_other_json_is_no_text(self, api, sent, status, code):
        assert api.refused("POST", "raw", raw=sent)[:2] == (status, code)

    def test_the_document_says_both_types(self, api):
        types = ["text/plain", "application/json"]
        path = "/services/haproxy/configuration/raw"
        two = api.call("GET", "/v2/specification").json["paths"][path]["post"]
        three = api.call("GET", "/v2/specification_openapiv3").json["paths"][path]["post"]
        assert two["consumes"] == types
        assert list(three["requestBody"]["content"]) == types

    @pytest.mark.parametrize("text", ["", " \n", "  "])
    def test_an_empty_text_stays_none(self, api, text):
        assert api.refused("POST", "raw", raw=text, headers=PLAIN)[:2] == (422, 602)

    def test_replacing(self, api):
        text = "# _version=77\n# mine\nglobal\n  maxconn 5\n"
        answer = api.call("POST", "raw", raw=text, headers=PLAIN, version=1)
        assert answer.status_code == 202
        assert answer.headers["reload-id"]
        assert answer.headers["configuration-version"] == "2"
        assert answer.json == api.file.read_text()
        assert api.text == "# mine\nglobal\n  maxconn 5\n"
        assert api.get("global") == {"maxconn": 5}

    @pytest.mark.parametrize("switch", ["force_reload", "skip_reload"])
    def test_without_a_reload_to_wait_for(self, api, switch):
        query = {"version": 1, switch: "true"}
        answer = api.call("POST", "raw", raw="global\n", headers=PLAIN, **query)
        assert answer.status_code == 201
        assert "reload-id" not in answer.headers

    def test_whatever_the_version(self, api):
        api.change("POST", "gates", {"name": "g2"})
        answer = api.call("POST", "raw", raw="global\n", headers=PLAIN, skip_version="true")
        assert answer.status_code == 202
        assert (api.version, api.text) == (3, "global\n")

    def test_only_validating(self, make_api):
        api = make_api()
        query = {"version": 1, "only_validate": "true"}
        assert api.call("POST", "raw", raw="global\n", headers=PLAIN, **query).status_code == 202
        assert (api.version, api.text) == (1, TEXT)

    def test_only_validating_what_is_wrong(self, make_api):
        api = make_api(haproxy__reload__validate_cmd="false")
        query = {"version": 1, "only_validate": "true"}
        answer = api.call("POST", "raw", raw="global\n", headers=PLAIN, **query)
        assert answer.status_code == 400
        assert (api.version, api.text) == (1, TEXT)

    @pytest.mark.parametrize("switch", ["force_reload", "only_validate"])
    def test_findings_count_the_lines_that_were_sent(self, make_api, tmp_path, switch):
        script = tmp_path / "check"
        script.write_text(
            "#!/bin/sh\nn=$(grep -n bogus $1 | head -1 | cut -d: -f1)\n"
            'echo "[ALERT] (1) : config : parsing [$1:$n] : like the line at $1:$n." >&2\nexit 1\n'
        )
        script.chmod(0o755)
        api = make_api(haproxy__reload__validate_cmd=f"{script} {{file}}")
        for begin in ("", "# _version=9\n", "# mine\n# _version=9\n# _md5hash=\n"):
            text = f"{begin}global\n  bogus\n"
            query = {"version": 1, switch: "true"}
            answer = api.call("POST", "raw", raw=text, headers=PLAIN, **query)
            [finding] = answer.json["findings"]
            line = text.count("\n")
            assert (finding["line"], finding["section"]) == (line, "global")
            assert finding["message"].endswith(f"haproxy.cfg:{line}.")
            assert answer.json["message"].startswith(
                f"validation error: HAProxy refuses the configuration: line {line}, section global: "
            )

    def test_wrong_requests(self, api):
        for query, status in (({"version": ""}, 400), ({"version": 9}, 409)):
            assert api.refused("POST", "raw", raw="global\n", headers=PLAIN, **query)[0] == status
        assert api.refused("POST", "raw", raw="", headers=PLAIN)[:2] == (422, 602)
        html = {"Content-Type": "text/html"}
        status, code, message = api.refused("POST", "raw", raw="global\n", headers=html)
        assert (status, code) == (415, 415)
        assert message == "the body must be text/plain or application/json, not text/html"

    @pytest.mark.parametrize("actions", ["Nonsense", "SetServerWeight be", "EnableServer be s 1"])
    def test_actions_that_are_none(self, api, actions):
        headers = {**PLAIN, "X-Runtime-Actions": actions}
        found = api.refused("POST", "raw", raw="global\n", headers=headers, skip_reload="true")
        assert found[:2] == (400, 400)

    def test_actions_are_carried_out(self, make_api, tmp_path):
        from dataplane_core.testing import FakeRuntime

        socket = tmp_path / "haproxy.sock"
        text = f"global\n  stats socket {socket} level admin\n"
        with FakeRuntime(socket, {"set ": "", "enable ": ""}) as runtime:
            actions = "SetServerWeight be s1 10; EnableServer be s2;"
            headers = {**PLAIN, "X-Runtime-Actions": actions}
            api = make_api(text)
            query = {"version": 1, "skip_reload": "true"}
            answer = api.call("POST", "raw", raw=text, headers=headers, **query)
            assert answer.status_code == 201
            assert runtime.commands == ["set server be/s1 weight 10", "enable server be/s2"]


def test_version(api):
    assert api.call("GET", "version").json == 1
    begun = api.call("POST", TRANSACTIONS, version=1).json["id"]
    api.change("POST", "gates", {"name": "g2"})
    assert api.call("GET", "version").json == 2
    assert api.call("GET", "version", transaction_id=begun).json == 1


def test_info_tells_the_interfaces_version_and_ours(make_api):
    api = make_api()
    told = api.call("GET", "/v2/info").json["api"]
    assert told["version"] == "v2.9.0"
    assert told["x_server"] == f"dataplane {dataplane_core.__version__}"
    schema = api.call("GET", "/v2/specification").json["definitions"]["info"]
    assert schema["properties"]["api"]["properties"].keys() == told.keys()


def test_info_tells_of_the_machine_only_when_it_may(make_api):
    assert make_api().call("GET", "/v2/info").json["system"] == {}
    found = make_api(dataplaneapi__show_system_info=True).call("GET", "/v2/info").json
    assert found["api"]["version"]
    assert found["system"]["cpu_info"]["num_cpus"] >= 1
    assert found["system"]["mem_info"]["total_memory"] > 0


@pytest.mark.parametrize(("command", "state"), [("true", "up"), ("false", "down"), ("", "unknown")])
def test_health(make_api, command, state):
    api = make_api(haproxy__reload__status_cmd=command)
    assert api.call("GET", "/v2/health").json == {"haproxy": state}
