"""Connections to HAProxy that are kept: how many there are, and that no command goes to an old process."""

import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from dataplane_core.errors import RuntimeFailed, RuntimeTimeout, RuntimeUnreachable
from dataplane_core.haproxy import kept, master
from dataplane_core.haproxy.addresses import SocketAddress, stats_sockets
from dataplane_core.haproxy.kept import QUESTION, KeptConnections
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.haproxy.runtime_client import RuntimeClient
from dataplane_core.testing import FakeRuntime
from tests.haproxy.support import alive, configured, stopped
from tests.harness.haproxy import HaproxyProcess, show_info
from tests.harness.waiting import PATIENCE, ends, until

THREADS = 8


@pytest.fixture(autouse=True)
def long_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection is closed before its time, however long a busy machine takes."""
    monkeypatch.setattr(kept, "REST", PATIENCE)


def governed(folder: Path, path: Path, *more: str, **given: object) -> Runtime:
    lines = [("stats", "socket", str(path), "level", "admin", *more)]
    runtime = Runtime(configured(folder, **given), lambda: lines)
    runtime.deadline = PATIENCE
    return runtime


def of(process: HaproxyProcess) -> Runtime:
    return governed(process.folder, process.folder / "worker.sock")


def kept_of(runtime: Runtime) -> KeptConnections:
    [client] = runtime.sockets()
    assert client.kept is not None
    return client.kept


def words(process: HaproxyProcess) -> list[str]:
    """The keys of the map of the worker that listens now, asked over a connection of its own."""
    direct = RuntimeClient(SocketAddress(path=str(process.folder / "worker.sock")))
    lines = direct.command(f"show map {process.folder}/words.map").splitlines()
    return [line.split(" ")[1] for line in lines]


def pid_of(process: HaproxyProcess) -> int:
    direct = RuntimeClient(SocketAddress(path=str(process.folder / "worker.sock")))
    return int(show_info(direct)["Pid"])


def reload(process: HaproxyProcess) -> None:
    """Have the worker replaced, and wait until a new connection leads to its successor."""
    before = pid_of(process)
    result = master.reload(RuntimeClient(SocketAddress(path=str(process.master))), PATIENCE)
    assert result.ok, result.text

    def replaced() -> bool:
        with suppress(RuntimeFailed):
            return pid_of(process) != before
        return False

    until(replaced)


@pytest.mark.haproxy
def test_commands_share_one_connection(own_haproxy: HaproxyProcess) -> None:
    runtime, file = of(own_haproxy), own_haproxy.folder / "words.map"
    direct = RuntimeClient(SocketAddress(path=str(own_haproxy.folder / "worker.sock")))
    before = int(show_info(direct)["CumConns"])
    for number in range(20):
        assert runtime.execute(f"add map {file} k{number} v") == [""]
        [found] = runtime.execute(f"get map {file} k{number}")
        assert f'key="k{number}", value="v"' in found
    [listed] = runtime.execute(f"show map {file}")
    assert len(listed.splitlines()) == 20
    assert runtime.execute(f"del map {file} k1") == [""]
    [refusal] = runtime.execute(f"del map {file} k1")
    assert "not found" in refusal
    assert "Name: HAProxy" in runtime.execute("show info")[0]
    assert int(show_info(direct)["CumConns"]) - before == 2, "one, and the one that asks"


@pytest.mark.haproxy
@pytest.mark.parametrize("command", ["add map {} new v", "del map {} old", "set map {} old v2"])
def test_a_command_after_a_reload_goes_to_the_new_process(
    own_haproxy: HaproxyProcess, command: str
) -> None:
    file = own_haproxy.folder / "words.map"
    file.write_text("old v\n")
    reload(own_haproxy)
    runtime, old = of(own_haproxy), pid_of(own_haproxy)
    assert "found=yes" in runtime.execute(f"get map {file} old")[0]
    reload(own_haproxy)
    assert alive(old), "the connection that is kept keeps the process"
    assert runtime.execute(command.format(file)) == [""]
    new = RuntimeClient(SocketAddress(path=str(own_haproxy.folder / "worker.sock")))
    assert new.command(f"show map {file}") == runtime.execute(f"show map {file}")[0]
    assert ("new" in words(own_haproxy)) == command.startswith("add")
    assert ("old" in words(own_haproxy)) != command.startswith("del")
    until(lambda: not alive(old))


@pytest.mark.haproxy
def test_a_process_that_was_replaced_ends_soon(
    own_haproxy: HaproxyProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "REST", 1.0)
    runtime, old = of(own_haproxy), pid_of(own_haproxy)
    runtime.execute("show map")
    reload(own_haproxy)
    until(lambda: not alive(old))
    assert not kept_of(runtime).open_now


@pytest.mark.haproxy
def test_reloads_under_many_commands_lose_none(own_haproxy: HaproxyProcess) -> None:
    """What eight threads add while HAProxy reloads is in the process that was current then, or a later one.

    Each thread begins again where its entries went with a process that was replaced.
    """
    runtime, file = of(own_haproxy), own_haproxy.folder / "words.map"
    stop = threading.Event()

    def work(thread: int) -> tuple[int, str]:
        number = 0
        while not stop.is_set() or number < 10:
            number += 1
            with suppress(RuntimeUnreachable):
                assert runtime.execute(f"add map {file} t{thread}-{number} v") == [""]
                [found] = runtime.execute(f"get map {file} t{thread}-{number}")
                assert found.startswith("type=str") and "\n" not in found
        return number, runtime.execute(f"add map {file} last{thread} v")[0]

    with ThreadPoolExecutor(THREADS) as pool:
        works = [pool.submit(work, thread) for thread in range(THREADS)]
        for _ in range(3):
            reload(own_haproxy)
        stop.set()
        for one in works:
            assert one.result(PATIENCE)[1] == ""
    assert {f"last{thread}" for thread in range(THREADS)} <= set(words(own_haproxy))
    assert kept_of(runtime).open_now <= kept_of(runtime).most


@pytest.mark.haproxy
def test_a_restart(own_haproxy: HaproxyProcess) -> None:
    runtime, file = of(own_haproxy), own_haproxy.folder / "words.map"
    assert runtime.execute(f"add map {file} k v") == [""]
    own_haproxy.__exit__()
    with pytest.raises(RuntimeUnreachable):
        runtime.execute(f"add map {file} k v")
    own_haproxy.__enter__()
    until((own_haproxy.folder / "worker.sock").exists)
    assert runtime.execute(f"add map {file} k v") == [""]
    assert words(own_haproxy) == ["k"]


@pytest.mark.haproxy
def test_a_process_that_is_killed(own_haproxy: HaproxyProcess) -> None:
    runtime, pid = of(own_haproxy), pid_of(own_haproxy)
    runtime.execute("show map")
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid))
    with ends(), pytest.raises(RuntimeFailed):
        runtime.execute(f"add map {own_haproxy.folder}/words.map k v")
    assert not kept_of(runtime).memory


@pytest.mark.haproxy
def test_a_process_that_is_stopped_is_waited_for_as_long_as_before(own_haproxy: HaproxyProcess) -> None:
    runtime, pid = of(own_haproxy), pid_of(own_haproxy)
    runtime.execute("show map")
    with stopped(pid), ends(), pytest.raises(RuntimeTimeout, match="did not answer in time at"):
        runtime.execute(f"add map {own_haproxy.folder}/words.map late v", 0.3)
    assert "late" not in runtime.execute(f"get map {own_haproxy.folder}/words.map other")[0]


@pytest.mark.haproxy
def test_another_haproxy_at_the_same_path(own_haproxy: HaproxyProcess, tmp_path: Path) -> None:
    """The first one is not told to stop: it never says of itself that it does."""
    runtime, path = of(own_haproxy), own_haproxy.folder / "worker.sock"
    runtime.execute("show map")
    path.rename(tmp_path / "elsewhere.sock")
    with pytest.raises(RuntimeUnreachable):
        runtime.execute("show map")
    with FakeRuntime(path, {"show map": "the other\n"}):
        assert runtime.execute("show map") == ["the other"]


@pytest.mark.haproxy
def test_rights_that_are_taken_away(own_haproxy: HaproxyProcess) -> None:
    runtime, path = of(own_haproxy), own_haproxy.folder / "worker.sock"
    runtime.execute("show map")
    connection = kept_of(runtime).take(1.0)
    assert connection is not None and connection.is_usable()
    path.chmod(0o666)
    assert not connection.is_usable()
    kept_of(runtime).drop(connection)


@pytest.mark.haproxy
def test_what_changes_a_connection_has_one_for_itself(own_haproxy: HaproxyProcess) -> None:
    runtime = of(own_haproxy)
    for command in ("user", "operator", "prompt", "quit", "set timeout cli 1s", "show cli level"):
        runtime.execute("show map")
        with suppress(RuntimeFailed):
            runtime.execute(command)
    assert runtime.execute("set maxconn frontend fe 60") == [""]
    assert kept_of(runtime).open_now == 1


@pytest.mark.haproxy
def test_a_payload_has_a_connection_for_itself(own_haproxy: HaproxyProcess) -> None:
    runtime, file = of(own_haproxy), own_haproxy.folder / "words.map"
    [client] = runtime.sockets()
    for key in "xyz":
        runtime.execute("show map")
        assert client.send(f"add map {file}", f"{key} 1\n{key}{key} 2") == ""
    assert {"x", "xx", "y", "yy", "z", "zz"} <= set(words(own_haproxy))


@pytest.mark.haproxy
def test_a_level_that_is_too_low(own_haproxy: HaproxyProcess) -> None:
    text = own_haproxy.configuration.read_text()
    low = own_haproxy.folder / "low.sock"
    own_haproxy.configuration.write_text(text.replace("global\n", f"global\n  stats socket {low} level user\n"))
    reload(own_haproxy)
    until(low.exists)
    runtime = governed(own_haproxy.folder, low)
    for _ in range(2):
        with pytest.raises(RuntimeFailed, match="Permission denied"):
            runtime.execute("set maxconn frontend fe 70")
    by_master = governed(own_haproxy.folder, low, master_runtime=str(own_haproxy.master))
    for _ in range(2):
        assert by_master.execute("set maxconn frontend fe 70") == [""]


def test_a_command_goes_out_once_with_what_proves_it(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "s", {"get": "found\n"}) as fake:
        runtime = governed(tmp_path, fake.path)
        assert [runtime.execute(f"get map x {number}") for number in range(5)] == [["found"]] * 5
        assert fake.commands == [f"get map x {number}" for number in range(5)]
        assert fake.connections == 1


class Stopping(FakeRuntime):
    """Says of itself that it stops once it was asked `until_then` times."""

    until_then = 1

    def state(self) -> str:
        now = len(self.commands) > self.until_then
        return f"Name: HAProxy\nPid: 1\nStopping: {int(now)}\n"


def test_what_an_old_process_did_is_done_again(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with Stopping(tmp_path / "old", {"add": ""}) as old:
        os.link(old.path, path)
        runtime = governed(tmp_path, path)
        assert runtime.execute("add map x a b") == [""]
        assert runtime.execute("add map x c d") == [""]
    assert old.commands == ["add map x a b", "add map x c d", "add map x c d"]
    assert old.connections == 2
    assert not kept_of(runtime).open_now


def dropping(path: Path, reads: bool) -> tuple[Callable[[], None], list[bytes]]:
    """A listener that answers one command on the first connection, and drops the next one."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    seen: list[bytes] = []
    state = b"\n> Name: HAProxy\nStopping: 0\n\n> "

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            seen.append(connection.recv(4096))
            connection.sendall(b"\n> \n> " + state)
            connection.recv(1, socket.MSG_PEEK)  # the next command is there
            if reads:
                seen.append(connection.recv(4096))
        connection, _ = listener.accept()
        with connection, listener:
            seen.append(connection.recv(4096))
            connection.sendall(b"\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return (lambda: thread.join(PATIENCE)), seen


def test_a_command_that_was_never_read_is_sent_again(tmp_path: Path) -> None:
    join, seen = dropping(tmp_path / "s", reads=False)
    runtime = governed(tmp_path, tmp_path / "s")
    assert runtime.execute("add map x a b") == [""]
    assert runtime.execute("add map x c d") == [""]
    join()
    assert seen[1:] == [b"add map x c d\n"]


def test_a_command_that_may_be_done_is_not_sent_again(tmp_path: Path) -> None:
    _, seen = dropping(tmp_path / "s", reads=True)
    runtime = governed(tmp_path, tmp_path / "s")
    assert runtime.execute("add map x a b") == [""]
    with pytest.raises(RuntimeFailed, match="ended the connection without an answer"):
        runtime.execute("add map x c d")
    assert len(seen) == 2


def test_a_question_that_was_not_answered_is_asked_again(tmp_path: Path) -> None:
    join, seen = dropping(tmp_path / "s", reads=True)
    runtime = governed(tmp_path, tmp_path / "s")
    assert runtime.execute("add map x a b") == [""]
    assert runtime.execute("get map x c") == [""]
    join()
    assert seen[1:] == [b"get map x c\n" + QUESTION + b"\n", b"get map x c\n"]


@pytest.mark.parametrize("command", ["get map x a", "add map x a b"])
def test_a_first_command_without_an_answer(tmp_path: Path, command: str) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(RuntimeFailed, match="ended the connection without an answer"):
            governed(tmp_path, tmp_path / "s").execute(command)
        thread.join(PATIENCE)


@pytest.mark.parametrize("answer", ["", "\n", "> ", "\n> ", "a\n> b", "Name: HAProxy", "x\n\n> Name: HAProxy\n"])
def test_an_answer_that_looks_like_a_prompt(tmp_path: Path, answer: str) -> None:
    with FakeRuntime(tmp_path / "s", {"show map": answer + "\n"}) as fake:
        runtime = governed(tmp_path, fake.path)
        for _ in range(3):
            assert runtime.execute("show map") == [answer.rstrip("\n")]


def test_a_server_that_knows_no_prompt(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"nonsense\n\n")

        threading.Thread(target=serve, daemon=True).start()
        with ends(), pytest.raises(RuntimeFailed, match="ended the connection"):
            governed(tmp_path, tmp_path / "s").execute("show map")


@pytest.mark.parametrize(
    ("words", "workers", "most"),
    [
        ("", 2, 2), ("", 1, 5), ("", 5, 1), ("", 6, 0), ("maxconn 4", 2, 1), ("maxconn 2", 2, 0),
        ("maxconn 400", 2, 2),
    ],
)  # fmt: skip
def test_other_clients_are_left_half_of_the_connections(
    tmp_path: Path, words: str, workers: int, most: int
) -> None:
    settings = configured(tmp_path).replace(**{"dataplane.workers": workers})
    line = ("stats", "socket", str(tmp_path / "s"), *words.split())
    [client] = Runtime(settings, lambda: [line]).sockets()
    assert (client.kept.most if client.kept else 0) == most
    [one] = stats_sockets([line, ("stats", "maxconn", "40")])
    assert one.connections == {"": 40, "maxconn 400": 40}.get(words, int(words[-1:] or 0))


@pytest.mark.parametrize("where", ["127.0.0.1:9", "abns@name", "unix@relative.sock"])
def test_what_is_no_path_is_not_kept(tmp_path: Path, where: str) -> None:
    [client] = Runtime(configured(tmp_path), lambda: [("stats", "socket", where)]).sockets()
    assert client.kept is None


def test_many_threads_at_once(tmp_path: Path) -> None:
    class Echo(FakeRuntime):
        def answer(self, command: str) -> str:
            return f"{command}\n"

    with Echo(tmp_path / "s") as fake:
        runtime = governed(tmp_path, fake.path)
        pool = kept_of(runtime)

        def ask(thread: int) -> None:
            for number in range(50):
                command = f"get map x {thread}.{number}"
                assert runtime.execute(command) == [command]
                assert pool.open_now <= pool.most

        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(ask, range(THREADS)))
        assert len(fake.commands) == THREADS * 50


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[tuple[FakeRuntime, Runtime]]:
    """A runtime that has just kept a connection."""
    with FakeRuntime(tmp_path / "s", {"": "found\n"}) as fake:
        runtime = governed(tmp_path, fake.path)
        runtime.execute("get map x y")
        yield fake, runtime


