"""Every list that the document describes is a list also where there is nothing: never null."""

from typing import Any

import pytest

from tests.laws.support import Everything

SPOE = "/v2/services/haproxy/spoe/spoe_files"
UPLOAD = (
    '--BB\r\nContent-Disposition: form-data; name="file_upload"; filename="x"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n[x]\n\r\n--BB--\r\n"
)


@pytest.fixture
def api(tmp_path):
    folders = {"maps_dir", "ssl_certs_dir", "general_storage_dir", "spoe_dir"}
    given = {f"dataplaneapi__resources__{name}": str(tmp_path / name) for name in folders}
    sections = ("backend", "fcgi-app", "frontend", "log-forward", "mailers", "peers", "resolvers",
                "userlist", "crt-store")  # fmt: skip
    api = Everything(tmp_path, "".join(f"{kind} x\n" for kind in sections), **given)
    headers = {"Content-Type": "multipart/form-data; boundary=BB"}
    assert api.call("POST", SPOE, raw=UPLOAD, headers=headers).status_code == 201
    return api


class Described:
    """The lists of a served document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def resolved(self, one: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in one:
            kind, name = one["$ref"].split("/")[-2:]
            one = self.document[kind][name]
        return one

    def lists(self) -> dict[str, dict[str, str]]:
        """The paths of the lists, each with the query that it cannot do without."""
        found = {}
        for path, methods in self.document["paths"].items():
            schema = methods.get("get", {}).get("responses", {}).get("200", {}).get("schema")
            if schema is not None and "{" not in path and self._is_list(schema):
                found[path] = self._query(methods["get"].get("parameters", ()))
        return found

    def _is_list(self, schema: dict[str, Any]) -> bool:
        whole = self.resolved(schema)
        inner = whole.get("properties", {}).get("data", whole)
        return bool(self.resolved(inner).get("type") == "array")

    def _query(self, parameters: Any) -> dict[str, str]:
        every = {one["name"]: one for one in map(self.resolved, parameters) if one["in"] == "query"}
        query = {name: "x" for name, one in every.items() if one.get("required")}
        if "parent_type" in every:
            query |= {"parent_type": every["parent_type"]["enum"][0], "parent_name": "x"}
        return query | ({"scope": "[x]"} if "scope" in query else {})


def test_no_list_is_null(api):
    lists = Described(api.call("GET", "/v2/specification").json).lists()
    seen = {}
    for path, query in lists.items():
        answer = api.call("GET", f"/v2{path}", **query)
        if "/runtime/" in path or "/stats/" in path:
            assert answer.status_code in (503, 422), path  # there is no HAProxy to ask
            continue
        assert answer.status_code == 200, (path, query, answer.text)
        seen[path] = answer.json["data"] if isinstance(answer.json, dict) else answer.json
    assert {path: type(one) for path, one in seen.items() if not isinstance(one, list)} == {}
    assert {"/service_discovery/consul", "/service_discovery/aws"} <= seen.keys()
    empty = [path for path, one in seen.items() if one == []]
    assert len(empty) > 40
