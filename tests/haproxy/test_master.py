import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from dataplane_core.errors import RuntimeFailed
from dataplane_core.haproxy import master
from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.master import MasterProcesses
from dataplane_core.haproxy.runtime_client import RuntimeClient
from dataplane_core.testing import FakeRuntime
from tests.harness.haproxy import HaproxyProcess
from tests.harness.waiting import PATIENCE, ends
from tests.torture.doubles import Double

HEADING = "#<PID>          <type>          <reloads>       <uptime>        <version>\n"


def client(path: Path) -> RuntimeClient:
    return RuntimeClient(SocketAddress(path=str(path)))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            "10185 master 5 [failed: 1] 0d00h12m56s 2.6.12\n# workers\n16697 worker 1 0d00h03m28s 2.6.12\n# programs\n",
            MasterProcesses(10185, 5, 1, frozenset({16697}), frozenset(), 0),
        ),
        (
            "7 master 1 [failed: 0] 2d00h00m16s 3.2.26\n# workers\n9 worker 0 0d01h02m03s 3.2.26\n"
            "# old workers\n8 worker 1 1d00h00m18s 3.2.26\n",
            MasterProcesses(7, 1, 0, frozenset({8, 9}), frozenset({9}), 3723),
        ),
        (
            "7 master 1 0d00h00m16s 2.4\n# workers\n9 worker 0 0d00h00m02s 2.4\n# programs\n5 api 0 0d00h00m02s -\n",
            MasterProcesses(7, 1, 0, frozenset({9}), frozenset({9}), 2),
        ),
    ],
)
def test_the_table_of_processes_is_read(tmp_path: Path, rows: str, expected: MasterProcesses) -> None:
    with FakeRuntime(tmp_path / "m", {"show proc": HEADING + rows}) as fake:
        assert master.processes(client(fake.path)) == expected


def test_a_workers_socket_is_no_master(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "m") as fake, pytest.raises(RuntimeFailed):
        master.processes(client(fake.path))
    silent = FakeRuntime(tmp_path / "m", {"show proc": "\n"})
    with silent, pytest.raises(RuntimeFailed, match="not the socket of an HAProxy master"):
        master.processes(client(silent.path))


def test_an_absent_master_was_not_even_asked(tmp_path: Path) -> None:
    result = master.reload(client(tmp_path / "gone"), 0.1)
    assert not result.ok
    assert not result.asked
    assert "gone: No such file or directory" in result.text


def test_a_reload_that_never_ends_is_given_up(tmp_path: Path) -> None:
    rows = HEADING + "7 master 1 [failed: 0] 0d00h00m16s 2.6\n9 worker 0 0d00h00m16s 2.6\n"
    with FakeRuntime(tmp_path / "m", {"show proc": rows, "reload": ""}) as fake:
        result = master.reload(client(fake.path), 0.4)
    assert (result.ok, result.asked) == (False, True)
    assert "did not finish the reload within 0.4 s" in result.text


def test_an_absent_or_silent_master_is_waited_for_once(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "m", hangs=True) as fake:
        for path in (tmp_path / "gone", fake.path):
            one = client(path)
            with ends():
                results = [master.reload(one, 600.0) for _ in range(5)]
            assert not any(result.ok or result.asked for result in results)


def test_a_master_that_ends_in_its_reload_is_not_waited_for(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as process:
        rows = f"{HEADING}{process.pid} master 1 [failed: 0] 0d00h00m16s 2.6\n"
        with FakeRuntime(tmp_path / "m", {"show proc": rows}) as fake:
            one = client(fake.path)
            before = master.processes(one)
            assert not before.ended
        process.kill()
        process.wait()
        assert before.ended
        with ends():
            assert master.watch_reload(one, before, time.monotonic() + 600.0) is None


def test_another_reload_is_waited_for(tmp_path: Path) -> None:
    rows = HEADING + "7 master 1 [failed: 0] 0d00h00m16s 3.2\n9 worker 0 0d00h00m16s 3.2\n"

    class Busy(FakeRuntime):
        def answer(self, command: str) -> str:
            if command == "reload":
                self.left -= 1
                busy = "Success=0\n--\nAnother reload is still in progress.\n"
                return busy if self.left else "Success=1\n--\n"
            return super().answer(command)

        left = 3

    with Busy(tmp_path / "m", {"show proc": rows, "_loadstatus": "Success=1\n--\n"}) as fake:
        assert master.reload(client(fake.path), PATIENCE).ok
        assert fake.commands.count("reload") == 3
        fake.left = 1000
        assert not master.reload(client(fake.path), 0.2).ok


@pytest.mark.haproxy
def test_the_masters_answer_is_the_result(own_haproxy: HaproxyProcess) -> None:
    runtime = client(own_haproxy.master)
    good = own_haproxy.configuration.read_text()
    before = master.processes(runtime)
    assert master.reload(runtime, PATIENCE).ok
    after = master.processes(runtime)
    assert (after.master, after.failed) == (before.master, 0)
    assert after.fresh - before.workers

    own_haproxy.configuration.write_text(good + "  bogus 1\n")
    result = master.reload(runtime, PATIENCE)
    assert not result.ok
    oldest = "reason only in its own log" in result.text
    assert oldest or "unknown keyword 'bogus' in 'backend' section" in result.text
    assert master.processes(runtime).workers == after.fresh

    own_haproxy.configuration.write_text(good)
    assert master.reload(runtime, PATIENCE).ok


@pytest.mark.haproxy
@pytest.mark.parametrize("line", ["", "  bogus 1\n"])
def test_a_reload_by_signal_is_watched_to_its_end(own_haproxy: HaproxyProcess, line: str) -> None:
    slow = own_haproxy.folder / "slow.lua"
    slow.write_text("local stop = os.clock() + 0.25\nwhile os.clock() < stop do end\n")
    text = own_haproxy.configuration.read_text() + line
    text = text.replace("global\n", f"global\n  lua-load {slow}\n")
    own_haproxy.configuration.write_text(text)
    runtime = client(own_haproxy.master)
    before = master.processes(runtime)
    begun = time.monotonic()
    os.kill(before.master, signal.SIGUSR2)
    result = master.watch_reload(runtime, before, begun + PATIENCE, 2.0)
    assert result is not None
    assert result.ok is not bool(line), result.text
    assert time.monotonic() - begun > 0.2


@pytest.mark.haproxy
def test_the_master_tells_when_nothing_happened(haproxy: HaproxyProcess) -> None:
    runtime = client(haproxy.master)
    before = master.processes(runtime)
    assert master.watch_reload(runtime, before, time.monotonic() + 5.0, 0.2) is None


def test_a_master_that_has_become_an_older_one_never_answers(tmp_path: Path) -> None:
    """Up to 2.6 a master closes the connection; one that starts itself from such a program keeps it open."""
    reloaded = threading.Event()

    def way(double: Double, connection: socket.socket) -> None:
        command = connection.recv(1000)
        if command.startswith(b"reload"):
            reloaded.set()
            double.over.wait()
        elif command.startswith(b"show proc"):
            rows = "7 master 2 [failed: 0] 0d00h00m09s 2.6.12\n# workers\n11 worker 0 0d00h00m00s 2.6.12\n"
            before = "7 master 1 [failed: 0] 0d00h00m09s 2.8.5\n# workers\n9 worker 0 0d00h00m09s 2.8.5\n"
            connection.sendall(f"{HEADING}{rows if reloaded.is_set() else before}\n".encode())
        else:
            connection.sendall(b"Unknown command\n\n")

    with Double(tmp_path / "m", way):
        assert master.reload(client(tmp_path / "m"), 3.0).ok
