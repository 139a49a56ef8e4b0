"""A further version of the interface beside `/v2`, in one application, from the same declarations.

`/v9` has parents in the path, bare answers, indices in the path, lists replaced as a whole, whole
sections, other names of operations and schemas, a mask, and values of other types.
"""

import gc
from types import SimpleNamespace
from typing import Any

import pytest

from dataplane_core import impl
from dataplane_core.api.operations import Operation, Response
from dataplane_core.api.v2 import V2
from dataplane_core.app import VERSIONS, serve
from dataplane_core.codec.codec import Codec
from dataplane_core.errors import CheckFailed, Finding, Reference
from dataplane_core.grammar import Model, arg, duration, one_of, statement, word
from dataplane_core.hooks.containment import PluginError
from dataplane_core.resources.masks import Mask
from dataplane_core.resources.query_words import Parent
from dataplane_core.resources.registry import Registry
from tests.api.another_version import TOP, V9
from tests.api.support import CONFIGURATION, Api

RELOADS = "/services/haproxy/reloads"


@impl
def dataplane_register(registry: Registry) -> None:
    """A keyword whose value has another type in `/v9`, one that only `/v9` has, and its mask."""
    watch = one_of("watch", "enabled", "disabled", types={"v9": "boolean"})
    wait = duration("wait", 0, nullable=True, types={"v9": "duration"})
    registry.extend("keepers", arg("watch", watch), arg("wait", wait), arg("new", word("new")))
    registry.mask("v2", Mask(properties={"keeper": frozenset({"new"})}))
    hidden = {"backend": frozenset({"balance", "description"}), "passage": frozenset({"cond_test"})}
    values = {"backend": {"mode": frozenset({"tcp"})}}
    registry.mask("v9", Mask(frozenset({"doors"}), hidden, values))
    registry.mask("v9", Mask(paths=frozenset({RELOADS, f"{RELOADS}/{{called_otherwise}}"})))


@pytest.fixture
def both(make_api: Any) -> Api:
    """The same services under two versions at once."""
    api: Api = make_api(plugins=[SimpleNamespace(dataplane_register=dataplane_register)])
    api.client.app = serve(api.app.services, (*VERSIONS, V9()))
    return api


def change(api: Api, method: str, path: str, body: Any = None) -> Any:
    answer = api.call(method, f"{TOP}/{path}", body, version=api.version)
    assert answer.status_code < 300, answer.text
    return answer.json if answer.text else None


def test_parents_in_the_path_and_bare_answers(both: Api) -> None:
    path = f"{TOP}/backends/be1/keepers"
    assert both.call("GET", f"{path}/k1").json == {
        "name": "k1",
        "address": "10.0.0.1",
        "weight": 5,
        "metadata": {"comment": "here"},
    }
    body = {"name": "a/b", "address": "x", "tags": {"first": "t"}, "ancient": "o"}
    assert both.call("POST", path, body, version=1).status_code == 202
    assert "keeper a/b x tag t old o\n" in both.text
    assert both.call("GET", f"{path}/a%2Fb").json == body
    assert [one["name"] for one in both.call("GET", path).json] == ["k1", "k2", "a/b"]
    assert both.call("GET", f"{TOP}/my-gates").status_code == 404


def test_the_other_version_shows_the_same_in_its_own_form(both: Api) -> None:
    body = {"name": "n", "address": "x", "tags": {"first": "t"}, "ancient": "o"}
    change(both, "POST", "backends/be1/keepers", body)
    assert both.get("keepers/n", backend="be1") == {"name": "n", "address": "x", "label": "t"}
    both.change("PUT", "keepers/n", {"name": "n", "address": "x", "label": "u"}, backend="be1")
    shown = both.call("GET", f"{TOP}/backends/be1/keepers/n").json
    assert shown["tags"] == {"first": "u"}
    assert shown["ancient"] == "o"  # what a version cannot say, it does not take away


def test_an_index_is_in_the_path_alone(both: Api) -> None:
    path = "frontends/fe1/passages"
    assert both.call("GET", f"{TOP}/{path}").json == [
        {"type": "allow", "cond": "if"},
        {"type": "deny", "status": 403},
    ]
    new = {"type": "deny", "status": 404, "index": 7}
    assert change(both, "POST", f"{path}/1", new) == {"type": "deny", "status": 404}
    change(both, "POST", f"{path}/-1", {"type": "allow"})
    assert "  pass allow if A\n  pass deny status 404\n" in both.text
    parent = {"parent_type": "frontend", "parent_name": "fe1"}
    assert [one["index"] for one in both.get("passages", **parent)] == [0, 1, 2, 3]
    change(both, "PUT", f"{path}/1", {"type": "deny", "status": 410})
    assert both.call("GET", f"{TOP}/{path}/1").json == {"type": "deny", "status": 410}
    change(both, "DELETE", f"{path}/0")
    assert both.refused("POST", f"{TOP}/{path}/9", {"type": "allow"})[0] == 400
    assert both.call("POST", f"{TOP}/{path}", {"type": "allow"}, version=both.version).status_code == 405


