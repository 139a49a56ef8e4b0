"""Changes of stored files that wait for a reload, which fails: what was there before is back."""

import pytest

from tests.storage.support import Storage, bundle

OLD, NEW = bundle("old.example.com"), bundle("new.example.com")


@pytest.fixture
def failing(tmp_path):
    return filled(Storage(tmp_path, haproxy__reload__reload_cmd="false"))


def filled(storage):
    (storage.folder / "ssl/old.pem").write_bytes(OLD)
    (storage.folder / "ssl/gone.pem").write_bytes(OLD)
    (storage.folder / "ssl/gone.pem").chmod(0o640)
    (storage.folder / "maps/m.map").write_bytes(b"k v\n")
    return storage


def reload(storage):
    return storage.services.reloads.force(storage.services.config.version())


def found(storage):
    return {
        path.name: path.read_bytes() for kind in ("ssl", "maps") for path in (storage.folder / kind).iterdir()
    }


def kept(storage):
    return list((storage.folder / "state/former").rglob("*.file"))


def change(storage):
    answers = [
        storage.send("PUT", "ssl_certificates/old.pem", NEW),
        storage.send("PUT", "maps/m.map", b"k w\n"),
        storage.send("PUT", "maps/m.map", b"k x\n"),
        storage.upload("ssl_certificates", "new.pem", NEW),
        storage.send("DELETE", "ssl_certificates/gone.pem"),
    ]
    assert [answer.status_code for answer in answers] == [202] * 5
    [identifier] = {answer.headers["reload-id"] for answer in answers}
    return identifier


def test_a_reload_that_fails_puts_back_what_was_there(failing):
    before = found(failing)
    identifier = change(failing)
    assert found(failing) == {"old.pem": NEW, "m.map": b"k x\n", "new.pem": NEW}
    assert [path.stat().st_mode & 0o777 for path in kept(failing)] == [0o600] * 4
    record = reload(failing)
    assert (record.id, record.status) == (identifier, "failed")
    assert found(failing) == before
    assert (failing.folder / "ssl/gone.pem").stat().st_mode & 0o777 == 0o640
    assert kept(failing) == []


def test_another_worker_puts_it_back(failing):
    before = found(failing)
    change(failing)
    other = Storage(failing.folder, haproxy__reload__reload_cmd="false")
    assert reload(other).status == "failed"
    assert found(failing) == before


def test_what_others_have_changed_since_stays(failing):
    change(failing)
    (failing.folder / "maps/m.map").write_bytes(b"by hand\n")
    (failing.folder / "ssl/gone.pem").write_bytes(NEW)
    (failing.folder / "ssl/new.pem").unlink()
    reload(failing)
    assert found(failing) == {"old.pem": OLD, "m.map": b"by hand\n", "gone.pem": NEW}


def test_a_reload_that_succeeds_lets_go(tmp_path):
    storage = filled(Storage(tmp_path))
    change(storage)
    after = found(storage)
    assert len(kept(storage)) == 4
    assert reload(storage).status == "succeeded"
    assert kept(storage) == [] and found(storage) == after


def test_a_reload_that_cannot_be_asked_for_changes_nothing(tmp_path):
    storage = filled(Storage(tmp_path, haproxy__reload__reload_cmd="/nonexistent/program"))
    change(storage)
    after = found(storage)
    assert reload(storage).status == "failed"
    assert found(storage) == after


def test_a_change_that_wants_no_reload_is_not_kept(failing):
    answer = failing.send("PUT", "maps/m.map", b"k w\n", skip_reload=True)
    assert answer.status_code == 204
    reload(failing)
    assert found(failing)["m.map"] == b"k w\n"
