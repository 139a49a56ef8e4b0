"""Reload HAProxy, restart it, and ask whether it runs, as the settings below `haproxy` say."""

import logging
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from dataplane_core.errors import DataplaneError, RuntimeFailed, RuntimeUnreachable
from dataplane_core.haproxy import master
from dataplane_core.haproxy.check import HaproxyChecker
from dataplane_core.haproxy.master import MasterProcesses, ReloadResult
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.haproxy.runtime_client import RuntimeClient
from dataplane_core.haproxy.runtime_protocol import NO_WORKER, RuntimeRefused
from dataplane_core.haproxy.shown_words import shown_words
from dataplane_core.haproxy.subprocesses import CommandFailed, command_words, run_command
from dataplane_core.haproxy.timeouts import DEADLINE
from dataplane_core.resources.registry import Registry
from dataplane_core.settings import Settings
from dataplane_core.store import messages

log = logging.getLogger(__name__)

Action = Literal["reload", "restart", "status"]
HaproxyStatus = Literal["up", "down", "unknown"]

_TICK = 0.05
_STATUS_SECONDS = 5.0
"""Longest time for `status_cmd`, in seconds."""
_SIGN_SECONDS = 2.0
"""Seconds after a reload command within which the master has to show a sign of a reload."""
S6_FOLDERS = ("/var/run/s6/services", "/run/service")
"""Where s6 supervises services: the folder of s6-overlay 2, then that of 3."""

_NO_WAY = (
    "HAProxy was not reloaded, as no way to do it is set: give haproxy.reload.reload_cmd, "
    "haproxy.reload.reload_strategy (systemd or s6) or haproxy.master_runtime"
)


class Control:
    """Carries out what `haproxy.reload` of the settings says.

    A reload is done by the command of the strategy; without a command, by the master itself over
    the socket `master_runtime`. Where both are set, the command is run, and the master is asked how
    the reload went: a command such as `kill -USR2` ends before HAProxy has read its configuration.
    Where `status_cmd` tells that HAProxy is down, `restart_cmd` starts it in place of a reload.
    """

    def __init__(
        self, settings: Settings, runtime: Runtime, registry: Registry | None = None
    ) -> None:
        """Make what reloads HAProxy; `registry` tells which words of its lines are secret."""
        self._settings = settings
        self._file = Path(settings.haproxy.config_file)
        self._words = shown_words(settings, registry, str(self._file))
        self._checks = shown_words(settings, registry)
        self._runtime = runtime
        self._master = runtime.master
        self._timeout = settings.dataplane.reload_timeout
        self._grace = settings.haproxy.reload.reload_grace

    def reload(self) -> ReloadResult:
        """Have HAProxy read its configuration again, and return when that is over or has failed.

        It is over when the new processes have lived for the time of grace.
        """
        try:
            restartable = self._command("restart") and self._command("status")
            if restartable and self.status() == "down":
                log.warning("HAProxy is down, it is restarted")
                return self.restart()
            command = self._command("reload")
            if command:
                return self._by_command(command, "reload")
        except CommandFailed as error:
            return ReloadResult(False, error.message, asked=error.started)
        if self._master is None:
            return ReloadResult(False, _NO_WAY, asked=False)
        end = time.monotonic() + self._timeout
        result = self._explained(master.reload(self._master, self._timeout))
        return self._outlived(result, self._master, end)

    def start_again(self) -> ReloadResult:
        """Start HAProxy where it has ended: by the command for that, or else by a reload."""
        try:
            if self._command("restart") and self.status() == "down":
                return self.restart()
        except CommandFailed as error:
            return ReloadResult(False, error.message, asked=error.started)
        return self.reload()

    def restart(self) -> ReloadResult:
        """Start HAProxy again with the command of the strategy, and return as `reload` does."""
        try:
            command = self._command("restart")
            if command:
                return self._by_command(command, "restart")
        except CommandFailed as error:
            return ReloadResult(False, error.message, asked=error.started)
        text = "HAProxy was not restarted: haproxy.reload.restart_cmd is not set"
        return ReloadResult(False, text, asked=False)

    def status(self) -> HaproxyStatus:
        """Return whether HAProxy runs, by the exit status of the status command.

        The command is `status_cmd`, or that of the strategy. Where there is none, or it cannot be
        run or does not end within 5 s, HAProxy's sockets tell (`status_by_sockets`).
        """
        try:
            command = self._command("status")
            if command:
                timeout = min(_STATUS_SECONDS, self._timeout)
                return "up" if run_command(command, timeout, _setting("status")).ok else "down"
        except CommandFailed as error:
            log.warning("HAProxy's sockets are asked whether it runs: %s", error.message)
        return status_by_sockets(self._runtime)

    def result_since(self, moment: float) -> ReloadResult | None:
        """Return what became of a reload that began at `moment` and that nobody watched.

        `moment` is in seconds since 1970. Only a master can tell, by the age of its workers; None
        without a master, and where the workers are older and none has failed.
        """
        processes = self._processes()
        if processes is None:
            return None
        if processes.fresh and time.time() - processes.age >= moment - 1:
            return ReloadResult(True, "")
        if processes.failed:
            return ReloadResult(False, master.NO_REASON)
        return None

    def _by_command(self, command: Sequence[str], action: Action) -> ReloadResult:
        """Run a command; a master that answers tells how the reload went, else the exit status."""
        before = self._processes()
        answered = before is None and self._grace > 0 and status_by_sockets(self._runtime) == "up"
        end = time.monotonic() + self._timeout
        if before is not None and self._master is not None:
            master.await_reload_under_way(self._master, end)
        completed = run_command(command, self._timeout, _setting(action))
        text = self._shown(completed.output)
        if not completed.ok:
            return ReloadResult(False, _lines(completed.describe(), text))
        if before is not None and self._master is not None:
            watched = master.watch_reload(self._master, before, end, _SIGN_SECONDS)
            if watched is not None:
                told = ReloadResult(watched.ok, _lines(text, self._explained(watched).text))
                return self._outlived(told, self._master, end)
        return self._outlived(ReloadResult(True, text), None, end, answered)

    def _outlived(
        self, result: ReloadResult, client: RuntimeClient | None, end: float, answered: bool = False
    ) -> ReloadResult:
        """Return a result; a failure if HAProxy's new processes do not live through the grace.

        The master tells that, by its `client`, or else the sockets, if they `answered` before.
        """
        ended = ""
        if result.ok and self._grace > 0 and client is not None:
            ended = master.end_of_new_worker(client, self._grace, end)
        elif result.ok and answered:
            ended = self._end_of_sockets()
        return ReloadResult(False, _lines(ended, result.text), ended=True) if ended else result

    def _end_of_sockets(self) -> str:
        """Watch HAProxy's sockets through the grace; return a sentence if none answers then."""
        until = time.monotonic() + self._grace
        while time.monotonic() < until or status_by_sockets(self._runtime) == "down":
            if time.monotonic() > until + DEADLINE:
                return "HAProxy answered before the reload, and does not since"
            time.sleep(_TICK)
        return ""

    def _explained(self, result: ReloadResult) -> ReloadResult:
        """Return a result as it may be shown.

        Where the master has given no reason, it has the findings of a check.
        """
        if result.text != master.NO_REASON:
            return replace(result, text=self._shown(result.text))
        try:
            HaproxyChecker(self._settings, words=self._checks).check(self._file)
        except DataplaneError as error:
            return ReloadResult(False, f"{result.text}. Checked again: {error.message}")
        return result

    def _shown(self, output: str) -> str:
        """Return HAProxy's words without secrets and lines of files outside of the storage."""
        if not output.strip():
            return ""
        try:
            text = self._file.read_bytes().decode("utf-8", "surrogateescape")
        except OSError:
            text = ""
        return messages.reload_words(output, self._words.about(text).told)

    def _processes(self) -> MasterProcesses | None:
        """Return what the master says of its processes; None without a master that answers."""
        if self._master is None:
            return None
        try:
            return master.processes(self._master)
        except RuntimeFailed:
            return None

    def _command(self, action: Action) -> list[str]:
        """Return the words of a command; none where the settings give no such command."""
        reload = self._settings.haproxy.reload
        given = {
            "reload": reload.reload_cmd,
            "restart": reload.restart_cmd,
            "status": reload.status_cmd,
        }[action]
        service = reload.service_name or "haproxy"
        if reload.reload_strategy == "systemd" and not (action == "status" and given):
            verb = ["is-active", "--quiet"] if action == "status" else [action]
            return ["systemctl", *verb, service]
        if reload.reload_strategy == "s6" and action != "status":
            return ["s6-svc", {"reload": "-2", "restart": "-r"}[action], _s6_folder(service)]
        return command_words(given, _setting(action)) if given else []