def test_a_list_is_replaced_as_a_whole(both: Api) -> None:
    path = f"{TOP}/frontends/fe1/passages"
    wanted = [{"type": "deny", "status": 500}, {"type": "deny", "status": 403}]
    assert both.call("PUT", path, wanted, version=both.version).json == wanted
    assert both.call("GET", path).json == wanted
    assert "  # about the next one\n" in both.text
    bad = [*wanted, {"type": "deny", "status": 1}, {"status": "x"}]
    assert both.refused("PUT", path, bad)[::2] == (
        400,
        "3.status in body must be a whole number of at most 64 bits, and 3.type in body is required,"
        " and 2.status in body should be greater than or equal to 400",
    )
    bad[3] = {}
    assert both.refused("PUT", path, bad)[:2] == (422, 602)
    for other in (None, {}, "x", [None], [[]]):
        assert both.refused("PUT", path, other, raw=None if other is not None else "null")[0] == 400
    assert both.refused("PUT", f"{TOP}/frontends/none/passages", [])[0] == 400
    both.call("PUT", path, [], version=both.version)
    assert both.call("GET", path).json == []


def test_each_version_has_its_own_documents(both: Api) -> None:
    new, old = (both.call("GET", f"/{name}/specification").json for name in ("v9", "v2"))
    assert (new["basePath"], old["basePath"]) == ("/v9", "/v2")
    assert "tags" in new["definitions"]["keeper_9"]["properties"]
    assert "tags" not in old["definitions"]["keeper"]["properties"]
    assert "index" in old["definitions"]["passage"]["properties"]
    assert "index" not in new["definitions"]["passage_9"]["properties"]
    item = new["paths"]["/configuration/frontends/{parent_name}/passages/{index}"]
    many = new["paths"]["/configuration/frontends/{parent_name}/passages"]
    assert (set(item), set(many)) == ({"get", "post", "put", "delete"}, {"get", "put"})
    assert item["post"]["operationId"] == "createPassageOffrontend"
    assert many["put"]["parameters"][0]["name"] == "parent_name"


def test_findings_have_the_paths_of_the_version_that_asks(both: Api, monkeypatch: Any) -> None:
    def refuse(self: Any, snapshot: Any) -> None:
        found = Finding(1, "alert", "no", "backend be1", Reference("keepers", "backend", "be1", "k1"))
        raise CheckFailed("no", (found,))

    monkeypatch.setattr(type(both.app.services.config), "snapshot", refuse)
    paths = {"/v2": f"{CONFIGURATION}/keepers/k1?parent_type=backend&parent_name=be1",
             "/v9": f"{TOP}/backends/be1/keepers/k1"}  # fmt: skip
    for asked in (f"{CONFIGURATION}/gates", f"{TOP}/gates"):
        [finding] = both.call("GET", asked).json["findings"]
        assert finding["resource"] == paths[asked[:3]]


def test_what_plugins_serve_is_wrapped_as_the_version_does(make_api: Any) -> None:
    class Text:
        def on_get(self, req: Any, resp: Any) -> None:
            resp.media = req.served.version.wrap(None, "text")

    @impl
    def dataplane_routes(routes: Any) -> None:
        answer = Response({"type": "string"}, wrapped=True, required=True)
        routes.add("/text", Text(), {"GET": Operation("getText", "Text", responses={"200": answer})})

    api: Api = make_api(plugins=[SimpleNamespace(dataplane_routes=dataplane_routes)])
    api.client.app = serve(api.app.services, (*VERSIONS, V9()))
    assert api.call("GET", "/v2/text").json == {"data": "text"}
    assert api.call("GET", "/v9/text").json == "text"
    shown = api.call("GET", "/v9/specification").json["paths"]["/text"]["get"]
    assert shown["responses"]["200"]["schema"] == {"type": "string"}


