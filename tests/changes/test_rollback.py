"""Past versions come back with their files: checked first, refused with reasons, whole after a death."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dataplane_core.errors import NotReloaded
from dataplane_core.haproxy.master import ReloadResult
from dataplane_core.plugin import ReloadRecord
from dataplane_core.references.former import FormerFiles
from dataplane_core.store.change import Outcome
from dataplane_core.store.delivery import Delivery
from tests.api.support import OWN
from tests.changes.whole import Whole

FOLDERS = {"maps_dir": "maps", "ssl_certs_dir": "ssl", "general_storage_dir": "general", "spoe_dir": "spoe"}
TEXT = """\
global
  maxconn 100

defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s

frontend fe
  bind unix@/tmp/none.sock
  http-request set-header x %[path,map({maps}/a.map)]
  http-request deny if {{ path -f {general}/paths.lst }}
  default_backend be1

backend be1
  errorfile 503 {folder}/503.http
  server s1 192.0.2.1:80 weight 1
"""


class Files(Whole):
    """The application with folders of files, judged by a real HAProxy where there is one."""

    def __init__(self, folder: Path, program: str = "") -> None:
        places = {name: folder / place for name, place in FOLDERS.items()}
        for place in places.values():
            place.mkdir(exist_ok=True)
        self.folder = folder
        more: dict[str, Any] = {}
        if program:
            more = {"haproxy__haproxy_bin": program, "haproxy__reload__validate_cmd": ""}
        given = {f"dataplaneapi__resources__{name}": str(place) for name, place in places.items()}
        text = TEXT.format(maps=places["maps_dir"], general=places["general_storage_dir"], folder=folder)
        super().__init__(folder, text, **given, **more)

    def write(self, name: str, data: bytes) -> None:
        """Write a file long enough ago that its times tell when it changes again."""
        (self.folder / name).write_bytes(data)
        past = time.time() - 10
        os.utime(self.folder / name, (past, past))

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def reload(self, ok: bool) -> ReloadRecord:
        """Have HAProxy loaded with what is there now."""
        reloads = self.app.services.reloads
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reloads.control, "reload", lambda: ReloadResult(ok, "Job failed."))
            return reloads.force(self.version)

    def roll_back(self, version: int | str, status: int = 202, **query: Any) -> Any:
        answer = self.call("POST", f"{OWN}/history/{version}/rollback", **query)
        assert answer.status_code == status, answer.text
        return answer.json


@pytest.fixture
def api(tmp_path: Path) -> Files:
    """Version 1 with its files, 2 with others and another weight, and files that came since."""
    (tmp_path / "503.http").write_bytes(b"HTTP/1.0 503 Gone\r\n\r\nbusy\n")
    (tmp_path / "maps").mkdir()
    (tmp_path / "general").mkdir()
    (tmp_path / "maps/a.map").write_bytes(b"/a one\n")
    (tmp_path / "general/paths.lst").write_bytes(b"/one\n")
    (tmp_path / "general/unused").write_bytes(b"one\n")
    return at_version_2(Files(tmp_path))


def at_version_2(api: Files) -> Files:
    assert api.version == 1
    api.write("maps/a.map", b"/a two\n")
    api.write("general/unused", b"two\n")
    api.weigh("be1", "s1", 2)
    api.write("maps/a.map", b"/a three\n")
    return api


def test_text_and_files_come_back_as_a_new_version(api: Files) -> None:
    done = api.roll_back(1, headers={"X-Change-Reason": "it was better"})
    assert (done["version"], done["text_of"], done["state"]) == (3, 1, "queued")
    assert done["files"] == [str(api.folder / "maps/a.map")]
    assert (api.read("maps/a.map"), api.read("general/unused")) == (b"/a one\n", b"two\n")
    assert "weight 1" in api.text
    third, second = api.own("history", limit=2)
    assert (third["origin"], third["text_of"], third["reason"]) == ("rollback", 1, "it was better")
    assert third["reload"] == {"id": done["reload_id"], "reason": "files were put back: a.map"}
    assert second["undone_by"] == 3
    (change,) = api.app.services.used_files.former.begun("brought-")  # until HAProxy has loaded it
    assert api.reload(True).status == "succeeded"
    assert api.app.services.used_files.former.begun("") == []


def test_what_was_there_before_can_be_had_back(api: Files) -> None:
    api.roll_back(1)
    assert api.roll_back(2, files="left")["files"] == [str(api.folder / "maps/a.map")]
    assert api.read("maps/a.map") == b"/a three\n"
    assert "weight 2" in api.text
    api.roll_back(2)
    assert api.read("maps/a.map") == b"/a two\n"


def test_files_may_stay_as_they_are(api: Files) -> None:
    assert api.roll_back(1, files="keep")["files"] == []
    assert api.read("maps/a.map") == b"/a three\n"


def test_files_of_the_newest_version_come_back_too(api: Files) -> None:
    done = api.roll_back(2)
    assert (done["version"], api.read("maps/a.map")) == (3, b"/a two\n")
    assert api.own_refusal("history/3/rollback", "POST") == (
        409, "version 3 is the newest one: there is nothing to put back",
    )  # fmt: skip


def test_a_failed_reload_brings_the_files_back(api: Files) -> None:
    api.app.services.config.file.accept(2)
    api.roll_back(1)
    assert api.reload(False).restored == 4
    assert (api.read("maps/a.map"), "weight 2" in api.text) == (b"/a three\n", True)
    found = {Path(one["path"]).name: one["now"] for one in api.own("history/4/files")}
    assert found["a.map"] == "same"
    assert api.app.services.used_files.former.begun("") == []


def test_files_of_several_versions_that_one_reload_fails_for_come_back(api: Files) -> None:
    api.app.services.config.file.accept(2)
    api.roll_back(1)
    api.roll_back(2)
    assert api.read("maps/a.map") == b"/a two\n"
    assert api.reload(False).restored == 5
    assert (api.read("maps/a.map"), "weight 2" in api.text) == (b"/a three\n", True)


def test_files_go_with_the_text_whichever_worker_sees_the_reload_fail(
    api: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reload is asked for with the version's record, and may be over before the commit is."""
    api.app.services.config.file.accept(2)
    finish = Delivery.finish

    def late(self: Delivery) -> Outcome:
        assert api.reload(False).restored == 4
        return finish(self)

    monkeypatch.setattr(Delivery, "finish", late)
    api.roll_back(1)
    assert (api.read("maps/a.map"), "weight 2" in api.text) == (b"/a three\n", True)


