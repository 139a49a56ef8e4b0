"""A disk fails to keep what was written: the answer is true, and nothing is changed from then on."""

import errno
import os

import pytest

from dataplane_core.commands.doctor import diagnose
from dataplane_core.commands.overview import overview
from tests.storage.support import Storage

GLOBAL = "/v2/services/haproxy/configuration/global"


@pytest.fixture
def failing(tmp_path, monkeypatch):
    """Has syncs of a "folder", or of a "file" in it, fail; "" has all succeed."""
    what, real = ["", ""], {name: getattr(os, name) for name in ("fsync", "fdatasync")}

    def synced(name, handle):
        path = os.readlink(f"/proc/self/fd/{handle}")
        if (what[0] == "folder" and path in what[1:]) or (
            what[0] == "file" and os.path.dirname(path) in what[1:] and os.path.isfile(path)
        ):
            raise OSError(errno.EIO, "Input/output error")
        real[name](handle)

    for name in real:
        monkeypatch.setattr(os, name, lambda handle, name=name: synced(name, handle))
    what[1:] = [str(tmp_path), str(tmp_path / "maps")]
    return what


def change(storage, number, version=30):
    body = b'{"maxconn": %d}' % number
    return storage.send("PUT", f"{GLOBAL}?version={version}", body, "application/json")


def restarted(storage):
    storage.services.state.shutdown()
    again = Storage(storage.folder)
    again.services.recover()
    return again


def test_a_version_whose_folder_is_not_synced_is_in_place_and_said_to_be_unsafe(storage, failing):
    failing[0] = "folder"
    answer = change(storage, 11)
    assert answer.status_code == 500
    assert "version 31 is in place" in answer.json["message"]
    assert "a power cut may undo it" in answer.json["message"]
    assert "maxconn 11" in (storage.folder / "haproxy.cfg").read_text()
    assert storage.services.config.version() == 31
    assert storage.services.config.history.newest().status == "active"


def test_a_version_that_is_not_synced_is_not_made(storage, failing):
    failing[0] = "file"
    answer = change(storage, 11)
    assert answer.status_code == 500 and "cannot be written" in answer.json["message"]
    assert "maxconn 10" in (storage.folder / "haproxy.cfg").read_text()
    failing[0] = ""
    assert change(storage, 11).status_code == 503


@pytest.mark.parametrize("kind", ["folder", "file"])
@pytest.mark.parametrize("change_first", [change, None])
def test_after_that_nothing_changes_until_a_start_has_looked(storage, failing, kind, change_first):
    (storage.folder / "maps/m.map").write_bytes(b"a b\n")
    failing[0] = kind
    if change_first:
        assert change_first(storage, 11).status_code == 500
    else:
        answer = storage.send("PUT", "maps/m.map", b"a c\n")
        assert answer.status_code == 500
        in_place = (storage.folder / "maps/m.map").read_bytes() == b"a c\n"
        assert in_place == (kind == "folder") == ("is in place" in answer.json["message"])
    failing[0] = ""
    version = storage.services.config.version()
    assert_read_only(storage, version)
    other = Storage(storage.folder)  # another worker
    assert_read_only(other, version)
    other.services.state.shutdown()
    again = restarted(storage)
    assert change(again, 12, version).status_code == 202
    assert "x_read_only" not in again.send("GET", "/v2/health").json
    assert not [one for one in overview(again.services) if one.topic == "disk"]


def assert_read_only(storage, version):
    for answer in (
        change(storage, 12, version),
        storage.send("PUT", "maps/m.map", b"a d\n"),
        storage.send("POST", f"/v2/services/haproxy/transactions?version={version}"),
        storage.upload("general", "x.txt", b"x"),
    ):
        assert answer.status_code == 503
        assert "changes nothing until" in answer.json["message"]
    assert storage.send("GET", GLOBAL).status_code == 200
    assert "Input/output error" in storage.send("GET", "/v2/health").json["x_read_only"]
    [fact] = [one for one in overview(storage.services) if one.topic == "disk"]
    assert fact.bad and "Input/output error" in fact.text
    assert any("Input/output error" in one.what for one in diagnose(storage.services.settings))


def test_a_start_that_finds_the_disk_wrong_changes_nothing(storage, failing, caplog):
    failing[0] = "folder"
    change(storage, 11)
    again = restarted(storage)  # which cannot sync either
    failing[0] = ""
    assert change(again, 12, 31).status_code == 503
    assert "nothing can be changed, as the disk is not right" in caplog.text


def test_a_text_that_was_lost_and_that_haproxy_refuses_is_left_to_its_operator(storage, failing):
    failing[0] = "folder"
    change(storage, 11)
    failing[0] = ""
    (storage.folder / "haproxy.cfg").write_bytes(b"\0" * 40)
    storage.services.state.shutdown()
    again = Storage(storage.folder, haproxy__reload__validate_cmd="false")
    again.services.recover()
    assert again.services.state.faults.reason()
    (storage.folder / "haproxy.cfg").write_text("# _version=31\nglobal\n  maxconn 11\n")
    last = restarted(again)
    assert change(last, 12, last.services.config.version()).status_code == 202


@pytest.fixture
def unknown(monkeypatch):
    """Has the status of the open file unknown once it has got the name of what a client changes."""
    replace, status = os.replace, os.fstat

    def failing(handle):
        monkeypatch.setattr(os, "fstat", status)
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    def replaced(old, new, **folders):
        replace(old, new, **folders)
        if os.path.basename(new) in ("haproxy.cfg", "m.map"):
            monkeypatch.setattr(os, "fstat", failing)

    monkeypatch.setattr(os, "replace", replaced)


def test_a_version_whose_status_cannot_be_had_is_written_and_acknowledged(storage, unknown):
    assert change(storage, 11).status_code == 202
    assert "maxconn 11" in (storage.folder / "haproxy.cfg").read_text()
    assert storage.services.config.version() == 31
    assert change(storage, 12, version=31).status_code == 202


def test_a_stored_file_whose_status_cannot_be_had_is_written_and_acknowledged(storage, unknown):
    (storage.folder / "maps/m.map").write_bytes(b"a b\n")
    answer = storage.send("PUT", "maps/m.map", b"a c\n")
    assert answer.status_code in (200, 202), answer.text
    assert (storage.folder / "maps/m.map").read_bytes() == b"a c\n"
