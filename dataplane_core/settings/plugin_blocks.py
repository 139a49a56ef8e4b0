"""Find the blocks of settings that installed plugins declare, and put them into the table.

A distribution names the dataclass of its block in the entry point group `dataplane.settings`, under
the name of its plugin. The keys of the block stand in files under `plugin_settings`; their flags
and variables are made from their paths, so that no two plugins can want the same.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, Field, field, fields, is_dataclass, make_dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from dataplane_core.entry_points import entry_points
from dataplane_core.settings.fields import METADATA, SettingFacts, setting
from dataplane_core.settings.kinds import OBJECTS

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

B = TypeVar("B")

GROUP = "dataplane.settings"
"""The group of entry points that a distribution with a block of settings declares."""
PREFIX = "plugin_settings."
"""How the paths of the keys of all such blocks begin."""


class PluginBlocks:
    """The block `plugin_settings`, which has a field for each block of a plugin."""

    def blocks(self) -> dict[str, Any]:
        """Return the blocks by their names."""
        return {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]

    def owned_by(self, plugin: str, module: str = "") -> list[str]:
        """Return the name of the block that a plugin has declared, in a list; empty for none.

        A plugin that is not installed, but given to an application, has the block that is declared
        in its `module`, or below.
        """
        if not module:
            return [name for name in self.blocks() if name == block_name(plugin)]
        places = {name: f"{type(block).__module__}." for name, block in self.blocks().items()}
        return [name for name, place in places.items() if place.startswith(f"{module}.")]


@cache
def plugin_blocks() -> type:
    """Return the dataclass of the block `plugin_settings`: a block for each that is declared.

    A block that cannot be loaded takes anything and has no effect, with a warning that says why:
    the fault of a plugin stops no other one.
    """
    points: defaultdict[str, list[EntryPoint]] = defaultdict(list)
    for point in entry_points(group=GROUP):
        points[block_name(point.name)].append(point)
    named = [(name, some) for name, some in sorted(points.items()) if name.isidentifier()]
    members = [(name, *_member(some)) for name, some in named]
    return make_dataclass("InstalledPluginBlocks", members, bases=(PluginBlocks,), frozen=True)


def broken_blocks() -> dict[str, str]:
    """Return the blocks that cannot be loaded, by name, each with a sentence that says why."""
    found = {item.name: item.metadata.get(METADATA) for item in fields(plugin_blocks())}
    return {name: facts.unused for name, facts in found.items() if facts is not None}


def without_secrets(block: B) -> B:
    """Return a block of settings in which each secret has its default; those of plugins stay."""
    changes: dict[str, Any] = {}
    for item in fields(block):  # type: ignore[arg-type]
        value, facts = getattr(block, item.name), item.metadata.get(METADATA)
        if facts is not None:
            changes |= {item.name: item.default} if facts.secret else {}
        elif isinstance(value, tuple):
            changes[item.name] = tuple(
                without_secrets(one) if is_dataclass(one) else one for one in value
            )
        elif is_dataclass(value) and not isinstance(value, PluginBlocks):
            changes[item.name] = without_secrets(value)
    return replace(block, **changes)  # type: ignore[type-var]


def own_facts(path: str, facts: SettingFacts) -> SettingFacts:
    """Return the facts of a plugin's key with its flag and variable; a secret has no flag.

    `plugin_settings.my_addon.token_file` has `--my-addon.token-file` and
    `DATAPLANE_MY_ADDON__TOKEN_FILE`.
    """
    if not path.startswith(PREFIX) or "[]" in path or facts.kind is OBJECTS:
        return facts
    words = path.removeprefix(PREFIX)
    flag = "" if facts.secret else "--" + words.replace("_", "-")
    variable = "DATAPLANE_" + words.replace(".", "__").upper()
    return replace(facts, flag=flag, short="", environment=variable)


def block_name(name: str) -> str:
    """Return what the block of a plugin is called in a file: a name with underscores."""
    return re.sub(r"\W", "_", name)


def _member(points: "list[EntryPoint]") -> tuple[Any, Any]:
    """Return type and field of a plugin's block, which one entry point has to declare."""
    point, *others = points
    try:
        if others:
            raise TypeError(f"{declared_by(points)} all declare them")
        block = point.load()
        if fault := next(_faults(block), ""):
            raise TypeError(fault)
        block()
    except (Exception, SystemExit) as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        unused = f"the settings of the plugin {point.name} cannot be loaded ({said})"
        return tuple[Any, ...], setting((), OBJECTS, "Settings of a plugin.", unused=unused)
    return block, field(default_factory=block)


def declared_by(points: "Sequence[EntryPoint]") -> str:
    """Return in words where entry points come from."""
    return " and ".join(getattr(one.dist, "name", None) or one.value for one in points)


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
