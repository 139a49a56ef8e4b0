"""The served documents say all that a reader needs, and what they say is so."""

import re

import pytest

from tests.laws.support import Everything

FORMS = ("specification", "specification_openapiv3")


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    return Everything(tmp_path_factory.mktemp("described"), "global\n\ndefaults\n  mode http\n")


@pytest.fixture(scope="module", params=FORMS)
def document(request, api):
    return api.call("GET", f"/v2/{request.param}").json


@pytest.fixture(scope="module")
def swagger(api):
    return api.call("GET", "/v2/specification").json


def operations(document):
    """Method, path and description of every operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def resolved(document, value):
    """What a reference leads to."""
    while "$ref" in value:
        place = document
        for part in value["$ref"].split("/")[1:]:
            place = place[part]
        value = place
    return value


def is_sentence(text):
    return re.fullmatch(r"(?s)[A-Z0-9`].*[.:]", text) is not None


def test_the_top_introduces_the_interface(document):
    info = document["info"]
    assert info["contact"]["name"]
    assert info["license"]["name"]
    for word in ("Authentication", "Versions", "Transactions", "curl"):
        assert word in info["description"]


def test_every_operation_is_described(document):
    seen = set()
    for method, path, operation in operations(document):
        assert re.fullmatch(r"[A-Z][^.]{3,90}", operation["summary"]), (method, path)
        assert is_sentence(operation["description"]), (method, path, operation["description"])
        seen.add(operation["operationId"])
    assert len(seen) == len(list(operations(document)))


def test_every_parameter_body_and_answer_is_described(document):
    for method, path, operation in operations(document):
        for one in operation["parameters"]:
            parameter = resolved(document, one)
            assert is_sentence(parameter.get("description", "")), (method, path, parameter)
        if "requestBody" in operation:
            assert is_sentence(operation["requestBody"]["description"]), (method, path)
        for status, one in operation["responses"].items():
            answer = resolved(document, one)
            assert is_sentence(answer["description"]), (method, path, status, answer)


def test_every_tag_is_declared_and_described(document):
    declared = [tag["name"] for tag in document["tags"]]
    assert len(declared) == len(set(declared))
    used = {tag for _, _, operation in operations(document) for tag in operation["tags"]}
    assert used == set(declared)
    assert all(is_sentence(tag["description"]) for tag in document["tags"])
    assert not [tag for tag in document["tags"] if tag["description"].startswith("Operations on")]


def test_the_families_of_the_configuration_come_first(document):
    declared = [tag["name"] for tag in document["tags"]]
    order = ["Configuration", "Global", "Defaults", "Frontend", "Bind", "Backend", "Server",
             "Transactions", "Sites", "Maps", "Storage", "Spoe", "Documentation"]  # fmt: skip
    assert sorted(order, key=declared.index) == order


def test_nothing_is_defined_for_nobody(document):
    text = str(document)
    groups = document.get("components", document)
    for kind in ("definitions", "schemas", "responses", "parameters"):
        for name in groups.get(kind, {}):
            assert text.count(f"/{kind}/{name}'") > 0, (kind, name)


def ask(api, method, path, operation, **more):
    """Send a request that is right but for what `more` says."""
    media = (operation.get("consumes") or ["application/json"])[0]
    has_body = any(one.get("in") in ("body", "formData") for one in operation["parameters"])
    headers = {"Content-Type": media} if has_body else {}
    headers.update(more.pop("headers", {}))
    where = "/v2" + re.sub(r"\{index\}", "0", re.sub(r"\{(?!index)\w+\}", "x", path))
    raw = more.pop("raw", "{}" if has_body else None)
    return api.call(method, where, raw=raw, headers=headers, **more)


def test_every_operation_asks_for_credentials(api, swagger):
    for method, path, operation in operations(swagger):
        assert ask(api, method, path, operation, user=None).status_code == 401
        assert "401" in operation["responses"]


def test_what_nobody_accepts_is_named_where_it_is_refused(api, swagger):
    for method, path, operation in operations(swagger):
        answer = ask(api, method, path, operation, headers={"Accept": "text/vnd.nobody"})
        if operation["produces"] == ["application/octet-stream"]:
            assert answer.status_code != 406
        else:
            assert answer.status_code == 406, (method, path)
            assert "406" in operation["responses"]


def test_another_media_type_is_named_where_it_is_refused(api, swagger):
    for method, path, operation in operations(swagger):
        has_body = any(one.get("in") in ("body", "formData") for one in operation["parameters"])
        assert ("415" in operation["responses"]) == ("413" in operation["responses"]) == has_body
        if has_body:
            wrong = ask(api, method, path, operation, headers={"Content-Type": "text/vnd.nobody"})
            assert wrong.status_code == 415, (method, path)


WRONG = (
    {},
    {"version": "abc"},
    {"version": 99},
    {"version": 1},
    {"transaction_id": "unknown"},
    {"version": 1, "raw": "{"},
    {"version": 1, "raw": '{"name": "x"}'},
    {"version": 1, "parent_type": "nothing", "parent_name": "x"},
    {"version": 1, "spoe": "none", "scope": "[x]", "raw": '{"name": "x"}'},
    {"version": 1, "spoe": "none", "raw": '"[x]"'},
    {"version": 1, "backend": "none", "frontend": "none", "spoe": "none", "status": "none"},
)


def test_every_refusal_that_occurs_is_named(api, swagger):
    unnamed = set()
    for method, path, operation in operations(swagger):
        if path.endswith("/raw") and method == "POST":
            continue  # takes any text
        for wrong in WRONG:
            status = ask(api, method, path, operation, **wrong).status_code
            if 400 <= status < 500 and str(status) not in operation["responses"]:
                unnamed.add((method, path, status))
    assert sorted(unnamed) == []


def test_what_is_filled_in_is_an_answer_of_the_server(api, document):
    """The documentation page reads the value; the version of an SPOE file is another one."""
    filled = set()
    for _, path, operation in operations(document):
        for one in operation["parameters"]:
            current = resolved(document, one).get("x-current")
            if current:
                filled.add(path)
                assert api.call("GET", f"/v2{current}").json == api.version
    assert "/services/haproxy/transactions" in filled
    assert "/services/haproxy/configuration/backends" in filled
    assert not [path for path in filled if "spoe" in path]