def test_files_come_back_although_the_worker_died_that_put_the_text_back(api: Files) -> None:
    services = api.app.services
    services.config.file.accept(2)
    api.roll_back(1)
    services.config.file.restore("it does not start", 3)
    assert ("weight 2" in api.text, api.read("maps/a.map")) == (True, b"/a one\n")
    assert services.reloads.files.newest_version() == 4  # before anything is loaded again
    assert api.read("maps/a.map") == b"/a three\n"


def test_a_version_that_is_not_the_newest_any_more_is_found_before_files_are_touched(
    api: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FormerFiles, "store", lambda *_: pytest.fail("files are replaced"))
    status, message = api.own_refusal("history/1/rollback", "POST", newest=1)
    assert (status, "version mismatch" in message) == (409, True)
    assert (api.version, api.read("maps/a.map")) == (2, b"/a three\n")


@pytest.mark.parametrize(("rolled_back", "held"), [(False, b"/a one\n"), (True, b"/a three\n")])
def test_files_are_those_of_the_text_after_a_failure_behind_the_commit(
    api: Files, monkeypatch: pytest.MonkeyPatch, rolled_back: bool, held: bytes
) -> None:
    def fail(_: Delivery) -> Outcome:
        if rolled_back:
            api.app.services.config.file.accept(2)
            api.app.services.config.file.restore("it does not start", 3)
        raise NotReloaded("HAProxy could not be reloaded")

    monkeypatch.setattr(Delivery, "finish", fail)
    assert api.own_refusal("history/1/rollback", "POST", force_reload="true")[0] >= 400
    assert (api.version, api.read("maps/a.map")) == (4 if rolled_back else 3, held)


def test_what_cannot_come_back_is_a_reason_to_refuse(api: Files) -> None:
    api.write("503.http", b"HTTP/1.0 503 Gone\r\n\r\nother\n")
    before = api.file.read_bytes()
    status, message = api.own_refusal("history/1/rollback", "POST")
    assert status == 409
    assert f"{api.folder}/503.http is outside the storage, and is another file now" in message
    assert "files=keep" in message
    assert (api.file.read_bytes(), api.read("maps/a.map")) == (before, b"/a three\n")
    (api.folder / "503.http").unlink()
    assert api.own_refusal("history/1/rollback", "POST", dry_run="true")[0] == 409
    assert api.roll_back(1, files="keep")["version"] == 3


def test_a_content_that_is_lost_is_a_reason_to_refuse(api: Files) -> None:
    for path in (api.folder / "state/contents").glob("??/*"):
        path.write_bytes(b"")
    status, message = api.own_refusal("history/1/rollback", "POST")
    assert (status, f"what {api.folder}/maps/a.map held is not kept" in message) == (409, True)


def test_a_dry_run_changes_nothing(api: Files) -> None:
    before = {path: path.read_bytes() for path in (api.file, api.folder / "maps/a.map")}
    plan = api.roll_back(1, 200, dry_run="true")
    assert (plan["state"], plan["version"], plan["text_of"]) == ("planned", 2, 1)
    assert plan["files"] == [str(api.folder / "maps/a.map")]
    (change,) = plan["changes"]
    assert change["properties"] == {"weight": {"before": 2, "after": 1}}
    assert "-  server s1 192.0.2.1:80 weight 2\n+  server s1 192.0.2.1:80 weight 1\n" in plan["diff"]
    assert {path: path.read_bytes() for path in before} == before
    assert api.version == 2


