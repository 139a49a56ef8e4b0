"""Put a server together from its settings: the one module that knows all the others."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from dataplane_core import hookspecs
from dataplane_core.auth import Authenticator, Sessions, Tokens
from dataplane_core.errors import DataplaneError, Reference, StartRefused
from dataplane_core.haproxy.addresses import GlobalLines
from dataplane_core.haproxy.check import HaproxyChecker
from dataplane_core.haproxy.live import LivePlanner
from dataplane_core.haproxy.reload import ReloadQueue
from dataplane_core.haproxy.runtime import Runtime
from dataplane_core.haproxy.shown_words import shown_words
from dataplane_core.hooks.containment import REMEDY, PluginError
from dataplane_core.hooks.manager import (
    BLOCKED,
    NOT_CHOSEN,
    Absence,
    LeftOut,
    Manager,
    installed,
    named_plugins,
    own_plugins,
)
from dataplane_core.hooks.time_limit import SECONDS
from dataplane_core.references import LoadedFiles, UsedFiles
from dataplane_core.references.lost_scripts import loads_otherwise, lost_with_scripts
from dataplane_core.references.names_in_files import lost_in_files
from dataplane_core.resources.comparisons import Comparisons
from dataplane_core.resources.dangers import Dangers
from dataplane_core.resources.locate import object_at
from dataplane_core.resources.lost_names import taken
from dataplane_core.resources.origins import Origins, RegistryError, Unchecked
from dataplane_core.resources.referring import lost_names
from dataplane_core.resources.registry import Registry
from dataplane_core.services import OwnForms, Services
from dataplane_core.settings import Settings, SettingsError
from dataplane_core.settings.plugin_blocks import broken_blocks
from dataplane_core.store import State
from dataplane_core.store.config import ConfigStore
from dataplane_core.store.file_history import FileHistory
from dataplane_core.store.journal.callers import Callers
from dataplane_core.store.journal.counters import Counters
from dataplane_core.store.journal.events import EventTable
from dataplane_core.store.journal.plugin_faults import record
from dataplane_core.store.journal.reloads import ReloadTable
from dataplane_core.store.journal.version_objects import TouchedObject
from dataplane_core.store.lost_names import LostName
from dataplane_core.store.versioned_file import VersionedFile
from dataplane_core.text import Document

T = TypeVar("T")


def make_services(
    settings: Settings,
    plugins: Iterable[object] | None = None,
    state: State | None = None,
    left_out: LeftOut | None = None,
) -> Services:
    """Load the plugins, and make all that stands behind the HTTP interface.

    Each part is made from parts that are made before it. `plugins` is as in `make_manager`; `state`
    is one that is open already; `left_out` is for `without_faulty_plugins`, which is begun where it
    is not given. Raises `PluginError`, `SettingsError` and `StorageFailed`, with nothing left open.
    """
    if left_out is None:
        make = partial(make_services, settings, plugins, state)
        return without_faulty_plugins(settings, plugins, make)
    manager = manager_of(settings, plugins, left_out)
    manager.give_forms(OwnForms(settings))
    with manager.watchdog.at_work():
        manager.hook.dataplane_settings(settings=settings)
        registry = register_collections(manager, check=manager.has_others)
    if state is not None:
        return _services_on(state, settings.without_blocks(), manager, registry)
    state = State(settings.state_dir)
    with state.shut_on_failure():
        return _services_on(state, settings.without_blocks(), manager, registry)


def _services_on(
    state: State, settings: Settings, manager: Manager, registry: Registry
) -> Services:
    """Make the parts that keep something in the state, and all that stands on them."""
    manager.watch(partial(record, state))
    counters = Counters(state)
    # The other half is for answers that the event loop remembers.
    registry.language.budget.limit = settings.dataplane.cache_size // 2
    reload = settings.haproxy.reload
    requests = ReloadTable(state, reload.reload_delay, reload.reload_retention, counters)
    file = VersionedFile(
        settings,
        registry.language,
        state,
        requests,
        HaproxyChecker(settings, counters, shown_words(settings, registry)),
        partial(object_at, registry),
        FileHistory(settings, state),
    )
    lines = GlobalLines(lambda: file.snapshot().document)
    runtime = Runtime(settings, lines, counters)
    used_files = UsedFiles(file, state, settings.dataplane.check_timeout, requests.awaited_ids)
    reloads = ReloadQueue(
        settings, state, requests, runtime, manager.hook, LoadedFiles(file, used_files), registry
    )
    comparisons = Comparisons(registry)
    live = LivePlanner(registry, manager.hook, runtime, requests.under_way, requests.awaited)
    config = ConfigStore(
        file,
        reloads,
        settings.dataplaneapi.transaction.max_open_transactions,
        manager.hook,
        live.plan,
        live.foresee,
        partial(counters.add, "commits"),
        partial(_merge, registry),
        partial(_touched, comparisons),
        partial(_lost, registry, file.path),
        Dangers(registry, settings).added,
        refuses_dangers=settings.dataplane.dangerous_lines == "refuse",
        keeps_names=settings.dataplane.references == "refuse",
    )
    authenticator = Authenticator(settings, lambda: file.snapshot().document)
    limits = settings.dataplane.session_idle, settings.dataplane.session_lifetime
    return Services(
        settings, manager, registry, state, config, reloads, runtime, used_files,
        Callers(state, counters), counters, EventTable(state), comparisons,
        authenticator, Sessions(state, authenticator, *limits),
        Tokens(state, settings.dataplane.token),
    )  # fmt: skip


def _merge(registry: Registry, base: Document, mine: Document, newest: Document) -> Document:
    """Put a change on the newest version; what does that is loaded when it is first asked for."""
    from dataplane_core.resources.merge import Merger

    return Merger(registry).merge(base, mine, newest)


def _touched(comparisons: Comparisons, before: Document, after: Document) -> list[TouchedObject]:
    """Return the objects in which two configurations differ, as versions record them."""
    return [TouchedObject(*one) for one in comparisons.touched(before, after)]


def _lost(
    registry: Registry, config_file: Path, before: Document, after: Document
) -> list[LostName]:
    """Return the names that a change takes from what refers to them, be it in other files."""
    gone = [*taken(registry.names, before, after)]
    found: defaultdict[str, list[Reference]] = defaultdict(list)
    lines: defaultdict[str, list[str]] = defaultdict(list)
    for thing, user in lost_names(registry, before, after, gone) if gone else ():
        found[thing].append(user)
    for thing, line in lost_in_files(registry, before, after, config_file) if gone else ():
        lines[thing].append(line)
    loads = loads_otherwise(before, after) and lost_with_scripts(
        registry, before, after, config_file
    )
    for name, where, line in loads or ():
        if where is not None:
            found[name].append(where)
        else:
            lines[name].append(line)
    return [
        LostName(thing, tuple(found.get(thing, ())), tuple(lines.get(thing, ())))
        for thing in {**found, **lines}
    ]


def without_faulty_plugins(
    settings: Settings, plugins: Iterable[object] | None, make: Callable[[LeftOut], T]
) -> T:
    """Return what is made without the plugins of third parties that cannot take part.

    Where one fails, all is made anew without it. Plugins that `plugins` names, and all where the
    settings say so (`plugins_strict`), stop the start instead, as do those that are required.
    """
    try:
        return make({})
    except Exception as error:
        told = isinstance(error, DataplaneError | StartRefused)
        if plugins is not None or settings.dataplane.plugins_strict:
            raise
        names = [name for name, _ in installed()]
        if not names or (told and not isinstance(error, PluginError)):
            raise
        fault = error
    from dataplane_core.hooks.left_out import without_faulty
    from dataplane_core.settings.plugin_choice import required_plugins

    required = required_plugins(settings, names)
    return without_faulty(make, [one for one in names if one not in required], fault, required)


def make_manager(
    plugins: Iterable[object] | None = None,
    blocked: Iterable[str] = (),
    only: Iterable[str] = (),
    left_out: LeftOut = MappingProxyType({}),
    hook_timeout: float = SECONDS,
) -> Manager:
    """Return a manager with all plugins registered and checked.

    `plugins` are modules, objects or names as in `own_plugins`; None means these and all installed.
    `blocked` are names of plugins that are not loaded; `only`, if there are any, of all that are.
    """
    manager, chosen = Manager(hookspecs), set(only)
    if plugins is None:
        wanted = [*own_plugins().items(), *installed()]
    else:
        wanted = list(named_plugins(plugins))
    manager.know(wanted)
    manager.limit.seconds = hook_timeout
    there = []
    for name, plugin in wanted:
        absence = None
        if name in blocked:
            absence = BLOCKED
        elif chosen and name not in chosen:
            absence = NOT_CHOSEN
        elif name in left_out and not isinstance(plugin, str):
            absence = Absence("left out", "which is left out", left_out[name])
        if absence is None:
            there.append((name, plugin))
        else:
            manager.absent[name] = absence
    manager.add(there)
    return manager


def manager_of(
    settings: Settings,
    plugins: Iterable[object] | None = None,
    left_out: LeftOut = MappingProxyType({}),
) -> Manager:
    """Return the manager that the settings ask for, as `make_manager` makes it.

    Raises SettingsError where a setting names a plugin that does not exist, as what was to be left
    out would be loaded, or one that is required is left out by another setting.
    """
    choice = settings.dataplane.plugins
    blocked, only = settings.dataplane.block_plugins, choice.only
    if plugins is None and (blocked or only or choice.required or broken_blocks()):
        from dataplane_core.settings.plugin_choice import unusable_settings, wrong_choices

        others = [name for name, _ in installed()]
        if problems := [*wrong_choices(settings, {*own_plugins(), *others})]:
            raise SettingsError(tuple(problems))
        for name, fault in unusable_settings(others).items():
            if not (name in blocked or name in left_out or (only and name not in only)):
                raise PluginError(f"{fault}; {REMEDY}", name)
    return make_manager(plugins, blocked, only, left_out, settings.dataplane.hook_timeout)


def declared(settings: Settings, left_out: LeftOut | None = None) -> tuple[Manager, Registry]:
    """Return the plugins that the settings ask for, and what they declare."""
    if left_out is None:
        return without_faulty_plugins(settings, None, partial(declared, settings))
    manager = manager_of(settings, None, left_out)
    return manager, register_collections(manager)


def register_collections(manager: Manager, *, check: bool = True) -> Registry:
    """Ask every plugin for its collections, and return them as a frozen registry.

    Raises PluginError for plugins whose declarations cannot stand together. That costs a tenth of a
    start, and need not be asked again of plugins that come with the server: `check`.
    """
    registry = Registry(Origins() if check else Unchecked())
    manager.hook.dataplane_register(registry=registry)
    with refused_declarations():
        registry.freeze()
    return registry


@contextmanager
def refused_declarations() -> Iterator[None]:
    """Add to the refusal of a plugin's declarations what can be done about it."""
    try:
        yield
    except RegistryError as error:
        raise PluginError(
            f"the declarations of the plugins do not fit together: {error}; "
            "mend a plugin, or name it in dataplane.block_plugins",
            *error.origins,
        ) from None


