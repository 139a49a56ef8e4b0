import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataplane_core.errors import Invalid, RuntimeFailed, RuntimeTimeout, RuntimeUnreachable
from dataplane_core.haproxy import wire
from dataplane_core.haproxy.addresses import SocketAddress
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.haproxy.runtime_client import RuntimeClient
from dataplane_core.haproxy.runtime_protocol import RuntimeRefused, runtime_argument
from dataplane_core.testing import FakeRuntime
from tests.haproxy.support import configured
from tests.harness.haproxy import HaproxyProcess
from tests.harness.waiting import ends, seconds_of, until

NASTY = st.text(st.sampled_from("ab \\;<>\"'#@!*é%$"), min_size=1, max_size=12)
WORDS = st.one_of(
    NASTY, st.text(st.characters(blacklist_categories=("C", "Zl", "Zp")), min_size=1, max_size=20)
)


def client(path: Path) -> RuntimeClient:
    return RuntimeClient(SocketAddress(path=str(path)))


def words_of(line: str) -> list[str]:
    """What HAProxy's parser makes of a line: blanks separate, a backslash escapes what follows."""
    found, word, at = [], "", 0
    while at < len(line):
        if line[at] == "\\":
            at += 1
            word += line[at]
        elif line[at] in " \t":
            found.append(word)
            word = ""
        else:
            assert line[at] != ";", "a second command"
            word += line[at]
        at += 1
    return [*found, word]


@given(WORDS)
def test_an_argument_is_one_word_and_says_the_same(value: str) -> None:
    escaped = runtime_argument(value)
    assert words_of(f"add map x {escaped}") == ["add", "map", "x", value]
    assert "<<" not in escaped


@pytest.mark.parametrize("value", ["", "a\nb", "a\rb", "a\0b", "a\tb", "\x7f", "a\u2028b", "\x85"])
def test_what_no_command_can_carry_is_refused(value: str) -> None:
    with pytest.raises(Invalid):
        runtime_argument(value)


@pytest.mark.haproxy
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WORDS, min_size=1, max_size=6, unique=True))
def test_haproxy_reads_an_argument_as_it_was(shared_haproxy: HaproxyProcess, values: list[str]) -> None:
    for via_master in (False, True):
        where = shared_haproxy.master if via_master else shared_haproxy.folder / "worker.sock"
        runtime = RuntimeClient(SocketAddress(path=str(where)), prefix="@1 " if via_master else "")
        file = runtime_argument(str(shared_haproxy.folder / "words.map"))
        runtime.command(f"clear map {file}")
        for value in values:
            assert runtime.command(f"add map {file} {runtime_argument(value)} {runtime_argument(value)}") == ""
        rows = [row.split(" ", 1)[1] for row in runtime.command(f"show map {file}").splitlines()]
        assert rows == [f"{value} {value}" for value in values]


@pytest.mark.parametrize(
    "text",
    ["show info;shutdown frontend x", "show info\nshow stat", "add map x <<", "set x <<END", "<<", "x\\"],
)
def test_two_commands_are_not_sent_as_one(tmp_path: Path, text: str) -> None:
    with FakeRuntime(tmp_path / "s", {"": ""}) as fake:
        with pytest.raises(Invalid):
            client(fake.path).command(text)
        assert fake.commands == []


def test_escaped_separators_are_sent(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "s", {"": "done\n"}) as fake:
        assert client(fake.path).command(r"add map x a\;b \<\<") == "done"
        assert fake.commands == [r"add map x a\;b \<\<"]


@pytest.mark.parametrize("payload", ["", "\n", "a\n\nshow info", "a\r\n\r\nshow info", "a\x00b", "a\u2028\u2028b"])
def test_a_payload_that_would_end_early(tmp_path: Path, payload: str) -> None:
    with FakeRuntime(tmp_path / "s", {"": "done\n"}) as fake:
        with pytest.raises(Invalid):
            client(fake.path).send("set ssl cert a.pem", payload)
        assert fake.commands == []


def test_a_missing_socket_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnreachable, match="gone.sock: No such file or directory"):
        client(tmp_path / "gone.sock").command("show info")


def test_a_stale_socket_is_unreachable(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "stale.sock"))
    with pytest.raises(RuntimeUnreachable, match="Connection refused"):
        client(tmp_path / "stale.sock").command("show info")


def test_the_next_address_is_tried(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "s", {"show info": "Name: x\n"}) as fake:
        both = RuntimeClient(SocketAddress(path=str(tmp_path / "gone")), SocketAddress(path=str(fake.path)))
        assert both.command("show info") == "Name: x"


