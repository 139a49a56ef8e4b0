"""Names never leave their folder, and only regular files are there."""

import errno
import os
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataplane_core.errors import Invalid, NotFound
from dataplane_core.store.folder import Folder
from tests.storage.support import FOLDERS, Storage, bundle

ODD = st.one_of(
    st.text(max_size=20),
    st.lists(st.sampled_from(["..", ".", "/", "\\", "a", "\0", "\n", "é", "%2f", "", " "])).map(
        "".join
    ),
    st.sampled_from(["../x", "/etc/passwd", ".hidden", "-rf", "a/../../b", "x" * 300, "a\nb", "~"]),
)


@settings(max_examples=50)
@given(name=ODD)
def test_a_new_name_is_taken_as_it_is_or_refused(tmp_path_factory, name):
    folder = Folder(tmp_path_factory.getbasetemp(), tmp_path_factory.getbasetemp() / "lock", ".map")
    try:
        found = folder.new_name(name)
    except Invalid:
        return
    assert found in (name, f"{name}.map")
    assert os.path.normpath(folder.path / found) == str(folder.path / found)
    assert os.path.dirname(folder.path / found) == str(folder.path)


@settings(max_examples=50)
@given(name=ODD)
def test_no_name_reaches_outside(tmp_path_factory, name):
    top = tmp_path_factory.getbasetemp()
    folder = Folder(top / "inside", top / "lock")
    folder.path.mkdir(exist_ok=True)
    (folder.path / "a").write_bytes(b"in")
    (top / "b").write_bytes(b"out")
    (top / "x").write_bytes(b"out")
    try:
        assert folder.read(name) == b"in" and name == "a"
    except NotFound:
        assert name != "a"


@pytest.mark.parametrize("kind", FOLDERS)
@pytest.mark.parametrize(
    "name", ["../evil.txt", "sp ace", "a/b", ".hidden", "é.pem", "x" * 201, "-x", ""]
)
def test_names_that_are_refused(storage, kind, name):
    answer = storage.upload(kind, name, bundle())
    assert answer.status_code == 422, answer.text
    assert storage.files(kind) == []
    assert not (storage.folder / "evil.txt").exists()


@pytest.mark.parametrize(
    "path",
    ["maps/..%2F..%2Fhaproxy.cfg", "maps/..", "maps/%2Fetc%2Fpasswd", "maps/.hidden", "maps/a%00b"],
)
def test_paths_that_lead_out(storage, path):
    (storage.folder / "maps" / ".hidden").write_text("x")
    for method in ("GET", "DELETE", "PUT"):
        answer = storage.send(method, path, b"x" if method == "PUT" else None)
        assert answer.status_code in (404, 405), (method, answer.text)
    assert (storage.folder / "haproxy.cfg").exists()


@pytest.mark.parametrize("kind", FOLDERS)
def test_what_is_no_file_of_the_folder(storage, kind):
    place, outside = storage.folder / FOLDERS[kind], storage.folder / "outside"
    outside.write_text("secret")
    os.mkfifo(place / "fifo")
    (place / "folder").mkdir()
    (place / "device").symlink_to("/dev/zero")
    (place / "out").symlink_to(outside)
    (place / "broken").symlink_to(place / "nowhere")
    (place / "loop").symlink_to(place / "loop")
    (place / "real").write_bytes(bundle())
    (place / "alias").symlink_to("real")
    assert storage.names(kind) == ["alias", "real"]
    for name in ("fifo", "folder", "device", "out", "broken", "loop"):
        for method in ("GET", "PUT", "DELETE"):
            body = bundle() if method == "PUT" else None
            assert storage.send(method, f"{kind}/{name}", body).status_code == 404, (method, name)
        if kind != "maps":
            assert storage.upload(kind, name, bundle()).status_code == 409
    assert storage.send("GET", f"{kind}/alias").status_code == 200
    assert storage.send("PUT", f"{kind}/alias", bundle("alias.example.com")).status_code in (
        200,
        202,
    )
    assert (place / "real").read_bytes() == bundle("alias.example.com")
    assert (place / "alias").is_symlink()
    assert storage.send("DELETE", f"{kind}/alias").status_code in (202, 204)
    assert (place / "real").exists()
    assert outside.read_text() == "secret"


