"""How a server is put together from its settings: the one module that knows all the others."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import partial

from dataplane_core import hookspecs
from dataplane_core.haproxy.addresses import global_lines
from dataplane_core.haproxy.check import HaproxyChecker
from dataplane_core.haproxy.live import planner
from dataplane_core.haproxy.reload import ReloadQueue, ReloadRecord
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.hooks.containment import PluginError
from dataplane_core.hooks.manager import Manager, installed, named_plugins, own_plugins
from dataplane_core.references import UsedFiles
from dataplane_core.resources.locate import object_at
from dataplane_core.resources.registry import Registry, RegistryError
from dataplane_core.services import Services
from dataplane_core.settings import Settings, SettingsError, SettingsProblem
from dataplane_core.store import State
from dataplane_core.store.config import ConfigStore
from dataplane_core.store.journal.plugin_faults import record


def make_services(
    settings: Settings, plugins: Iterable[object] | None = None, state: State | None = None
) -> Services:
    """Load the plugins and open the state and the configuration.

    `plugins` is as in `make_manager`; `state` is one that is open already. Raises
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
        settings, registry.language, HaproxyChecker(settings), manager.hook, state, reloads
    )
    config.use(
        plan=planner(registry, manager.hook, runtime, reloads.under_way),
        locate=partial(object_at, registry),
    )
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


def make_manager(
    plugins: Iterable[object] | None = None, blocked: Iterable[str] = ()
) -> Manager:
    """A manager with all plugins registered and checked.

    `plugins` are modules, objects or names as in `own_plugins`; None means these and all
    installed. `blocked` are names of plugins that are left out.
    """
    manager = Manager(hookspecs)
    for name in blocked:
        manager.set_blocked(name)
    if plugins is None:
        wanted = [*own_plugins().items(), *installed()]
    else:
        wanted = list(named_plugins(plugins))
    manager.add(one for one in wanted if not manager.is_blocked(one[0]))
    return manager


def manager_of(settings: Settings, plugins: Iterable[object] | None = None) -> Manager:
    """The manager that the settings ask for, as `make_manager` makes it.

    Raises SettingsError when `block_plugins` names a plugin that does not exist: what was to be
    left out would be loaded.
    """
    blocked = settings.dataplane.block_plugins
    if plugins is None:
        known = {*own_plugins(), *(name for name, _ in installed())}
        problems = [_unknown(settings, name, known) for name in blocked if name not in known]
        if problems:
            raise SettingsError(tuple(problems))
    return make_manager(plugins, blocked)


def _unknown(settings: Settings, name: str, known: Iterable[str]) -> SettingsProblem:
    near = get_close_matches(name, sorted(known), n=1)
    names = "names are those of the server's own modules, as service.docs, and of entry points"
    remedy = f"did you mean {near[0]}?" if near else names
    return settings.problem("dataplane.block_plugins", f"there is no plugin {name}; {remedy}")


def register_collections(manager: Manager) -> Registry:
    """Ask every plugin for its collections, and freeze the registry."""
    registry = Registry()
    manager.hook.dataplane_register(registry=registry)
    try:
        registry.freeze()
    except RegistryError as error:
        raise PluginError(f"the plugins cannot be used together: {error}") from None
    return registry


