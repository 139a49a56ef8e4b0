"""Files beside a desired text: in place before HAProxy judges, back if it refuses, live if it can be."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from falcon import testing

from tests.changes.support import APPLY, archive
from tests.harness.haproxy import DEFAULTS, HaproxyProcess
from tests.harness.recorded import TOP
from tests.harness.waiting import until
from tests.storage.support import bundle
from tests.storage.test_live import Live

pytestmark = pytest.mark.haproxy

HEAD = "global\n  stats socket {folder}/worker.sock mode 600 level admin\n" + DEFAULTS
TEXT = HEAD + """\
frontend fe
  bind unix@{folder}/fe.sock
  http-request set-header x %[path,map({folder}/maps/m.map)]
  http-request set-header n %[path,map_str_int({folder}/maps/n.map)]
"""
COMMANDS = ["prepare map #0", "add map @1 #0 /a two", "add map @1 #0 /b three", "commit map @1 #0"]
OTHER = TEXT + "  http-request set-header y %[path,map({folder}/maps/other.map)]\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, haproxy_program: str) -> Iterator[Live]:
    """An application and its HAProxy, which checks and serves a map."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "haproxy.cfg").write_text(TEXT.format(folder=folder))
    haproxy = {"haproxy__reload__validate_cmd": "", "haproxy__haproxy_bin": haproxy_program}
    made = Live(folder, **haproxy)
    (folder / "maps" / "m.map").write_text("/a one\n")
    (folder / "maps" / "n.map").write_text("/a 1\n")
    with HaproxyProcess(haproxy_program, folder / "haproxy.cfg", folder):
        until((folder / "worker.sock").exists)
        yield made


@pytest.fixture
def live(running: Live) -> Iterator[Live]:
    pid = running.pid
    yield running
    assert running.pid == pid
    files = {"haproxy.cfg": TEXT.format(folder=running.folder), "maps/m.map": "/a one\n", "maps/n": "/a 1\n"}
    done = apply(running, files, prune="true")
    assert done.status_code in (200, 202), done.text


def apply(live: Live, files: dict[str, str | bytes], **query: Any) -> testing.Result:
    return live.send("POST", APPLY, archive(files), "application/x-tar", **query)


def maps(live: Live) -> dict[str, str]:
    return {path.name: path.read_text() for path in (live.folder / "maps").iterdir()}


def test_a_map_that_is_used_is_live_at_once(live: Live) -> None:
    done = apply(live, {"maps/m.map": "/a two\n/b three\n", "maps/idle": "/c x\n"})
    assert done.status_code == 200, done.text
    found = live.folder / "maps"
    assert done.json["files"] == [
        {"file": f"{found}/m.map", "change": "changed", "state": "applied", "commands": COMMANDS},
        {"file": f"{found}/idle.map", "change": "created", "state": "unused"},
    ]
    assert (done.json["changed"], done.json["state"]) == (True, "applied")
    assert live.entries("map", "maps/m.map") == ["/a two", "/b three"]
    again = apply(live, {"maps/m.map": "/a two\n/b three\n", "maps/idle": "/c x\n"})
    assert again.json == {"version": done.json["version"], "changed": False, "state": "unchanged"}


def test_a_text_comes_with_the_files_that_it_needs(live: Live) -> None:
    text = OTHER.format(folder=live.folder)
    alone = apply(live, {"haproxy.cfg": text})
    assert alone.status_code == 400 and "other.map" in alone.json["message"]
    done = apply(live, {"haproxy.cfg": text, "maps/other.map": "/o 1\n"})
    assert done.status_code == 202, done.text
    assert done.json["files"][0]["reload_id"] == done.json["reload_id"]
    assert maps(live)["other.map"] == "/o 1\n"


@pytest.mark.parametrize(
    "files",
    [
        {"haproxy.cfg": TEXT + "  unknown-keyword\n", "maps/m": "/a x\n", "maps/new": "/n 1\n"},
        {"maps/n": "/a no-number\n", "maps/new": "/n 1\n"},
    ],
    ids=["text", "file"],
)
def test_a_refused_state_leaves_the_former_files(live: Live, files: dict[str, str]) -> None:
    before, version, former = maps(live), live.services.config.version(), live.services.used_files.former
    kept = former.begun("brought-")
    refused = apply(live, {name: data.format(folder=live.folder) for name, data in files.items()})
    assert refused.status_code == 400, refused.text
    assert maps(live) == before and live.services.config.version() == version
    assert former.begun("brought-") == kept


def test_a_certificate_that_no_haproxy_loads_is_refused(live: Live) -> None:
    refused = apply(live, {"ssl_certificates/a.pem": b"no certificate", "maps/m.map": "/z 1\n"})
    assert refused.status_code == 422 and "maps" not in str(refused.json)
    assert maps(live)["m.map"] == "/a one\n"
    done = apply(live, {"ssl_certificates/a.pem": bundle("a.example.com"), "general/x.http": "x"})
    assert {one["state"] for one in done.json["files"]} == {"unused"}
    assert (live.folder / "ssl" / "a.pem").stat().st_mode & 0o777 == 0o600


def test_files_that_nothing_uses_go_where_that_is_asked_for(live: Live) -> None:
    (live.folder / "maps" / "idle.map").write_text("/c x\n")
    kept = apply(live, {"haproxy.cfg": TEXT.format(folder=live.folder), "maps/new": "/n 1\n"})
    assert kept.status_code == 200 and "idle.map" in maps(live)
    gone = apply(live, {"maps/new": "/n 1\n"}, prune="true")
    assert [one["change"] for one in gone.json["files"]] == ["deleted"]
    assert sorted(maps(live)) == ["m.map", "n.map", "new.map"]