def test_what_a_version_lacks_is_neither_shown_nor_taken_and_stays(both: Api) -> None:
    both.change("PUT", "backends/be1", {"name": "be1", "mode": "tcp", "description": "d", "maxconn": 3})
    path = f"{TOP}/backends/be1"
    shown = {"name": "be1", "mode": "tcp", "maxconn": 3, "x_unmanaged": ["description d"]}
    assert both.call("GET", path).json == shown
    answer = both.call("PUT", path, {"name": "be1", "mode": "tcp", "balance": {"algorithm": "uri"}}, version=both.version)
    assert answer.headers["warning"].endswith('ignored properties: balance"')
    assert both.get("backends/be1") == {"name": "be1", "mode": "tcp", "description": "d"}
    assert both.refused("POST", f"{TOP}/backends", {"name": "b", "mode": "tcp"})[1] == 606
    assert both.call("GET", f"{TOP}/frontends/fe1/doors").status_code == 404
    assert "door_9" not in both.call("GET", "/v9/specification").json["definitions"]
    keeper = {"name": "n", "address": "x", "new": "w"}
    assert change(both, "POST", "backends/be1/keepers", keeper) == keeper
    assert "new" not in both.get("keepers/n", backend="be1")
    assert "new" not in both.call("GET", "/v2/specification").json["definitions"]["keeper"]["properties"]


def test_a_path_of_a_plugin_that_a_version_lacks_is_in_the_others_alone(both: Api) -> None:
    assert both.call("GET", f"/v2{RELOADS}").json == []
    for path in (RELOADS, f"{RELOADS}/1"):
        status, _, message = both.refused("GET", f"/v9{path}")
        assert (status, f"/v9{path}" in message) == (404, True)
    assert both.call("GET", "/v9/services/haproxy/transactions").status_code == 200
    new, old = (both.call("GET", f"/{name}/specification").json for name in ("v9", "v2"))
    assert {RELOADS, f"{RELOADS}/{{id}}"} <= old["paths"].keys()
    assert not [path for path in new["paths"] if path.startswith(RELOADS)]
    new, old = (both.call("GET", f"/{name}/services/haproxy").text for name in ("v9", "v2"))
    assert ("reloads" in new, "reloads" in old) == (False, True)


def test_what_names_its_versions_is_in_these_whatever_masks_say(make_api: Any) -> None:
    class Here:
        def on_get(self, req: Any, resp: Any) -> None:
            resp.media = {}

    @impl
    def dataplane_register(registry: Registry) -> None:
        registry.mask("v2", Mask(frozenset({"sheds"}), paths=frozenset({"/here", "/there"})))
        model = Model("shed", statement("colour", word("colour")))
        registry.sections("sheds", kind="shed", model=model, versions=("v2",))

    @impl
    def dataplane_routes(routes: Any) -> None:
        routes.add("/here", Here(), {"GET": Operation("getHere", "Here")}, versions=("v2",))
        routes.add("/there", Here(), {"GET": Operation("getThere", "There")})

    hooks = {"dataplane_register": dataplane_register, "dataplane_routes": dataplane_routes}
    api: Api = make_api(plugins=[SimpleNamespace(__name__="plugin", **hooks)])
    api.client.app = serve(api.app.services, (*VERSIONS, V9()))
    assert [api.call("GET", path).status_code for path in ("/v2/here", "/v2/there", "/v9/here")] == [200, 404, 404]
    assert api.get("sheds") == []


def test_rows_of_a_kind_of_section_may_be_in_some_versions_alone(make_api: Any) -> None:
    @impl
    def dataplane_register(registry: Registry) -> None:
        parents = ("backend", Parent("frontend", versions=("v9",)))
        line = statement("hint", word("hint"), examples=["hint a"], rejects=["hint"])
        registry.rows("hints", line, key=None, parents=parents)

    api: Api = make_api(plugins=[SimpleNamespace(dataplane_register=dataplane_register)])
    api.client.app = serve(api.app.services, (*VERSIONS, V9()))
    refused = api.call("GET", "hints", parent_type="frontend", parent_name="fe1")
    assert refused.status_code == 422
    assert "parent_type in query should be one of [backend listen]" in refused.json["message"]
    assert api.call("GET", f"{TOP}/frontends/fe1/hints").json == []


def test_values_have_the_type_of_the_version(both: Api) -> None:
    keeper = {"name": "n", "address": "x", "watch": False, "wait": "2s"}
    assert change(both, "POST", "backends/be1/keepers", keeper) == keeper
    assert "keeper n x watch disabled wait 2000\n" in both.text
    assert both.get("keepers/n", backend="be1") == {
        "name": "n", "address": "x", "watch": "disabled", "wait": 2000,
    }  # fmt: skip
    assert both.call("GET", f"{TOP}/backends/be1/keepers/n").json == keeper
    properties = both.call("GET", "/v9/specification").json["definitions"]["keeper_9"]["properties"]
    assert (properties["watch"]["type"], properties["wait"]["type"]) == ("boolean", "string")


