"""Maps and ACL lists on a live HAProxy."""

import threading
from urllib.parse import quote

import pytest

from dataplane_core.haproxy.runtime_protocol import runtime_argument

pytestmark = pytest.mark.haproxy

ODD = ["a;b", "<<", "x<<", '"q"', "it's", "back\\slash", "é", "a=b", "/p%20q", "trail\\", "@1", "*"]
ODD_VALUES = ["v w", "a;b", "<<", "x <<", '"q"', "\\", "a\\ b", "# no comment", "é", "show info;"]


@pytest.fixture
def api(each_haproxy):
    """HAProxy with the maps as their files have them."""
    api = each_haproxy
    for name, rows in (("maps/m.map", ["k1 v1", "k2 v2\\ and\\ more"]), ("other/beg.map", ["/a one", "/a/b two"])):
        api.tell(f"clear map {api.folder / name}")
        for row in rows:
            api.tell(f"add map {api.folder / name} {row}")
    api.tell(f"clear acl {api.folder}/known.acl")
    for row in ("192.0.2.1", "192.0.2.2"):
        api.tell(f"add acl {api.folder}/known.acl {row}")
    (api.folder / "maps" / "m.map").write_text("# the first ones\nk1 v1\n\nk2   v2 and more\n")
    return api


def pairs(api, name="m.map"):
    return {one["key"]: one["value"] for one in api.get("runtime/maps_entries", map=name)}


def test_which_maps_there_are(api):
    [managed] = api.get("runtime/maps")
    assert managed["file"] == f"{api.folder}/maps/m.map" and managed["storage_name"] == "m.map"
    both = api.get("runtime/maps", include_unmanaged="true")
    assert [one["storage_name"] for one in both] == ["m.map", "beg.map"]
    for name in ("beg.map", f"{api.folder}/other/beg.map"):
        path = name.replace("/", "%2F")
        assert api.get(f"runtime/maps/{path}") == {k: both[1][k] for k in ("description", "file", "id")}
        assert pairs(api, name) == {"/a": "one", "/a/b": "two"}
    assert api.status("GET", "runtime/maps/none.map") == 404
    assert api.status("GET", "runtime/maps_entries", map="none.map") == 404


@pytest.mark.parametrize("spelled", ["m.map", "m", "{folder}/maps/m.map", "{folder}/maps/m", "{folder}/maps/../maps/m.map"])
def test_a_map_is_named_with_or_without_its_ending_or_by_its_path(api, spelled):
    name = spelled.format(folder=api.folder)
    item, entries, entry = f"runtime/maps/{quote(name, '')}", "runtime/maps_entries", "runtime/maps_entries/k1"
    assert api.get(item)["file"] == f"{api.folder}/maps/m.map"
    assert pairs(api, name) == {"k1": "v1", "k2": "v2 and more"}
    assert api.get(entry, map=name) == {"key": "k1", "value": "v1"}
    assert api.status("POST", entries, {"key": "k3", "value": "v3"}, map=name, force_sync="true") == 201
    assert api.status("PUT", entry, {"value": "new"}, map=name) == 200
    assert api.status("PUT", item, [{"key": "k4", "value": "v4"}]) == 201
    assert api.status("DELETE", "runtime/maps_entries/k2", map=name) == 204
    assert pairs(api) == {"k1": "new", "k3": "v3", "k4": "v4"}
    assert api.status("DELETE", item, forceDelete="true") == 409
    assert api.status("DELETE", item) == 204
    assert pairs(api) == {}


def test_a_name_without_its_ending_may_be_unmanaged(api):
    assert pairs(api, "beg") == {"/a": "one", "/a/b": "two"}
    assert api.status("GET", "runtime/maps/be") == 404


def test_what_an_entry_shows_is_taken_back(api):
    for row in api.get("runtime/maps_entries", map="m.map"):
        entry = f"runtime/maps_entries/{row['key']}"
        for body in (row, api.get(entry, map="m.map"), {**row, "key": "another"}):
            answer = api.call("PUT", entry, body, map="m.map")
            assert (answer.status_code, answer.json) == (200, {"key": row["key"], "value": row["value"]})
            assert "warning" not in answer.headers
    assert pairs(api) == {"k1": "v1", "k2": "v2 and more"}


@pytest.mark.parametrize("spelled", ["known.acl", "{folder}/known.acl", "{folder}/maps/../known.acl"])
def test_a_list_is_named_by_its_file(api, spelled):
    name = spelled.format(folder=api.folder)
    number = api.get(f"runtime/acls/{quote(name, '')}")["id"]
    shown = api.get("runtime/acl_file_entries", acl_id=name)
    assert shown == api.get("runtime/acl_file_entries", acl_id=number)
    assert [row["value"] for row in shown] == ["192.0.2.1", "192.0.2.2"]
    assert api.status("GET", "runtime/acls/known") == 404


