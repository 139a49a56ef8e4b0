"""Differences between files and a live HAProxy are found, and mended either way."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from click.testing import CliRunner

from dataplane_core.commands.group import main
from tests.harness.fixtures import one_haproxy
from tests.harness.haproxy import DEFAULTS
from tests.runtime.support import Live, live
from tests.storage.support import bundle, certificate, private_key, revocations

pytestmark = pytest.mark.haproxy

AUTHORITY = private_key()
DRIFT = "/dataplane/v1/drift"
TEXT = (
    """\
global
  stats socket {folder}/worker.sock mode 600 level admin
"""
    + DEFAULTS
    + """\
frontend fe
  maxconn 100
  bind unix@{folder}/fe.sock
  bind unix@{folder}/tls.sock ssl crt {folder}/site.pem ca-file {folder}/ca.pem crl-file {folder}/ca.crl verify optional
  acl known src -f {folder}/known.acl
  http-request set-header x %[path,map({folder}/maps/m.map)]
  http-request set-header y %[path,map({folder}/other/beg.map)]
  default_backend be
backend be
  server s1 127.0.0.1:9 weight 10 check inter 60s
  server s2 127.0.0.1:9 disabled
  server s3 127.0.0.1:9
  server looked localhost:9
backend agents
  server a 127.0.0.1:9 agent-check agent-port 9 agent-inter 60s weight 20
  server b 127.0.0.1:9 addr 127.0.0.2 port 7 agent-check agent-inter 60s
  server c 127.0.0.1:9 addr 127.0.0.2 port 7
  server d unix@{folder}/d.sock:9
"""
)
PLAIN = (
    """\
global
  stats socket {folder}/worker.sock mode 600 level admin
"""
    + DEFAULTS
    + """\
frontend fe
  bind unix@{folder}/fe.sock
  default_backend be
backend be
  server s1 127.0.0.1:9
