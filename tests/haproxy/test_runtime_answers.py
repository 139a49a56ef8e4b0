"""Long answers in pieces, and many commands on few lines."""

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest

from dataplane_core.errors import Invalid, RuntimeFailed, RuntimeTimeout
from dataplane_core.haproxy import wire
from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.haproxy.runtime_client import RuntimeClient
from dataplane_core.haproxy.runtime_protocol import RuntimeRefused
from dataplane_core.store import State
from dataplane_core.testing import FakeRuntime
from tests.haproxy.support import configured, queue_of, script
from tests.harness.waiting import ends, until
from tests.torture.doubles import Double


def client(path: Path) -> RuntimeClient:
    return RuntimeClient(SocketAddress(path=str(path)))


def test_commands_share_lines(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "s", {"": ""}) as fake:
        texts = [f"add map #1 k{number} v" for number in range(10)]
        assert client(fake.path).batch(texts, 80) == ""
        assert [text for line in fake.commands for text in line.split(";")] == texts
        assert len(fake.commands) == 2 and max(map(len, fake.commands)) <= 80


def test_a_batch_ends_with_the_first_line_that_is_answered(tmp_path: Path) -> None:
    replies = {"": "", "add c": "\nno such map.\n"}
    with FakeRuntime(tmp_path / "s", replies) as fake:
        assert client(fake.path).batch(["add a", "add b", "add c", "add d"], 6) == "no such map."
        assert fake.commands == ["add a", "add b", "add c"]


def test_each_of_a_batch_is_one_command(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "s", {"": ""}) as fake:
        with pytest.raises(Invalid):
            client(fake.path).batch(["add a;clear b"], 100)
        assert client(fake.path).batch(["add a\\;clear b"], 100) == ""
        assert fake.commands == ["add a\\;clear b"]


def test_an_answer_in_pieces(tmp_path: Path) -> None:
    answer = "".join(f"0x{number:x} key value\n" for number in range(20000))
    with FakeRuntime(tmp_path / "s", {"show": answer}) as fake:
        assert client(fake.path).dump("show map #1") == answer.rstrip("\n").encode()
        pieces = client(fake.path).stream("show map #1")
        assert next(pieces).startswith(b"0x0 ")
        pieces.close()  # type: ignore[attr-defined]
        assert client(fake.path).dump("show map #1")