@pytest.mark.parametrize("key", ODD)
def test_odd_keys_and_values_are_carried_exactly(api, key):
    for value in ODD_VALUES:
        body = {"key": key, "value": value}
        assert api.call("POST", "runtime/maps_entries", body, map="m.map").json == body
        assert pairs(api) == {"k1": "v1", "k2": "v2 and more", key: value}
        item = "runtime/maps_entries/" + "".join(f"%{byte:02X}" for byte in key.encode())
        assert api.get(item, map="m.map") == body
        assert api.status("POST", "runtime/maps_entries", body, map="m.map") == 409
        assert api.status("PUT", item, {"value": f"{value}!"}, map="m.map") == 200
        assert pairs(api)[key] == f"{value}!"
        assert api.status("DELETE", item, map="m.map") == 204
        assert api.status("DELETE", item, map="m.map") == 404
    assert pairs(api) == {"k1": "v1", "k2": "v2 and more"}


@pytest.mark.parametrize("body", [
    {"key": "a b", "value": "v"}, {"key": "k", "value": "v\nclear map #0"}, {"key": "#0", "value": "v"},
    {"key": "", "value": "v"}, {"key": "k"}, {"value": "v"}, {"key": "k", "value": " v"}, {},
    {"key": "k\t", "value": "v"},
])  # fmt: skip
def test_what_cannot_be_carried_is_refused(api, body):
    assert api.status("POST", "runtime/maps_entries", body, map="m.map") == 422
    assert api.status("PUT", "runtime/maps/m.map", [body]) == 422
    assert pairs(api) == {"k1": "v1", "k2": "v2 and more"}


def test_keys_of_other_kinds_of_match(api):
    item = {"key": "/a/b/c", "value": "three"}
    assert api.status("GET", "runtime/maps_entries/%2Fa%2Fb%2Fc", map="beg.map") == 404
    assert api.status("POST", "runtime/maps_entries", item, map="beg.map") == 201
    assert api.status("POST", "runtime/maps_entries", item, map="beg.map") == 409
    assert api.get("runtime/maps_entries/%2Fa%2Fb%2Fc", map="beg.map") == item
    assert api.status("DELETE", "runtime/maps_entries/%2Fa%2Fb", map="beg.map") == 204
    assert pairs(api, "beg.map") == {"/a": "one", "/a/b/c": "three"}


def test_force_sync_writes_the_file(api):
    path = api.folder / "maps" / "m.map"
    api.call("POST", "runtime/maps_entries", {"key": "k3", "value": "v 3"}, map="m.map")
    assert "k3" not in path.read_text()
    api.call("PUT", "runtime/maps_entries/k1", {"value": "new"}, map="m.map", force_sync="true")
    assert path.read_text() == "# the first ones\nk1 new\n\nk2   v2 and more\nk3 v 3\n"
    assert api.status("DELETE", "runtime/maps_entries/k2", map="m.map", force_sync="true") == 204
    assert path.read_text() == "# the first ones\nk1 new\n\nk3 v 3\n"
    body = [{"key": "k1", "value": "x"}, {"key": "k4", "value": "y"}]
    assert api.status("PUT", "runtime/maps/m.map", body, force_sync="true") == 201
    assert path.read_text() == "# the first ones\nk1 x\n\nk3 v 3\nk4 y\n"
    assert api.status("DELETE", "runtime/maps/m.map", force_sync="true") == 204
    assert path.read_text() == "# the first ones\n\n"
    body = {"key": "k", "value": "v"}
    assert api.status("POST", "runtime/maps_entries", body, map="beg.map", force_sync="true") == 400
    assert "k" not in pairs(api, "beg.map")


def test_an_empty_map_and_its_file(api):
    assert api.status("DELETE", "runtime/maps/m.map") == 204
    assert api.get("runtime/maps_entries", map="m.map") == []
    path = api.folder / "maps" / "m.map"
    assert path.exists()
    assert api.get("runtime/maps")[0]["storage_name"] == "m.map"
    assert api.status("DELETE", "runtime/maps/beg.map", forceDelete="true") == 400
    assert pairs(api, "beg.map")
    assert api.status("DELETE", "runtime/maps/none") == 404


