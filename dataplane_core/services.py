"""Everything behind the interface, made from the settings: usable without HTTP as well."""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from dataplane_core.haproxy.addresses import global_lines
from dataplane_core.haproxy.check import Checker
from dataplane_core.haproxy.leader import Duty, lead
from dataplane_core.haproxy.live import planner
from dataplane_core.haproxy.reload import ReloadQueue, ReloadRecord
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.haproxy.watch import watch
from dataplane_core.hooks.faults import record
from dataplane_core.hooks.manager import Manager, manager_of, register_collections
from dataplane_core.references import UsedFiles
from dataplane_core.resources.registry import Registry
from dataplane_core.settings import Settings
from dataplane_core.store import State
from dataplane_core.store.config import ConfigStore
from dataplane_core.store.transactions import Transactions

log = logging.getLogger("dataplane")

_STOP_SECONDS = 10.0


@dataclass(frozen=True, eq=False)
class Services:
    """What plugins and responders work with."""

    settings: Settings
    plugins: Manager
    registry: Registry
    state: State
    config: ConfigStore
    reloads: ReloadQueue
    runtime: Runtime
    used_files: UsedFiles
    log: logging.Logger = log
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def hooks(self) -> Any:
        """Calls hooks of all plugins."""
        return self.plugins.hook

    @property
    def transactions(self) -> Transactions:
        """The transactions of the configuration."""
        return self.config.transactions

    def start(self) -> None:
        """Begin background work; once in each worker, after the fork."""
        duties = [] if self.settings.dataplaneapi.disable_inotify else [self._follow_edits]
        thread = threading.Thread(
            target=self.reloads.run_leader, args=(self._stop, duties), name="leader", daemon=True
        )
        thread.start()
        self._threads.append(thread)
        self.hooks.dataplane_start(services=self)

    def stop(self) -> None:
        """End background work, and wait for what is under way."""
        self._stop.set()
        self.hooks.dataplane_stop()
        for thread in self._threads:
            thread.join(_STOP_SECONDS)

    def lead(self, name: str, duty: Duty) -> None:
        """Run `duty` in a thread of one worker of all, until the server stops.

        For `dataplane_start`, which every worker calls. `name` is that of the lock; when the
        worker that has it dies, another takes over.
        """
        thread = threading.Thread(
            target=lead,
            args=(self.state.path(f"{name}.lock"), [duty], self._stop),
            name=name,
            daemon=True,
        )
        thread.start()
        self._threads.append(thread)

    def _follow_edits(self, stop: threading.Event) -> None:
        """Watch haproxy.cfg: what someone else writes there is numbered, kept and reloaded."""

        watch(self.settings.haproxy.config_file, self.config.external_change, stop)


def make_services(
    settings: Settings, plugins: Iterable[object] | None = None, state: State | None = None
) -> Services:
    """Load the plugins and open the state and the configuration.

    `plugins` is as in `plugins.make_manager`; `state` is one that is open already. Raises
    `PluginError`, `SettingsError` and `StorageFailed`.
    """
    manager = manager_of(settings, plugins)
    manager.hook.dataplane_settings(settings=settings)
    registry = register_collections(manager)
    state = state or State(settings.state_dir)
    manager.watch(partial(record, state))
    runtime = Runtime(settings, lambda: global_lines(config.snapshot().document))
    reloads = ReloadQueue(settings, state, runtime, manager.hook)
    config = ConfigStore(
        settings, registry.section_kinds, Checker(settings), manager.hook, state, reloads
    )
    config.use(plan=planner(registry, manager.hook, runtime, reloads.under_way))
    used_files = UsedFiles(config, state, settings.dataplane.check_timeout)
    reloads.use(
        loading=config.version,
        on_succeeded=_accepter(config, used_files),
        on_failed=_restorer(config, used_files),
        put_back=lambda record: used_files.former.put_back(record.id),
    )
    return Services(settings, manager, registry, state, config, reloads, runtime, used_files)


def _accepter(config: ConfigStore, used_files: UsedFiles) -> Callable[[ReloadRecord], None]:
    def accept(record: ReloadRecord) -> None:
        config.mark_accepted(record.version)
        used_files.loaded(record.id)

    return accept


def _restorer(config: ConfigStore, used_files: UsedFiles) -> Callable[[ReloadRecord], int | None]:
    def restore(record: ReloadRecord) -> int | None:
        restored = config.restore_accepted(record.said, record.version)
        used_files.fallen_back()
        return restored

    return restore
