"""The frame: the order of its checks, and one shape for every failure."""

import json
from types import SimpleNamespace

import pytest

from dataplane_core import impl
from dataplane_core.auth import Identity
from dataplane_core.errors import Unauthorized
from tests.api.support import CONFIGURATION, TRANSACTIONS, Api

JSON = {"Content-Type": "application/json"}


@impl
def dataplane_authorize(identity, operation):
    if operation.operation == "createBackend":
        return f"{identity.name} may not {operation.method} {operation.path} of {operation.version}"
    return None


GUARD = SimpleNamespace(__name__="guard", dataplane_authorize=dataplane_authorize)


class TestOrder:
    """Each request is wrong in everything that is checked later than what it is refused for."""

    def test_path_before_credentials(self, make_api):
        api = make_api(dataplane__paths_first=True)
        for path in ("/", "/v0/info", "/v2/nope", "/v2/services/haproxy/configuration/Backends"):
            answer = api.call("PATCH", path, user=None)
            assert (answer.status_code, answer.json["code"]) == (404, 404)
            assert path in answer.json["message"]

    def test_method_before_credentials(self, make_api):
        api = make_api(dataplane__paths_first=True)
        for method in ("PATCH", "HEAD", "OPTIONS", "TRACE", "DELETE"):
            answer = api.call(method, "backends", user=None)
            assert answer.status_code == 405
            assert answer.headers["allow"] == "GET,POST"

    @pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
    def test_a_method_that_http_does_not_know(self, api):
        answer = api.call("BREW", "backends")
        assert answer.status_code == 405
        assert answer.json["message"] == "method BREW is not allowed, but [GET,POST] are"

    def test_credentials_before_rights(self, make_api):
        api = make_api(plugins=[GUARD])
        for user in (None, "admin:wrong", "nobody:pw", "admin"):
            answer = api.call("POST", "backends", raw="{", user=user)
            assert (answer.status_code, answer.json["code"]) == (401, 401)
            assert answer.headers["www-authenticate"] == 'Basic realm="API"'
            assert "wrong" not in answer.text

    def test_rights_before_media_types(self, make_api):
        api = make_api(plugins=[GUARD])
        answer = api.call("POST", "//backends/", raw="{", headers={"Content-Type": "text/plain"})
        assert answer.status_code == 403
        path = f"{CONFIGURATION}/backends"
        assert answer.json["message"] == f"admin may not POST {path} of v2"
        assert api.call("GET", "backends").status_code == 200

    def test_content_type_before_accept(self, api):
        headers = {"Content-Type": "text/plain", "Accept": "text/html"}
        assert api.refused("POST", "backends", raw="{", headers=headers)[:2] == (415, 415)

    def test_accept_before_size(self, make_api):
        api = make_api(dataplane__body_limit=10)
        headers = {**JSON, "Accept": "text/html"}
        assert api.refused("POST", "backends", raw="{" * 11, headers=headers)[:2] == (406, 406)

    def test_size_before_json(self, make_api):
        api = make_api(dataplane__body_limit=10)
        assert api.refused("POST", "backends", raw="{" * 11)[:2] == (413, 413)
        assert api.refused("POST", "backends", raw="{" * 10)[:2] == (400, 400)

    def test_types_before_the_query(self, api):
        body = {"name": 3, "address": ""}
        assert api.refused("POST", "keepers", body)[:2] == (400, 400)

    def test_the_query_before_the_rules(self, api):
        assert api.refused("POST", "keepers", {}, parent_type="nope")[1] == 606

    def test_rules_in_their_order(self, make_api):
        api = make_api(dataplane__unknown_properties="refuse")
        body = {"balance": {"uri_len": -1, "algorithm": "no"}, "mode": "no", "maxconn": 2000, "zz": 1}
        wrong = [("name", 602), ("mode", 606), ("balance.algorithm", 606), ("maxconn", 608)]
        status, code, message = api.refused("POST", "backends", body)
        assert (status, code) == (422, 602)
        for path, _ in [*wrong, ("zz", 610), ("balance.uri_len", 609)]:
            assert f"{path} in body" in message
        body = {"name": "be1", "mode": "no", "zz": 1}
        assert api.refused("POST", "backends", body)[1] == 606
        assert api.refused("POST", "backends", {"name": "be1", "zz": 1})[1] == 610

    def test_rules_before_the_version(self, api):
        assert api.refused("POST", "backends", {}, version=99)[:2] == (422, 602)

    def test_the_version_before_the_parent(self, api):
        body = {"name": "k1", "address": "a"}
        assert api.refused("POST", "keepers", body, backend="none", version=99)[:2] == (409, 409)

    def test_the_parent_before_the_name(self, api):
        body = {"name": "k1", "address": "a"}
        assert api.refused("POST", "keepers", body, backend="none")[:2] == (400, 400)


