"""Find the blocks of settings that installed plugins declare, and put them into the table.

A distribution names the dataclass of its block in the entry point group `dataplane.settings`, under
the name of its plugin. The keys of the block stand in files under `plugins`, and their flags and
variables are made from their paths, so that no two plugins can want the same.
"""

import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, field, fields, is_dataclass, make_dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from dataplane_core.settings.fields import METADATA, SettingFacts, setting
from dataplane_core.settings.kinds import OBJECTS

GROUP = "dataplane.settings"
"""The group of entry points that a distribution with a block of settings declares."""
PLUGINS = "plugins."
"""How the paths of the keys of all such blocks begin."""


class PluginSettings:
    """The place of the block `plugins` in the settings; `plugin_blocks` makes what stands there."""


@cache
def plugin_blocks() -> type:
    """Return the dataclass of the block `plugins`: a block for each plugin that declares one.

    A block that cannot be loaded takes anything and has no effect, with a warning that says why:
    the fault of a plugin stops no other one.
    """
    points = {_name(one.name): one for one in entry_points(group=GROUP)}
    members = [(name, *_member(one)) for name, one in sorted(points.items()) if name.isidentifier()]
    return make_dataclass("PluginsSettings", members, bases=(PluginSettings,), frozen=True)


def own_facts(path: str, facts: SettingFacts) -> SettingFacts:
    """Return the facts of a plugin's key with its flag and variable; a secret has no flag.

    `plugins.my_addon.token_file` has `--my-addon.token-file` and `DATAPLANE_MY_ADDON__TOKEN_FILE`.
    """
    if not path.startswith(PLUGINS) or "[]" in path or facts.kind is OBJECTS:
        return facts
    words = path.removeprefix(PLUGINS)
    flag = "" if facts.secret else "--" + words.replace("_", "-")
    variable = "DATAPLANE_" + words.replace(".", "__").upper()
    return replace(facts, flag=flag, short="", environment=variable)


def _name(name: str) -> str:
    """Return what the block of a plugin is called in a file: a name with underscores."""
    return re.sub(r"\W", "_", name)


def _member(point: EntryPoint) -> tuple[Any, Any]:
    """Return type and field of a plugin's block."""
    try:
        block = point.load()
        if fault := next(_faults(block), ""):
            raise TypeError(fault)
        block()
    except (Exception, SystemExit) as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        unused = f"the settings of the plugin {point.name} cannot be loaded ({said})"
        return tuple[Any, ...], setting((), OBJECTS, "Settings of a plugin.", unused=unused)
    return block, field(default_factory=block)


def _faults(block: Any) -> Iterator[str]:
    """Yield what is wrong with what a plugin says its block is."""
    if not (isinstance(block, type) and is_dataclass(block)):
        yield f"{block!r} is no dataclass"
        return
    for item in fields(block):
        if METADATA not in item.metadata and not _is_inner(item):
            yield f"{item.name} is neither made by setting(…) nor a block with a default"


def _is_inner(item: "Field[Any]") -> bool:
    """Whether a field holds a block, or a list of blocks, which is empty where it is not set."""
    made = item.default_factory
    if isinstance(made, type) and is_dataclass(made):
        return next(_faults(made), None) is None
    return made is MISSING and item.default == ()