def test_a_section_is_shown_and_replaced_with_all_its_rows(make_api: Any) -> None:
    both = make_api()
    both.client.app = serve(both.app.services, (*VERSIONS, V9()))
    path = f"{TOP}/frontends"
    plain, full = (both.call("GET", f"{path}/fe1", full_section=flag).json for flag in ("false", "true"))
    assert set(full) - set(plain) == {"doors", "passage_list"}
    assert {name: door["name"] for name, door in full["doors"].items()} == {"d1": "d1", "10.0.0.2:80": "10.0.0.2:80"}
    assert both.call("PUT", f"{path}/fe1", full, version=both.version, full_section="true").status_code == 202
    assert both.call("GET", f"{path}/fe1", full_section="true").json == full
    before = both.text
    full["passage_list"] = [{"type": "deny", "status": 404}]
    del full["doors"]
    both.call("PUT", f"{path}/fe1", full, version=both.version, full_section="false")
    assert both.text == before  # without the parameter the rows stay
    both.call("PUT", f"{path}/fe1", full, version=both.version, full_section="true")
    assert both.call("GET", path, full_section="true").json == [full]
    assert "  door" not in both.text.partition("backend")[0]
    new = {"name": "fe2", "passage_list": [{"type": "allow"}], "doors": {"x": {"address": "a:1", "name": "x"}}}
    assert both.call("POST", path, new, version=both.version, full_section="true").json == new
    assert "frontend fe2\n  door a:1 name x\n  pass allow\n" in both.text
    new["passage_list"] = [{"type": "deny", "status": 1}]
    new["name"] = "fe3"
    code, message = both.refused("POST", path, new, full_section="true")[1:]
    assert (code, message) == (609, "passage_list.0.status in body should be greater than or equal to 400")


def test_what_a_version_cannot_say_of_rows_stays_in_lists_that_are_replaced(both: Api) -> None:
    path = f"{TOP}/frontends/fe1"
    shown = both.call("GET", f"{path}/passages").json
    shown.append({"type": "allow"})
    both.call("PUT", f"{path}/passages", shown, version=both.version)
    assert "  pass allow if A\n" in both.text
    full = both.call("GET", path, full_section="true").json
    full["passage_list"].pop()
    both.call("PUT", path, full, version=both.version, full_section="true")
    assert "  pass allow if A\n" in both.text and both.text.count("pass allow") == 1


class V8(V2):
    """A version that calls the index of a row `id`, in the body and in the path."""

    name, prefix = "v8", "/v8"
    index_parameter, index_property = "id", "id"


def test_a_version_may_call_the_index_otherwise(api: Api) -> None:
    api.client.app = serve(api.app.services, (V2(), V8()))
    path, parent = "/v8/services/haproxy/configuration/passages", {"parent_type": "frontend", "parent_name": "fe1"}
    shown = api.call("GET", path, **parent).json["data"]
    assert [(one["id"], "index" in one) for one in shown] == [(0, False), (1, False)]
    body = {"id": 1, "type": "deny", "status": 404}
    assert api.call("POST", path, body, version=api.version, **parent).json == body
    assert api.get("passages/1", **parent) == {"index": 1, "type": "deny", "status": 404}
    assert api.refused("POST", path, {"type": "allow"}, **parent)[1:] == (602, "id in body is required")
    document = api.call("GET", "/v8/specification").json
    assert f"{path.removeprefix('/v8')}/{{id}}" in document["paths"]
    assert "id" in document["definitions"]["passage"]["required"]


def test_a_version_may_show_comments_as_metadata(both: Api) -> None:
    row, owner = "backends/be1/keepers", {"owner": "me"}
    body = {"name": "n", "address": "x", "metadata": owner}
    change(both, "POST", row, body)
    assert 'keeper n x # {"owner":"me"}\n' in both.text
    assert both.call("GET", f"{TOP}/{row}/n").json == body
    assert both.get("keepers/n", backend="be1") == {"name": "n", "address": "x"}
    both.change("PUT", "keepers/n", {"name": "n", "address": "y"}, backend="be1")
    assert 'keeper n y # {"owner":"me"}\n' in both.text, "a version without metadata leaves comments"
    change(both, "PUT", f"{row}/n", {"name": "n", "address": "y", "metadata": {"comment": "a\nbackend b"}})
    assert 'keeper n y # {"comment":"a\\nbackend b"}\n' in both.text
    change(both, "PUT", f"{row}/n", {"name": "n", "address": "y"})
    assert "keeper n y\n" in both.text
    answer = both.call("PUT", f"{TOP}/{row}/n", {**body, "metadata": ["a"]}, version=both.version)
    assert (answer.status_code, answer.json["message"]) == (400, "metadata in body must be an object")


