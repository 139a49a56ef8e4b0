"""The specification's examples: right by their schemas, and taken by the server as they are."""

import pytest
from jsonschema import Draft4Validator

from dataplane_core.app import VERSIONS
from dataplane_core.resources.collections import RowCollection
from tests.harness.recorded import TOP
from tests.laws.support import Everything

CONFIGURATION = "/v2/services/haproxy/configuration"
TRANSACTIONS = "/v2/services/haproxy/transactions"

ALONE = {
    "stick_rules": "the backend needs a stick table",
    "quic_initial_rules": "HAProxy 3.1 is needed",
    "ssl_front_uses": "a certificate is needed",
    "crt_stores": "HAProxy 3.0 is needed",
    "crt_loads": "a certificate is needed",
    "acme": "HAProxy 3.2 with experimental directives is needed",
}
"""The examples that the sample configuration is not enough for, with what they need besides."""

ELSEWHERE = ("/services/haproxy/sites", "/service_discovery/consul", "/service_discovery/aws")


@pytest.fixture(scope="module")
def api(tmp_path_factory, haproxy_program):
    folder = tmp_path_factory.mktemp("examples")
    text = (TOP / "config" / "haproxy.cfg").read_text("utf-8")
    text = text.replace("/run/haproxy/admin.sock", str(folder / "admin.sock"))
    return Everything(
        folder, text, haproxy__reload__validate_cmd="", haproxy__haproxy_bin=haproxy_program
    )


@pytest.fixture(scope="module")
def document(api):
    return api.call("GET", "/v2/specification").json


def examples(document):
    found = document["definitions"].items()
    return {name: schema["example"] for name, schema in found if "example" in schema}


@pytest.mark.parametrize("version", [one.name for one in VERSIONS])
def test_every_example_is_right_by_its_schema(api, version):
    document = api.call("GET", f"/{version}/specification").json
    for name, shown in examples(document).items():
        schema = {"$ref": f"#/definitions/{name}", "definitions": document["definitions"]}
        assert list(Draft4Validator(schema).iter_errors(shown)) == [], name


def test_every_body_has_an_example(document):
    known = examples(document).keys()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            for one in operation["parameters"]:
                if one.get("in") != "body" or operation["consumes"] == ["text/plain"]:
                    continue
                reference = one["schema"].get("$ref", "").rpartition("/")[2]
                items = document["definitions"].get(reference, {}).get("items", {})
                of_items = items.get("$ref", "").rpartition("/")[2]
                assert {reference, of_items} & known or "example" in one["schema"], (method, path)


def parent_of(api, one, shown, transaction):
    """The query that names a section for an example line: one of the sample, or an example."""
    kind, words = one.parents[0], one.query
    sections = api.app.services.config.snapshot().document.of_kind(kind)
    name = next((section.name for section in sections if section.name), None)
    if name is None:
        owner = api.registry.sections_of(kind)
        body = shown[owner.naming.schema]
        made = api.call("POST", owner.name, body, transaction_id=transaction)
        assert made.status_code == 202, made.text
        name = body[owner.key]
    if not words.typed:
        return {words.parameter: name}
    return {"parent_type": words.label(kind), "parent_name": name}


def test_examples_are_taken_on_the_sample_configuration(api, document):
    shown = examples(document)
    refused = {}
    for one in api.registry.collections.values():
        if "create" not in one.operations or one.naming.schema not in shown:
            continue  # version 2 has no such collection
        before = api.file.read_bytes()
        transaction = api.call("POST", TRANSACTIONS, version=api.version).json["id"]
        query = parent_of(api, one, shown, transaction) if isinstance(one, RowCollection) else {}
        body = shown[one.naming.schema]
        answer = api.call("POST", one.name, body, transaction_id=transaction, **query)
        assert answer.status_code == 202, (one.name, answer.text)
        assert "warning" not in answer.headers, (one.name, answer.headers["warning"])
        answer = api.call("PUT", f"{TRANSACTIONS}/{transaction}")
        if answer.status_code != 202:
            refused[one.name] = answer.json["message"]
            api.call("DELETE", f"{TRANSACTIONS}/{transaction}")
        api.file.write_bytes(before)
    assert refused.keys() <= ALONE.keys(), refused


@pytest.mark.parametrize("path", ELSEWHERE)
def test_other_examples_are_taken(api, document, path):
    operation = document["paths"][path]["post"]
    body = next(one for one in operation["parameters"] if one.get("in") == "body")
    shown = examples(document)[body["schema"]["$ref"].rpartition("/")[2]]
    query = {} if path.startswith("/service_discovery") else {"version": api.version}
    answer = api.call("POST", f"/v2{path}", shown, **query)
    assert answer.status_code in (201, 202), answer.text
