import socket
import time
from pathlib import Path

from dataplane_core.testing import FakeRuntime


def ask(path: Path, line: bytes, timeout: float = 2.0) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        connection.sendall(line)
        return b"".join(iter(lambda: connection.recv(4096), b""))


def test_a_fake_answers_as_haproxy_does_and_closes(tmp_path: Path) -> None:
    replies = {"show": "something\n", "show info": "Name: HAProxy\n", "set": ""}
    with FakeRuntime(tmp_path / "s", replies) as fake:
        assert ask(fake.path, b"show info\n") == b"Name: HAProxy\n\n"
        assert ask(fake.path, b"show stat\n") == b"something\n\n"
        assert ask(fake.path, b"set weight x 1\n") == b"\n"
        assert ask(fake.path, b"frobnicate\n").startswith(b"Unknown command: 'frobnicate'")
        assert fake.commands == ["show info", "show stat", "set weight x 1", "frobnicate"]
    assert not fake.path.exists()


def test_a_fake_may_be_late(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "s", {"": "ok\n"}, delay=0.1) as fake:
        begun = time.monotonic()
        assert ask(fake.path, b"x\n") == b"ok\n\n"
        assert time.monotonic() - begun >= 0.1