def test_a_socket_that_hangs_times_out(tmp_path: Path) -> None:
    hanging = FakeRuntime(tmp_path / "s", hangs=True)
    with hanging as fake, ends(), pytest.raises(RuntimeTimeout):
        client(fake.path).command("show info", 0.2)


def test_an_answer_that_trickles_times_out(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    listener.listen()

    def trickle() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.05)
            except OSError:
                pass

    threading.Thread(target=trickle, daemon=True).start()
    with pytest.raises(RuntimeTimeout):
        client(tmp_path / "s").command("show info", 0.3)
    listener.close()


def test_an_answer_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ANSWER_LIMIT", 1000)
    endless = FakeRuntime(tmp_path / "s", {"": "x" * 5000})
    with endless, pytest.raises(RuntimeFailed, match="does not end"):
        client(endless.path).command("show info")


@pytest.mark.parametrize("answer", ["Permission denied\n", "Unknown command: 'x', but maybe\n"])
def test_a_refused_command_is_told(tmp_path: Path, answer: str) -> None:
    refusing = FakeRuntime(tmp_path / "s", {"": answer})
    with refusing, pytest.raises(RuntimeRefused, match=answer.split("\n")[0][:17]):
        client(refusing.path).command("show info")


def governed(tmp_path: Path, *sockets: Path, **given: object) -> Runtime:
    lines = [("stats", "socket", str(path), "level", "admin") for path in sockets]
    return Runtime(configured(tmp_path, **given), lambda: lines)


def test_without_any_socket_nothing_is_executed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnreachable, match="no `stats socket` line"):
        governed(tmp_path).execute("show info")
    assert governed(tmp_path).apply(["show info"]) is False


def test_the_master_stands_in_for_a_socket_of_the_worker(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "m", {"@1 show info": "Name: x\n"}) as fake:
        runtime = governed(tmp_path, master_runtime=str(fake.path))
        assert runtime.execute("show info") == ["Name: x"]


def test_a_changed_path_is_found(tmp_path: Path) -> None:
    paths = [tmp_path / "old"]
    runtime = Runtime(configured(tmp_path), lambda: [("stats", "socket", str(paths[0]))])
    assert not runtime.apply(["set server be/s1 weight 5"])
    with FakeRuntime(tmp_path / "new", {"set": ""}) as fake:
        paths[0] = fake.path
        assert runtime.apply(["set server be/s1 weight 5"])


@pytest.mark.parametrize(
    ("answer", "done"),
    [
        ("", True),
        ("IP changed from '127.0.0.1' to '127.0.0.9', port changed from '1' to '99' by 'stats socket command'\n", True),
        ("no need to change the addr, no need to change the port by 'stats socket command'\n", True),
        ("no need to change the addr, port changed from '1' to '2' by 'stats socket command'\n", True),
        ("nothing changed\n", True),
        ("No such server.\n", False),
        ("Permission denied\n", False),
        ("no need to change the addr, invalid port 'x'\n", False),
        ("agent checks are not enabled on this server\n", False),
        ("Invalid addr 'foo' by 'stats socket command'\n", False),
        ("Unknown command: 'set', but maybe\n", False),
    ],
)
def test_only_a_known_success_counts(tmp_path: Path, answer: str, done: bool) -> None:
    with FakeRuntime(tmp_path / "s", {"set server": answer}) as fake:
        assert governed(tmp_path, fake.path).apply(["set server be/s1 addr x port 1"]) is done


def test_every_process_has_to_do_it(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "1", {"set": ""}) as one, FakeRuntime(tmp_path / "2", {"set": ""}) as two:
        lines = [
            ("stats", "socket", str(fake.path), "process", number)
            for fake, number in ((one, "1"), (two, "2"))
        ]
        runtime = Runtime(configured(tmp_path), lambda: lines)
        assert runtime.apply(["set weight be/s1 5"])
        assert one.commands == two.commands == ["set weight be/s1 5"]
        two.replies = {"set": "No such server.\n"}
        assert not runtime.apply(["set weight be/s1 5"])


def test_all_commands_share_one_deadline(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "s", hangs=True) as fake:
        runtime = governed(tmp_path, fake.path)
        runtime.deadline = 0.3
        commands = [f"set server be/s{number} weight 5" for number in range(100)]
        alone = seconds_of(lambda: runtime.apply(commands[:1]))
        assert seconds_of(lambda: runtime.apply(commands)) < 20 * alone
        assert runtime.apply(commands) is False


