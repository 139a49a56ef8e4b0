"""The served documents: valid, and made from what is served."""

from types import SimpleNamespace

import pytest
from openapi_spec_validator import validate

from dataplane_core import impl
from dataplane_core.api.operations import Operation, Response
from tests.api.support import Api

FORMS = ("specification", "specification_openapiv3")


def document(api: Api, form: str) -> dict:
    answer = api.call("GET", f"/v2/{form}")
    assert answer.status_code == 200, answer.text
    found: dict = answer.json
    return found


def schemas(spec: dict) -> dict:
    found: dict = spec.get("definitions") or spec["components"]["schemas"]
    return found


@pytest.mark.parametrize("form", FORMS)
class TestBoth:
    def test_valid(self, api, form):
        validate(document(api, form))

    def test_every_path_is_served_and_every_operation_has_its_own_name(self, api, form):
        spec = document(api, form)
        names = []
        for path, item in spec["paths"].items():
            served = "/v2" + path.replace("{", "").replace("}", "").rstrip("/")
            assert api.call("PATCH", served).status_code == 405, path
            allowed = api.call("PATCH", served).headers["allow"].split(",")
            assert sorted(allowed) == sorted(method.upper() for method in item)
            names += [operation["operationId"] for operation in item.values()]
        assert len(names) == len(set(names)) > 20

    def test_schemas_say_what_the_declarations_say(self, api, form):
        backend = schemas(document(api, form))["backend"]
        properties = backend["properties"]
        assert backend["required"] == ["name"]
        assert properties["mode"]["enum"] == ["tcp", "http"]
        assert (properties["maxconn"]["minimum"], properties["maxconn"]["maximum"]) == (1, 1000)
        nullable = "x-nullable" if form == "specification" else "nullable"
        assert properties["connect_timeout"][nullable] is True
        assert properties["errorfiles"]["type"] == "array"
        reference = properties["balance"]["$ref"].rpartition("/")[2]
        assert schemas(document(api, form))[reference]["required"] == ["algorithm"]

    def test_properties_have_the_names_and_extent_of_the_version(self, api, form):
        properties = schemas(document(api, form))["keeper"]["properties"]
        assert set(properties) == {"name", "address", "weight", "state", "label", "secret", "x_unmanaged"}
        assert properties["secret"]["readOnly"] is True

    def test_objects_that_are_alike_are_defined_once(self, api, form):
        names = set(schemas(document(api, form)))
        assert {"balance", "errorfiles", "defaults", "defaults_sections", "gates"} <= names
        assert not {name for name in names if name.startswith(("backend_", "balance_"))}

    def test_a_plugin_can_adjust_it(self, make_api, form):
        @impl
        def dataplane_spec(spec, version):
            spec["info"]["contact"] = {"name": version}

        plugin = SimpleNamespace(__name__="contact", dataplane_spec=dataplane_spec)
        assert document(make_api(plugins=[plugin]), form)["info"]["contact"] == {"name": "v2"}


def parameters(spec: dict, path: str, method: str) -> dict:
    found = {}
    for one in spec["paths"][path][method]["parameters"]:
        while "$ref" in one:
            place = spec
            for part in one["$ref"].split("/")[1:]:
                place = place[part]
            one = place
        found[one["name"]] = one
    return found


def test_parents_are_parameters(api):
    spec = document(api, "specification")
    base = "/services/haproxy/configuration"
    keepers = parameters(spec, f"{base}/keepers", "get")
    assert not keepers["backend"]["required"]
    assert keepers["parent_type"]["enum"] == ["backend", "my_gate", "listen"]
    assert parameters(spec, f"{base}/doors", "post")["frontend"]["required"]
    passages = parameters(spec, f"{base}/passages/{{index}}", "put")
    assert passages["index"]["type"] == "integer"
    assert passages["parent_type"]["required"]
    assert not passages["parent_name"]["required"]  # defaults have none
    assert {"transaction_id", "version", "force_reload"} <= set(passages)


def test_discovery_follows_the_routes(api):
    found = {one["url"] for one in api.call("GET", "/v2/services/haproxy/configuration").json}
    assert {f"/services/haproxy/configuration/{name}" for name in ("keepers", "raw", "global")} <= found
    assert not any("{" in url for url in found)
    top = {one["url"] for one in api.call("GET", "/v2").json}
    assert {"/info", "/health", "/services", "/specification"} <= top
    assert api.call("GET", "/v2/services").json[0]["url"] == "/services/haproxy"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"Host": "lb.example:5555"}, "lb.example:5555"),
        ({"Host": "inside", "X-Forwarded-Host": "lb.example"}, "lb.example"),
        ({"Host": "[::1]:5555"}, None),  # which Swagger 2.0 has no form for
    ],
)
def test_swagger_names_the_host_that_was_asked(make_api, given, told):
    api = make_api(dataplane__allowed_hosts=("lb.example", "inside"))
    answer = api.call("GET", "/v2/specification", headers=given)
    assert answer.json.get("host") == told
    validate(answer.json)


def test_a_plugin_describes_its_tag_and_names_a_plain_operation(make_api):
    class Hello:
        def on_get(self, req, resp, **names):
            resp.text = "{}"

    @impl
    def dataplane_routes(routes):
        routes.tag("Greetings", "Words to begin with.", -2)
        said = {"200": Response({"type": "object"})}
        plain = Operation("getHello", "Greetings", "Say hello", responses=said)
        told = Operation("getBye", "Partings", "Say bye. And nothing else.", responses=said)
        routes.add("/hello/{name}", Hello(), {"GET": plain})
        routes.add("/bye", Hello(), {"GET": told})

    plugin = SimpleNamespace(__name__="greetings", dataplane_routes=dataplane_routes)
    spec = document(make_api(plugins=[plugin]), "specification")
    assert spec["tags"][0] == {"name": "Greetings", "description": "Words to begin with."}
    assert {"name": "Partings", "description": "Operations on Partings."} in spec["tags"]
    hello, bye = spec["paths"]["/hello/{name}"]["get"], spec["paths"]["/bye"]["get"]
    assert (hello["summary"], hello["description"]) == ("Say hello", "Say hello.")
    assert (bye["summary"], bye["description"]) == ("Say bye", "And nothing else.")
    assert hello["parameters"][0]["description"] == "The name of the object."
    assert {"401", "406"} <= hello["responses"].keys()
    assert "403" not in hello["responses"]


def test_403_is_named_where_a_plugin_decides_about_rights(make_api):
    @impl
    def dataplane_authorize(identity, operation):
        return None

    plugin = SimpleNamespace(__name__="guard", dataplane_authorize=dataplane_authorize)
    spec = document(make_api(plugins=[plugin]), "specification")
    for item in spec["paths"].values():
        assert all("403" in operation["responses"] for operation in item.values())