def status_by_sockets(runtime: Runtime) -> HaproxyStatus:
    """Return `up` if any of HAProxy's processes answers, `down` if none of those asked does.

    `unknown` where no process can be asked: no socket is known, or none may be used.
    """
    found: HaproxyStatus = "unknown"
    for answer in _answers(runtime):
        if answer == "up":
            return answer
        if answer == "down":
            found = answer
    return found


def _answers(runtime: Runtime) -> Iterator[HaproxyStatus]:
    """Yield what the master says, then what each socket of a process says."""
    if runtime.master is not None:
        try:
            yield "up" if master.processes(runtime.master).workers else "down"
        except RuntimeFailed as error:
            yield _status_of_failure(error)
    try:
        clients = runtime.sockets()
    except DataplaneError:
        return  # the sockets stand in the configuration, which cannot be read
    yield from map(_status_of, clients)


def _status_of(client: RuntimeClient) -> HaproxyStatus:
    try:
        client.command("show info")
    except RuntimeFailed as error:
        return _status_of_failure(error)
    return "up"


def _status_of_failure(error: RuntimeFailed) -> HaproxyStatus:
    """Return what a failed question says: a refusal is an answer, a missing right says nothing."""
    if isinstance(error, RuntimeRefused):
        return "down" if NO_WORKER in error.message else "up"
    return "unknown" if isinstance(error, RuntimeUnreachable) and error.denied else "down"


def _lines(*texts: str) -> str:
    return "\n".join(filter(None, texts))


def _setting(action: Action) -> str:
    return f"haproxy.reload.{action}_cmd or haproxy.reload.reload_strategy"


def _s6_folder(service: str) -> str:
    """Return the folder in which s6 supervises a service."""
    folders = [os.path.join(folder, service) for folder in S6_FOLDERS]
    return next((folder for folder in folders if os.path.isdir(folder)), folders[0])
