"""What plugins and responders work with: everything behind the HTTP interface."""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Protocol

from dataplane_core.auth import Authenticator, Sessions, Tokens
from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Reference, StorageFailed
from dataplane_core.haproxy.leader import Candidate, Duty
from dataplane_core.haproxy.reload import ReloadQueue
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.haproxy.watch import watch
from dataplane_core.hooks.manager import Manager
from dataplane_core.references import UsedFiles
from dataplane_core.references.file_parts import FilePlace
from dataplane_core.resources.comparisons import Comparisons
from dataplane_core.resources.registry import Registry
from dataplane_core.settings import Settings
from dataplane_core.store import State
from dataplane_core.store.config import ConfigStore
from dataplane_core.store.journal.callers import Callers
from dataplane_core.store.journal.counters import Counters
from dataplane_core.store.journal.events import EventTable
from dataplane_core.store.transactions import Transactions
from dataplane_core.text import Document

log = logging.getLogger("dataplane")

_STOP_SECONDS = 10.0

_RESERVE_SECONDS = 30.0

_OVERDUE_SECONDS = 20.0
"""How long after a commit HAProxy may be without it, before a reload is asked for."""


class FileObjects(Protocol):
    """What stands in the files of one folder, as objects: the folder's plugin says that.

    A file is cut into parts, each a document of its own whose sections `registry` declares.
    """

    @property
    def folder(self) -> Path:
        """The folder of the files."""

    @property
    def registry(self) -> Registry:
        """The collections of what stands in a part."""

    @property
    def part_kind(self) -> str:
        """What a part is called where it comes or goes itself."""

    def document(self, text: str) -> Document:
        """Return the text of a file as a document."""

    def parts(self, document: Document) -> Mapping[str, Document]:
        """Return the parts of a file by their names."""

    def path(self, file: str, part: str, reference: Reference | None = None) -> str:
        """Return the path in `/v3` of an object in a part of a file, or of the part itself."""

    def part_called(self, name: str) -> str:
        """Return what paths call the part that lines of the configuration call by a name."""

    def place(self, path: str) -> FilePlace | None:
        """Return the part, or the object in it, that a path in `/v3` means; None for another."""

    def store(self, name: str) -> ConfigStore:
        """Return the store of a file; raises `NotFound`."""


@dataclass(frozen=True, eq=False)
class Services:
    """The parts of a server, as `wiring.make_services` puts them together.

    Plugins add to `file_objects` whose files hold objects that the interface knows. The blocks of
    plugins are not in `settings`; each plugin of a third party is given services with its own block
    (`OwnForms`).
    """

    settings: Settings
    plugins: Manager
    registry: Registry
    state: State
    config: ConfigStore
    reloads: ReloadQueue
    runtime: Runtime
    used_files: UsedFiles
    callers: Callers
    counters: Counters
    events: EventTable
    comparisons: Comparisons
    authenticator: Authenticator
    sessions: Sessions
    tokens: Tokens
    log: logging.Logger = log
    file_objects: list[FileObjects] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _candidate: Candidate = field(default_factory=Candidate)

    @property
    def hooks(self) -> Any:
        """Calls the hooks of all plugins: `hooks.dataplane_committed(change=…)`."""
        return self.plugins.hook

    @property
    def transactions(self) -> Transactions:
        """Transactions of the configuration."""
        return self.config.transactions

    def recover(self) -> None:
        """Finish or undo what a killed server left half done; before workers are forked.

        Raises `StorageFailed` when the state belongs to a running server for another file.
        """
        self.config.file.recover()
        try:
            self.used_files.brought.recover()
        except StorageFailed as error:
            self.log.error("files that a predecessor replaced stay for now: %s", error.message)
        self.state.close()  # a connection must not be carried over a fork

    def start(self) -> None:
        """Begin background work; called once in each worker, after the fork."""
        duties = [self._request_overdue_reloads, self._keep_reserve]
        if not self.settings.dataplaneapi.disable_inotify:
            duties.append(self._follow_edits)
        self._begin("watchdog", self.plugins.watchdog.run, self._stop)
        self._begin("callers", self.callers.run, self._stop)
        self._begin("sessions", self.sessions.run, self._stop)
        self._begin("leader", self.reloads.run_leader, self._stop, duties)
        self.hooks.dataplane_start(services=self)

    def stop(self) -> None:
        """End background work, and wait for what is under way."""
        self._stop.set()
        with self.plugins.watchdog.at_work():
            self.hooks.dataplane_stop()
        for thread in self._threads:
            thread.join(_STOP_SECONDS)
        try:
            self.transactions.settle()
        except StorageFailed as error:
            log.warning("open transactions end with the machine's uptime: %s", error.message)
        self.state.close()

    def lead(self, name: str, duty: Duty) -> None:
        """Run `duty` in a thread of one worker of all, until the server stops.

        For `dataplane_start`, which every worker calls. `name` is the name of the lock; when the
        worker that has the lock dies, another takes over.
        """
        self._candidate.add(self.state.path(f"{name}.lock"), duty, self._stop, self._begin)

    def _begin(self, name: str, work: Callable[..., object], *arguments: object) -> None:
        """Do work in a thread, which `stop` waits for."""
        thread = threading.Thread(target=work, args=arguments, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _request_overdue_reloads(self, stop: threading.Event) -> None:
        """Look for commits that a plugin keeps from HAProxy: their hook does not return."""
        while not stop.wait(_OVERDUE_SECONDS / 4):
            self.config.file.request_overdue_reloads(_OVERDUE_SECONDS)

    def _keep_reserve(self, stop: threading.Event) -> None:
        """Have room on the disk of the state for what has to go well on a full one."""
        while True:
            with suppress(OSError):
                self.state.reserve.take(os.stat(self.settings.haproxy.config_file).st_size)
            if stop.wait(_RESERVE_SECONDS):
                return

    def _follow_edits(self, stop: threading.Event) -> None:
        """Watch haproxy.cfg: what someone else writes there is numbered, kept and reloaded."""
        watch(self.settings.haproxy.config_file, self.config.file.notice_edit, stop)


class OwnForms:
    """Makes of what hooks are given what each plugin of a third party gets: with its settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._services: dict[tuple[str, str], Services] = {}

    def __call__(self, plugin: str, module: str, argument: Any) -> Any:
        """Return the form of an argument for a plugin; the same one each time."""
        if isinstance(argument, Settings):
            return self._settings.seen_by(plugin, module)
        if not isinstance(argument, Services):
            return argument
        known = plugin, module
        if known not in self._services:
            own = self._settings.seen_by(plugin, module)
            self._services[known] = replace(argument, settings=own)
        return self._services[known]