def test_many_commands_share_lines(tmp_path: Path) -> None:
    """A line for each would take longer to come and go than HAProxy works on it."""
    commands = [f"set server be/s{number} weight 5" for number in range(2_000)]
    with FakeRuntime(tmp_path / "s", {"set": "\nIP changed from 'a' to 'b' by 'stats socket command'\n\n"}) as fake:
        runtime = governed(tmp_path, fake.path)
        assert runtime.apply(commands)
        assert ";".join(fake.commands).split(";") == commands
        assert len(fake.commands) <= 2 + sum(map(len, commands)) // runtime.line_limit
        fake.replies = {"set": "\n\nNo such server.\n\n"}
        before = len(fake.commands)
        assert not runtime.apply(commands)
        assert len(fake.commands) == before + 1


def test_a_socket_that_kept_silent_is_not_waited_for_as_long_again(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "s", {"show info": "Name: x\n"}, hangs=True) as fake:
        runtime = governed(tmp_path, fake.path)
        runtime.deadline = 2.0

        def ask() -> None:
            with pytest.raises(RuntimeTimeout):
                runtime.execute("show info")
            with pytest.raises(RuntimeTimeout):
                runtime.processes()[0].dump("show info", runtime.deadline)

        first = seconds_of(ask)
        assert min(seconds_of(ask) for _ in range(3)) < first / 2
        fake.hangs = False

        def answer() -> list[str] | None:
            with suppress(RuntimeTimeout):
                return runtime.execute("show info")
            return None

        assert until(answer) == ["Name: x"]
        fake.delay = 0.3
        assert runtime.execute("show info") == ["Name: x"]


def test_an_answer_that_may_take_long_is_waited_for_all_the_same(tmp_path: Path) -> None:
    with FakeRuntime(tmp_path / "s", {"": "done\n"}, hangs=True) as fake:
        one = client(fake.path)
        with pytest.raises(RuntimeTimeout):
            one.command("show info", 0.2)
        fake.hangs, fake.delay = False, 0.3
        assert one.command("commit ssl cert x", 10.0) == "done"


class Slow(FakeRuntime):
    """Takes its time for a commit; whether it answers anything else is `well`."""

    well = True

    def answer(self, command: str) -> str:
        time.sleep(1.6 if command.startswith("commit") else 0.0 if self.well else 0.6)
        return "done\n"


def test_a_long_command_is_waited_for_as_long_as_haproxy_lives(tmp_path: Path) -> None:
    with Slow(tmp_path / "s") as fake:
        one = client(fake.path)
        assert one.finish("commit map @1 #0", 10.0) == "done"
        assert fake.commands == ["commit map @1 #0", "show version"]
        fake.well = False
        with pytest.raises(RuntimeTimeout):
            one.finish("commit map @1 #0", 10.0)


@pytest.mark.haproxy
def test_haproxy_takes_changes_while_it_runs(shared_haproxy: HaproxyProcess) -> None:
    socket_path = shared_haproxy.folder / "worker.sock"
    direct = governed(shared_haproxy.folder, socket_path)
    by_master = governed(shared_haproxy.folder, master_runtime=str(shared_haproxy.master))
    for runtime in (direct, by_master):
        for commands in (
            ["set server be/s1 weight 33", "set server be/s1 state maint"],
            ["set server be/s1 addr 127.0.0.5 port 7"],
            ["set server be/s1 addr 127.0.0.5 port 7"],
            ["set server be/s1 agent-addr 127.0.0.6", "set server be/s1 agent-port 70"],
            ["set server be/s1 agent-send hello", "disable agent be/s1", "enable agent be/s1"],
            ["set server be/s1 state ready", "set maxconn frontend fe 50"],
            ["set server be/s1 addr 127.0.0.1 port 9"],
        ):
            assert runtime.apply(commands), commands
            assert runtime.apply(commands * 300), commands
        for commands in (
            ["set server be/none weight 1"],
            ["set server be/s1 weight 300"],
            ["set server be/s1 addr some.where.invalid"],
            ["set server be/s2 agent-port 70"],
            ["set maxconn frontend none 1"],
            ["frobnicate"],
        ):
            assert not runtime.apply(commands), commands
            assert not runtime.apply(["set server be/s1 weight 33"] * 20 + commands), commands
        state = runtime.execute("show servers state be")[0]
        assert " s1 127.0.0.1 2 0 33 " in state


@pytest.mark.haproxy
def test_a_socket_without_the_right_is_no_success(haproxy: HaproxyProcess) -> None:
    text = haproxy.configuration.read_text().replace("level admin", "level user")
    haproxy.configuration.write_text(text)
    master = RuntimeClient(SocketAddress(path=str(haproxy.master)))
    master.command("reload", 5.0)
    runtime = governed(haproxy.folder, haproxy.folder / "worker.sock")
    until(lambda: not runtime.apply(["set server be/s1 weight 5"]))