def test_rules_and_sections_have_metadata_too(both: Api) -> None:
    rules = "frontends/fe1/passages"
    change(both, "PUT", rules, [{"type": "deny", "metadata": {"n": 1}}, {"type": "allow"}])
    assert 'pass deny # {"n":1}\n' in both.text
    change(both, "POST", f"{rules}/1", {"type": "allow", "metadata": {"n": 2}})
    assert [one.get("metadata") for one in both.call("GET", f"{TOP}/{rules}").json] == [{"n": 1}, {"n": 2}, None]
    change(both, "POST", "backends", {"name": "be9", "metadata": {"n": 3}})
    assert 'backend be9 # {"n":3}\n' in both.text
    assert both.call("GET", f"{TOP}/backends/be9").json["metadata"] == {"n": 3}
    assert "metadata" not in both.get("backends/be9")
    change(both, "PUT", "backends/be9", {"name": "be9"})
    assert "backend be9\n" in both.text


def test_a_section_with_its_rows_has_their_metadata(both: Api) -> None:
    new = {"name": "be9", "metadata": {"s": 1}, "keepers": {"n": {"name": "n", "address": "x", "metadata": {"r": 1}}}}
    both.call("POST", f"{TOP}/backends", new, version=both.version, full_section="true")
    assert 'backend be9 # {"s":1}\n  keeper n x # {"r":1}\n' in both.text
    path = f"{TOP}/backends/be1"
    full = both.call("GET", path, full_section="true").json
    assert full["keepers"]["k1"]["metadata"] == {"comment": "here"}
    before = both.text
    both.call("PUT", path, full, version=both.version, full_section="true")
    assert both.text == before
    del full["keepers"]["k1"]["metadata"]
    full["keepers"]["k2"]["metadata"] = {"r": 2}
    both.call("PUT", path, full, version=both.version, full_section="true")
    assert "weight 5  # here\n" in both.text and 'keeper k2 10.0.0.2 # {"r":2}\n' in both.text


def test_a_model_whose_mask_lacks_metadata_keeps_its_comments(make_api: Any) -> None:
    @impl
    def dataplane_register(registry: Registry) -> None:
        lacking = frozenset({"metadata"})
        registry.mask("v9", Mask(properties={"keeper": lacking, "frontend": lacking}))

    api = make_api(plugins=[SimpleNamespace(dataplane_register=dataplane_register)])
    api.client.app = serve(api.app.services, (*VERSIONS, V9()))
    assert "metadata" not in api.call("GET", f"{TOP}/backends/be1/keepers/k1").json
    change(api, "PUT", "backends/be1/keepers/k1", {"name": "k1", "address": "10.0.0.9"})
    assert "k1 10.0.0.9  # here\n" in api.text


def test_no_plugin_has_a_property_of_that_name(make_api: Any) -> None:
    @impl
    def dataplane_register(registry: Registry) -> None:
        registry.extend("keepers", arg("note", word("metadata")))

    with pytest.raises(PluginError, match="the property metadata of keepers is declared"):
        make_api(plugins=[SimpleNamespace(dataplane_register=dataplane_register)])


@pytest.mark.parametrize("depth", [90, 300, 500, 700, 900, 960, 1000, 1020])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_body_that_is_nested_too_deeply_is_refused(both: Api, depth: int, opening: str, closing: str) -> None:
    inner = '{"a":' + opening * depth + "1" + closing * depth + "}"
    path = f"{TOP}/backends/be1/keepers"
    for method, where, start in (("POST", path, '{"name":"n","address":"x"'), ("PUT", f"{path}/n", '{"name":"n","address":"y"')):
        body = f'{start},"metadata":{inner}}}'
        answer = both.call(method, where, raw=body, version=both.version)
        assert answer.status_code == (202 if depth < 100 else 400)
    assert both.call("GET", path).status_code == 200
    answer = both.call("PUT", "backends/be1", raw=f'{{"errorfiles":{inner}}}', version=both.version)
    assert answer.status_code == 400


def test_no_version_has_codecs_before_it_is_asked(make_api: Any) -> None:
    assert not any(one.view._codecs for one in make_api().app.served)


def test_a_document_leaves_no_codec_behind(make_api: Any) -> None:
    served = make_api().app.served
    before = _codecs()
    for one in served:
        assert len(one.document("2.0")) > 10_000
        assert not one.view._codecs
    assert _codecs() <= before


def _codecs() -> set[int]:
    gc.collect()
    return {id(one) for one in gc.get_objects() if isinstance(one, Codec)}
