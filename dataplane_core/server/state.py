"""Put settings in force, at the start and at SIGHUP: the application, listeners, TLS, logs."""

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from socket import socket
from typing import TYPE_CHECKING

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import DataplaneError, StartRefused
from dataplane_core.server.connection_counts import ConnectionCounts
from dataplane_core.server.folders import make_folders
from dataplane_core.server.listen_addresses import ListenAddress, ListenerTimeouts, timeouts_of
from dataplane_core.server.listeners import Listeners
from dataplane_core.server.log_targets import configure, give_files_to
from dataplane_core.server.process import PidFile, become, process_user
from dataplane_core.server.service_manager import ServiceManager, handed_sockets
from dataplane_core.settings import Settings, SettingsError, SettingsProblem

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from dataplane_core.server.tls import TlsContexts

log = logging.getLogger("dataplane.server")

_PREDECESSOR_SECONDS = 10.0
"""Seconds for the workers of a killed predecessor to let go of the listeners."""


@dataclass(frozen=True, slots=True)
class ServedApplication:
    """An application, and the work beside its requests, which every worker starts and stops.

    `discard` is called in the master once another application is served in its place. Each worker
    calls `helped_by` with a function that has `help` called in a new child of the master: for what
    should leave nothing in the memory of a worker. The function returns False if that cannot be.
    `rehearse` raises what would keep plugins from a start with other settings.
    """

    wsgi: "WSGIApplication"
    start: Callable[[], None]
    stop: Callable[[], None]
    discard: Callable[[], None] = lambda: None
    help: Callable[[], None] = lambda: None
    helped_by: Callable[[Callable[[], bool]], None] = lambda call: None
    rehearse: Callable[[Settings], None] = lambda settings: None


@dataclass(frozen=True, slots=True)
class _Prepared:
    """All that new settings need, made but not in force."""

    settings: Settings
    sockets: dict[ListenAddress, socket]
    contexts: "TlsContexts | None"
    served: ServedApplication


class ServerState:
    """What is in force in the master process, and how it is put in force.

    `load` reads the settings; `build` makes the application from them, in the master, as the user
    that the server has become, and starts no thread. Workers inherit this object by the fork.
    """

    def __init__(
        self,
        load: Callable[[], Settings],
        build: Callable[[Settings], ServedApplication],
    ) -> None:
        self._load, self._build = load, build
        self.manager = ServiceManager()
        self.listeners = Listeners()
        self.counts = ConnectionCounts()
        self.pid_file = PidFile()
        self.settings: Settings
        self.served: ServedApplication
        self.contexts: TlsContexts | None = None
        self.timeouts: dict[str, ListenerTimeouts] = {}

    def listen(self, settings: Settings) -> None:
        """Open the listeners of the first settings, as the user who has started the process.

        Raises `SettingsError` for whatever stops the start.
        """
        configure(settings)
        make_folders(settings, process_user(settings))
        self.listeners.handed = handed_sockets()
        self.settings, self.contexts = settings, _contexts(settings)
        self.listeners.adopt(self.listeners.prepare(settings, _PREDECESSOR_SECONDS))

    def begin(self) -> None:
        """Put the settings in force that `listen` was given: what needs root first, then the rest.

        The application is made as the user whom the settings name. Raises `SettingsError` for
        whatever stops the start.
        """
        settings = self.settings
        self.pid_file.write(settings)
        user = process_user(settings)
        if user.uid is not None or user.gid is not None:
            uid, gid = user.uid or -1, user.gid or -1
            self.listeners.give_to(uid, gid)
            give_files_to(uid, gid)
            become(settings)
        self._adopt(settings, self._make(settings), self.contexts)

    def refresh(self) -> bool:
        """Read the settings again and put them in force.

        False: the former settings stay in force, as a whole, and the log says why.
        """
        try:
            new = self._prepare(self._load())
        except SettingsError as error:
            for problem in error.problems:
                log.error("the settings stay as they were: %s", problem)
            return False
        except Exception:
            log.exception("the settings stay as they were")
            return False
        self._replace_by(new)
        return True

    def is_readable(self) -> bool:
        """Return whether the settings can be read, and plugins take them; the log says why not."""
        try:
            self.served.rehearse(self._load())
        except SettingsError as error:
            for problem in error.problems:
                log.error("the settings stay as they were: %s", problem)
            return False
        except StartRefused as error:
            log.error("the settings stay as they were: %s", error)
            return False
        except Exception:
            log.exception("the settings stay as they were")
            return False
        return True

    def replace_stopped(self) -> None:
        """As `refresh`, of an application that has been stopped: it is let go of first.

        Where the new one cannot be made, that of the former settings is made once more, which
        raises `SettingsError` if that cannot be either.
        """
        self.served.discard()
        self.served = replace(self.served, discard=lambda: None)
        if not self.refresh():
            self._adopt(self.settings, self._make(self.settings), self.contexts)

    def _prepare(self, settings: Settings) -> "_Prepared":
        """Make all that new settings need, beside what is in force; leave nothing when it fails.

        The application comes last: making it writes to the state.
        """
        make_folders(settings, process_user(settings))
        contexts = _contexts(settings)
        sockets = self.listeners.prepare(settings, 0.0)
        try:
            configure(settings)
            return _Prepared(settings, sockets, contexts, self._make(settings))
        except BaseException:
            self.listeners.discard(sockets)
            configure(self.settings)
            raise

    def _replace_by(self, new: "_Prepared") -> None:
        """Put what was prepared in force, and let go of what was in force."""
        self.listeners.adopt(new.sockets)
        try:
            self.pid_file.write(new.settings)
        except SettingsError as error:
            log.error("%s", error)
        before, after = self.settings.dataplaneapi, new.settings.dataplaneapi
        if (before.uid, before.gid) != (after.uid, after.gid):
            log.warning("a change of uid or gid takes effect at the next start")
        self.served.discard()
        self._adopt(new.settings, new.served, new.contexts)

    def _make(self, settings: Settings) -> ServedApplication:
        """Make the application; every foreseen failure becomes a `SettingsError`."""
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
        self, settings: Settings, served: ServedApplication, contexts: "TlsContexts | None"
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


def _contexts(settings: Settings) -> "TlsContexts | None":
    if "https" not in settings.dataplaneapi.scheme:
        return None
    from dataplane_core.server.tls import TlsContexts  # OpenSSL is large

    return TlsContexts(settings)
