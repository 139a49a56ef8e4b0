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
    said = [line for line in record.response.splitlines() if line.startswith("put back as it was before: ")]
    assert sorted(line.rpartition("/")[2] for line in said) == ["gone.pem", "m.map", "new.pem", "old.pem"]
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


def test_a_forced_change_can_be_undone_by_whoever_ends_the_reload(tmp_path):
    words = f"find {tmp_path}/state/former -name *.file >>{tmp_path}/seen; false"
    storage = filled(Storage(tmp_path, haproxy__reload__reload_cmd=f"/bin/sh -c '{words}'"))
    before = found(storage)
    answer = storage.send("PUT", "maps/m.map", b"k w\n", force_reload=True)
    assert answer.status_code == 400 and "m.map is as it was" in answer.json["message"]
    assert (tmp_path / "seen").read_text().count(".file") == 1
    assert found(storage) == before and kept(storage) == []


def test_a_haproxy_that_a_file_has_ended_is_started_with_the_former_one(tmp_path):
    runs = tmp_path / "runs"
    words = f"if grep -q bad {tmp_path}/maps/m.map; then rm -f {runs}; false; else touch {runs}; fi"
    storage = filled(
        Storage(
            tmp_path,
            haproxy__reload__reload_cmd=f"/bin/sh -c '{words}'",
            haproxy__reload__restart_cmd="",
            haproxy__reload__status_cmd=f"test -e {runs}",
        )
    )
    runs.touch()
    answer = storage.send("PUT", "maps/m.map", b"bad\n", force_reload=True)
    assert answer.status_code == 400
    assert runs.exists()


@pytest.mark.parametrize("alone", [True, False])
def test_a_file_outlives_the_version_that_was_rolled_back_with_its_reload(tmp_path, alone):
    script = f"/bin/sh -c '! grep -q maxconn.11 {tmp_path}/haproxy.cfg'"
    storage = filled(Storage(tmp_path, haproxy__reload__reload_cmd=script))
    services, later = storage.services, []

    def change_maxconn(number, version):
        path = f"/v2/services/haproxy/configuration/global?version={version}"
        body = f'{{"maxconn": {number}}}'.encode()
        assert storage.send("PUT", path, body, "application/json").status_code == 202

    def meanwhile(record):
        if not alone:
            change_maxconn(12, 31)
        later.append(storage.send("PUT", "maps/m.map", b"k w\n").headers["reload-id"])
        return services.config.file.restore(record.said, record.version)

    services.reloads.files.put_back_text = meanwhile
    change_maxconn(11, 30)
    assert services.reloads.force(services.config.version()).status == "failed"
    assert services.reloads.record(later[0]).status == ("in_progress" if alone else "failed")
    assert found(storage)["m.map"] == (b"k w\n" if alone else b"k v\n")
    services.reloads.force(services.config.version())
    assert services.reloads.record(later[0]).status == ("succeeded" if alone else "failed")
    assert kept(storage) == []


CONFIG = "# _version=30\ndefaults\n  mode http\nfrontend fe\n  http-request set-header x %[path,map({})]\n"
RULE = "/v2/services/haproxy/configuration/http_request_rules/0?parent_type=frontend&parent_name=fe"


@pytest.mark.parametrize("skip_reload", [False, True])
@pytest.mark.parametrize("fails", [True, False])
def test_a_file_that_the_text_names_to_which_a_reload_goes_back_is_there(tmp_path, fails, skip_reload):
    file = tmp_path / "maps/m.map"
    (tmp_path / "haproxy.cfg").write_text(CONFIG.format(file))
    command = f"/bin/sh -c 'grep -q m.map {tmp_path}/haproxy.cfg'" if fails else "true"
    storage = filled(Storage(tmp_path, haproxy__reload__reload_cmd=command))
    (tmp_path / "maps/unnamed.map").write_bytes(b"")
    assert storage.send("DELETE", "maps/m.map").status_code == 409
    asked = f"{RULE}&version=30" + ("&skip_reload=true" if skip_reload else "")
    assert storage.send("DELETE", asked).status_code in (202, 204)
    file.chmod(0o640)
    assert storage.send("DELETE", "maps/m.map").status_code == 204
    assert storage.send("DELETE", "maps/unnamed.map").status_code == 204
    assert not file.exists()
    reload(storage)
    assert file.exists() == ("m.map" in (tmp_path / "haproxy.cfg").read_text()) == fails
    if fails:
        assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"k v\n", 0o640)
    assert kept(storage) == []
    assert not (tmp_path / "maps/unnamed.map").exists()


