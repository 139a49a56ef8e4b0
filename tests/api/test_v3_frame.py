"""The frame of `/v3`: who is asked first, and with which status and code a request is refused."""

from collections.abc import Callable

import pytest

from tests.api.support import TEXT, Api

TOP = "/v3/services/haproxy/configuration"
KEEPERS = f"{TOP}/backends/be1/keepers"
PASSAGES = f"{TOP}/frontends/fe1/passages"
UNKNOWN = "/v3/services/nothing"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    """One for all: no test here changes anything."""
    return Api(tmp_path_factory.mktemp("api"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", UNKNOWN),
        ("GET", "/v3/"),
        ("GET", f"{TOP}/nothing/at/all"),
        ("PATCH", KEEPERS),
        ("HEAD", KEEPERS),
        ("OPTIONS", KEEPERS),
        ("POST", PASSAGES),
        ("GET", KEEPERS),
    ],
)
def test_credentials_are_asked_for_before_a_path_or_a_method_is_looked_for(
    api: Api, method: str, path: str
) -> None:
    answer = api.call(method, path, user=None)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    wrong = api.call(method, path, user="admin:wrong")
    assert wrong.status_code == 401
    if method != "HEAD":
        assert answer.json["code"] == wrong.json["code"] == 401


def test_what_does_not_exist_is_told_to_somebody_known(api: Api) -> None:
    missing = api.call("GET", UNKNOWN)
    assert missing.status_code == missing.json["code"] == 404
    assert missing.headers["configuration-version"] == "1"
    refused = api.call("POST", PASSAGES, {"type": "allow"}, version=1)
    assert refused.status_code == refused.json["code"] == 405
    assert set(refused.headers["allow"].split(",")) == {"GET", "PUT"}


STRANGERS = (None, "admin:wrong", "nobody:pw")


@pytest.mark.parametrize("prefix", ["/v1", "/v2", "/v3", "/dataplane/v1"])
@pytest.mark.parametrize("user", STRANGERS)
def test_strangers_get_one_answer_for_what_exists_and_what_does_not(make_api: Callable[..., Api], prefix: str, user: str | None) -> None:
    api = make_api()
    asked = [(method, path) for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "PURGE") for path in
             ("/info", "/nothing", "/services/haproxy/configuration/backends", "/services/haproxy/configuration/none", "/services")]
    answers = [api.call(method, f"{prefix}{path}", user=user) for method, path in asked]
    shown = {(one.status_code, one.text, one.headers.get("www-authenticate"), one.headers.get("allow")) for one in answers}
    assert shown == {(401, answers[0].text, 'Basic realm="API"', None)}
    assert "configuration-version" not in answers[0].headers


def test_a_setting_has_the_older_versions_answer_strangers_as_before(make_api: Callable[..., Api]) -> None:
    api = make_api(dataplane__paths_first=True)
    assert api.call("GET", "/v2/services/nothing", user=None).status_code == 404
    assert api.call("PATCH", "backends", user=None).status_code == 405
    assert api.call("GET", "/v3/services/nothing", user=None).status_code == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("backends/be1", {"keepers": {"k1": None}}),
        ("backends/be1", {"keepers": {"new": None}}),
        ("frontends/fe1", {"passage_list": [None, None, None]}),
        ("frontends/fe1", {"errorfiles": [None]}),
        ("frontends/fe1", {"errorfiles": [{"code": 500, "file": "/x"}, None]}),
    ],
)
def test_null_is_no_object(
    make_api: Callable[..., Api], path: str, body: dict[str, object]
) -> None:
    api = make_api(TEXT.replace("frontend fe1\n", "frontend fe1\n  errorfile 500 /x\n"))
    name = path.partition("/")[2]
    before = api.text
    answer = api.call("PUT", f"{TOP}/{path}", {"name": name, **body}, version=1, full_section="true")
    assert (answer.status_code, "must be an object" in answer.text) == (400, True), answer.text
    assert api.text == before


OBJECTS = ("null", "[]", '"x"', "3", "true", '[{"name": "k9", "address": "x"}]')
LISTS = ("null", "{}", '"x"', "3", "[null]", "[3]", '["x"]', '[{"type": "allow"}, null]')


@pytest.mark.parametrize(
    ("method", "path", "raw"),
    [("POST", KEEPERS, raw) for raw in OBJECTS] + [("PUT", PASSAGES, raw) for raw in LISTS],
)
def test_json_of_another_shape_is_unprocessable(api: Api, method: str, path: str, raw: str) -> None:
    status, code, message = api.refused(method, path, raw=raw)
    assert (status, code) == (422, 422)
    assert message.startswith("the body must be a JSON ")


