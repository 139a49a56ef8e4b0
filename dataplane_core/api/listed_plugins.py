"""List the plugins: where each comes from, what it adds to the server, and its state."""

from collections import defaultdict
from collections.abc import Iterable
from importlib import metadata
from typing import Any

from dataplane_core import __version__
from dataplane_core.api.routes import Route, Routes
from dataplane_core.dataclass import dataclass
from dataplane_core.hooks.manager import Manager
from dataplane_core.hooks.surface import stated_in
from dataplane_core.resources.origins import OWN_INTERFACE
from dataplane_core.resources.registry import Registry

_OWN = "built in"


@dataclass(frozen=True, slots=True)
class ListedPlugin:
    """A plugin, with all that it adds.

    `origin` is its distribution and that one's version in a few words, `distribution` is empty for
    a plugin that comes with no distribution of its own; `contract` is the version of the surface
    that it was written for, empty where it does not say. `state` is `loaded`, `blocked`,
    `not chosen` or `left out`, and `fault` says why it is left out. `collections` are the names of
    those that it declares, `routes` its paths below the prefix of a version; `/dataplane/v1` stands
    in front of those of the server's own interface.
    """

    name: str
    origin: str
    distribution: str
    version: str
    contract: str
    state: str
    fault: str
    collections: tuple[str, ...]
    routes: tuple[str, ...]
    hooks: tuple[str, ...]

    @property
    def is_foreign(self) -> bool:
        """Whether the plugin does not come with the server."""
        return self.origin != _OWN


def listed_plugins(manager: Manager, registry: Registry, routes: Routes) -> list[ListedPlugin]:
    """Return all plugins in the order in which they are called, those not loaded at the end."""
    collections, paths = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for one in registry.collections.values():
        collections[one.origin].append(one.name)
    for route, versions in routes.routes:
        paths[route.origin].append(_shown(route, versions))
    found = []
    for name in manager.names:
        plugin = manager.get_plugin(name)
        hooks = tuple(sorted(one.name for one in manager.get_hookcallers(plugin) or ()))
        found.append(
            ListedPlugin(
                name, *_origin(manager, name, name in manager.own),
                str(getattr(plugin, "PLUGIN_API", "")), "loaded", "",
                tuple(sorted(collections[name])), tuple(sorted(set(paths[name]))), hooks,
            )
        )  # fmt: skip
    for name, absence in manager.absent.items():
        own = name in manager.own and not absence.fault
        where, contract = _origin(manager, name, own), _stated(manager, name)
        found.append(ListedPlugin(name, *where, contract, absence.state, absence.fault, (), (), ()))
    return found


def _stated(manager: Manager, name: str) -> str:
    """Return the version that the source of a plugin states, which is not loaded."""
    point: Any = manager.points.get(name)
    return stated_in(point.module) if isinstance(point, metadata.EntryPoint) else ""


def _shown(route: Route, versions: Iterable[str] | None) -> str:
    own = versions is not None and OWN_INTERFACE in versions
    return f"/dataplane/v1{route.template}" if own else route.template


def _origin(manager: Manager, name: str, own: bool) -> tuple[str, str, str]:
    """Return where a plugin comes from, in words and as a distribution with its version."""
    if own:
        return _OWN, "", __version__
    point: Any = manager.points.get(name)
    dist = point.dist if isinstance(point, metadata.EntryPoint) else None
    if dist is None:
        return "no distribution", "", ""
    return f"{dist.name} {dist.version}", dist.name, dist.version