BAD = {
    "replaced": [("PUT", b"bad\n")],
    "replaced twice": [("PUT", b"good\n"), ("PUT", b"bad\n")],
    "replaced and deleted": [("PUT", b"bad\n"), ("DELETE", None)],
    "deleted and made again": [("DELETE", None), ("POST", b"bad\n")],
}


def test_a_text_that_is_being_loaded_may_come_back_too(tmp_path):
    file, config = tmp_path / "maps/m.map", tmp_path / "haproxy.cfg"
    config.write_text("# _version=29\ndefaults\n  mode http\nfrontend fe\n")
    command = f"/bin/sh -c 'grep -q m.map {config}'"
    storage = filled(Storage(tmp_path, haproxy__reload__reload_cmd=command))
    services = storage.services
    body = b'{"index":0,"type":"set-header","hdr_name":"x","hdr_format":"%%[path,map(%s)]"}' % str(file).encode()
    where = "/v2/services/haproxy/configuration/http_request_rules?parent_type=frontend&parent_name=fe&version=29"
    assert storage.send("POST", where, body, "application/json").status_code == 202

    def meanwhile(record):
        if record.version == 30:
            assert storage.send("DELETE", f"{RULE}&version=30").status_code == 202
            assert storage.send("DELETE", "maps/m.map").status_code == 204
        services.config.file.accept(record.version)
        services.used_files.reload_succeeded(record.id)

    services.reloads.files.accept = meanwhile
    assert [reload(storage).status for _ in range(2)] == ["succeeded", "failed"]
    assert "m.map" in config.read_text() and file.read_bytes() == b"k v\n"
    assert kept(storage) == []


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_such_a_text_cannot_be_used_with_is_as_it_was(tmp_path, case):
    file = tmp_path / "maps/m.map"
    (tmp_path / "haproxy.cfg").write_text(CONFIG.format(file))
    storage = filled(
        Storage(
            tmp_path,
            haproxy__reload__reload_cmd=f"/bin/sh -c 'grep -q m.map {tmp_path}/haproxy.cfg'",
            haproxy__reload__validate_cmd=f"/bin/sh -c '! grep -q m.map {{file}} || grep -qv bad {file}'",
        )
    )
    assert storage.send("DELETE", f"{RULE}&version=30").status_code == 202
    for method, data in BAD[case]:
        if method == "POST":
            answer = storage.upload("maps", "m.map", data)
        else:
            answer = storage.send(method, "maps/m.map", data, **({"skip_reload": True} if data else {}))
        assert answer.status_code in (201, 204), answer.text
    reload(storage)
    assert file.read_bytes() == b"k v\n"
    assert kept(storage) == []


def test_a_file_that_is_gone_already_is_not_kept(tmp_path):
    file = tmp_path / "maps/m.map"
    (tmp_path / "haproxy.cfg").write_text(CONFIG.format(file))
    storage = Storage(tmp_path)
    assert storage.send("DELETE", f"{RULE}&version=30").status_code == 202
    with storage.services.used_files.removing(file):
        file.unlink(missing_ok=True)
    storage.services.used_files.text_put_back()
    assert not file.exists()


KINDS = {
    "maps/m.map": ("maps", b"k v\n", b"k w\n"),
    "ssl_certificates/c.pem": ("ssl", OLD, NEW),
    "ssl_certificates/ca.pem": ("ssl", OLD.partition(b"-----BEGIN EC")[0], NEW.partition(b"-----BEGIN EC")[0]),
    "/v3/services/haproxy/storage/ssl_crt_lists/l.crtlist": ("ssl", b"c.pem\n", b"c.pem a.example.com\n"),
    "general/g.lua": ("general", b"-- a\n", b"-- b\n"),
}


@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_each_kind_that_haproxy_refuses_at_a_reload_is_back_and_named(failing, kind, forced):
    folder, old, new = KINDS[kind]
    file = failing.folder / folder / kind.rpartition("/")[2]
    (failing.folder / "ssl/c.pem").write_bytes(OLD)
    file.write_bytes(old)
    answer = failing.send("PUT", kind, new, **({"force_reload": True} if forced else {}))
    if forced:
        assert answer.status_code == 400 and f"{file.name} is as it was" in answer.json["message"]
        [shown] = failing.send("GET", "/v2/services/haproxy/reloads").json
    else:
        assert answer.status_code == 202 and file.read_bytes() == new
        reload(failing)
        identifier = answer.headers["reload-id"]
        shown = failing.send("GET", f"/v2/services/haproxy/reloads/{identifier}").json
    assert file.read_bytes() == old
    assert shown["status"] == "failed"
    assert f"put back as it was before: {file}" in shown["response"]
