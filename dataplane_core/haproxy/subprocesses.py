"""Run other programs: without a shell, in a clean environment, with bounded time and output."""

import os
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Self

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import StorageFailed
from dataplane_core.haproxy.output import CommandOutput

_PATH = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Variables that are meant for this process alone: gunicorn's and systemd's sockets, Python's own
# settings, and those that a HAProxy master gives to its programs. With the latter another HAProxy
# would take itself for a worker of that master.
_OWN_PREFIXES = (
    b"DATAPLANE_",
    b"GUNICORN_",
    b"LISTEN_",
    b"PYTHON",
    b"WATCHDOG_",
    b"HAPROXY_MWORKER",
)
_OWN_NAMES = {
    b"HAPROXY_LOAD_SUCCESS",
    b"HAPROXY_PROCESSES",
    b"HAPROXY_STARTUPLOGS_FD",
    b"NOTIFY_SOCKET",
    b"VIRTUAL_ENV",
}


class CommandFailed(StorageFailed):
    """A command cannot be started, or did not end in time; the message names its setting.

    `started` tells whether the command had begun, and so may have done something.
    """

    def __init__(self, message: str, *, started: bool = False) -> None:
        super().__init__(message)
        self.started = started


@dataclass(frozen=True, slots=True)
class CompletedCommand:
    """How a command ended: `status` is its exit status (negative: the signal that ended it).

    `output` is what it wrote, as text; bytes that are no UTF-8 are replaced.
    """

    status: int
    output: str

    @property
    def ok(self) -> bool:
        """Whether the command ended with status 0."""
        return self.status == 0

    def describe(self) -> str:
        """Return the end of the command in words, without its output."""
        if self.status >= 0:
            return f"exit status {self.status}"
        with suppress(ValueError):
            return f"ended by {signal.Signals(-self.status).name}"
        return f"ended by signal {-self.status}"


def child_environment(base: Mapping[bytes, bytes] = os.environb) -> dict[bytes, bytes]:
    """Return the environment for other programs: `base` without what only this process may have.

    It is kept in bytes, as the kernel takes it.
    """
    kept = {
        name: value
        for name, value in base.items()
        if name not in _OWN_NAMES and not name.startswith(_OWN_PREFIXES)
    }
    return {b"PATH": _PATH} | kept


def command_words(command: str, setting: str) -> list[str]:
    """Return the words of a command, which are quoted as in a shell.

    Raises `CommandFailed`, with the name of `setting`, for an open quote and where there is no
    word.
    """
    try:
        parts = shlex.split(command)
    except ValueError as error:
        raise CommandFailed(f"{setting} cannot be read as a command: {error}") from error
    if not parts:
        raise CommandFailed(f"{setting} is empty")
    return parts


class RunningCommand:
    """A command that was started, with an empty standard input and both outputs as one text.

    `timeout` is in seconds, `setting` the key that the command comes from, for messages; `extra`
    are further environment variables. A command whose standard output ends with `last_line` has
    said all: `wait` kills it then, and it counts as ended with status 0 (`output.py` says why).
    Where no terminal can be had, the command ends by itself.

    Leaving the context ends the command, if it still runs, with all processes of its session.
    Raises `CommandFailed`, with the name of the setting, if the command cannot be started.
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
            self._process = _start(command, self._output, _with(extra or {}))
        except (OSError, ValueError) as error:
            number = getattr(error, "errno", None)
            reason = os.strerror(number) if number else error
            raise CommandFailed(f"{self._called} cannot be run: {reason}") from error

    def wait(self) -> CompletedCommand:
        """Wait for the end of the command, or for its last line, and return how it ended.

        A child that the command leaves in the background may keep the outputs open; such a child is
        not waited for. Raises `CommandFailed` when the time is over.
        """
        status = 0
        try:
            if self._output.read_to_end(self._process, self._deadline):
                _signal_session(self._process, signal.SIGKILL)
            else:
                status = _exit_status(self._process, self._deadline)
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
    """Run a command to its end, for `timeout` seconds at most; raises as `RunningCommand`."""
    with RunningCommand(command, timeout, setting, extra) as running:
        return running.wait()


def _with(extra: Mapping[str, str]) -> dict[bytes, bytes]:
    """Return the environment of a command, with further variables."""
    more = {os.fsencode(name): os.fsencode(value) for name, value in extra.items()}
    return _inherited.environment() | more


class _Inherited:
    """`child_environment`, made anew only if this process has another environment than before.

    To go through all variables takes 0.1 ms, which every commit would wait for.
    """

    def __init__(self) -> None:
        self._made: tuple[dict[bytes, bytes], dict[bytes, bytes]] = ({}, {})

    def environment(self) -> dict[bytes, bytes]:
        """Return the variables that commands get from this process."""
        now: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
        before, kept = self._made
        if now != before or not kept:
            kept = child_environment(now)
            self._made = dict(now), kept
        return kept


_inherited = _Inherited()


def _start(
    command: Sequence[str], output: CommandOutput, environ: Mapping[bytes, bytes]
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
        output.close_command_ends()


def _exit_status(process: "subprocess.Popen[bytes]", deadline: float) -> int:
    """Wait for the end of the process and return its status; raises `TimeoutError` at `deadline`.

    `Popen.wait` with a limit sleeps between two looks; a descriptor of the process (pidfd_open(2))
    tells the end at once.
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
    """Ask a process that still runs, and its whole session, to end; then kill them."""
    if process.poll() is not None:
        return
    for number, seconds in ((signal.SIGTERM, 1.0), (signal.SIGKILL, 5.0)):
        # The second is sent in any case: children may live on when the process does not.
        _signal_session(process, number)
        with suppress(TimeoutError):
            _exit_status(process, time.monotonic() + seconds)


def _signal_session(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
