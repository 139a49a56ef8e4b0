"""Changes of the running process and of stored files, gone through without being made."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import DEFAULTS
from tests.runtime.support import Live, live
from tests.storage.support import Storage, bundle, form

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


@pytest.mark.parametrize(
    ("method", "path", "body", "lines"),
    [
        ("POST", "/entries", {"key": "new", "value": "one"}, ["+new one"]),
        ("PUT", "/entries/k1", {"value": "other"}, ["-k1 v1", "+k1 other"]),
        ("DELETE", "/entries/k1", None, ["-k1 v1"]),
        ("PUT", "", [{"key": "k9", "value": "v9"}], ["+k9 v9"]),
        ("DELETE", "", None, ["-k1 v1", "-k2   v2 and more"]),
    ],
)
def test_a_map_with_its_file(haproxy: Live, method: str, path: str, body: Any, lines: list[str]):
    plan = planned(haproxy, method, f"{V3}/runtime/maps/m.map{path}", body, force_sync="true")
    (file,) = plan["files"]
    changed = [line for line in file["text"].splitlines()[2:] if line[0] in "+-"]
    assert changed == lines
    assert plan["delivery"]["by"] == "commands"


def test_a_map_that_goes_with_its_file(haproxy: Live):
    path = f"{V3}/runtime/maps/m.map"
    assert haproxy.status("DELETE", path, dry_run="true", forceDelete="true") == 409  # a rule names it


def test_what_is_not_there_is_not_changed(haproxy: Live):
    path = f"{V3}/runtime/maps/m.map/entries/none"
    assert haproxy.status("PUT", path, {"value": "x"}, dry_run="true") == 404
    assert haproxy.status("DELETE", path, dry_run="true") == 404
    entry = {"key": "192.0.2.1", "data_type": {"gpc0": 1}}
    assert haproxy.status("POST", f"{V3}/runtime/stick_tables/none/entries", entry, dry_run="true") == 404


def test_a_stick_table(haproxy: Live):
    entry = {"key": "192.0.2.1", "data_type": {"gpc0": 1}}
    plan = planned(haproxy, "POST", f"{V3}/runtime/stick_tables/st/entries", entry)
    assert plan["delivery"]["commands"] == ["set table st key 192.0.2.1 data.gpc0 1"]
    assert "192.0.2.1" not in haproxy.tell("show table st")


def test_a_transaction_and_an_entry_of_discovery(haproxy: Live):
    version = haproxy.services.config.version()
    plan = planned(haproxy, "POST", f"{V3}/transactions", version=version)
    assert plan["verdict"] == "accepted"
    assert plan["effects"] == [f"a transaction would be begun on version {version}"]
    assert haproxy.status("POST", f"{V3}/transactions", version=version + 1, dry_run="true") == 409
    identifier = haproxy.call("POST", f"{V3}/transactions", version=version).json["id"]
    assert "given up" in planned(haproxy, "DELETE", f"{V3}/transactions/{identifier}")["effects"][0]
    assert [one["id"] for one in haproxy.get(f"{V3}/transactions")] == [identifier]
    assert haproxy.status("DELETE", f"{V3}/transactions/{identifier}") == 204
    entry = {"address": "127.0.0.1", "port": 8500, "enabled": False, "retry_timeout": 10}
    assert planned(haproxy, "POST", "/v3/service_discovery/consul", entry)["effects"]
    assert haproxy.get("/v3/service_discovery/consul") == []


SSL = """\
global
  stats socket {folder}/worker.sock mode 600 level admin
""" + DEFAULTS + """\
frontend fe
  bind unix@{folder}/fe.sock ssl crt {folder}/ssl/site.pem
  bind unix@{folder}/list.sock ssl crt-list {folder}/ssl/list.txt
