"""Plugins: those that come with the server, and those that other distributions bring."""

import importlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points

import pluggy

from dataplane_core.hooks import hookspecs
from dataplane_core.hooks.containment import PROJECT, Containment, Fault, PluginError
from dataplane_core.resources.registry import Registry, RegistryError
from dataplane_core.settings import Settings, SettingsError, SettingsProblem

GROUP = "dataplane.plugins"
"""The group of entry points that a distribution with a plugin declares."""

OWN_PACKAGE = "dataplane_plugins"
"""The package that comes with the server; its `PLUGINS` are its modules with hooks, by name."""


class Manager(pluggy.PluginManager):
    """pluggy's manager, with every hook of every plugin behind a shield.

    pluggy calls what was registered last first; plugins are registered in reverse, so that their
    hooks are called in the order in which they are named and loaded.
    """

    def __init__(self) -> None:
        super().__init__(PROJECT)
        self._containment = Containment(hookspecs.TERMS)
        self.add_hookspecs(hookspecs)

    @property
    def names(self) -> list[str]:
        """The names of the plugins, in the order in which they are loaded and called."""
        named = [name for name, plugin in self.list_name_plugin() if plugin is not None]
        return named[::-1]

    def watch(self, on_fault: Callable[[Fault], object]) -> None:
        """Call `on_fault` with each failure of a plugin from now on; it must not raise."""
        self._containment.on_fault = on_fault

    def add(self, plugins: Iterable[tuple[str, object]]) -> None:
        """Load and register plugins, each a name and a module, its path, or an entry point.

        Raises PluginError, with the plugin's name and a remedy: a plugin that cannot be loaded may
        be the one that says who may do what.
        """
        loaded = [(name, _load(name, plugin)) for name, plugin in plugins]
        for name, plugin in reversed(loaded):
            with _named(name):
                self.register(self._containment.shield(plugin, name), name)
        try:
            self.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(f"a plugin implements a hook that does not exist: {error}") from None


def make_manager(
    plugins: Iterable[object] | None = None, blocked: Iterable[str] = ()
) -> Manager:
    """A manager with all plugins registered and checked.

    `plugins` are modules, objects or names as in `own_plugins`; None means these and all
    installed. `blocked` are names of plugins that are left out.
    """
    manager = Manager()
    for name in blocked:
        manager.set_blocked(name)
    if plugins is None:
        wanted = [*own_plugins().items(), *installed()]
    else:
        wanted = list(_given(plugins))
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


def register_collections(manager: pluggy.PluginManager) -> Registry:
    """Ask every plugin for its collections, and freeze the registry."""
    registry = Registry()
    manager.hook.dataplane_register(registry=registry)
    try:
        registry.freeze()
    except RegistryError as error:
        raise PluginError(f"the plugins cannot be used together: {error}") from None
    return registry


def own_plugins() -> dict[str, str]:
    """Return the modules of the plugins that come with the server, in the order of their hooks.

    Their keys are the names under which plugins can be blocked. The core itself knows none of them.
    """
    modules: dict[str, str] = importlib.import_module(OWN_PACKAGE).PLUGINS
    return modules


def _given(plugins: Iterable[object]) -> Iterator[tuple[str, object]]:
    own = own_plugins()
    for plugin in plugins:
        if isinstance(plugin, str):
            yield plugin, own.get(plugin, plugin)
        else:
            yield getattr(plugin, "__name__", type(plugin).__name__), plugin


def installed() -> list[tuple[str, object]]:
    """What other distributions declare."""
    points = sorted(entry_points(group=GROUP), key=lambda one: one.name)
    return list({point.name: point for point in points}.items())


def _load(name: str, plugin: object) -> object:
    with _named(name):
        if isinstance(plugin, str):
            return importlib.import_module(plugin)
        return plugin.load() if isinstance(plugin, EntryPoint) else plugin


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Tell which plugin it was that cannot be loaded."""
    try:
        yield
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise PluginError(f"the plugin {name} cannot be loaded ({reason}); mend it, or name it "
                          "in dataplane.block_plugins") from error  # fmt: skip
