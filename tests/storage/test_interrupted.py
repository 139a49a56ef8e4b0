"""Uploads cut off by a kill or a full disk: the old file stays, and nothing else is there."""

import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from falcon import testing

from dataplane_core.store import exchange
from tests.harness.disks import tiny_disk
from tests.harness.server import ApiServer, Client
from tests.harness.waiting import stays
from tests.storage.support import Storage, bundle, certificate, form, private_key

BASE = "/v2/services/haproxy"
MEDIA = "multipart/form-data; boundary=BB"
PATHS = {
    "maps": "storage/maps",
    "ssl": "storage/ssl_certificates",
    "general": "storage/general",
    "spoe": "spoe/spoe_files",
}
"""Where the files of each folder are uploaded."""
REPLACED = ("maps", "ssl", "general")
NAMES = {"maps": "old.map", "ssl": "old.pem", "general": "old.txt", "spoe": "old.conf"}
SIZE = 300_000


def content(kind: str, size: int = 0) -> bytes:
    """A file of a kind that is accepted, of `size` bytes at least."""
    if kind != "ssl":
        line = b"# a line of no import\n"
        return line * (1 + size // len(line))
    chain = certificate("ca.example.com", private_key())
    return bundle() + chain * (size // len(chain))


class Interrupted(Storage):
    """The application with an old file of each kind."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, dataplaneapi__resources__spoe_dir=str(folder / "spoe"))

    def send_to(self, kind: str, method: str, data: bytes) -> testing.Result:
        """Upload a new file (POST), or replace the old one (PUT)."""
        path = f"{BASE}/{PATHS[kind]}"
        if method == "PUT":
            return self.send("PUT", f"{path}/{NAMES[kind]}", data)
        return self.send("POST", path, form(f"new{Path(NAMES[kind]).suffix}", data), MEDIA)

    def fill(self) -> None:
        for kind, name in NAMES.items():
            path = f"{BASE}/{PATHS[kind]}"
            answer = self.send("POST", path, form(name, content(kind)), MEDIA)
            assert answer.status_code in (201, 202), answer.text

    def found(self, kind: str) -> dict[str, bytes]:
        paths = (self.folder / kind).iterdir()
        return {path.name: path.read_bytes() for path in paths if path.is_file()}


CASES = [(kind, "POST") for kind in PATHS] + [(kind, "PUT") for kind in REPLACED]


@contextmanager
def small_files() -> Iterator[None]:
    """No file may become larger than 100 000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(("kind", "method"), CASES)
@pytest.mark.parametrize("disk", ["full", "limited"])
def test_a_full_disk(tmp_path, kind, method, disk):
    with ExitStack() as stack:
        if disk == "full":
            stack.enter_context(tiny_disk(tmp_path / kind))
        api = Interrupted(tmp_path)
        api.fill()
        before = api.found(kind)
        if disk == "limited":
            stack.enter_context(small_files())
        answer = api.send_to(kind, method, content(kind, SIZE))
        assert answer.status_code == 507, answer.text
        assert ".tmp" not in answer.json["message"] and kind in answer.json["message"]
        assert api.found(kind) == before and list(before) == [NAMES[kind]]


def killed_in(call: str, action: Callable[[], object]) -> None:
    """Do something in a process that SIGKILL ends when it calls `os.<call>`.

    Where files are replaced, it ends it also before two of them would change places.
    """
    child = os.fork()
    if child == 0:
        setattr(os, call, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
        if call == "replace":
            exchange._exchange = os.replace
        try:
            action()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize(("kind", "method"), CASES)
@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_kill_before_the_file_has_its_name(tmp_path, kind, method, call):
    api = Interrupted(tmp_path)
    api.fill()
    before = api.found(kind)
    if call == "rename":
        call = "link" if method == "POST" and kind != "spoe" else "replace"
    killed_in(call, lambda: api.send_to(kind, method, content(kind, SIZE)))
    assert api.found(kind).items() >= before.items()
    again = Interrupted(tmp_path)
    again.services.start()
    again.services.stop()
    assert again.found(kind) == before and list(before) == [NAMES[kind]]


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("call", ["symlink", "rmdir", "replace"])
def test_a_kill_while_the_file_is_judged(tmp_path, kind, call):
    """Before HAProxy is asked, when it has answered, and before the file takes its place."""
    api = Interrupted(tmp_path)
    api.fill()
    name = NAMES[kind]
    text = f"global\n  lua-load {tmp_path / kind / name}\n"
    (tmp_path / "haproxy.cfg").write_text(text)
    before = api.found(kind)

    def change():
        if kind != "spoe":
            return api.send_to(kind, "PUT", content(kind, SIZE))
        body = b'"[mirror]"'
        where = f"{BASE}/spoe/spoe_scopes?spoe={name}&version=1"
        return api.send("POST", where, body, "application/json")

    killed_in(call, change)
    assert api.found(kind)[name] == before[name]
    again = Interrupted(tmp_path)
    again.services.start()
    again.services.stop()
    found = {path.name for path in (tmp_path / kind).iterdir()}
    assert found - {f".{name}.lock"} == {name}
    assert (tmp_path / kind / name).read_bytes() == before[name]
    assert (tmp_path / "haproxy.cfg").read_text() == text


def half(
    client: Client, port: int, method: str, path: str, media: str, body: bytes
) -> socket.socket:
    """A connection on which half of a request's body was sent."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Type: {media}"]
    lines += [f"Content-Length: {len(body)}", f"Authorization: {client.authorization}"]
    connection = socket.create_connection(("127.0.0.1", port), 10)
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + body[: len(body) // 2])
    return connection


@pytest.mark.server
def test_a_server_that_is_killed_in_the_middle_of_uploads(tmp_path):
    Interrupted(tmp_path).fill()
    before = {kind: Interrupted(tmp_path).found(kind) for kind in PATHS}
    folders = {"maps_dir": "maps", "ssl_certs_dir": "ssl", "general_storage_dir": "general",
               "spoe_dir": "spoe"}  # fmt: skip
    resources = {name: str(tmp_path / folder) for name, folder in folders.items()}
    settings = {"dataplaneapi": {"resources": resources}}
    server = ApiServer(tmp_path / "haproxy.cfg", tmp_path / "api", settings).start()
    client, connections = server.client(), []
    try:
        for kind, method in CASES:
            path, data = f"{BASE}/{PATHS[kind]}", content(kind, SIZE)
            if method == "PUT":
                request = f"{path}/{NAMES[kind]}", "text/plain", data
            else:
                request = path, MEDIA, form("new" + Path(NAMES[kind]).suffix, data)
            connections.append(half(client, server.port, method, *request))
        assert client.version()
        assert stays(lambda: not any(list((tmp_path / kind).glob(".new.*")) for kind in PATHS))
        server.kill()
        server.start()
        for kind, files in before.items():
            found = {path.name: path.read_bytes() for path in (tmp_path / kind).iterdir()}
            assert found == files, kind
    finally:
        server.stop()
        for connection in connections:
            connection.close()