@pytest.fixture
def little_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Named before what makes a connection: the thread that closes it knows how long to sleep."""
    monkeypatch.setattr(kept, "REST", 0.5)


def test_a_connection_that_rests_is_closed(
    little_rest: None, asked: tuple[FakeRuntime, Runtime]
) -> None:
    fake, runtime = asked
    pool = kept_of(runtime)
    pool.memory["a"] = "b"
    assert runtime.execute("get map x y") == ["found"]
    until(lambda: not pool.open_now)
    assert not pool.memory
    assert runtime.execute("get map x y") == ["found"]
    assert fake.commands == ["get map x y"] * 3


def test_a_forked_child_uses_its_own(asked: tuple[FakeRuntime, Runtime]) -> None:
    fake, runtime = asked

    def child() -> None:
        assert runtime.execute("get map x child") == ["found"]
        assert kept_of(runtime).open_now == 1

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == 0
    assert runtime.execute("get map x y") == ["found"]
    assert fake.commands == ["get map x y", "get map x child", "get map x y"]
    assert fake.connections == 2


def test_no_program_inherits_a_connection(asked: tuple[FakeRuntime, Runtime]) -> None:
    connection = kept_of(asked[1]).take(1.0)
    assert connection is not None and not os.get_inheritable(connection.fileno())
    kept_of(asked[1]).give_back(connection)