"""  # fmt: skip


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("tls")
    (folder / "ssl").mkdir()
    for name in ("site", "listed", "spare"):
        (folder / "ssl" / f"{name}.pem").write_bytes(bundle(f"{name}.example.com"))
    listed = f"{folder}/ssl/site.pem a.org\n{folder}/ssl/listed.pem b.org\n"
    (folder / "ssl" / "list.txt").write_text(listed)
    (folder / "ssl" / "unused.txt").write_text(f"# spare\n{folder}/ssl/spare.pem c.org\n")
    ssl = {"dataplaneapi__resources__ssl_certs_dir": str(folder / "ssl")}
    with live(one_haproxy("2.8"), folder, SSL, **ssl) as running:
        yield running


def loaded(tls: Live) -> tuple[Any, ...]:
    files = {one: one.read_bytes() for one in (tls.folder / "ssl").iterdir() if one.suffix != ".lock"}
    lists = tls.tell(f"show ssl crt-list -n {tls.folder}/ssl/list.txt")
    return tls.pid, tls.tell("show ssl cert"), lists, files, len(tls.services.reloads.records())


def told(tls: Live, method: str, path: str, content: bytes | None = None, media: str = "", **query: Any) -> dict[str, Any]:
    before = loaded(tls)
    answer = tls.send(method, f"{V3}/{path}", content, media, dry_run="true", **query)
    assert loaded(tls) == before
    assert answer.status_code == 200, answer.text
    assert "PRIVATE" not in answer.text
    return dict(answer.json)


def test_certificates_that_are_loaded(tls: Live):
    site = quote(f"{tls.folder}/ssl/site.pem", safe="")
    plan = told(tls, "PUT", f"runtime/ssl_certs/{site}", form("x.pem", bundle()), MEDIA)
    assert plan["delivery"]["commands"] == [
        f"{verb} ssl cert {tls.folder}/ssl/site.pem" + end for verb, end in (("set", " <<"), ("commit", ""))
    ]
    plan = told(tls, "POST", "runtime/ssl_certs", form("x.pem", bundle()), MEDIA)
    assert [line.split()[0] for line in plan["delivery"]["commands"]] == ["new", "set", "commit"]
    path = f"{V3}/runtime/ssl_certs/{site}"
    assert tls.status("DELETE", path, dry_run="true") == tls.status("DELETE", path) == 400
    assert tls.status("DELETE", f"{V3}/runtime/ssl_certs/none", dry_run="true") == 404


def test_a_stored_certificate_that_goes(tls: Live):
    plan = told(tls, "DELETE", "storage/ssl_certificates/spare.pem")
    assert [(one["change"], one["text"]) for one in plan["files"]] == [("deleted", plan["files"][0]["text"])]
    assert plan["dangling"] == [
        {"file": f"{tls.folder}/ssl/unused.txt", "line": 2, "kinds": ["certificate"], "name": f"{tls.folder}/ssl/spare.pem"}
    ]
    path = f"{V3}/storage/ssl_certificates/listed.pem"  # a list that HAProxy loads names it
    assert tls.status("DELETE", path, dry_run="true") == tls.status("DELETE", path) == 409


def test_an_entry_of_a_stored_list_that_goes(tls: Live):
    which = {"certificate": f"{tls.folder}/ssl/listed.pem", "line_number": 2}
    plan = told(tls, "DELETE", "storage/ssl_crt_lists/list.txt/entries", **which)
    (file,) = plan["files"]
    assert file["text"].splitlines()[-1] == f"-{tls.folder}/ssl/listed.pem b.org"
    assert plan["delivery"]["commands"] == [
        f"del ssl crt-list {tls.folder}/ssl/list.txt {tls.folder}/ssl/listed.pem:2"
    ]
    plan = told(tls, "DELETE", "storage/ssl_crt_lists/unused.txt")
    assert [one["change"] for one in plan["files"]] == ["deleted"]
    entry = f'{{"file": "{tls.folder}/ssl/spare.pem", "sni_filter": ["d.org"]}}'.encode()
    plan = told(tls, "POST", "storage/ssl_crt_lists/list.txt/entries", entry, "application/json")
    assert [line.split()[0] for line in plan["delivery"]["commands"]] == ["new", "set", "commit", "add"]


def test_the_key_of_a_certificate_is_not_shown(tmp_path: Path):
    storage = Storage(tmp_path)
    pem = bundle()
    answer = storage.send("POST", "ssl_certificates", form("site.pem", pem), MEDIA, dry_run="true")
    assert answer.status_code == 200, answer.text
    (file,) = answer.json["files"]
    assert file["change"] == "created"
    assert "+<private key 1>" in file["text"]
    assert "PRIVATE" not in answer.text
    assert not (tmp_path / "ssl" / "site.pem").exists()
