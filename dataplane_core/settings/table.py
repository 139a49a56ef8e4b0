"""List every key of the settings with its path, kind, default, flag, variable and help.

The list is read off the dataclasses of `tree`; nothing is written twice. Flags, environment, files
and the manual page are all made by walking over it.
"""

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

from dataplane_core.dataclass import dataclass
from dataplane_core.settings.fields import METADATA, SettingFacts
from dataplane_core.settings.plugin_blocks import PluginBlocks, own_facts, plugin_blocks
from dataplane_core.settings.tree import Settings

FILE = "file"
"""What the path of the settings file is called among the flags that were given."""


@dataclass(frozen=True, slots=True)
class SettingKey:
    """One key; its `path` is dotted, and has `[]` behind the name of a list of blocks."""

    path: str
    facts: SettingFacts
    default: object

    @property
    def repeated(self) -> bool:
        """Whether the key stands in a list of blocks: only a file can set it then."""
        return "[]" in self.path

    @property
    def shown_default(self) -> str:
        """The default as one would write it."""
        return self.facts.kind.show(self.default)


@dataclass(frozen=True, slots=True)
class BlockMember:
    """One name of a block: a key (with `facts`), or an inner block (with `block`, its class).

    An inner block that is `many` is a list of blocks.
    """

    name: str
    default: Any
    facts: SettingFacts | None = None
    block: type | None = None
    many: bool = False


@cache
def members(block: type) -> dict[str, BlockMember]:
    """Return the names that a block takes from a file, in their order."""
    hints = get_type_hints(block)
    found = {}
    for item in fields(block):
        inner = _block(hints[item.name])
        facts = item.metadata.get(METADATA)
        if facts is not None:
            found[item.name] = BlockMember(item.name, item.default, facts)
        elif inner is not None:
            many = item.default is not MISSING
            found[item.name] = BlockMember(item.name, item.default, block=inner, many=many)
    return found


def _block(hint: Any) -> type | None:
    candidates = (hint, *get_args(hint))
    if hint is PluginBlocks:
        return plugin_blocks()
    return next((c for c in candidates if isinstance(c, type) and is_dataclass(c)), None)


@cache
def keys() -> tuple[SettingKey, ...]:
    """Return every key of the settings, block by block."""
    return tuple(_keys(Settings, ""))


def _keys(block: type, prefix: str) -> Iterator[SettingKey]:
    for member in members(block).values():
        path = prefix + member.name
        if member.facts is not None:
            yield SettingKey(path, own_facts(path, member.facts), member.default)
        elif member.block is not None:
            yield from _keys(member.block, f"{path}[]." if member.many else f"{path}.")