class TestVersions:
    @pytest.mark.parametrize("query", [{}, {"version": 0}, {"version": ""}])
    def test_none_is_given(self, api, query):
        answer = api.call("POST", "backends", {"name": "x"}, **query)
        assert answer.status_code == 400
        assert answer.json["message"].startswith("version or transaction not specified")

    def test_a_wrong_one(self, api):
        for version in (2, -1):
            answer = api.call("POST", "backends", {"name": "x"}, version=version)
            assert answer.status_code == 409
            given = f"version in configuration file is 1, given version is {version}"
            assert given in answer.json["message"]

    def test_one_that_is_no_number(self, api):
        for text in ("abc", "1.5", "9" * 30, "1 ", " 1", "1\n", "+1", "1_0", "１", "²", "٣", "0x1", "--1"):
            answer = api.call("POST", "backends", {"name": "x"}, version=text)
            assert (answer.status_code, answer.json["code"]) == (422, 601), text
            told = json.dumps(text, ensure_ascii=False)
            assert answer.json["message"] == f"version in query must be of type int64: {told}"

    def test_one_that_holds_a_quote(self, api):
        message = api.call("POST", "backends", {"name": "x"}, version='a"é').json["message"]
        assert message == 'version in query must be of type int64: "a\\"é"'

    def test_both_are_given(self, api):
        answer = api.call("POST", "backends", {"name": "x"}, version=1, transaction_id="nope")
        assert answer.status_code == 400

    def test_a_transaction_does_not_reload(self, api):
        begun = api.call("POST", TRANSACTIONS, version=1).json["id"]
        query = {"transaction_id": begun, "force_reload": "true"}
        assert api.call("POST", "backends", {"name": "x"}, **query).status_code == 400

    def test_an_unknown_transaction(self, api):
        for method, body in (("GET", None), ("POST", {"name": "x"})):
            answer = api.call(method, "backends", body, transaction_id="nope")
            assert answer.status_code == 400
            assert answer.headers["configuration-version"] == "0"
            assert answer.json["message"] == "transaction does not exist: nope"

    def test_a_force_reload_that_cannot_be_read_counts_as_false(self, api):
        answer = api.call("POST", "gates", {"name": "x"}, version=1, force_reload="maybe")
        assert answer.status_code == 202

    def test_strangers_learn_no_version(self, api):
        for method, path in (("GET", "/v2/info"), ("GET", "/v2/nope"), ("PATCH", "/v2/info")):
            answer = api.call(method, path, user=None)
            assert "configuration-version" not in answer.headers
        assert api.call("GET", "backends/none").headers["configuration-version"] == "1"


class TestBodies:
    @pytest.mark.parametrize(
        "raw",
        [
            "{bad", "[]", '"a"', "3", "true", "[" * 9000, '{"a":' * 9000, b"\xff\xfe{}",
            b'{"name": "\xff"}', '{"name": NaN}', '{"name": "\\ud800"}', "\ufeff{}",
            '{"maxconn": 9223372036854775808, "name": "x"}', '{"maxconn": 1e2, "name": "x"}',
            '{"maxconn": 3.0, "name": "x"}', '{"maxconn": "3", "name": "x"}',
            '{"maxconn": true, "name": "x"}', '{"name": ["x"]}', '{"name": "x", "balance": []}',
            '{"name": "x", "errorfiles": {}}', '{"name": "x", "errorfiles": [3]}',
            '{"name": "x", "errorfiles": [null]}', "'", "\\", "\x00", '{"name": "x"',
        ],
        ids=lambda raw: repr(raw[:30]),
    )  # fmt: skip
    def test_what_cannot_be_decoded_is_400(self, api, raw):
        status, code, message = api.refused("POST", "backends", raw=raw)
        assert (status, code) == (400, 400), message
        assert len(message) < 500

    @pytest.mark.parametrize("raw", ["[" * 200_000, '{"a":' * 200_000], ids=["lists", "objects"])
    def test_what_has_more_parts_than_a_body_may_have_is_413(self, api, raw):
        status, code, message = api.refused("POST", "backends", raw=raw)
        assert (status, code) == (413, 413), message
        assert len(message) < 500

    @pytest.mark.parametrize("raw", ["", "  \n"])
    def test_an_empty_body(self, api, raw):
        assert api.refused("POST", "backends", raw=raw) == (422, 602, "data in body is required")
        assert api.refused("POST", "backends", headers={}, raw=None)[:2] == (422, 602)

    def test_null_is_an_empty_object(self, api):
        assert api.refused("POST", "backends", raw="null") == (422, 602, "name in body is required")

    def test_what_follows_the_document_is_ignored(self, api):
        answer = api.call("POST", "gates", raw='{"name":"é"} trailing'.replace("é", "x1"), version=1)
        assert answer.json == {"name": "x1"}

    def test_of_equal_keys_the_last_counts_and_case_does_not(self, api):
        raw = '{"name": "x1", "name": "x2", "NAME": "x3", "Limit": 5}'
        assert api.call("POST", "gates", raw=raw, version=1).json == {"name": "x3", "limit": 5}

    def test_null_and_zero_are_unset(self, api):
        body = {"name": "x", "mode": None, "maxconn": 0, "description": "", "connect_timeout": 0}
        answer = api.change("POST", "backends", body)
        assert answer.json == {"name": "x", "connect_timeout": 0}
        assert "backend x\n  timeout connect 0\n" in api.text

    @pytest.mark.parametrize("media", ["application/json; charset=utf-8", "Application/JSON"])
    def test_a_charset_is_accepted(self, api, media):
        headers = {"Content-Type": media}
        assert api.call("POST", "gates", {"name": "x"}, headers=headers, version=1).status_code == 202

    @pytest.mark.parametrize("char", ["\n", "\r", "\0", "\t", "\x7f", "\x85"])
    def test_control_characters(self, api, char):
        body = {"name": "x", "description": f"a{char}b"}
        status, code, message = api.refused("POST", "backends", body)
        assert (status, code) == (422, 605)
        assert "description" in message


