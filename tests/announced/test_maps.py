"""What releases 2.0 and 2.2 announced of maps: uploaded, used for routing, changed at run time."""

import pytest

from tests.announced.support import Balancer
from tests.harness.waiting import until

pytestmark = [pytest.mark.haproxy, pytest.mark.server]

PATHS = "# paths and who serves them\n/api/ be_api\n/static/ be_static\n"


def use(lb: Balancer, rule: str) -> None:
    lb.change("POST", "backend_switching_rules", {"index": 0, "name": rule}, frontend="fe_main")


def test_an_uploaded_map_routes_and_is_edited_without_a_reload(lb: Balancer) -> None:
    answer = lb.upload("runtime/maps", "paths.map", PATHS, field="fileUpload")
    assert answer.status == 201, answer.body
    path = answer.json["file"]
    assert path == f"{lb.folder}/maps/paths.map"
    use(lb, f"%[path,map_beg({path},be_main)]")
    assert lb.fetch("/api/users") == (200, "be_api")
    assert lb.fetch("/static/a.css") == (200, "be_static")
    assert lb.fetch("/other") == (200, "be_main")
    [one] = lb.get("runtime/maps")
    assert (one["file"], one["storage_name"]) == (path, "paths.map")
    assert lb.get("runtime/maps/paths.map")["description"].startswith("pattern loaded from file")

    pid, entries = lb.pid, "runtime/maps_entries"
    added = lb.call("POST", entries, {"key": "/cart/", "value": "be_static"}, map="paths.map")
    assert (added.status, added.json) == (201, {"key": "/cart/", "value": "be_static"})
    assert lb.fetch("/cart/1") == (200, "be_static")
    told = {row["key"]: row["value"] for row in lb.get(entries, map="paths.map")}
    assert told == {"/api/": "be_api", "/static/": "be_static", "/cart/": "be_static"}
    body = {"value": "be_api"}
    assert lb.call("PUT", f"{entries}/%2Fcart%2F", body, map="paths.map").status == 200
    assert lb.get(f"{entries}/%2Fcart%2F", map="paths.map") == {"key": "/cart/", "value": "be_api"}
    assert lb.fetch("/cart/1") == (200, "be_api")
    assert lb.call("DELETE", f"{entries}/%2Fapi%2F", map="paths.map").status == 204
    assert lb.fetch("/api/users") == (200, "be_main")
    assert lb.pid == pid


def test_run_time_changes_reach_the_file(lb: Balancer) -> None:
    path = lb.upload("runtime/maps", "paths.map", PATHS, field="fileUpload").json["file"]
    use(lb, f"%[path,map_beg({path},be_main)]")
    entries, file = "runtime/maps_entries", lb.folder / "maps" / "paths.map"
    assert file.read_text() == PATHS
    lb.call("POST", entries, {"key": "/cart/", "value": "be_static"}, map="paths.map")
    lb.call("DELETE", f"{entries}/%2Fapi%2F", map="paths.map")
    until(lambda: file.read_text() == PATHS.replace("/api/ be_api\n", "") + "/cart/ be_static\n")
    lb.tell(f"set map {file} /static/ be_main")
    until(lambda: "/static/ be_main\n" in file.read_text())


def test_a_map_is_emptied_and_deleted_at_run_time(lb: Balancer) -> None:
    path = lb.upload("runtime/maps", "paths.map", PATHS).json["file"]
    assert lb.upload("runtime/maps", "paths.map", PATHS).status == 409
    use(lb, f"%[path,map_beg({path},be_main)]")
    assert lb.call("DELETE", "runtime/maps/paths.map").status == 204
    assert lb.fetch("/api/users") == (200, "be_main")
    refused = lb.call("DELETE", "runtime/maps/paths.map", forceDelete="true")
    assert refused.status == 409
    assert refused.json["message"].startswith(f"rejecting attempt to delete file {path} referenced")
    lb.change("DELETE", "backend_switching_rules/0", frontend="fe_main")
    assert lb.get("runtime/maps") == []
    assert lb.call("DELETE", "storage/maps/paths.map").status == 204
    assert not (lb.folder / "maps" / "paths.map").exists()


def test_a_stored_map_is_managed_and_loaded_by_a_rule(lb: Balancer) -> None:
    hosts = "static.example.com be_static\ncdn.example.com be_static\n"
    answer = lb.upload("storage/maps", "hosts.map", hosts)
    path = f"{lb.folder}/maps/hosts.map"
    assert (answer.status, answer.json["file"], answer.json["storage_name"]) == (
        201,
        path,
        "hosts.map",
    )
    assert answer.json["description"] == "managed but not loaded map file (no runtime ID)"
    use(lb, f"%[req.hdr(host),lower,map({path},be_main)]")
    assert lb.fetch(host="CDN.example.com") == (200, "be_static")
    assert lb.fetch(host="other.example.com") == (200, "be_main")
    [one] = lb.get("storage/maps")
    file, line = str(lb.api.configuration), lb.text.splitlines().index(
        f"  use_backend %[req.hdr(host),lower,map({path},be_main)]") + 1  # fmt: skip
    used = f"pattern loaded from file '{path}' used by map at file '{file}' line {line}"
    assert one["description"].startswith(used)
    assert (one["file"], one["id"].isdigit()) == (path, True)

    pid = lb.pid
    put = lb.client.call("PUT", f"{lb.services}/storage/maps/hosts.map",
                         text="static.example.com be_api")  # fmt: skip
    assert (put.status, put.headers["Reload-ID"]) == (204, None)
    assert lb.fetch(host="static.example.com") == (200, "be_api")
    assert lb.fetch(host="cdn.example.com") == (200, "be_main")
    assert lb.pid == pid
    assert lb.client.call("GET", f"{lb.services}/storage/maps/hosts.map").body == (
        b"static.example.com be_api"
    )
