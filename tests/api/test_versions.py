"""A further API version is a small class: here one with parents in the path and bare answers."""

import pytest

from dataplane_core.api.describe import MANY, ONE, Describe
from dataplane_core.api.routes import Route
from dataplane_core.api.rows import RowItem, RowList
from dataplane_core.api.sections import SectionItem, SectionList
from dataplane_core.api.v2 import V2
from dataplane_core.app import serve
from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.locate import ParentReference
from tests.api.support import Api


class V9(V2):
    name, prefix, title = "v9", "/v9", "Another"
    configuration = "/configuration"

    def wrap(self, version, data):
        return data

    def envelope(self, schema, required=False):
        return schema

    def routes(self, view):
        for one in view.registry.all_sections():
            path, describe = f"{self.configuration}/{one.name}", Describe(view, one, ())
            yield Route(path, SectionList(view, one), describe.only(*MANY))
            yield Route(f"{path}/{{{one.key}}}", SectionItem(view, one), describe.only(*ONE))
            for rows in view.registry.rows_of(one.kind):
                yield from self._rows(view, f"{path}/{{parent_name}}/{rows.name}", rows, one.kind)

    def _rows(self, view, path, rows: RowCollection, kind):
        parent = next(parent for parent in rows.parents if parent.kind == kind)

        def in_path(rows, req, keys):
            return ParentReference((parent,), keys["parent_name"])

        describe = Describe(view, rows, ())
        yield Route(path, RowList(view, rows, in_path), describe.only(*MANY))
        item = RowItem(view, rows, in_path, key="key")
        yield Route(f"{path}/{{key}}", item, describe.only(*ONE))


@pytest.fixture
def both(api) -> Api:
    """The same services under two versions at once."""
    api.client.app = serve(api.app.services, (V2(), V9()))
    return api


def test_parents_in_the_path_and_bare_answers(both):
    path = "/v9/configuration/backends/be1/keepers"
    assert both.call("GET", f"{path}/k1").json == {
        "name": "k1",
        "address": "10.0.0.1",
        "weight": 5,
    }
    body = {"name": "a/b", "address": "x", "tags": {"first": "t"}, "ancient": "o"}
    assert both.call("POST", path, body, version=1).status_code == 202
    assert "keeper a/b x tag t old o\n" in both.text
    assert both.call("GET", f"{path}/a%2Fb").json == body
    assert [one["name"] for one in both.call("GET", path).json] == ["k1", "k2", "a/b"]
    assert both.call("GET", "/v9/configuration/my-gates").status_code == 404


def test_the_other_version_shows_the_same_in_its_own_form(both):
    body = {"name": "n", "address": "x", "tags": {"first": "t"}, "ancient": "o"}
    both.call("POST", "/v9/configuration/backends/be1/keepers", body, version=1)
    assert both.get("keepers/n", backend="be1") == {"name": "n", "address": "x", "label": "t"}
    both.change("PUT", "keepers/n", {"name": "n", "address": "x", "label": "u"}, backend="be1")
    shown = both.call("GET", "/v9/configuration/backends/be1/keepers/n").json
    assert shown["tags"] == {"first": "u"}
    assert shown["ancient"] == "o"  # what a version cannot say, it does not take away


def test_each_version_has_its_own_documents(both):
    new, old = (both.call("GET", f"/{name}/specification").json for name in ("v9", "v2"))
    assert (new["basePath"], old["basePath"]) == ("/v9", "/v2")
    assert "tags" in new["definitions"]["keeper"]["properties"]
    assert "tags" not in old["definitions"]["keeper"]["properties"]
    path = "/configuration/frontends/{parent_name}/passages/{key}"
    assert set(new["paths"][path]) == {"get", "put", "delete"}
