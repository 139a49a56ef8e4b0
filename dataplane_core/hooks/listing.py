"""List the plugins for a person."""

from importlib.metadata import EntryPoint

from dataplane_core.dataclass import dataclass
from dataplane_core.hooks.manager import Manager, installed


@dataclass(frozen=True, slots=True)
class ListedPlugin:
    """A plugin with the distribution that brings it, and the hooks that it implements.

    `blocked`: the setting `block_plugins` leaves it out.
    """

    name: str
    origin: str
    hooks: tuple[str, ...]
    blocked: bool


def listed_plugins(manager: Manager) -> list[ListedPlugin]:
    """Return all plugins in the order in which they are called, those blocked at the end."""
    plugins = dict(manager.list_name_plugin())
    blocked = [name for name, plugin in plugins.items() if plugin is None]
    points = dict(installed())
    found = []
    for name in (*manager.names, *blocked):
        callers = manager.get_hookcallers(plugins[name]) if plugins[name] is not None else None
        hooks = tuple(sorted(one.name for one in callers or ()))
        found.append(ListedPlugin(name, _origin(points.get(name)), hooks, name in blocked))
    return found


def _origin(point: object) -> str:
    dist = point.dist if isinstance(point, EntryPoint) else None
    return f"{dist.name} {dist.version}" if dist else "built in"