@pytest.mark.parametrize(
    "raw", ["", "{", "[", '{"name": 5, "address": "x"}', '{"name": "n", "address": "x", "weight": "5"}',
            '{"name": "n", "address": "x", "weight": 5.0}', '{"name": "n", "address": "x", "weight": 1e3}',
            '{"name": "n", "address": "x", "weight": true}']
)  # fmt: skip
def test_json_that_is_broken_or_of_other_types_is_a_bad_request(api: Api, raw: str) -> None:
    status, code, _ = api.refused("POST", KEEPERS, raw=raw)
    assert (status, code) == (400, 400)


@pytest.mark.parametrize(
    "body",
    [{"address": "x"}, {"name": "n", "address": "x", "weight": 10}, {"name": "n", "address": "a b"},
     {"name": "n", "address": "x", "state": "half"}],
)  # fmt: skip
def test_a_broken_rule_of_a_property_is_unprocessable(api: Api, body: dict[str, object]) -> None:
    assert api.refused("POST", KEEPERS, body)[:2] == (422, 422)


@pytest.mark.parametrize(
    "query",
    [{"version": "abc"}, {"force_reload": "maybe"}, {"version": "1.5"}, {"version": ""}],
)
def test_a_parameter_that_cannot_be_read_is_a_bad_request(api: Api, query: dict[str, str]) -> None:
    body = {"name": "k9", "address": "x"}
    assert api.refused("POST", KEEPERS, body, **{"version": 1, **query})[:2] == (400, 400)


@pytest.mark.parametrize("path", [
    "/v3/services/haproxy/transactions?status=x",
    f"{TOP}/backends?full_section=maybe",
    f"{PASSAGES}/x",
    f"{PASSAGES}/1.5",
    f"{PASSAGES}/0x0",
    "/v3/services/haproxy/reloads/x",
])  # fmt: skip
def test_a_path_or_a_query_of_another_form_is_a_bad_request(api: Api, path: str) -> None:
    answer = api.call("GET", path)
    assert (answer.status_code, answer.json["code"]) == (400, 400)


def test_properties_that_do_not_go_together_are_a_bad_request(api: Api) -> None:
    wrong = {"type": "allow", "cond_test": "a"}
    told = (400, 400, "cond in body is required with cond_test")
    assert api.refused("POST", f"{PASSAGES}/0", wrong) == told
    assert api.refused("PUT", f"{PASSAGES}/0", wrong) == told
    assert api.refused("PUT", PASSAGES, [{"type": "allow"}, wrong])[:2] == (400, 400)
    # In the version before, that is a rule like any other.
    body = {"index": 0, **wrong}
    answer = api.refused("POST", "passages", body, parent_type="frontend", parent_name="fe1")
    assert answer == (422, 602, told[2])


def test_what_is_to_be_replaced_is_looked_for_before_properties_are_compared(api: Api) -> None:
    assert api.refused("PUT", f"{PASSAGES}/7", {"type": "allow", "cond_test": "a"})[:2] == (404, 404)
    assert api.refused("PUT", f"{PASSAGES}/7", {"type": "nothing"})[:2] == (422, 422)
    path = f"{TOP}/frontends/none/passages"
    assert api.refused("PUT", path, [{"type": "allow", "cond_test": "a"}])[:2] == (400, 400)


def test_an_element_of_a_list_is_named_by_its_place(api: Api) -> None:
    status, code, message = api.refused("PUT", PASSAGES, [{"type": "allow"}, {}])
    assert (status, code, message) == (422, 422, "1.type in body is required")


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_slash_at_the_end_changes_nothing(api: Api, slash: str) -> None:
    assert api.call("GET", KEEPERS + slash).status_code == 200
    listed = api.call("GET", "/v3/services/haproxy" + slash).json
    assert {one["url"] for one in listed} >= {
        "/services/haproxy/configuration", "/services/haproxy/transactions"
    }  # fmt: skip


def test_names_in_a_path_are_decoded(make_api: Callable[..., Api]) -> None:
    api = make_api(text="backend be\n  keeper a/b 10.0.0.1\n")
    path = f"{TOP}/backends/be/keepers"
    assert api.call("GET", f"{path}/a%2Fb").json["name"] == "a/b"
    assert api.call("GET", f"{path}/a/b").status_code == 404


def test_the_text_itself_is_given_whatever_a_request_accepts(api: Api) -> None:
    answer = api.call("GET", f"{TOP}/raw", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "frontend fe1" in answer.text
