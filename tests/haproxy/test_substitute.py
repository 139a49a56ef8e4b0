"""A worker asked by way of the master: which one that is, and what is sent."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dataplane_core.errors import Invalid, RuntimeFailed, RuntimeTimeout, RuntimeUnreachable
from dataplane_core.haproxy import master
from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.haproxy.runtime_client import RuntimeClient
from dataplane_core.haproxy.runtime_protocol import NotPermitted, RuntimeRefused
from dataplane_core.testing import FakeRuntime
from tests.haproxy.support import configured
from tests.harness.haproxy import HaproxyProcess, show_info
from tests.harness.waiting import ends

DENIED = "Permission denied\n"


def of(path: Path, **more: object) -> RuntimeClient:
    return RuntimeClient(SocketAddress(path=str(path)), **more)  # type: ignore[arg-type]


@contextmanager
def two_ways(folder: Path, first: dict[str, str], other: dict[str, str]) -> Iterator[
    tuple[RuntimeClient, FakeRuntime, FakeRuntime]
]:  # fmt: skip
    with FakeRuntime(folder / "w", first) as worker, FakeRuntime(folder / "m", other) as by_master:
        substitute = of(by_master.path, prefix="@1 ")
        yield of(worker.path, substitute=substitute), worker, by_master


def test_what_one_way_does_not_permit_goes_the_other(tmp_path: Path) -> None:
    with two_ways(tmp_path, {"": DENIED, "show": "shown\n"}, {"@1 ": "done\n"}) as (client, worker, by_master):
        assert client.command("show info") == "shown"
        assert client.command("set x") == "done"
        assert client.send("set y", "a\nb") == "done"
        assert client.dump("clear z") == b"done"
        assert client.finish("commit x", 5) == "done"
        assert client.batch([f"add map #0 k{number} v" for number in range(3)], 45) == "done"
        assert by_master.commands[:4] == ["@1 set x", "@1 set y <<", "@1 clear z", "@1 commit x"]
        assert by_master.commands[4] == "@1 add map #0 k0 v;@1 add map #0 k1 v"
        assert worker.commands[0] == "show info" and worker.commands[-1] == "add map #0 k0 v;add map #0 k1 v"


@pytest.mark.parametrize("answer", ["no such map.\n", "Unknown command: 'x'\n", "Permission is given\n"])
def test_an_answer_of_another_kind_counts(tmp_path: Path, answer: str) -> None:
    with two_ways(tmp_path, {"": answer}, {"": "done\n"}) as (client, _, by_master):
        try:
            assert client.command("set x") == answer.strip()
        except RuntimeRefused as refused:
            assert "Unknown command" in refused.message
        assert by_master.commands == []


def test_one_that_hangs_has_the_command(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "w", hangs=True) as worker, FakeRuntime(tmp_path / "m", {"": "x"}) as other:
        with pytest.raises(RuntimeTimeout):
            of(worker.path, substitute=of(other.path)).command("set x", 0.2)
        assert other.commands == []  # it might be carried out twice


def test_what_is_no_command_goes_no_way(tmp_path: Path) -> None:
    with two_ways(tmp_path, {"": DENIED}, {"": "done\n"}) as (client, worker, by_master):
        for text in ("show info;clear x", "a <<"):
            with pytest.raises(Invalid):
                client.command(text)
        assert worker.commands == by_master.commands == []


def test_both_reasons_are_told(tmp_path: Path) -> None:
    gone = of(tmp_path / "gone", substitute=of(tmp_path / "nowhere"))
    with pytest.raises(RuntimeUnreachable, match=r"gone: No such file.*; .*nowhere: No such file"):
        gone.command("show info")
    with FakeRuntime(tmp_path / "w", {"": DENIED}) as worker:
        with pytest.raises(NotPermitted, match=r"Permission denied; .*nowhere: No such file"):
            of(worker.path, substitute=of(tmp_path / "nowhere")).command("set x")
        with pytest.raises(NotPermitted, match=r"Permission denied; .*nowhere: No such file"):
            of(worker.path, substitute=of(tmp_path / "nowhere")).dump("show x")


def test_both_ways_share_the_time(tmp_path: Path) -> None:
    full = socket.socket(socket.AF_UNIX)
    full.bind(str(tmp_path / "full"))
    full.listen(0)
    waiting = [socket.socket(socket.AF_UNIX) for _ in range(2)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(str(tmp_path / "full"))
    hanging = FakeRuntime(tmp_path / "m", hangs=True)
    with hanging as by_master, ends(), pytest.raises(RuntimeFailed):
        of(tmp_path / "full", substitute=of(by_master.path)).command("show info", 0.4)
    for one in (full, *waiting):
        one.close()


def test_a_master_is_the_substitute_of_one_process_alone(tmp_path: Path) -> None:
    def runtime(*lines: str) -> Runtime:
        words = [("stats", "socket", *line.split()) for line in lines]
        return Runtime(configured(tmp_path, master_runtime=str(tmp_path / "m")), lambda: words)

    [one] = runtime("/a level user", "/b level admin").sockets()
    assert one.substitute is not None and one.substitute.prefix == "@1 "
    assert [each.substitute for each in runtime("/a process 1", "/b process 2").sockets()] == [None, None]
    [by_master] = runtime().sockets()
    assert by_master.prefix == "@1 " and by_master.substitute is None


@pytest.mark.haproxy
def test_the_worker_that_serves_is_meant_after_reloads(own_haproxy: HaproxyProcess) -> None:
    lines = [("stats", "socket", str(own_haproxy.folder / "gone"), "level", "admin")]
    settings = configured(own_haproxy.folder, master_runtime=str(own_haproxy.master))
    runtime = Runtime(settings, lambda: lines)
    own = of(own_haproxy.folder / "worker.sock")
    assert runtime.master is not None

    def pid() -> str:
        [client] = runtime.processes()
        return show_info(client)["Pid"]

    first = show_info(own)["Pid"]
    assert pid() == first
    with socket.socket(socket.AF_UNIX) as kept:  # holds the former worker up while it should end
        kept.connect(str(own_haproxy.folder / "fe.sock"))
        kept.sendall(b"GET / HT")
        assert master.reload(runtime.master, 10).ok
        second = show_info(own)["Pid"]
        assert (pid(), second != first) == (second, True)
        text = own_haproxy.configuration.read_text()
        own_haproxy.configuration.write_text(text + "bogus\n")
        assert not master.reload(runtime.master, 10).ok
        assert pid() == second
        own_haproxy.configuration.write_text(text)
        assert master.reload(runtime.master, 10).ok
        assert pid() == show_info(own)["Pid"] != second