"""
)


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module", params=["2.6", "2.8", "3.2"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder: Path = tmp_path_factory.mktemp("drift")
    (folder / "site.pem").write_bytes(bundle())
    (folder / "ca.pem").write_bytes(certificate("ca.example.com", AUTHORITY))
    (folder / "ca.crl").write_bytes(revocations(AUTHORITY, 5))
    with live(one_haproxy(request.param), folder, TEXT) as process:
        yield process


def found(api: Live) -> list[dict[str, Any]]:
    report = api.get(DRIFT)
    assert report["drifted"] == bool(report["deviations"])
    return list(report["deviations"])


def mend(api: Live, towards: str, *subjects: str) -> dict[str, Any]:
    answer = api.call("POST", DRIFT, {"towards": towards, "only": list(subjects)})
    assert answer.status_code in (200, 202), answer.text
    return dict(answer.json)


def put_back(api: Live, text: str, command: str) -> None:
    """Leave file and process as they were: as after a reload, which nobody does here."""
    config = api.services.config
    with config.edit(version=config.version(), skip_reload=True) as edit:
        edit.document = edit.document.parse(text, edit.document.language)
    config.file.accept(config.version())
    api.tell(command)


def test_a_process_that_was_just_started_has_not_drifted(running: Live) -> None:
    assert found(running) == []


@pytest.mark.parametrize(
    ("command", "subject", "prop", "sides", "remedy", "line"),
    [
        ("set server be/s1 weight 77", "be/s1", "weight", (10, 77), "set server be/s1 weight 10", "weight 77"),
        ("set server be/s3 weight 7", "be/s3", "weight", (1, 7), "set server be/s3 weight 1", "weight 7"),
        ("set server be/s3 state maint", "be/s3", "maintenance", (None, "enabled"), "set server be/s3 state ready", "disabled"),
        ("set server be/s2 state ready", "be/s2", "maintenance", ("enabled", None), "set server be/s2 state maint", ""),
        ("set server be/s3 addr 127.0.0.2 port 9", "be/s3", "address", ("127.0.0.1", "127.0.0.2"),
         "set server be/s3 addr 127.0.0.1 port 9", "127.0.0.2:9"),
        ("set server be/s3 addr 127.0.0.1 port 10", "be/s3", "port", (9, 10),
         "set server be/s3 addr 127.0.0.1 port 9", "127.0.0.1:10"),
        ("set server agents/a agent-port 11", "agents/a", "agent-port", (9, 11),
         "set server agents/a agent-port 9", "agent-port 11"),
        ("set server agents/b agent-addr 127.0.0.3", "agents/b", "agent-addr", ("127.0.0.2", "127.0.0.3"),
         "set server agents/b agent-addr 127.0.0.2", "agent-addr 127.0.0.3"),
        ("set maxconn frontend fe 50", "fe", "maxconn", (100, 50), "set maxconn frontend fe 100", "maxconn 50"),
    ],
)  # fmt: skip
def test_a_property_is_mended_either_way(
    running: Live, command: str, subject: str, prop: str, sides: tuple[Any, Any], remedy: str, line: str
) -> None:
    running.tell(command)
    [one] = found(running)
    assert (one["subject"], one["property"], one["file"], one["process"]) == (subject, prop, *sides)
    assert one["towards_file"] == {"commands": [remedy]}
    assert one["resource"].startswith("/v3/services/haproxy/configuration/")
    assert mend(running, "file")["done"] == [remedy]
    assert found(running) == []

    before = running.services.config.snapshot().document.text()
    running.tell(command)
    mended = mend(running, "process")
    assert (len(mended["done"]), mended["left"]) == (1, [])
    assert found(running) == []
    text = running.services.config.snapshot().document.text()
    assert line in text and text != before
    put_back(running, before, remedy)
    assert found(running) == []


def test_a_dry_run_says_what_would_mend_it_and_mends_nothing(running: Live) -> None:
    running.tell("set server be/s1 weight 77")
    before = running.services.config.snapshot().text
    plans = {
        towards: running.call("POST", DRIFT, {"towards": towards}, dry_run="true").json
        for towards in ("file", "process")
    }
    assert plans["file"]["delivery"]["commands"] == ["set server be/s1 weight 10"]
    assert plans["file"]["text"] == ""
    assert plans["process"]["delivery"] == {"by": "nothing", "commands": [], "reasons": [], "notes": []}
    [change] = plans["process"]["changes"]
    assert change["properties"] == {"weight": {"before": 10, "after": 77}}
    assert running.services.config.snapshot().text == before
    [one] = found(running)
    mend(running, "file")


def test_what_a_file_cannot_say_is_mended_in_one_direction(running: Live) -> None:
    running.tell("set server be/s3 state drain")
    running.tell("disable health be/s1")
    running.tell("disable agent agents/a")
    deviations = {one["subject"]: one for one in found(running)}
    assert {name: one["property"] for name, one in deviations.items()} == {
        "be/s3": "admin_state", "be/s1": "health checks", "agents/a": "agent checks",
    }  # fmt: skip
    assert all("impossible" in one["towards_process"] for one in deviations.values())
    assert [one["subject"] for one in mend(running, "process")["left"]] == ["be/s1", "be/s3", "agents/a"]
    mend(running, "file", "be/s1")
    assert {one["subject"] for one in found(running)} == {"be/s3", "agents/a"}
    mend(running, "file")
    assert found(running) == []


def test_a_server_that_the_process_alone_has_is_deleted(running: Live) -> None:
    running.tell("add server be/extra 127.0.0.1:9")
    [one] = found(running)
    assert (one["subject"], one["file"], one["process"]) == ("be/extra", None, "127.0.0.1:9")
    mend(running, "file")
    assert found(running) == []


def test_a_server_that_the_process_lacks_is_added_or_removed(running: Live) -> None:
    for towards in ("file", "process"):
        running.tell("set server be/s3 state maint")
        running.tell("del server be/s3")
        [one] = found(running)
        assert (one["subject"], one["process"]) == ("be/s3", None)
        assert not mend(running, towards)["left"]
        assert found(running) == []
    running.change("POST", "servers", {"name": "s3", "address": "127.0.0.1", "port": 9}, backend="be")
    assert found(running) == []


def test_maps_are_mended_either_way_and_lists_towards_the_file(running: Live) -> None:
    folder = running.folder
    running.tell(f"set map {folder}/maps/m.map k1 other")
    running.tell(f"add map {folder}/other/beg.map c d")
    running.tell(f"add acl {folder}/known.acl 192.0.2.7")
    managed, other, known = sorted(found(running), key=lambda one: ["m.map", "beg.map", "known.acl"].index(Path(one["subject"]).name))
    assert (managed["file"], managed["process"]) == (["k1 v1"], ["k1 other"])
    assert (other["file"], other["process"], known["process"]) == ([], ["c d"], ["192.0.2.7"])
    left = mend(running, "process")["left"]
    assert {one["subject"] for one in left} == {f"{folder}/other/beg.map", f"{folder}/known.acl"}
    assert (folder / "maps" / "m.map").read_text() == "# the first ones\nk1 other\n\nk2   v2 and more\n"
    assert mend(running, "file")["left"] == []
    assert found(running) == []


def test_files_of_certificates_are_loaded_again(running: Live) -> None:
    folder = running.folder
    (folder / "site.pem").write_bytes(bundle("other.example.com"))
    (folder / "ca.pem").write_bytes(certificate("other.example.com", private_key()))
    kinds = {one["kind"]: one for one in found(running)}
    assert kinds.keys() == {"certificate", "ca_file"}
    assert all("impossible" in one["towards_process"] for one in kinds.values())
    assert mend(running, "file")["left"] == []
    assert found(running) == []


def test_a_version_that_haproxy_was_not_given_is_told(running: Live) -> None:
    api = running
    version = api.services.config.version()
    text = api.services.config.raw_text()[0].replace("weight 10", "weight 10 rise 3")
    answer = api.send("POST", "configuration/raw", text.encode(), "text/plain", version=version, skip_reload="true")
    assert answer.status_code == 201, answer.text
    [one] = found(api)
    assert (one["kind"], one["file"], one["process"]) == ("text", version + 1, version)
    assert one["towards_file"] == {"reload": f"HAProxy has not loaded version {version + 1}"}
    assert mend(api, "process")["done"] == [f"puts version {version} back"]
    assert "rise 3" not in api.services.config.snapshot().document.text()


def test_a_former_version_comes_back_alone(running: Live) -> None:
    """What else differs was found with the text that goes."""
    api = running
    version, text = api.services.config.version(), api.services.config.raw_text()[0]
    new = text.replace("  server s3", "  server s9 127.0.0.1:9\n  server s3")
    answer = api.send("POST", "configuration/raw", new.encode(), "text/plain", version=version, skip_reload="true")
    assert answer.status_code == 201, answer.text
    assert {one["subject"] for one in found(api)} == {"haproxy.cfg", "be/s9"}
    mended = mend(api, "process")
    assert mended["done"] == [f"puts version {version} back"]
    assert [one["subject"] for one in mended["left"]] == ["be/s9"]
    assert found(api) == []


def test_the_command_shows_and_mends(running: Live) -> None:
    server = make_server("127.0.0.1", 0, running.app, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    asked = ["drift", "--url", f"http://127.0.0.1:{server.server_port}"]
    environ = {"DATAPLANE_USER": "admin", "DATAPLANE_PASSWORD": "pw"}

    def run(*more: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, [*asked, *more], env=environ)
        return result.exit_code, result.stdout

    assert run() == (0, "nothing differs\n")
    running.tell("set server be/s1 weight 5")
    running.tell("set server be/s3 state drain")
    status, text = run()
    assert status == 1
    assert text.splitlines()[:3] == [
        "server be/s1 weight: 10 in the file, 5 in the process",
        "    towards the file: set server be/s1 weight 10",
        "    towards the process: sets weight of server be/s1 to 5",
    ]
    assert json.loads(run("be/s3", "--json")[1])["deviations"][0]["process"] == "drain"
    status, text = run("be/s3", "--towards", "process")
    assert (status, text[:12]) == (1, "left: be/s3:")
    assert run("be/s1", "--towards", "file") == (0, "set server be/s1 weight 10\n")
    assert run("--towards", "file") == (0, "set server be/s3 state ready\n")
    assert run("--towards", "file") == (0, "nothing differs\n")
    server.shutdown()
    server.server_close()


def test_maps_that_need_no_file_have_not_drifted(tmp_path: Path) -> None:
    more = """\
  http-request set-header a %[path,map(virt@alone)]
  http-request set-header b %[path,map(opt@{folder}/maps/none.map)]
  default_backend be
"""
    with live(one_haproxy("3.2"), tmp_path, PLAIN.replace("  default_backend be\n", more)) as api:
        api.tell("add map virt@alone k v")
        assert found(api) == []
        optional = f"{tmp_path}/maps/none.map"
        api.tell(f"add map {optional} k v")
        [one] = found(api)
        assert (one["subject"], one["file"], one["process"]) == (optional, [], ["k v"])
        assert mend(api, "file")["left"] == []
        assert found(api) == []
