import errno
import os
import resource
import signal
import termios
import time
from pathlib import Path

import pytest

from dataplane_core.haproxy import output
from dataplane_core.haproxy.subprocesses import (
    CommandFailed,
    RunningCommand,
    child_environment,
    command_words,
    run_command,
)
from tests.haproxy.support import alive, script
from tests.harness.waiting import PATIENCE, ends, until


def test_both_outputs_and_the_status_are_given() -> None:
    done = run_command(["sh", "-c", "echo one; echo two >&2; exit 3"], 5.0, "a.setting")
    assert (done.status, done.ok, done.output) == (3, False, "one\ntwo\n")


def test_a_signal_is_told_by_name() -> None:
    done = run_command(["sh", "-c", "kill -SEGV $$"], 5.0, "a.setting")
    assert done.describe() == "ended by SIGSEGV"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("/does/not/exist", "No such file or directory"),
        ("/etc/passwd", "Permission denied"),
        ("a\0b", "embedded null byte"),
    ],
)
def test_what_cannot_be_run_names_its_setting(program: str, reason: str) -> None:
    with pytest.raises(CommandFailed, match=f"set by a.setting, cannot be run: {reason}") as failed:
        run_command([program], 5.0, "a.setting")
    assert not failed.value.started


def test_a_command_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    program = script(tmp_path / "slow", f"sleep 600 & echo $$ $! > {pids}; wait")
    with pytest.raises(CommandFailed, match="did not end within 0.3 s") as failed:
        run_command([str(program)], 0.3, "a.setting")
    assert failed.value.started
    until(lambda: not any(alive(int(pid)) for pid in pids.read_text().split()))


def test_a_command_that_nobody_waits_for_is_ended(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with RunningCommand(["sh", "-c", f"sleep 600; touch {mark}"], 60, "x") as running:
        process = running._process
    assert process.returncode == -signal.SIGTERM
    assert not mark.exists()


def test_children_that_ignore_being_asked_to_end_are_ended_too(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    child = f"trap '' TERM; echo $$ > {mark}; sleep 60 & wait; sleep 60"
    with RunningCommand(["sh", "-c", f'sh -c "{child}" & sleep 60'], 60, "x"):
        until(lambda: mark.exists() and mark.read_text().strip())
    until(lambda: not alive(int(mark.read_text())))


def test_a_command_that_ended_in_time_counts_whenever_it_is_looked_at() -> None:
    with RunningCommand(["echo", "said"], PATIENCE, "x") as running:
        until(lambda: not alive(running._process.pid))
        running._deadline = time.monotonic() - 1
        assert running.wait().output == "said\n"


def test_a_command_that_has_said_all_is_not_waited_for() -> None:
    command = ["sh", "-c", "echo odd >&2; echo so; echo done; sleep 600"]
    with RunningCommand(command, 600, "x", last_line="done") as running, ends():
        done = running.wait()
    assert (done.ok, done.output) == (True, "so\ndone\n\nodd\n")
    assert running._process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    "said", ["echo done >&2", "echo not done", "printf done", "printf 'done\\nmore\\n'", ":"]
)
def test_a_last_line_is_whole_and_the_last_of_standard_output(said: str) -> None:
    with RunningCommand(["sh", "-c", f"{said}; exit 3"], 60, "x", last_line="done") as running:
        assert running.wait().status == 3


def test_a_command_is_waited_for_where_there_are_no_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise OSError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(os, "openpty", none)
    with RunningCommand(["sh", "-c", "echo done; exit 3"], 60, "x", last_line="done") as running:
        done = running.wait()
    assert (done.status, done.output) == (3, "done\n")


def test_a_terminal_that_cannot_be_set_up_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: int) -> None:
        raise termios.error(errno.EIO, "Input/output error")

    monkeypatch.setattr("tty.setraw", fails)
    before = len(os.listdir("/proc/self/fd"))
    with RunningCommand(["sh", "-c", "echo done; exit 3"], 60, "x", last_line="done") as running:
        assert running.wait().status == 3
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("spare", range(12))
def test_a_lack_of_descriptors_is_told_and_costs_none(spare: int) -> None:
    before = os.listdir("/proc/self/fd")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open("/dev/null", os.O_RDONLY) for _ in range(200)]
    for handle in taken[len(taken) - spare :]:
        os.close(handle)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(taken) + 1, limits[1]))
    try:
        with RunningCommand(["true"], 60, "a.setting", last_line="done") as running:
            assert running.wait().ok
    except CommandFailed as failed:
        assert failed.message == "true, set by a.setting, cannot be run: Too many open files"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for handle in taken[: len(taken) - spare]:
            os.close(handle)
    assert len(os.listdir("/proc/self/fd")) <= len(before)


def test_a_child_in_the_background_is_not_waited_for(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with ends():
        done = run_command(["sh", "-c", f"sleep 600 & echo $! > {pid_file}; echo done"], 600, "a.setting")
    assert done.output == "done\n"
    os.kill(int(pid_file.read_text()), 9)


def test_output_is_bounded_and_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "OUTPUT_LIMIT", 10)
    assert run_command(["printf", "\\377%100000s", "x"], 5.0, "a.setting").output == "\ufffd" + " " * 9


def test_the_environment_holds_nothing_of_this_process_alone() -> None:
    base = {
        b"HOME": b"/root",
        b"STATS_PASSWORD": b"kept, haproxy.cfg may use it",
        b"HAPROXY_CFGFILES": b"/etc/haproxy/haproxy.cfg",
        b"HAPROXY_MWORKER_REEXEC": b"1",
        b"HAPROXY_PROCESSES": b"x",
        b"LISTEN_FDS": b"1",
        b"NOTIFY_SOCKET": b"/run/x",
        b"GUNICORN_CMD_ARGS": b"-w 9",
        b"PYTHONPATH": b"/x",
        b"DATAPLANE_STATE_DIR": b"/x",
    }
    clean = child_environment(base)
    assert set(clean) == {b"HOME", b"STATS_PASSWORD", b"HAPROXY_CFGFILES", b"PATH"}
    assert child_environment({b"PATH": b"/mine"}) == {b"PATH": b"/mine"}


def test_no_shell_reads_a_command() -> None:
    assert command_words("kill -USR2 '$(cat /x)' \"a b\"", "s") == ["kill", "-USR2", "$(cat /x)", "a b"]
    assert run_command(command_words("echo $HOME ; false | `id`", "s"), 5.0, "s").output == "$HOME ; false | `id`\n"


@pytest.mark.parametrize("command", ["kill 'x", "   "])
def test_a_command_without_words_names_its_setting(command: str) -> None:
    with pytest.raises(CommandFailed, match=r"haproxy\.reload\.reload_cmd"):
        command_words(command, "haproxy.reload.reload_cmd")


def test_a_command_gets_the_environment_as_it_is_now(monkeypatch):
    said = []
    for value in ("one", "two", "two"):
        monkeypatch.setenv("SOME_WORD", value)
        said.append(run_command(["/bin/sh", "-c", "echo $SOME_WORD"], 10, "here").output.strip())
    monkeypatch.delenv("SOME_WORD")
    said.append(run_command(["/bin/sh", "-c", "echo $SOME_WORD"], 10, "here").output.strip())
    assert said == ["one", "two", "two", ""]