class TestUnknownProperties:
    def test_the_settings_can_have_them_refused_by_name(self, make_api):
        api = make_api(dataplane__unknown_properties="refuse")
        status, code, message = api.refused("POST", "gates", {"name": "x", "bogus": 1})
        assert (status, code) == (422, 610)
        assert "bogus" in message
        body = {"name": "x", "balance": {"algorithm": "uri", "len": 3}}
        assert "balance.len" in api.refused("POST", "backends", body)[2]
        body = {"name": "x", "errorfiles": [{"code": 200, "path": "x"}]}
        assert "errorfiles[].path" in api.refused("POST", "backends", body)[2]

    def test_what_another_version_knows_is_left_out_with_a_warning(self, api):
        body = {"name": "x", "guid": "g", "balance": {"algorithm": "first", "arguments": [1]}}
        answer = api.change("POST", "backends", body)
        assert answer.headers["warning"] == '299 dataplane "ignored properties: guid, balance.arguments"'
        assert answer.json == {"name": "x", "balance": {"algorithm": "first"}}
        body = {"name": "n", "address": "a", "old": "o", "ancient": "o", "tags": {"first": "t"}}
        answer = api.change("POST", "keepers", body, backend="be1")
        assert "old, ancient, tags" in answer.headers["warning"]

    def test_extensions_null_and_what_the_server_sets_are_left_out_silently(self, api):
        body = {"name": "n", "address": "a", "x_note": 1, "bogus": None, "secret": True}
        answer = api.change("POST", "keepers", body, backend="be1")
        assert "warning" not in answer.headers
        assert answer.json == {"name": "n", "address": "a"}

    def test_all_are_left_out_with_a_warning_and_a_line_in_the_log(self, api, caplog):
        with caplog.at_level("INFO", "dataplane.api"):
            answer = api.change("POST", "gates", {"name": "x", 'b"o\ng': 1, "parent_name": "x"})
        assert answer.headers["warning"] == '299 dataplane "ignored properties: b?o?g, parent_name"'
        assert answer.json == {"name": "x"}
        told = [record.getMessage() for record in caplog.records if record.name == "dataplane.api"]
        assert told == [f"POST {CONFIGURATION}/gates: ignored properties: b?o?g, parent_name"]

    def test_the_header_is_bounded(self, api):
        body = {"name": "x", **{f"{number}" + "n" * 5000: 1 for number in range(50)}}
        answer = api.change("POST", "gates", body)
        assert len(answer.headers["warning"]) < 2000

    def test_the_nearest_property_is_named(self, api, make_api):
        answer = api.change("POST", "gates", {"name": "x", "limits": 5, "unlike": 1})
        assert answer.headers["warning"] == (
            '299 dataplane "ignored properties: limits (did you mean limit?), unlike"'
        )
        strict = make_api(dataplane__unknown_properties="refuse")
        message = strict.refused("POST", "gates", {"name": "x", "limits": 5})[2]
        assert message == "limits in body is not known here (did you mean limit?)"


