"""Running other programs: no shell, a clean environment, bounded time and output."""

import os
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from dataplane_core.errors import StorageFailed
from dataplane_core.haproxy.output import CommandOutput

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What belongs to this process alone: gunicorn's and systemd's sockets, Python's own settings, and
# what a HAProxy master leaves to its programs: with it another HAProxy takes itself for a worker.
_OWN_PREFIXES = ("DATAPLANE_", "GUNICORN_", "LISTEN_", "PYTHON", "WATCHDOG_", "HAPROXY_MWORKER")
_OWN_NAMES = {
    "HAPROXY_LOAD_SUCCESS",
    "HAPROXY_PROCESSES",
    "HAPROXY_STARTUPLOGS_FD",
    "NOTIFY_SOCKET",
    "VIRTUAL_ENV",
}


class CommandFailed(StorageFailed):
    """A command cannot be started, or did not end in time; the message names its setting."""

    def __init__(self, message: str, *, started: bool = False) -> None:
        super().__init__(message)
        self.started = started


@dataclass(frozen=True, slots=True)
class CompletedCommand:
    """How a command ended: its exit status (negative: the signal) and what it wrote until then."""

    status: int
    output: str

    @property
    def ok(self) -> bool:
        """Whether it ended with status 0."""
        return self.status == 0

    def describe(self) -> str:
        """Its end in words, without its output."""
        if self.status >= 0:
            return f"exit status {self.status}"
        with suppress(ValueError):
            return f"ended by {signal.Signals(-self.status).name}"
        return f"ended by signal {-self.status}"


def child_environment(base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for other programs: ours, without what is meant for this process only."""
    kept = {
        name: value
        for name, value in base.items()
        if name not in _OWN_NAMES and not name.startswith(_OWN_PREFIXES)
    }
    return {"PATH": _PATH} | kept


def command_words(command: str, setting: str) -> list[str]:
    """A command's words, quoted as in a shell; `CommandFailed` names `setting` if it has none."""
    try:
        parts = shlex.split(command)
    except ValueError as error:
        raise CommandFailed(f"{setting} cannot be read as a command: {error}") from error
    if not parts:
        raise CommandFailed(f"{setting} is empty")
    return parts


class RunningCommand:
    """A command that was started, with nothing to read and its two outputs as one text.

    Once it has ended its standard output with `last_line` it has said all, and whoever waits for it
    kills it: it then counts as ended with status 0. Where no terminal can be had it ends by itself.
    As a context manager it is ended when left, with all in its session, if it still runs. Raises
    `CommandFailed`, with the name of the setting the command comes from, if it cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        timeout: float,
        setting: str,
        extra: Mapping[str, str] | None = None,
        last_line: str = "",
    ) -> None:
        self._called = f"{command[0]}, set by {setting},"
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        try:
            self._output = CommandOutput(last_line)
            self._process = _start(command, self._output, {**child_environment(), **(extra or {})})
        except (OSError, ValueError) as error:
            number = getattr(error, "errno", None)
            reason = os.strerror(number) if number else error
            raise CommandFailed(f"{self._called} cannot be run: {reason}") from error

    def wait(self) -> CompletedCommand:
        """Its end, or its last line; raises `CommandFailed` when neither comes in time.

        A child that it leaves in the background may keep the output open: that is not waited for.
        """
        status = 0
        try:
            if self._output.collect(self._process, self._deadline):
                _signal(self._process, signal.SIGKILL)
            else:
                status = _status(self._process, self._deadline)
        except TimeoutError as error:
            message = f"{self._called} did not end within {self._timeout:g} s"
            raise CommandFailed(message, started=True) from error
        return CompletedCommand(status, self._output.text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._output.close()
        _end(self._process)


def run_command(
    command: Sequence[str],
    timeout: float,
    setting: str,
    extra: Mapping[str, str] | None = None,
) -> CompletedCommand:
    """Run a command to its end, for `timeout` seconds at most; raises as `RunningCommand` does."""
    with RunningCommand(command, timeout, setting, extra) as running:
        return running.wait()


def _start(
    command: Sequence[str], output: CommandOutput, environ: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    """Start a command in a session of its own; nothing stays open when that fails."""
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output.stdout,
            stderr=output.stderr,
            env=environ,
            start_new_session=True,
        )
    except BaseException:
        output.close()
        raise
    finally:
        output.give_up()


def _status(process: "subprocess.Popen[bytes]", deadline: float) -> int:
    """The exit status; raises TimeoutError at the deadline.

    `Popen.wait` with a limit sleeps and looks; the kernel tells at once.
    """
    if process.poll() is None and hasattr(os, "pidfd_open"):
        handle = os.pidfd_open(process.pid)
        try:
            poller = select.poll()
            poller.register(handle, select.POLLIN)
            poller.poll(max(0.0, deadline - time.monotonic()) * 1000)
        finally:
            os.close(handle)
    try:
        return process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise TimeoutError from None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """A process that still runs is asked to end, then killed, with its session."""
    if process.poll() is not None:
        return
    for number, patience in ((signal.SIGTERM, 1.0), (signal.SIGKILL, 5.0)):
        # the second is for its children too, which may live on when it does not
        _signal(process, number)
        with suppress(TimeoutError):
            _status(process, time.monotonic() + patience)


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
