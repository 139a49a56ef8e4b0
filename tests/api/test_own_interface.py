"""`/dataplane/v1` has the paths that plugins add for it, and a document of its own."""

from pathlib import Path

import falcon
from openapi_spec_validator import validate

from dataplane_core.plugin import OWN, Operation, Response, Routes, impl
from tests.api.support import Api

THING = {"type": "object", "properties": {"size": {"type": "integer", "x-nullable": True}}}


class Things:
    """A plugin with a path for the server's own interface and one for the Data Plane API."""

    @impl
    def dataplane_routes(self, routes: Routes) -> None:
        routes.schema("thing", THING, OWN)
        responses = {"200": Response({"$ref": "thing"})}
        one = Operation("getThing", "Things", "Read a thing. It has a size.", responses=responses)
        routes.add("/things/{id}", self, {"GET": one}, OWN)
        # One path and one operation of that name in either.
        routes.add("/things/{id}", self, {"GET": one})

    def on_get(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:
        resp.media = {"size": len(id)}


def api_with_things(folder: Path) -> Api:
    return Api(folder, plugins=[Things(), "service.docs"])


def test_a_path_of_the_own_interface_is_in_no_other(tmp_path: Path) -> None:
    class Alone(Things):
        @impl
        def dataplane_routes(self, routes: Routes) -> None:
            one = Operation("getThing", "Things", "Read a thing. It.", responses={})
            routes.add("/things/{id}", self, {"GET": one}, OWN)

    api = Api(tmp_path, plugins=[Alone()])
    assert api.call("GET", "/dataplane/v1/things/four").json == {"size": 4}
    assert api.call("GET", "/v2/things/four").status_code == 404
    assert api.call("GET", "/dataplane/v1/services/haproxy/configuration/backends").status_code == 404


def test_both_may_have_a_path_of_the_same_name(tmp_path: Path) -> None:
    api = api_with_things(tmp_path)
    for prefix in ("/dataplane/v1", "/v2", "/v3"):
        assert api.call("GET", f"{prefix}/things/four").json == {"size": 4}


def test_nobody_is_served_without_credentials(tmp_path: Path) -> None:
    api = api_with_things(tmp_path)
    for path in ("things/four", "openapi.json", "nothing"):
        answer = api.call("GET", f"/dataplane/v1/{path}", user=None)
        assert answer.status_code == 401


def test_its_document_is_openapi_31_of_its_own_paths_alone(tmp_path: Path) -> None:
    document = api_with_things(tmp_path).call("GET", "/dataplane/v1/openapi.json").json
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert {"/things/{id}", "/openapi.json", "/docs"} <= set(document["paths"])
    assert set(document["components"]["schemas"]) == {"error", "plugin", "thing"}
    size = document["components"]["schemas"]["thing"]["properties"]["size"]
    assert size == {"type": ["integer", "null"]}


def test_its_page_shows_its_document(tmp_path: Path) -> None:
    page = api_with_things(tmp_path).call("GET", "/dataplane/v1/docs").text
    assert 'data-specification="../../dataplane/v1/openapi.json"' in page


def test_without_a_path_of_its_own_there_is_none(tmp_path: Path) -> None:
    adding = ("service.specification", "service.info")
    assert Api(tmp_path, dataplane__block_plugins=adding).app.own is None