class TestAnswers:
    def test_accept(self, api):
        for accept in ("*/*", "application/json", "application/*;q=0.5, text/html", "text/html, */*"):
            assert api.call("GET", "/v2/info", headers={"Accept": accept}).status_code == 200
        for accept in ("text/html", "application/json;q=0", "nonsense"):
            assert api.call("GET", "/v2/info", headers={"Accept": accept}).status_code == 406

    def test_request_ids(self, api):
        given = api.call("GET", "/v2/info", headers={"X-Request-ID": "abc-1"})
        assert given.headers["x-request-id"] == "abc-1"
        made = {api.call("GET", "/v2/info").headers["x-request-id"] for _ in range(3)}
        assert len(made) == 3
        bad = api.call("GET", "/v2/info", headers={"X-Request-ID": "a b"})
        assert bad.headers["x-request-id"] != "a b"

    def test_every_failure_has_one_shape(self, api):
        doors = [
            ("GET", "/v2/nope"), ("PUT", "/v2/info"), ("GET", "backends/none"), ("POST", "backends"),
            ("GET", "keepers"), ("GET", f"{TRANSACTIONS}/none"), ("POST", TRANSACTIONS),
            ("GET", "/v2/services/haproxy/reloads/x"), ("POST", "raw"),
        ]  # fmt: skip
        for method, path in doors:
            answer = api.call(method, path)
            assert answer.headers["content-type"] == "application/json"
            assert set(answer.json) == {"code", "message"}
            assert answer.json["message"]

    def test_an_unforeseen_failure_tells_no_details(self, make_api, caplog):
        @impl
        def dataplane_authenticate(req):
            raise RuntimeError("secret detail")

        api = make_api(plugins=[SimpleNamespace(__name__="bad", dataplane_authenticate=dataplane_authenticate)])
        answer = api.call("GET", "/v2/info")
        assert (answer.status_code, answer.json["code"]) == (500, 500)
        assert "secret" not in answer.text
        assert "secret detail" in caplog.text


class TestAuthentication:
    def test_a_plugin_can_say_who_asks(self, make_api):
        @impl
        def dataplane_authenticate(req):
            token = req.get_header("X-Token")
            if token == "bad":
                raise Unauthorized("no such token")
            return Identity("robot", "token") if token else None

        plugin = SimpleNamespace(__name__="tokens", dataplane_authenticate=dataplane_authenticate)
        api: Api = make_api(plugins=[plugin, GUARD])
        denied = api.call("POST", "backends", {"name": "x"}, user=None, headers={"X-Token": "1"})
        assert (denied.status_code, denied.json["message"][:5]) == (403, "robot")
        assert api.call("GET", "/v2/info", headers={"X-Token": "bad"}).status_code == 401
        assert api.call("GET", "/v2/info").status_code == 200

    def test_users_can_be_those_of_the_configuration(self, make_api):
        text = "userlist controller\n  user ann insecure-password pw\n"
        api = make_api(text, dataplaneapi__user=())
        assert api.call("GET", "/v2/info", user="ann:pw").status_code == 200
        assert api.call("GET", "/v2/info", user="admin:pw").status_code == 401


def test_a_refusal_by_haproxy_names_line_section_and_resource(make_api, tmp_path):
    script = tmp_path / "check"
    script.write_text(
        "#!/bin/sh\necho \"[ALERT] (1) : config : parsing [$1:18] : bad keeper\" >&2\nexit 1\n"
    )
    script.chmod(0o755)
    api = make_api(haproxy__reload__validate_cmd=f"{script} {{file}}")
    answer = api.call("POST", "keepers", {"name": "n", "address": "a"}, version=1, backend="be1")
    assert answer.status_code == 400
    finding = answer.json["findings"][0]
    assert (finding["severity"], finding["section"]) == ("alert", "backend be1")
    wanted = f"{CONFIGURATION}/keepers/k1?parent_type=backend&parent_name=be1"
    assert finding["resource"] == wanted
    assert str(tmp_path / ".") not in json.dumps(answer.json).replace(str(api.file), "")


def test_what_haproxy_tells_by_names_has_line_section_and_resource_too(make_api, tmp_path):
    script = tmp_path / "check"
    script.write_text(
        "#!/bin/sh\n"
        "echo \"[ALERT] (1) : config : Proxy 'be1': unable to find keeper 'k2'.\" >&2\n"
        "echo \"[WARNING] (1) : config : missing timeouts for backend 'be1'.\" >&2\nexit 1\n"
    )
    script.chmod(0o755)
    api = make_api(haproxy__reload__validate_cmd=f"{script} {{file}}")
    answer = api.call("POST", "gates", {"name": "n"}, version=1)
    lines = ["", *api.text.split("\n")]
    row, section = answer.json["findings"]
    assert lines[row["line"]].strip() == "keeper k2 10.0.0.2"
    wanted = f"{CONFIGURATION}/keepers/k2?parent_type=backend&parent_name=be1"
    assert (row["section"], row["resource"]) == ("backend be1", wanted)
    assert lines[section["line"]] == "backend be1"
    assert section["resource"] == f"{CONFIGURATION}/backends/be1"
