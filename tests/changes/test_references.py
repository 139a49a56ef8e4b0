"""`/references` and `/rename`, and what is said of what is deleted."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.support import OWN
from tests.changes.support import V3, WholeApi

V2 = V3.replace("v3", "v2")
TEXT = """\
# _version=4
defaults base
  mode http
frontend site from base
  acl here src -f MAPS/nets.map
  use_backend shop if here || { nbsrv(shop) gt 2 }
  default_backend other
backend shop from base
  server a 127.0.0.1:1
  server b 127.0.0.1:2 track a resolvers gone
backend other from base
backend lost from base
listen both from base
  server x 127.0.0.1:3
  use-server x if TRUE
"""


def served(folder: Path, **settings: Any) -> WholeApi:
    """A server for a file with names in it, and the folder of its maps."""
    maps = folder / "maps"
    maps.mkdir(exist_ok=True)
    (maps / "nets.map").write_text("10.0.0.0/8\n")
    settings.setdefault("dataplaneapi__resources__maps_dir", str(maps))
    return WholeApi(folder, TEXT.replace("MAPS", str(maps)), **settings)


def named(uses: list[dict[str, Any]]) -> set[tuple[str, int, str]]:
    return {(one["resource"].removeprefix(V3), one["line"], one["property"]) for one in uses}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> WholeApi:
    return served(tmp_path_factory.mktemp("references"))


@pytest.fixture
def api(tmp_path: Path) -> WholeApi:
    return served(tmp_path)


def test_both_directions_are_told(one: WholeApi) -> None:
    found = one.call("GET", f"{OWN}/references", resource=f"{V3}/backends/shop").json
    rule = "/frontends/site/backend_switching_rules/0"
    assert named(found["referenced_by"]) == {(rule, 6, "name"), (rule, 6, "cond_test")}
    refers = {one["name"]: one["targets"] for one in found["refers_to"]}
    assert refers == {"base": [f"{V3}/defaults/base"], "a": [f"{V3}/backends/shop/servers/a"], "gone": []}
    server = one.call("GET", f"{OWN}/references", resource=f"{V3}/backends/both/servers/x").json
    assert named(server["referenced_by"]) == {("/backends/both/server_switching_rules/0", 15, "target_server")}
    rule_found = one.call("GET", f"{OWN}/references", resource=V3 + rule).json
    assert {use["name"] for use in rule_found["refers_to"]} == {"shop", "here"}


def test_a_file_is_asked_about_by_its_path_or_that_of_its_storage(one: WholeApi) -> None:
    stored = "/v3/services/haproxy/storage/maps/nets.map"
    path = str(one.file.parent / "maps" / "nets.map")
    for query in ({"resource": stored}, {"file": path}):
        found = one.call("GET", f"{OWN}/references", **query).json
        assert named(found["referenced_by"]) == {("/frontends/site/acls/0", 5, "")}
    assert one.call("GET", f"{OWN}/references", file="/nowhere").json["referenced_by"] == []


def test_dangling_and_unused_names_are_told(one: WholeApi) -> None:
    dangling = one.call("GET", f"{OWN}/references/dangling").json
    assert dangling["total"] == 1 and named(dangling["items"]) == {("/backends/shop/servers/b", 10, "resolvers")}
    unused = one.call("GET", f"{OWN}/references/unused", limit=1).json
    assert (unused["total"], unused["items"][0]["name"]) == (1, "lost")
    assert unused["items"][0]["resource"] == f"{V3}/backends/lost"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        *(("references", query) for query in ({}, {"resource": "x"}, {"resource": V3}, {"resource": "/v3/a", "file": "b"})),
        *(("references", {"resource": f"/v3/services/haproxy/storage/{name}"}) for name in ("maps", "maps/a/b", "nix/a")),
        *(("references", query) for query in ({"file": "a\0b"}, {"resource": f"{V3}/backends/a\0"})),
        *((f"references/{what}", {"limit": limit}) for what in ("dangling", "unused") for limit in (0, 1001, "x")),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(one: WholeApi, path: str, query: dict[str, str]) -> None:
    assert one.call("GET", f"{OWN}/{path}", **query).status_code in (400, 422)


def test_a_name_that_does_not_exist_is_referred_to_by_nobody(one: WholeApi) -> None:
    found = one.call("GET", f"{OWN}/references", resource=f"{V3}/backends/nix").json
    assert (found["referenced_by"], found["refers_to"]) == ([], [])


def test_a_rename_is_one_version(api: WholeApi) -> None:
    body = {"resource": f"{V3}/backends/shop", "name": "store"}
    answer = api.call("POST", f"{OWN}/rename", body, version=4)
    assert answer.status_code == 202 and answer.headers["Configuration-Version"] == "5"
    assert answer.json["resource"] == f"{V3}/backends/store" and len(answer.json["changed"]) == 2
    maps = api.file.parent / "maps"
    new = TEXT.replace("shop", "store").replace("MAPS", str(maps)).partition("\n")[2]
    assert api.text == new


def test_a_rename_in_a_transaction_waits_for_its_commit(api: WholeApi) -> None:
    before = api.file.read_text()
    body = {"resource": f"{V3}/backends/both/servers/x", "name": "y"}
    with api.transaction() as transaction:
        answer = api.call("POST", f"{OWN}/rename", body, transaction_id=transaction)
        assert answer.status_code == 202 and api.file.read_text() == before
    assert "server y 127.0.0.1:3\n  use-server y if TRUE" in api.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"resource": f"{V3}/backends/nix", "name": "a"}, 404),
        ({"resource": f"{V3}/backends/shop", "name": "other"}, 409),
        ({"resource": f"{V3}/backends/shop", "name": "both"}, 409),
        ({"resource": f"{V3}/backends/shop", "name": "a b"}, 422),
        ({"resource": "/v2/x", "name": "a"}, 400),
        *((body, 422) for body in ({}, {"name": "a"}, {"resource": 1, "name": "a"}, {"resource": "x", "name": "a", "b": 1})),
        ([], 422),
    ],
)  # fmt: skip
def test_a_rename_that_cannot_be_is_refused(one: WholeApi, body: Any, status: int) -> None:
    assert one.refused("POST", f"{OWN}/rename", body)[0] in (status, 400)


@pytest.mark.parametrize("top", [V3, V2])
def test_deleting_what_is_referred_to_says_so(api: WholeApi, top: str) -> None:
    answer = api.call("DELETE", f"{top}/backends/shop", version=4)
    assert answer.status_code in (202, 204)
    warning = answer.headers["Warning"]
    assert warning.startswith('299 dataplane "backend shop is still named by ') and "switching_rules/0" in warning
    assert "Warning" not in api.call("DELETE", f"{top}/backends/lost", version=5).headers


def test_a_row_counts_too_and_its_namesake_saves_it(api: WholeApi) -> None:
    path = f"{V3}/frontends/site/acls"
    twin = {"acl_name": "here", "criterion": "src", "value": "10.0.0.1"}
    assert api.change("POST", f"{path}/1", twin)
    assert "Warning" not in api.change("DELETE", f"{path}/1").headers
    assert "here of frontend site is still named by" in api.change("DELETE", f"{path}/0").headers["Warning"]


def test_the_setting_refuses_it(tmp_path: Path) -> None:
    api = served(tmp_path, dataplane__references="refuse")
    status, _, said = api.refused("DELETE", f"{V3}/backends/shop")
    assert status == 409
    assert said == f"backend shop is still named by {V3}/frontends/site/backend_switching_rules/0"
    assert api.call("DELETE", f"{V3}/backends/lost", version=4).status_code in (202, 204)
    with api.transaction() as transaction:  # what names it may go with it
        gone = api.call("DELETE", f"{V3}/backends/shop", transaction_id=transaction)
        assert gone.status_code == 202 and "Warning" in gone.headers
        left = api.call("GET", f"{OWN}/references/dangling", transaction_id=transaction, new="true").json
        assert {use["name"] for use in left["items"]} == {"shop"} and left["total"] == 2
        rules = f"{V3}/frontends/site/backend_switching_rules"
        assert api.call("DELETE", f"{rules}/0", transaction_id=transaction).status_code == 202


def test_a_file_and_a_name_of_a_script_get_other_names_in_lines(api: WholeApi) -> None:
    old = str(api.file.parent / "maps" / "nets.map")
    answer = api.call("POST", f"{OWN}/rename", {"file": old, "name": "/else/b.map"}, version=4)
    assert answer.status_code == 202 and answer.json["resource"] == "/else/b.map"
    assert "acl here src -f /else/b.map\n" in api.text
    assert Path(old).exists()
    assert api.refused("POST", f"{OWN}/rename", {"file": old, "name": "/else/c"})[0] == 404
    assert api.refused("POST", f"{OWN}/rename", {"file": "/else/b.map", "name": "a b"})[0] == 422
    rules = f"{V3}/frontends/site/http_request_rules"
    api.change("POST", f"{rules}/0", {"type": "lua", "lua_action": "check"})
    said = {"type": "set-header", "hdr_name": "x", "hdr_format": '"%[lua.check(1)] lua.check"'}
    api.change("POST", f"{rules}/1", said)
    api.change("POST", f"{OWN}/rename", {"lua": "check", "name": "test"})
    assert "http-request lua.test\n" in api.text
    assert '"%[lua.test(1)] lua.check"' in api.text
