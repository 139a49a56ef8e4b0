"""Turn the nodes of a settings file into settings, and name every problem with its line."""

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from dataplane_core.settings.fields import SettingFacts
from dataplane_core.settings.kinds import COMMAND, OBJECTS
from dataplane_core.settings.nodes import BlockEntry, BlockNode, ListNode, Node, ValueNode
from dataplane_core.settings.plugin_blocks import PREFIX
from dataplane_core.settings.problems import SettingsProblem
from dataplane_core.settings.table import BlockMember, keys, members
from dataplane_core.settings.tree import Settings


class SettingsReader:
    """Reads the nodes of one file, and collects problems and places on the way.

    `problems` are those found so far. `lines` has the line of every key and block that was set, by
    its path; an entry of a list of blocks has its number in the path (`log_targets[0]`).
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[SettingsProblem] = []
        self.lines: dict[str, int] = {}

    def read(self, root: BlockNode) -> Settings:
        """Return the settings that the file gives, and defaults for all other keys."""
        settings = self._block(root, Settings(), "")
        assert isinstance(settings, Settings)
        return settings

    def refuse(self, line: int, key: str, message: str) -> None:
        """Note a problem at a line of the file."""
        self.problems.append(SettingsProblem(f"{self.file}:{line}", key, message))

    def _block(self, node: BlockNode, block: Any, prefix: str) -> Any:
        kind: type = type(block)
        known = members(kind)
        changes: dict[str, Any] = {}
        seen: dict[str, int] = {}
        for entry in self._merged(node, known):
            name = entry.key.replace("-", "_")
            member = known.get(name)
            if member is None:
                self.refuse(entry.line, prefix + name, _suggestion(name, known, prefix))
            elif name in seen:
                self.refuse(entry.line, prefix + name, f"is already given on line {seen[name]}")
            else:
                seen[name] = entry.line
                if isinstance(entry.value, BlockNode):
                    self.lines[prefix + name] = entry.line
                value = self._value(entry.value, member, getattr(block, name), prefix + name)
                if value is not None:
                    changes[name] = value
        return replace(block, **changes)

    def _merged(self, node: BlockNode, known: dict[str, BlockMember]) -> Iterator[BlockEntry]:
        """Yield the entries of a block, repeated blocks of one list as one entry with a list."""
        lists: dict[str, list[BlockEntry]] = {}
        for entry in node.entries:
            member = known.get(entry.key.replace("-", "_"))
            if member is not None and (member.many or _is_objects(member)):
                lists.setdefault(member.name, []).append(entry)
            else:
                yield entry
        for name, entries in lists.items():
            items = tuple(item for entry in entries for item in _items(entry.value))
            yield BlockEntry(name, entries[0].line, ListNode(items, entries[0].line))

    def _value(self, node: Node, member: BlockMember, default: Any, path: str) -> Any:
        if isinstance(node, ValueNode) and node.type == "null":
            return None
        if member.many and member.block is not None:
            assert isinstance(node, ListNode)
            return tuple(self._items(node, member.block, path))
        if member.block is not None:
            if isinstance(node, BlockNode) and not node.label:
                return self._block(node, default, path + ".")
            what = "takes no label" if isinstance(node, BlockNode) else "is a block of settings"
            self.refuse(node.line, path, what)
            return None
        assert member.facts is not None
        return self._leaf(node, member.facts, path)

    def _items(self, node: ListNode, block: type, path: str) -> Iterator[Any]:
        for number, item in enumerate(node.items):
            if not isinstance(item, BlockNode):
                self.refuse(item.line, path, "is a list of blocks")
                continue
            inner = f"{path}[{number}]"
            self.lines[inner] = item.line
            default = block()
            if item.label and "name" in members(block):
                default = replace(default, name=item.label)
            elif item.label:
                self.refuse(item.line, path, "takes no label")
            yield self._block(item, default, inner + ".")

    def _objects(self, node: ListNode, path: str) -> Iterator[object]:
        """Yield free-form objects as JSON has them; the label of a block becomes their `name`."""
        for number, item in enumerate(node.items):
            if not isinstance(item, BlockNode):
                self.refuse(item.line, path, "is a list of objects")
                continue
            if item.label:
                name = BlockEntry("name", item.line, ValueNode(item.label, item.line))
                item = BlockNode((name, *item.entries), item.line)
            self._note(item, f"{path}[{number}]", item.line)
            yield item.plain()

    def _note(self, node: Node, path: str, line: int) -> None:
        """Keep the line of every key in an object, and refuse a key that is given twice."""
        if path in self.lines:
            self.refuse(line, path, f"is already given on line {self.lines[path]}")
        self.lines[path] = line
        if isinstance(node, ListNode):
            for number, item in enumerate(node.items):
                self._note(item, f"{path}[{number}]", item.line)
        elif isinstance(node, BlockNode):
            for entry in node.entries:
                self._note(entry.value, f"{path}.{entry.key}", entry.line)

    def _leaf(self, node: Node, facts: SettingFacts, path: str) -> Any:
        self.lines[path] = node.line
        if facts.kind is OBJECTS and isinstance(node, ListNode):
            return tuple(self._objects(node, path))
        try:
            return _parse(node, facts)
        except ValueError as error:
            self.refuse(node.line, path, describe(node, facts, str(error)))
            return None


def describe(node: Node | str, facts: SettingFacts, fault: str) -> str:
    """Return what is wrong with a value, which is quoted unless it is or may hold a secret."""
    text = node.text if isinstance(node, ValueNode) else node
    shown = isinstance(text, str) and not facts.secret and facts.kind is not COMMAND
    quoted = f'"{text}" ' if shown else ""
    return quoted + fault


def _parse(node: Node, facts: SettingFacts) -> object:
    if isinstance(node, ValueNode):
        return facts.kind.parse(node.text)
    if facts.kind.many and isinstance(node, ListNode):
        values: list[object] = []
        for item in node.items:
            if not isinstance(item, ValueNode):
                raise ValueError("is a list of plain values")
            try:
                parsed = facts.kind.parse(item.text)
            except ValueError as error:
                raise ValueError(describe(item, facts, str(error))) from None
            assert isinstance(parsed, tuple)
            values += parsed
        return tuple(values)
    raise ValueError(f"takes one value: {facts.kind.name}")


def _is_objects(member: BlockMember) -> bool:
    return member.facts is not None and member.facts.kind is OBJECTS


def _items(node: Node) -> tuple[Node, ...]:
    """Return the entries of a list of blocks, in any of its spellings.

    These are a list; one block; several blocks, whose labels are the names; and an object of
    objects, whose keys are the names.
    """
    if isinstance(node, ListNode):
        return node.items
    if isinstance(node, ValueNode):
        return () if node.type == "null" else (node,)
    inner = [(entry.key, entry.value) for entry in node.entries]
    if inner and all(isinstance(value, BlockNode) for _, value in inner) and not node.label:
        return tuple(
            BlockNode(value.entries, value.line, key)
            for key, value in inner
            if isinstance(value, BlockNode)
        )
    return (node,)


def _suggestion(name: str, known: dict[str, BlockMember], prefix: str) -> str:
    elsewhere = {key.path.rpartition(".")[2]: key.path for key in reversed(keys())}
    if name in elsewhere:
        return f"there is no such setting here; did you mean {elsewhere[name]}?"
    if prefix == PREFIX and not get_close_matches(name, known, n=1):
        return f"no installed plugin has such a block; those that have one: {_listed(known)}"
    if near := get_close_matches(name, known, n=1):
        return f"there is no such setting; did you mean {prefix}{near[0]}?"
    if near := get_close_matches(name, elsewhere, n=1):
        return f"there is no such setting; did you mean {elsewhere[near[0]]}?"
    return f"there is no such setting; this block takes {_listed(known)}"


def _listed(known: dict[str, BlockMember]) -> str:
    return ", ".join(sorted(known)) or "none"