def test_a_dry_run_touches_no_file(live: Live) -> None:
    before = maps(live)
    done = apply(live, {"maps/m.map": "/a two\n"}, dry_run="true")
    assert (done.json["state"], done.json["files"][0]["change"]) == ("planned", "changed")
    assert maps(live) == before and live.entries("map", "maps/m.map") == ["/a one"]


def test_a_dry_run_judges_with_the_files_that_would_come(live: Live) -> None:
    text, before = OTHER.format(folder=live.folder), maps(live)
    done = apply(live, {"haproxy.cfg": text, "maps/other": "/o 1\n"}, dry_run="true")
    assert (done.json["verdict"], done.json["findings"]) == ("accepted", []), done.json
    assert apply(live, {"haproxy.cfg": text}, dry_run="true").json["verdict"] == "refused"
    refused = apply(live, {"maps/n": "/a no-number\n"}, dry_run="true").json
    assert refused["verdict"] == "refused" and f"{live.folder}/maps/n.map" in refused["refusal"]
    assert maps(live) == before


def test_a_name_is_had_once_and_by_a_file(live: Live) -> None:
    assert "twice" in apply(live, {"maps/new": "/n 1\n", "maps/new.map": "/n 2\n"}).json["message"]
    (live.folder / "general" / "folder").mkdir(exist_ok=True)
    assert apply(live, {"general/folder": "x"}).status_code == 409


@pytest.mark.parametrize("path", ["spoe/x", "maps/a/b", "maps/", "maps/.x", "x/y"])
def test_a_file_for_which_there_is_no_folder_is_refused(live: Live, path: str) -> None:
    assert apply(live, {path: "x"}).status_code in (400, 422)


@pytest.mark.parametrize(("code", "content"), [("true", "/a two\n"), ("false", "/a one\n")])
def test_files_go_with_the_version_where_a_reload_is_waited_for(tmp_path: Path, code: str, content: str) -> None:
    (tmp_path / "haproxy.cfg").write_text(TEXT.format(folder=tmp_path))
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "m.map").write_text("/a one\n")
    made = Live(tmp_path, haproxy__reload__reload_cmd=code, dataplane__on_bad_edit="keep")
    before = made.services.config.version()
    made.services.config.file.accept(before)
    files = {"haproxy.cfg": TEXT.format(folder=tmp_path) + "backend b\n", "maps/m.map": "/a two\n"}
    done = apply(made, files, force_reload="true")
    assert done.status_code == (200 if code == "true" else 400), done.text
    assert maps(made)["m.map"] == content
    assert ("backend b" in (tmp_path / "haproxy.cfg").read_text()) is (code == "true")


DYING = """
import os, sys
from pathlib import Path
from dataplane_core.text import Document
from dataplane_plugins.changes.applying.files import DesiredFiles
from tests.storage.support import Storage
storage = Storage(Path(sys.argv[1]))
files, config = DesiredFiles(storage.services), storage.services.config
base = config.snapshot()
after = Document.parse(base.document.text() + "\\nbackend b\\n", base.document.language)
changes = files.changes({"maps/m.map": b"/a two\\n"}, prune=False)
with files.alone(), files.in_place(changes, makes_version=True) as brings:
    if sys.argv[2] == "committed":
        with config.edit(version=base.version, brings=brings) as edit:
            edit.document = after
    os._exit(9)
"""


@pytest.mark.parametrize(("when", "content"), [("before", "/a one\n"), ("committed", "/a two\n")])
def test_who_dies_in_between_leaves_one_or_the_other(tmp_path: Path, when: str, content: str) -> None:
    (tmp_path / "haproxy.cfg").write_text(TEXT.format(folder=tmp_path))
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "m.map").write_text("/a one\n")
    (tmp_path / "maps" / "n.map").write_text("/a 1\n")
    dead = subprocess.run([sys.executable, "-c", DYING, str(tmp_path), when], cwd=TOP, check=False)
    assert dead.returncode == 9 and (tmp_path / "maps" / "m.map").read_text() == "/a two\n"
    made = Live(tmp_path)
    made.services.recover()
    assert (tmp_path / "maps" / "m.map").read_text() == content
    former = made.services.used_files.former
    assert len(former.begun("")) == (when == "committed")  # for the reload, should it fail


@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_a_finding_names_the_line_that_was_sent(live: Live, dry_run: str) -> None:
    """The file has fewer comments, and other sections, than the text."""
    head = HEAD.format(folder=live.folder)
    bind = f"unix@{live.folder}/fe.sock"
    text = f"# _version=7\n# ours\n\n{head}frontend fe\n  # one\n  bind '{bind}'\n\n  bind  {bind}\n  use_backend nowhere\n"
    before = (live.folder / "haproxy.cfg").read_text()
    done = live.send("POST", APPLY, text.encode(), "text/plain", prune="false", dry_run=dry_run)
    assert done.status_code == (200 if dry_run == "true" else 400), done.text
    alerts = [one for one in done.json["findings"] if one["severity"] == "alert" and one["line"] is not None]
    lines = text.splitlines()
    assert alerts and [lines[one["sent_line"] - 1].split()[0] for one in alerts] == ["use_backend"] * len(alerts)
    assert (live.folder / "haproxy.cfg").read_text() == before