def test_a_map_that_the_configuration_names_stays(api):
    path, config = api.folder / "maps" / "m.map", api.folder / "haproxy.cfg"
    answer = api.call("DELETE", "runtime/maps/m.map", forceDelete="true")
    assert answer.status_code == 409
    said = f"rejecting attempt to delete file {path} referenced in haproxy conf at line 13: "
    assert answer.json["message"].startswith(said)
    assert path.exists() and pairs(api) == {"k1": "v1", "k2": "v2 and more"}
    before = config.read_text()
    try:
        config.write_text(before.replace("  http-request set-header x", "  # http-request set-header x"))
        assert api.status("DELETE", "runtime/maps/m.map", forceDelete="true") == 204
        assert not path.exists() and not pairs(api)
    finally:
        config.write_text(before)


def test_an_upload_is_one_change(api):
    """A look-up, which is what traffic does, finds the old value or the new one at any moment.

    (`show map` is no such look: a dump that begins before the switch may end up empty.)
    """
    file = runtime_argument(f"{api.folder}/maps/m.map")
    seen, over = set(), threading.Event()

    def watch():
        while not over.is_set():
            seen.add('value="' in api.tell(f"get map {file} k1"))

    reader = threading.Thread(target=watch)
    reader.start()
    body = [{"key": f"/path/{number}", "value": f"be {number}"} for number in range(5000)]
    answer = api.call("PUT", "runtime/maps/m.map", [*body, {"key": "k1", "value": "other"}])
    over.set()
    reader.join()
    assert answer.status_code == 201 and len(answer.json) == 5001
    assert seen == {True}
    assert pairs(api)["k1"] == "other" and list(pairs(api))[:3] == ["k1", "k2", "/path/0"]
    assert api.tell(f"get map {file} /path/4999").find('value="be 4999"') > 0


def test_an_upload_that_is_refused_changes_nothing(api):
    known = [one["value"] for one in api.get("runtime/acl_file_entries", acl_id="0")]
    body = [{"value": f"192.0.2.{number}"} for number in range(9)] + [{"value": "no address"}]
    answer = api.call("PUT", "runtime/acl_file_entries", body, acl_id="0")
    assert answer.status_code == 400 and "not a valid IPv4" in answer.json["message"]
    assert [one["value"] for one in api.get("runtime/acl_file_entries", acl_id="0")] == known
    assert api.status("PUT", "runtime/acl_file_entries", body[:-1], acl_id="0") == 201
    assert len(api.get("runtime/acl_file_entries", acl_id="0")) == 9


@pytest.mark.parametrize("body", [{}, "x", [1], [{"key": 1, "value": "v"}], [None]])
def test_an_upload_is_an_array_of_entries(api, body):
    assert api.status("PUT", "runtime/maps/m.map", body) == 400
    assert api.status("PUT", "runtime/maps/none.map", []) == 404


def test_only_one_of_many_adds_a_key(api):
    answers = []
    body = {"key": "once", "value": "v"}

    def add():
        answers.append(api.call("POST", "runtime/maps_entries", body, map="m.map").status_code)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] + [409] * 7


def test_lists(api):
    first, second = api.get("runtime/acls")[:2]
    assert first["storage_name"] == f"{api.folder}/known.acl"
    assert second["storage_name"] == "src"
    assert api.get("runtime/acls/0") == first
    assert api.status("GET", "runtime/acls/999") == 404
    rows = api.get("runtime/acl_file_entries", acl_id="0")
    assert [row["value"] for row in rows] == ["192.0.2.1", "192.0.2.2"]
    assert api.get(f"runtime/acl_file_entries/{rows[0]['id']}", acl_id="0") == {"value": "192.0.2.1"}
    assert api.status("POST", "runtime/acl_file_entries", {"value": "192.0.2.1"}, acl_id="0") == 409
    assert api.status("POST", "runtime/acl_file_entries", {"value": "nonsense"}, acl_id="0") == 400
    assert api.status("POST", "runtime/acl_file_entries", {"value": "a\nb"}, acl_id="0") == 422
    assert api.status("POST", "runtime/acl_file_entries", {}, acl_id="0") == 422
    assert api.status("POST", "runtime/acl_file_entries", {"value": "192.0.2.7"}, acl_id="999") == 404
    assert api.status("DELETE", f"runtime/acl_file_entries/{rows[0]['id']}", acl_id="0") == 204
    assert api.status("DELETE", f"runtime/acl_file_entries/{rows[0]['id']}", acl_id="0") == 404
    assert api.status("GET", "runtime/acl_file_entries/0x1", acl_id="0") == 404
    assert api.status("GET", "runtime/acl_file_entries", acl_id="#0") == 422
    assert api.status("GET", "runtime/acl_file_entries") == 422