def test_whoever_knows_an_older_version_is_told(api: Files) -> None:
    status, _ = api.own_refusal("history/1/rollback", "POST", newest=1)
    assert status == 409
    assert api.read("maps/a.map") == b"/a three\n"
    assert api.own_refusal("history/9/rollback", "POST")[0] == 404
    assert api.own_refusal("history/1/rollback", "POST", files="some")[0] in (400, 422)


def test_the_files_of_a_version(api: Files) -> None:
    found = {Path(one["path"]).name: one for one in api.own("history/1/files")}
    assert found.keys() == {"a.map", "paths.lst", "unused", "503.http"}
    assert (found["a.map"]["kept"], found["a.map"]["now"], found["a.map"]["size"]) == (True, "changed", 7)
    assert (found["503.http"]["kept"], found["503.http"]["now"]) == (False, "same")
    assert found["paths.lst"]["now"] == "same"
    left = {Path(one["path"]).name: one for one in api.own("history/1/files", at="left")}
    assert left["a.map"] == found["a.map"]  # nobody has looked between the versions


@pytest.mark.haproxy
def test_haproxy_judges_text_and_files_before_anything_changes(tmp_path: Path, haproxy_program: str) -> None:
    """A list of paths, which was good with the text of version 1, is none of addresses."""
    (tmp_path / "503.http").write_bytes(b"HTTP/1.0 503 Gone\r\nContent-Length: 0\r\n\r\n")
    for name in ("maps", "general"):
        (tmp_path / name).mkdir()
    (tmp_path / "maps/a.map").write_bytes(b"/a one\n")
    (tmp_path / "general/paths.lst").write_bytes(b"/one\n")
    api = Files(tmp_path, haproxy_program)
    assert api.version == 1
    text = api.file.read_text()
    api.file.write_text(text.replace("{ path -f", "{ src -f"))
    api.write("general/paths.lst", b"192.0.2.1\n")
    assert api.version == 2
    with api.app.services.state.write() as connection:  # as if the list of version 1 had been there
        connection.execute("DELETE FROM file_states WHERE version = 2 AND path LIKE '%paths.lst'")
    before = api.file.read_bytes()
    status, message = api.own_refusal("history/2/rollback", "POST")
    assert (status, api.read("general/paths.lst"), api.file.read_bytes()) == (400, b"192.0.2.1\n", before)
    assert f"{tmp_path}/general/paths.lst" in message and ".tmp" not in message
    assert api.roll_back(1)["version"] == 3
    assert api.read("general/paths.lst") == b"/one\n"


ACTOR = """
import sys
from pathlib import Path
from tests.changes.test_rollback import Files
from tests.harness.asking import ask_localhost
ask_localhost()
api = Files.__new__(Files)
Files.reopen(api, Path(sys.argv[1]))
api.roll_back(1)
"""


def _reopen(self: Files, folder: Path) -> None:
    """Open the application on files that are there already."""
    text = (folder / "haproxy.cfg").read_bytes()
    self.__init__(folder)  # type: ignore[misc]
    (folder / "haproxy.cfg").write_bytes(text)


Files.reopen = _reopen  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "back"),
    [("files-noted", False), ("files-brought", False), ("intent-recorded", False), ("locked", False),
     ("replaced", True), ("done-recorded", True)],
)  # fmt: skip
def test_a_death_leaves_text_and_files_of_one_version(api: Files, name: str, back: bool) -> None:
    api.app.services.state.shutdown()
    environment = {**os.environ, "DATAPLANE_FAILPOINT": name}
    done = subprocess.run([sys.executable, "-c", ACTOR, str(api.folder)], env=environment, capture_output=True, check=False)
    assert done.returncode == 137, done.stderr.decode()
    assert len(list((api.folder / "state/former").glob("brought-2-*"))) == 1
    again = Files.__new__(Files)
    again.reopen(api.folder)  # type: ignore[attr-defined]
    services = again.app.services
    services.recover()
    assert again.version == (3 if back else 2)
    assert ("weight 1" in again.text) == back
    assert again.read("maps/a.map") == (b"/a one\n" if back else b"/a three\n")
    assert len(services.used_files.former.begun("")) == back  # for the reload, should it fail
    if back:
        again.roll_back(2, files="left")
        assert again.read("maps/a.map") == b"/a three\n"


@pytest.mark.parametrize("name", ["replaced", "done-recorded"])
def test_a_reload_that_fails_after_a_death_brings_text_and_files_back(api: Files, name: str) -> None:
    """Another worker finishes the commit of the one that died, and has HAProxy reloaded."""
    api.app.services.config.file.accept(2)
    environment = {**os.environ, "DATAPLANE_FAILPOINT": name}
    done = subprocess.run([sys.executable, "-c", ACTOR, str(api.folder)], env=environment, capture_output=True, check=False)
    assert done.returncode == 137, done.stderr.decode()
    assert (api.version, api.read("maps/a.map")) == (3, b"/a one\n")
    assert api.reload(False).restored == 4
    assert (api.read("maps/a.map"), "weight 2" in api.text) == (b"/a three\n", True)
