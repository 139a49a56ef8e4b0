"""Uploads that go wrong: the old file stays, nothing is left behind."""

import socket

import pytest

from dataplane_core.errors import ReloadFailed
from dataplane_core.store.candidate import Candidate
from dataplane_plugins.tls.pem import MOST_BYTES
from tests.harness.server import ApiServer
from tests.harness.waiting import stays
from tests.storage.support import FOLDERS, STORAGE, Storage, bundle, form

LIMIT = 300_000
MEDIA = "multipart/form-data; boundary=BB"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uploads")
    (folder / "haproxy.cfg").write_text("global\n  maxconn 10\n")
    settings = {"dataplane": {"body_limit": LIMIT}}
    with ApiServer(folder / "haproxy.cfg", folder, settings) as started:
        yield started


def upload(server, body, **more):
    client = server.client()
    client.connection.request(
        "POST", f"{STORAGE}/maps", body, {**client.headers, "Content-Type": MEDIA}, **more
    )
    answer = client.connection.getresponse()
    return answer.status, answer.read()


def pieces(data):
    return (data[at : at + 7000] for at in range(0, len(data), 7000))


@pytest.mark.parametrize("chunked", [False, True])
def test_the_limit_on_bodies_holds(server, chunked):
    large, fits = form("large", b"k v\n" * 100_000), form("fits", b"k v\n" * 50_000)
    maps = server.folder / "maps"
    for body, expected in ((large, 413), (fits, 201)):
        sent = pieces(body) if chunked else body
        try:
            status, text = upload(server, sent, encode_chunked=chunked)
        except (BrokenPipeError, ConnectionResetError):  # refused before it was all sent
            status, text = 413, b""
        assert status == expected, text
    assert [path.name for path in maps.iterdir()] == ["fits.map"]
    assert (maps / "fits.map").read_bytes() == b"k v\n" * 50_000
    (maps / "fits.map").unlink()


def half_an_upload(server):
    """A connection on which half of a map has come, and the folder of maps."""
    body = form("half", b"k v\n" * 50_000)
    client = server.client()
    lines = [f"POST {STORAGE}/maps HTTP/1.1", "Host: x", f"Content-Type: {MEDIA}"]
    lines += [f"Content-Length: {len(body)}", f"Authorization: {client.authorization}"]
    connection = socket.create_connection(("127.0.0.1", server.port), 10)
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + body[: len(body) // 2])
    return connection, server.folder / "maps"


def test_a_client_that_goes_away(server):
    """What comes of an upload is in no folder of files before all of it is there."""
    connection, maps = half_an_upload(server)
    assert stays(lambda: list(maps.iterdir()) == [])
    connection.close()
    assert stays(lambda: list(maps.iterdir()) == [])


def test_two_uploads_of_one_name(storage, monkeypatch):
    folder = storage.folder / "maps"
    body, append = form("a", b"mine\n"), Candidate.append

    def meanwhile(self, data):
        (folder / "a.map").write_bytes(b"theirs\n")
        return append(self, data)

    monkeypatch.setattr(Candidate, "append", meanwhile)
    assert storage.send("POST", "maps", body, MEDIA).status_code == 409
    assert storage.files("maps") == ["a.map"]
    assert (folder / "a.map").read_bytes() == b"theirs\n"


@pytest.mark.parametrize(
    "body", [b"", b"--BB--\r\n", form("a", b"x")[:-4], form("a", b"x", "wrong")]
)
@pytest.mark.parametrize("kind", FOLDERS)
def test_bodies_that_are_no_upload(storage, kind, body):
    assert storage.send("POST", kind, body, MEDIA).status_code == 400
    assert storage.files(kind) == []


def test_a_forced_reload_that_fails(tmp_path):
    storage = Storage(tmp_path, haproxy__reload__reload_cmd="false")
    ssl = tmp_path / "ssl"
    (ssl / "a.pem").write_bytes(bundle())
    (tmp_path / "maps" / "m.map").write_bytes(b"k v\n")
    for answer in (
        storage.send("PUT", "ssl_certificates/a.pem", bundle("b.example.com"), force_reload=True),
        storage.send("DELETE", "ssl_certificates/a.pem", force_reload=True),
        storage.upload("ssl_certificates", "c.pem", bundle(), force_reload=True),
        storage.send("PUT", "maps/m.map", b"k w\n", force_reload=True),
    ):
        assert answer.status_code == ReloadFailed.status, answer.text
        assert "as it was" in answer.json["message"]
    assert storage.files("ssl_certificates") == ["a.pem"]
    assert (ssl / "a.pem").read_bytes() == bundle()
    assert (tmp_path / "maps" / "m.map").read_bytes() == b"k v\n"


def test_empty_bodies(storage):
    storage.upload("general", "a", b"x")
    assert storage.send("PUT", "general/a", b"").status_code == 422
    assert storage.send("PUT", "general/a").status_code == 422
    assert storage.send("GET", "general/a").content == b"x"


def test_any_bytes_come_back(storage):
    every = bytes(range(256)) * 3
    storage.upload("general", "a", every)
    assert storage.send("GET", "general/a").content == every


def test_a_certificate_that_is_too_large_is_refused_unread(storage):
    answer = storage.upload("ssl_certificates", "much.pem", b"x" * (MOST_BYTES + (1 << 17)))
    assert answer.status_code == 413, answer.text
    assert storage.files("ssl_certificates") == []
    assert storage.upload("general", "much.txt", b"x" * (MOST_BYTES + (1 << 17))).status_code == 201
