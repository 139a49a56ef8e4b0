"""Run a scratch process: an HAProxy of its own, in a folder of its own, that never outlives us.

A shell stands between: it reads a pipe, which the kernel closes when this process ends in whatever
way, and kills the scratch process then. It also gives descriptors the low numbers that HAProxy
takes, however many this process has.
"""

import os
import re
import socket
import subprocess
from contextlib import ExitStack, suppress

from dataplane_core.plugin import DataplaneError, ForeignFiles, Secrets, child_environment
from dataplane_plugins.changes.simulation.folders import ScratchFolder
from dataplane_plugins.changes.simulation.isolation import isolating
from dataplane_plugins.changes.simulation.prelude import PRELUDE
from dataplane_plugins.changes.simulation.scratch_text import (
    CONTROL,
    FOLDER,
    LOG,
    PRELUDE_FILE,
    ScratchText,
)
from dataplane_plugins.changes.simulation.stand_in import StandIn

_NOT_STARTED = "no process for the simulation could be started"
SCRATCH_NAME = "haproxy.cfg"
"""What HAProxy's words about a scratch process call its configuration."""

_MEGABYTES = 1024
_OUTPUT_BLOCKS = 2048  # of 512 bytes: what scripts print goes to a file
_START_SECONDS = 30.0
_COMMAND_SECONDS = 2.0
_GUARD = f"""
ulimit -f {_OUTPUT_BLOCKS}
exec {CONTROL}<&0 {LOG}>&1 5<"/proc/self/fd/$1" 0</dev/null 1>&2
shift
"$@" 5<&- & process=$!
{{ read -r _; kill -9 "$process"; }} <&5 2>/dev/null & guard=$!
exec 5<&- {CONTROL}<&- {LOG}>&-
wait "$process"; status=$?
kill -9 "$guard" 2>/dev/null
exit "$status"
"""
_ALERT = re.compile(r"^\[ALERT\]\s+\(\d+\) : (.*)$", re.M)
_PLACE = re.compile(r"^(?:config : )?(?:parsing )?\[haproxy\.cfg:(\d+)\]\s*:?\s*", re.I)


class ScratchFailed(DataplaneError):
    """No scratch process could be started for a configuration."""

    status = 422


class ScratchEnded(ScratchFailed):
    """A scratch process does not answer any more."""


class ScratchProcess:
    """An HAProxy that works on a scratch text; `close` ends it, and so does our own end.

    `log` is the socket that its log lines come from, `servers` answers for its servers. It has
    taken its configuration once it is made. Raises `ScratchFailed`. `foreign` keeps lines of other
    files out of HAProxy's words, and `secrets` those of the configuration.
    """

    def __init__(
        self, program: str, scratch: ScratchText, foreign: ForeignFiles, secrets: Secrets
    ) -> None:
        self.scratch = scratch
        self._foreign, self._secrets = foreign, secrets
        try:
            self._make(program)
        except OSError as error:
            reason = error.strerror or error
            raise ScratchFailed(f"{_NOT_STARTED}: {reason}") from None

    def _make(self, program: str) -> None:
        with ExitStack() as parts:
            self.folder = parts.enter_context(ScratchFolder()).path
            self._control = str(self.folder / "control")
            self.servers = StandIn(self.folder)
            parts.callback(self.servers.close)
            self.log, its_log = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            parts.callback(self.log.close)
            its_end, self._life = os.pipe()
            parts.callback(self._let_go)
            with (
                its_log,
                os.fdopen(its_end, "rb") as end,
                socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control,
            ):
                control.bind(self._control)
                control.listen()
                self._write_files()
                self._process = self._start(
                    program, control.fileno(), its_log.fileno(), end.fileno()
                )
            parts.callback(self._end)
            self._wait()
            self._parts = parts.pop_all()

    def _write_files(self) -> None:
        (self.folder / SCRATCH_NAME).write_bytes(
            self.scratch.text.encode("utf-8", "surrogateescape")
        )
        (self.folder / PRELUDE_FILE).write_text(PRELUDE, "utf-8")

    def _start(self, program: str, control: int, log: int, end: int) -> "subprocess.Popen[bytes]":
        command = [*isolating(), program, "-db", "-m", str(_MEGABYTES)]
        command += ["-f", str(self.folder / SCRATCH_NAME)]
        environment = child_environment() | {FOLDER.encode(): os.fsencode(self.folder)}
        with open(self.folder / "output", "wb") as output:
            return subprocess.Popen(
                ["/bin/sh", "-c", _GUARD, "sh", str(end), *command],
                stdin=control,
                stdout=log,
                stderr=output,
                env=environment,
                pass_fds=(end,),
                start_new_session=True,
            )

    def _wait(self) -> None:
        """Wait until the process answers, or ends.

        Its socket takes connections before the process has read its configuration.
        """
        answer = ""
        with suppress(OSError):
            answer = self._answer("show version", _START_SECONDS)
        if not answer.strip():
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1.0)
            raise ScratchFailed(f"{_NOT_STARTED}: {self._reason()}")

    def _reason(self) -> str:
        """Return what HAProxy says of its configuration, without places that only it has."""
        text = (self.folder / "output").read_bytes().decode("utf-8", "replace")
        found = [self._in_our_words(said) for said in _ALERT.findall(text)]
        return "; ".join(found[:3]) or "HAProxy has ended, or does not answer"

    def _in_our_words(self, said: str) -> str:
        said = said.replace(str(self.folder / SCRATCH_NAME), SCRATCH_NAME)
        said = said.replace(str(self.folder), "")
        place = _PLACE.match(said)
        if place is None:
            return self._secrets.concealed_quote(self._foreign.without_contents(said), "")
        at = int(place[1]) - 1
        line = self.scratch.lines[at] if at < len(self.scratch.lines) else 0
        written = "".join(self.scratch.text.split("\n")[at : at + 1])
        said = self._foreign.without_contents(said[place.end() :], written)
        said = self._secrets.concealed_quote(said, written)
        return f"line {line}: {said}" if line else said

    def command(self, words: str) -> str:
        """Return the answer to a runtime command; raises `ScratchEnded`."""
        try:
            return self._answer(words, _COMMAND_SECONDS)
        except OSError:
            raise ScratchEnded("the process for the simulation does not answer") from None

    def _answer(self, words: str, seconds: float) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(seconds)
            connection.connect(self._control)
            connection.sendall(words.encode("utf-8", "surrogateescape") + b"\n")
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts).decode("utf-8", "surrogateescape")

    @property
    def runs(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process, and remove its folder."""
        self._parts.close()

    def _let_go(self) -> None:
        """Close the pipe for whose end the process lives."""
        if self._life >= 0:
            os.close(self._life)
        self._life = -1

    def _end(self) -> None:
        self._let_go()
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, 9)
            self._process.wait()