class Line:
    """A connection over which each piece comes after a time, on a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *coming: tuple[float, bytes]) -> None:
        self.now, self.timeout, self.coming = 0.0, 0.0, iter(coming)
        monkeypatch.setattr(wire, "time", self)

    def monotonic(self) -> float:
        return self.now

    def settimeout(self, seconds: float) -> None:
        self.timeout = seconds

    def recv(self, _: int) -> bytes:
        delay, piece = next(self.coming, (0.0, b""))
        self.now += min(delay, self.timeout)
        if delay > self.timeout:
            raise TimeoutError
        return piece

    def pieces(self, seconds: float = 1.25) -> Iterator[bytes]:
        return wire.pieces(cast(socket.socket, self), seconds, 1.25)


@pytest.mark.parametrize("delay", [0.0005, 0.2, 1.2])
def test_an_answer_that_drips_is_waited_for_as_one_that_does_not_come(
    monkeypatch: pytest.MonkeyPatch, delay: float
) -> None:
    line = Line(monkeypatch, *[(delay, b"x")] * 5000)
    with pytest.raises(TimeoutError):
        list(line.pieces())
    assert line.now < 1.3


def test_an_answer_that_flows_comes_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(monkeypatch, *[(0.02, bytes(16384))] * 5000, (1.2, b"end\n\n"))
    assert sum(map(len, line.pieces())) == 5000 * 16384 + 5
    assert line.now > 100


def test_an_answer_that_stops_is_waited_for_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(monkeypatch, *[(0.001, bytes(65536))] * 100, (9.0, b"late"))
    with pytest.raises(TimeoutError):
        list(line.pieces())
    assert line.now < 1.5


def test_the_time_of_who_asks_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(monkeypatch, *[(0.01, b"x")] * 10, (0.01, b"\n\n"))
    for _ in line.pieces(0.2):
        line.now += 3


def test_an_answer_that_flows_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ANSWER_LIMIT", 1000)
    line = Line(monkeypatch, *[(0.0, bytes(100))] * 50)
    with pytest.raises(RuntimeFailed, match="does not end"):
        list(line.pieces())


class Dripping(FakeRuntime):
    """Never done with an answer."""

    def _talk(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection.sendall(b"#")
                time.sleep(0.02)


def test_a_socket_that_drips_is_one_that_hangs(tmp_path: Path) -> None:
    with Dripping(tmp_path / "s") as fake:
        one = client(fake.path)
        for _ in range(2):
            with ends(), pytest.raises(RuntimeTimeout):
                one.dump("show stat", 0.2)


def test_silence_has_a_deadline(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "s", hangs=True) as fake, ends(), pytest.raises(RuntimeTimeout):
        client(fake.path).dump("show map #1", 0.2)
    with FakeRuntime(tmp_path / "s", {}) as fake, pytest.raises(RuntimeRefused):
        client(fake.path).dump("frobnicate")


def test_a_line_is_as_long_as_the_buffer_of_haproxy(tmp_path: Path) -> None:
    lines = [("stats", "socket", str(tmp_path / "s")), ("tune.bufsize", "2048")]
    runtime = Runtime(configured(tmp_path), lambda: lines)
    assert runtime.line_limit == 1024
    with FakeRuntime(tmp_path / "s", {"": ""}):
        assert runtime.execute("set map #1 k " + "v" * 900) == [""]
        with pytest.raises(Invalid, match=r"tune\.bufsize"):
            runtime.execute("set map #1 k " + "v" * 1024)
    assert Runtime(configured(tmp_path)).line_limit == 15360


def test_whether_a_reload_is_under_way(tmp_path: Path) -> None:
    command = script(tmp_path / "reload", f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done")
    settings = configured(tmp_path, reload__reload_cmd=str(command))
    (tmp_path / "haproxy.cfg").touch()
    queue = queue_of(settings, State(tmp_path / "state"))
    assert not queue.under_way()
    thread = threading.Thread(target=queue.force, args=(1,))
    thread.start()
    until(queue.under_way)
    (tmp_path / "go").touch()
    thread.join()
    assert not queue.under_way()


def test_nothing_to_carry_out_needs_somebody_who_could(tmp_path: Path) -> None:
    runtime = Runtime(configured(tmp_path), lambda: [("stats", "socket", str(tmp_path / "s"))])
    assert not runtime.apply([])
    with FakeRuntime(tmp_path / "s", {"show info": "Name: HAProxy\n"}):
        assert runtime.apply([])
        assert runtime.apply(itertools.chain())


@pytest.mark.parametrize("ask", ["command", "dump"])
def test_an_end_without_an_answer_is_none(tmp_path: Path, ask: str) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "h.sock"))
        listener.listen()

        def hang_up() -> None:
            accepted = listener.accept()[0]
            accepted.recv(100)
            accepted.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        client = RuntimeClient(SocketAddress(path=str(tmp_path / "h.sock")))
        with pytest.raises(RuntimeFailed, match="ended the connection without an answer"):
            getattr(client, ask)("show map")
        thread.join()


@pytest.mark.parametrize("answer", [b"Name: HAProxy\nVers", b"Name: HAProxy\n"])
def test_an_answer_that_breaks_off_is_none(tmp_path: Path, answer: bytes) -> None:
    """As that of a worker that is killed: behind a whole answer stands an empty line."""

    def way(double: Double, connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(answer)

    with Double(tmp_path / "s", way):
        with pytest.raises(RuntimeFailed, match="broke off"):
            client(tmp_path / "s").command("show info")
        with pytest.raises(RuntimeFailed, match="broke off"):
            client(tmp_path / "s").dump("show info")


def test_a_payload_is_waited_for_only_while_haproxy_lives(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "s", hangs=True) as fake, ends(), pytest.raises(RuntimeFailed):
        client(fake.path).finish("add ssl crt-list x", 100.0, "x.pem\n")
