"""Load plugins, those that come with the server and those that other distributions bring."""

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from operator import attrgetter
from types import ModuleType
from typing import Any, Self, cast

import pluggy

from dataplane_core.dataclass import dataclass
from dataplane_core.entry_points import entry_points
from dataplane_core.hooks.containment import (
    PROJECT,
    REMEDY,
    Containment,
    Fault,
    OwnForm,
    PluginError,
    Terms,
)
from dataplane_core.hooks.specification import declared_hooks
from dataplane_core.hooks.time_limit import TimeLimit
from dataplane_core.hooks.watchdog import Watchdog

GROUP = "dataplane.plugins"
"""The group of entry points that a distribution with a plugin declares."""

OWN_PACKAGE = "dataplane_plugins"
"""The package that comes with the server; its `PLUGINS` are its modules with hooks, by name."""


LeftOut = Mapping[str, str]
"""Plugins of third parties that are left out, by name, each with the sentence that says why."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Why a plugin is not loaded: its `state` in lists, and the sentence of a fault, if it is one.

    `clause` ends a sentence about a plugin that needs it.
    """

    state: str
    clause: str
    fault: str = ""


BLOCKED = Absence("blocked", "which dataplane.block_plugins names")
NOT_CHOSEN = Absence("not chosen", "which dataplane.plugins.only does not name")


class Namesakes(tuple["metadata.EntryPoint", ...]):
    """Entry points of one name, that of plugins of several distributions."""

    def __new__(cls, first: object, second: "metadata.EntryPoint") -> Self:
        """Return one more entry point beside those that there were."""
        others = first if isinstance(first, Namesakes) else (cast(metadata.EntryPoint, first),)
        return super().__new__(cls, (*others, second))

    def load(self) -> None:
        """Refuse to choose."""
        names = " and ".join(f"{one.dist.name}" if one.dist else one.value for one in self)
        raise ImportError(f"it is the name of a plugin of {names}; uninstall all but one")