def test_links_to_allowed_folders(tmp_path):
    live = tmp_path / "letsencrypt"
    live.mkdir()
    (live / "site.pem").write_bytes(bundle())
    storage = Storage(tmp_path, dataplane__link_targets=(str(live),))
    (tmp_path / "ssl" / "site.pem").symlink_to(live / "site.pem")
    (tmp_path / "ssl" / "config").symlink_to(tmp_path / "haproxy.cfg")
    assert storage.names("ssl_certificates") == ["site.pem"]
    assert storage.send("GET", "ssl_certificates/site.pem").json["issuers"] == "first.example.com"


def test_rights_of_files(storage):
    os.umask(0o022)
    storage.upload("ssl_certificates", "a.pem", bundle())
    storage.upload("maps", "a.map", b"a b\n")
    storage.upload("general", "a", b"x")

    def mode(path):
        return stat.S_IMODE((storage.folder / path).stat().st_mode)

    assert (mode("ssl/a.pem"), mode("maps/a.map"), mode("general/a")) == (0o600, 0o644, 0o644)
    (storage.folder / "ssl/a.pem").chmod(0o644)
    (storage.folder / "maps/a.map").chmod(0o664)
    storage.send("PUT", "ssl_certificates/a.pem", bundle())
    storage.send("PUT", "maps/a.map", b"a c\n")
    assert (mode("ssl/a.pem"), mode("maps/a.map")) == (0o640, 0o664)


def test_a_folder_that_is_not_there(storage):
    (storage.folder / "maps").rmdir()
    assert storage.names("maps") == []
    assert storage.upload("maps", "a", b"x y\n").status_code == 201
    assert storage.names("maps") == ["a.map"]


@pytest.mark.parametrize("accept", ["application/json", "application/octet-stream", "text/plain"])
@pytest.mark.parametrize("path", ["maps/m.map", "general/page"])
def test_a_file_is_given_in_whatever_form_is_asked_for(storage, path, accept):
    kind, _, name = path.partition("/")
    storage.upload(kind, name, b"k v\n")
    answer = storage.send("GET", path, accept=accept)
    assert (answer.status_code, answer.content) == (200, b"k v\n")
    assert answer.headers["content-type"] == "application/octet-stream"


def test_the_document_says_what_a_file_comes_as(storage):
    for name in ("specification", "specification_openapiv3"):
        paths = storage.send("GET", f"/v2/{name}").json["paths"]
        for kind in ("maps", "general"):
            got = paths[f"/services/haproxy/storage/{kind}/{{name}}"]["get"]
            media = got.get("produces") or list(got["responses"]["200"]["content"])
            assert media == ["application/octet-stream"]


def test_a_stored_map_may_be_named_without_its_ending_or_by_its_path(storage):
    storage.upload("maps", "hosts", b"k v\n")
    for name in ("hosts", "hosts.map", f"{storage.folder}/maps/hosts.map", f"{storage.folder}/maps/hosts"):
        place = f"maps/{name.replace('/', '%2F')}"
        assert storage.send("PUT", place, b"k w\n", skip_reload=True).status_code == 204
        assert storage.send("GET", place).content == b"k w\n"
        assert storage.send("DELETE", place).status_code == 204
        assert storage.send("DELETE", place).status_code == 404
        assert storage.upload("maps", "hosts", b"k v\n").status_code == 201
    for name in ("host", "hosts.map.map", "..%2Fmaps%2Fhosts", "%2Fetc%2Fpasswd"):
        assert storage.send("GET", f"maps/{name}").status_code == 404


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOMEM, errno.EMFILE])
def test_a_file_that_cannot_be_looked_at_is_not_said_to_be_missing(storage, monkeypatch, number):
    storage.upload("maps", "m.map", b"a b\n")
    lstat, scan = os.lstat, os.scandir

    def failing(real, path, *more, **how):
        if str(path).startswith(str(storage.folder / "maps")):
            raise OSError(number, os.strerror(number), path)
        return real(path, *more, **how)

    monkeypatch.setattr(os, "lstat", lambda path, **how: failing(lstat, path, **how))
    monkeypatch.setattr(os, "scandir", lambda path: failing(scan, path))
    for answer in (storage.send("GET", "maps/m.map"), storage.send("GET", "maps"), storage.send("PUT", "maps/m.map", b"c d\n")):
        assert answer.status_code == 500
        assert "cannot be" in answer.json["message"]
