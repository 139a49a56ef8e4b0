"""How HAProxy is reloaded, restarted and asked whether it runs."""

import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from dataplane_core.errors import DataplaneError, RuntimeFailed
from dataplane_core.haproxy import master
from dataplane_core.haproxy.alive import HaproxyStatus, status_by_sockets
from dataplane_core.haproxy.check import HaproxyChecker
from dataplane_core.haproxy.commands import CommandFailed, command_words, run_command
from dataplane_core.haproxy.master import MasterProcesses, ReloadResult
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.settings import Settings
from dataplane_core.store import messages

log = logging.getLogger(__name__)

Action = Literal["reload", "restart", "status"]

_STATUS_SECONDS = 5.0
_PATIENCE = 2.0
"""How long after a reload command the master may still be without a sign of a reload."""
_S6_FOLDERS = ("/var/run/s6/services", "/run/service")

_NO_WAY = (
    "HAProxy was not reloaded, as no way to do it is set: give haproxy.reload.reload_cmd, "
    "haproxy.reload.reload_strategy (systemd or s6) or haproxy.master_runtime"
)


class Control:
    """Carries out what `haproxy.reload` of the settings says.

    A reload is done by the strategy's command; without one, by the master itself over
    `master_runtime`. Where both are set, the command is run and the master is asked how the reload
    went, as a command such as `kill -USR2` ends before HAProxy has read its configuration. Where
    `status_cmd` tells that HAProxy is down, it is restarted by `restart_cmd` instead.
    """

    def __init__(self, settings: Settings, runtime: Runtime) -> None:
        self._settings = settings
        self._runtime = runtime
        self._master = runtime.master
        self._timeout = settings.dataplane.reload_timeout

    def reload(self) -> ReloadResult:
        """Have HAProxy read its configuration again; returns when it did, or did not."""
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
        return self._explained(master.reload(self._master, self._timeout))

    def restart(self) -> ReloadResult:
        """Start HAProxy again with the command of the strategy."""
        try:
            command = self._command("restart")
            if command:
                return self._by_command(command, "restart")
        except CommandFailed as error:
            return ReloadResult(False, error.message, asked=error.started)
        text = "HAProxy was not restarted: haproxy.reload.restart_cmd is not set"
        return ReloadResult(False, text, asked=False)

    def status(self) -> HaproxyStatus:
        """Whether HAProxy runs: the exit status of `status_cmd`, or what the strategy says.

        Where neither is set, or the command cannot be run or does not end, HAProxy's own sockets
        tell; `unknown` is left for where there are none to ask.
        """
        try:
            command = self._command("status")
            if command:
                timeout = min(_STATUS_SECONDS, self._timeout)
                return "up" if run_command(command, timeout, _setting("status")).ok else "down"
        except CommandFailed as error:
            log.warning("HAProxy's sockets are asked whether it runs: %s", error.message)
        return status_by_sockets(self._runtime)

    def since(self, moment: float) -> ReloadResult | None:
        """What became of a reload that was begun at `moment` (seconds since 1970) and not watched.

        Only a master can tell, by the age of its workers; None where there is nothing to go by.
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
        before = self._processes()
        end = time.monotonic() + self._timeout
        if before is not None and self._master is not None:
            master.settle(self._master, end)
        completed = run_command(command, self._timeout, _setting(action))
        text = messages.told(completed.output)
        if not completed.ok:
            return ReloadResult(False, "\n".join(filter(None, [f"{completed.describe()}", text])))
        if before is not None and self._master is not None:
            watched = master.outcome(self._master, before, end, _PATIENCE)
            if watched is not None:
                said = self._explained(watched).text
                return ReloadResult(watched.ok, "\n".join(filter(None, [text, said])))
        return ReloadResult(True, text)

    def _explained(self, result: ReloadResult) -> ReloadResult:
        """With the findings of a check where the master gives no reason."""
        if result.text != master.NO_REASON:
            return result
        try:
            HaproxyChecker(self._settings).check(Path(self._settings.haproxy.config_file))
        except DataplaneError as error:
            return ReloadResult(False, f"{result.text}. Checked again: {error.message}")
        return result

    def _processes(self) -> MasterProcesses | None:
        if self._master is None:
            return None
        try:
            return master.processes(self._master)
        except RuntimeFailed:
            return None

    def _command(self, action: Action) -> list[str]:
        """The words of a command; none where the settings give no such command."""
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


def _setting(action: Action) -> str:
    return f"haproxy.reload.{action}_cmd or haproxy.reload.reload_strategy"


def _s6_folder(service: str) -> str:
    """The folder that s6 supervises a service in: that of s6-overlay 2, or the one of 3."""
    folders = [os.path.join(folder, service) for folder in _S6_FOLDERS]
    return next((folder for folder in folders if os.path.isdir(folder)), folders[0])
