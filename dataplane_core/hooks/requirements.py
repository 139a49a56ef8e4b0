"""What a plugin needs of others: they are loaded before it, or it is not loaded either."""

from collections.abc import Mapping, Sequence

from dataplane_core.hooks.containment import PluginError

Named = tuple[str, object]


def required_by(name: str, plugin: object) -> tuple[str, ...]:
    """Return the names that a plugin states as `PLUGIN_REQUIRES`; raises PluginError for others."""
    stated = getattr(plugin, "PLUGIN_REQUIRES", ())
    if isinstance(stated, list | tuple) and all(isinstance(one, str) for one in stated):
        return tuple(stated)
    said = f"PLUGIN_REQUIRES is {stated!r} and has to be a list of names of plugins"
    raise PluginError(f"the plugin {name} cannot be loaded: {said}", name)


def in_order(plugins: Sequence[Named], absent: Mapping[str, str]) -> list[Named]:
    """Return plugins in their order, each behind those that it requires.

    `absent` says of plugins that are not loaded why. Raises PluginError for a plugin that requires
    one that is not there, or itself by way of others.
    """
    there, ordered = dict(plugins), dict[str, object]()

    def place(name: str, waiting: tuple[str, ...]) -> None:
        for other in required_by(name, there[name]):
            if other not in there:
                why = absent.get(other, "which is not installed")
                raise PluginError(f"the plugin {name} needs the plugin {other}, {why}", name)
            if other in (*waiting, name):
                chain = " and ".join(dict.fromkeys((*waiting, name)))
                raise PluginError(f"the plugins {chain} need each other", name)
            if other not in ordered:
                place(other, (*waiting, name))
        ordered[name] = there[name]

    for name, _ in plugins:
        if name not in ordered:
            place(name, ())
    return list(ordered.items())
