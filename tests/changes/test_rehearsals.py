"""Changes of the running process and of stored files, gone through without being made."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.fixtures import one_haproxy
from tests.runtime.support import Live, live
from tests.storage.support import form

pytestmark = pytest.mark.haproxy

V3 = "/v3/services/haproxy"
MEDIA = "multipart/form-data; boundary=BB"


@pytest.fixture(scope="module", params=["2.8", "3.2"])
def haproxy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(one_haproxy(request.param), tmp_path_factory.mktemp("live")) as running:
        yield running


def state(haproxy: Live) -> tuple[Any, ...]:
    """What HAProxy knows, and all files but those of the state."""
    files = {
        path: path.read_bytes()
        for path in haproxy.folder.rglob("*")
        if path.is_file() and path.suffix not in (".log", ".lock") and "state" not in path.relative_to(haproxy.folder).parts
    }
    servers = haproxy.tell("show servers conn be"), haproxy.tell("show stat be -1 -1 up")
    lists = haproxy.entries(), haproxy.entries("known.acl")
    return haproxy.pid, servers[0], lists, files, len(haproxy.services.reloads.records())


def planned(haproxy: Live, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
    before = state(haproxy)
    if isinstance(body, bytes):
        answer = haproxy.send(method, path, body, more.pop("media"), dry_run="true", **more)
    else:
        answer = haproxy.call(method, path, body, dry_run="true", **more)
    assert state(haproxy) == before
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


@pytest.mark.parametrize(
    ("method", "path", "body", "commands"),
    [
        ("PUT", "/v3/services/haproxy/runtime/backends/be/servers/s1", {"admin_state": "drain", "weight": 3},
         ["set server be/s1 weight 3", "set server be/s1 state drain"]),
        ("PUT", "/v2/services/haproxy/runtime/servers/s1?backend=be", {"admin_state": "maint"},
         ["set server be/s1 state maint"]),
        ("DELETE", "/v3/services/haproxy/runtime/backends/be/servers/s2", None,
         ["set server be/s2 state maint", "del server be/s2"]),
        ("POST", "/v3/services/haproxy/runtime/maps/m.map/entries", {"key": "new", "value": "one"},
         ["add map {folder}/maps/m.map new one"]),
        ("DELETE", "/v3/services/haproxy/runtime/maps/m.map/entries/k1", None,
         ["del map {folder}/maps/m.map k1"]),
    ],
)  # fmt: skip
def test_a_running_process(haproxy: Live, method: str, path: str, body: Any, commands: list[str]):
    path, _, query = path.partition("?")
    more = dict(part.split("=") for part in query.split("&")) if query else {}
    plan = planned(haproxy, method, path, body, **more)
    assert plan["verdict"] == "accepted"
    assert plan["delivery"]["by"] == "commands"
    assert plan["delivery"]["commands"] == [one.format(folder=haproxy.folder) for one in commands]


def test_what_is_not_there_is_refused_as_ever(haproxy: Live):
    path = f"{V3}/runtime/backends/be/servers/nobody"
    assert haproxy.status("PUT", path, {"admin_state": "ready"}, dry_run="true") == 404


def test_a_map_that_haproxy_takes(haproxy: Live):
    plan = planned(haproxy, "PUT", f"{V3}/storage/maps/m.map", b"k1 v1\nk9 v9\n", media="text/plain")
    assert plan["delivery"]["by"] == "commands"
    assert [line.split()[0] for line in plan["delivery"]["commands"]] == ["prepare", "add", "add", "commit"]
    (file,) = plan["files"]
    assert (file["file"], file["change"]) == (str(haproxy.folder / "maps" / "m.map"), "changed")
    assert "+k9 v9\n" in file["text"]


def test_a_new_file_and_one_that_goes(haproxy: Live):
    plan = planned(haproxy, "POST", f"{V3}/storage/maps", form("new.map", b"a b\n"), media=MEDIA)
    assert [(one["change"], one["text"].splitlines()[-1]) for one in plan["files"]] == [("created", "+a b")]
    assert plan["delivery"]["by"] == "nothing"
    (haproxy.folder / "maps" / "spare.map").write_text("x y\n")
    plan = planned(haproxy, "DELETE", f"{V3}/storage/maps/spare.map")
    assert [one["change"] for one in plan["files"]] == ["deleted"]
    assert haproxy.status("DELETE", f"{V3}/storage/maps/m.map", dry_run="true") == 409


def test_a_file_that_takes_a_reload(haproxy: Live):
    (haproxy.folder / "maps" / "spare.map").write_text("x y\n")
    plan = planned(
        haproxy, "PUT", f"{V3}/storage/maps/spare.map", b"x z\n", media="text/plain", force_reload="true"
    )
    assert plan["delivery"]["by"] == "reload"
    assert plan["delivery"]["commands"] == []


def test_what_would_write_more_than_can_be_said_is_refused(haproxy: Live):
    path, body = f"{V3}/runtime/maps/m.map/entries", {"key": "new", "value": "one"}
    before = state(haproxy)
    assert haproxy.status("POST", path, body, dry_run="true", force_sync="true") == 400
    assert state(haproxy) == before


def test_the_key_of_a_certificate_is_not_shown(tmp_path: Path):
    from tests.storage.support import Storage, bundle

    storage = Storage(tmp_path)
    pem = bundle()
    answer = storage.send("POST", "ssl_certificates", form("site.pem", pem), MEDIA, dry_run="true")
    assert answer.status_code == 200, answer.text
    (file,) = answer.json["files"]
    assert (file["change"], file["text"]) == ("created", None)
    assert "PRIVATE" not in answer.text
    assert not (tmp_path / "ssl" / "site.pem").exists()
