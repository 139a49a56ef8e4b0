"""What one reading of the settings puts in force: the application, listeners, TLS, timeouts."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataplane_core.errors import DataplaneError
from dataplane_core.server.connections import ListenerTimeouts, timeouts_of
from dataplane_core.server.folders import make_folders
from dataplane_core.server.listeners import Listeners
from dataplane_core.server.logging import configure, give_files_to
from dataplane_core.server.process import PidFile, become, process_user
from dataplane_core.server.tls import TlsContexts
from dataplane_core.settings import Settings, SettingsError, SettingsProblem

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger("dataplane.server")

_PATIENCE = 10.0  # seconds for the workers of a killed predecessor to let go of the listeners


@dataclass(frozen=True, slots=True)
class ServedApplication:
    """An application with the work that goes on beside its requests, in every worker.

    `discard` lets go of what the master opened for it, once another is served.
    """

    wsgi: "WSGIApplication"
    start: Callable[[], None]
    stop: Callable[[], None]
    discard: Callable[[], None] = lambda: None


class ServerState:
    """The server's state in the master process; `load` reads the settings, `build` makes the rest.

    `build` runs in the master, as the user that the server has become; it starts no thread.
    """

    def __init__(
        self, load: Callable[[], Settings], build: Callable[[Settings], ServedApplication]
    ) -> None:
        self._load, self._build = load, build
        self.listeners = Listeners()
        self.pid_file = PidFile()
        self.settings: Settings
        self.served: ServedApplication
        self.contexts: TlsContexts | None = None
        self.timeouts: dict[str, ListenerTimeouts] = {}

    def open(self, settings: Settings) -> None:
        """Put the first settings in force, as root if it is root, and become another user then.

        Raises SettingsError for whatever stops the start.
        """
        configure(settings)
        account = process_user(settings)
        make_folders(settings, account)
        contexts = _contexts(settings)
        self.listeners.adopt(self.listeners.prepare(settings, _PATIENCE))
        self.pid_file.write(settings)
        if account.uid is not None or account.gid is not None:
            uid, gid = account.uid or -1, account.gid or -1
            self.listeners.give_to(uid, gid)
            give_files_to(uid, gid)
            become(settings)
        self._adopt(settings, self._make(settings), contexts)

    def refresh(self) -> bool:
        """Read the settings again and put them in force; keep the old ones when they are bad.

        False: nothing has changed, and the log says why.
        """
        try:
            settings = self._load()
            make_folders(settings, process_user(settings))
            contexts = _contexts(settings)
            ready = self.listeners.prepare(settings, 0.0)
            try:
                configure(settings)
                served = self._make(settings)  # the last to fail: it keeps what settings say
            except BaseException:
                self.listeners.discard(ready)
                configure(self.settings)
                raise
        except SettingsError as error:
            for problem in error.problems:
                log.error("the settings stay as they were: %s", problem)
            return False
        except Exception:
            log.exception("the settings stay as they were")
            return False
        self.listeners.adopt(ready)
        try:
            self.pid_file.write(settings)
        except SettingsError as error:
            log.error("%s", error)
        before = self.settings.dataplaneapi
        if (before.uid, before.gid) != (settings.dataplaneapi.uid, settings.dataplaneapi.gid):
            log.warning("a change of uid or gid takes effect at the next start")
        self.served.discard()
        self._adopt(settings, served, contexts)
        return True

    def _make(self, settings: Settings) -> ServedApplication:
        try:
            return self._build(settings)
        except DataplaneError as error:
            raise SettingsError((SettingsProblem("", "", error.message),)) from None
        except OSError as error:
            fault = f"{error.filename or 'the server'}: {error.strerror}"
            raise SettingsError((SettingsProblem("", "", fault),)) from None
        except ImportError as error:  # most often: a user that may not read the installation
            fault = f"{error.msg}; does uid {os.geteuid()} have the right to read this program?"
            raise SettingsError((SettingsProblem("", "", fault),)) from None

    def _adopt(
        self, settings: Settings, served: ServedApplication, contexts: TlsContexts | None
    ) -> None:
        self.settings, self.served, self.contexts = settings, served, contexts
        self.timeouts = {
            scheme: timeouts_of(settings, scheme) for scheme in ("http", "https", "unix")
        }
        for warning in settings.warnings:
            log.warning("%s", warning)
        server = settings.dataplaneapi
        free = {0} & {server.port, server.tls.tls_port if "https" in server.scheme else 1}
        level = logging.WARNING if free else logging.INFO
        log.log(level, "listening on %s", ", ".join(self.listeners.described()))


def _contexts(settings: Settings) -> TlsContexts | None:
    return TlsContexts(settings) if "https" in settings.dataplaneapi.scheme else None