class Manager(pluggy.PluginManager):
    """pluggy's manager, with every hook of every plugin behind a shield.

    pluggy calls what was registered last first; plugins are registered in reverse, so that their
    hooks are called in the order in which they are named and loaded. `specifications` is the
    module of the server's own hooks; a plugin may declare further ones (`hookspec`). `has_others`
    tells whether there are plugins that do not come with the server; `own` are the names of those
    that do, and `points` the entry points of the others, by their names. `absent` are the plugins
    that are not loaded.
    """

    def __init__(self, specifications: ModuleType) -> None:
        super().__init__(PROJECT)
        self._terms: dict[str, Terms] = {}
        self._declared_by: dict[str, str] = {}
        self._containment = Containment(self._terms)
        self.has_others = False
        self.own = frozenset[str]()
        self.points: dict[str, metadata.EntryPoint] = {}
        self.absent: dict[str, Absence] = {}
        self._declare(specifications, "the server")

    @property
    def names(self) -> list[str]:
        """Names of the plugins, in the order in which they are loaded and called."""
        named = [name for name, plugin in self.list_name_plugin() if plugin is not None]
        return named[::-1]

    @property
    def foreign(self) -> list[str]:
        """Names of the loaded plugins that do not come with the server."""
        return [name for name in self.names if name not in self.own]

    @property
    def left_out(self) -> dict[str, str]:
        """Plugins that are not loaded because of a fault, by name, each with that fault."""
        return {name: one.fault for name, one in self.absent.items() if one.fault}

    def know(self, plugins: Iterable[tuple[str, object]]) -> None:
        """Note where plugins come from, loaded or not."""
        own = own_plugins()
        for name, plugin in plugins:
            if isinstance(plugin, str) and own.get(name) == plugin:
                self.own |= {name}
            elif isinstance(plugin, metadata.EntryPoint):
                self.points[name] = plugin

    @property
    def watchdog(self) -> Watchdog:
        """Names the plugins whose hooks do not return."""
        return self._containment.watchdog

    @property
    def limit(self) -> TimeLimit:
        """Calls hooks of third parties, which have to return in time."""
        return self._containment.limit

    def heard(self, hook: str, settings: object) -> Callable[..., Any] | None:
        """Return what calls the implementations of a hook; None where none has anything to do.

        A plugin of the server names in `PLUGIN_HOOKS_NEED` the setting without which its hook does
        nothing: most servers need not prepare what such a hook would be told.
        """
        idle = [
            plugin
            for name, plugin in self.list_name_plugin()
            if name in self.own and _is_idle(plugin, hook, settings)
        ]
        caller = self.subset_hook_caller(hook, idle)
        return caller if caller.get_hookimpls() else None

    def watch(self, on_fault: Callable[[Fault], object]) -> None:
        """Call `on_fault` with each failure of a plugin from now on; it must not raise."""
        self._containment.on_fault = on_fault

    def give_forms(self, own_form: OwnForm) -> None:
        """Give plugins of third parties their own forms of what hooks are given from now on."""
        self._containment.own_form = own_form

    def add(self, plugins: Iterable[tuple[str, object]]) -> None:
        """Load and register plugins, each a name and a module, its path, or an entry point.

        Raises PluginError, with the plugin's name and a remedy: a plugin that cannot be loaded may
        be the one that says who may do what.
        """
        loaded = []
        for name, plugin in plugins:
            self.has_others |= name not in self.own
            loaded.append((name, self._load(name, plugin)))
        for name, plugin in loaded:
            with _named(name):
                self._declare(plugin, name)
        if any(getattr(plugin, "PLUGIN_REQUIRES", ()) for _, plugin in loaded):
            from dataplane_core.hooks.requirements import in_order

            loaded = in_order(loaded, {name: one.clause for name, one in self.absent.items()})
        for name, plugin in reversed(loaded):
            with _named(name):
                self.register(self._shielded(name, plugin), name)
        try:
            self.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(
                f"a plugin implements a hook that does not exist: {error}; where the plugin that "
                "declares it may be left out, mark it with impl(optionalhook=True)",
                repr(error.plugin),
            ) from None

    def _shielded(self, name: str, plugin: object) -> object:
        named = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__
        module = "" if name in self.points else named
        foreign = name not in self.own
        return self._containment.shield(plugin, name, foreign=foreign, module=module)

    def _load(self, name: str, plugin: object) -> object:
        """Return a plugin's module or object, of a class a new one; raises PluginError."""
        with _named(name, getattr(plugin, "module", plugin)):
            if isinstance(plugin, str):
                plugin = importlib.import_module(plugin)
            elif isinstance(plugin, metadata.EntryPoint | Namesakes):
                plugin = self.limit.call(name, "import", plugin.load)
        stated = getattr(plugin, "PLUGIN_API", None)
        if stated is not None:
            from dataplane_core.hooks.surface import misfit

            if reason := misfit(stated):
                raise PluginError(f"the plugin {name} does not fit this server: {reason}", name)
        with _named(name):
            return self.limit.call(name, "import", plugin) if isinstance(plugin, type) else plugin

    def _declare(self, namespace: object, name: str) -> None:
        """Take the hooks that a module, or a plugin called `name`, declares."""
        terms = declared_hooks(namespace)
        for hook in terms:
            if hook in self._terms:
                raise ValueError(f"it declares the hook {hook}, as {self._declared_by[hook]} does")
        if terms:
            self._terms.update(terms)
            self._declared_by.update(dict.fromkeys(terms, name))
            self.add_hookspecs(cast(ModuleType, namespace))


def _is_idle(plugin: object, hook: str, settings: object) -> bool:
    setting = getattr(plugin, "PLUGIN_HOOKS_NEED", {}).get(hook)
    return setting is not None and not attrgetter(setting)(settings)


def own_plugins() -> dict[str, str]:
    """Return the modules of the plugins that come with the server, in the order of their hooks.

    Their keys are the names under which plugins can be blocked. The core itself knows none of them.
    """
    modules: dict[str, str] = importlib.import_module(OWN_PACKAGE).PLUGINS
    return modules


def named_plugins(plugins: Iterable[object]) -> Iterator[tuple[str, object]]:
    """Yield plugins with their names; each is a module, an object, or a name of `own_plugins`."""
    own = own_plugins()
    for plugin in plugins:
        if isinstance(plugin, str):
            yield plugin, own.get(plugin, plugin)
        else:
            yield getattr(plugin, "__name__", type(plugin).__name__), plugin


def installed() -> list[tuple[str, object]]:
    """Return the plugins that other distributions declare: entry points by name, sorted.

    Two of one name are `Namesakes`: neither may be taken for the other.
    """
    points: dict[str, object] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        first = points.get(point.name)
        points[point.name] = point if first is None else Namesakes(first, point)
    return list(points.items())


@contextmanager
def _named(name: str, module: object = "") -> Iterator[None]:
    """Tell which plugin it was that cannot be loaded, and that its `module` does not fit."""
    try:
        yield
    except (Exception, SystemExit) as error:
        from dataplane_core.hooks.surface import missing_name

        if reason := missing_name(error, str(module)):
            said = f"the plugin {name} does not fit this server: {reason}"
            raise PluginError(said, name) from error
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        said = f"the plugin {name} cannot be loaded ({reason}); {REMEDY}"
        raise PluginError(said, name) from error
