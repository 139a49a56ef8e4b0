"""Hold what a settings file says, in YAML or HCL alike: nodes with the line that each stands on.

A value keeps its text as it was written (`0123` stays `0123`), and the kind of the key decides what
the text means. Only free-form objects use `ValueNode.type`, which the syntax of the file gives.
"""

from contextlib import suppress
from functools import partial
from typing import TypeAlias

from dataplane_core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ValueNode:
    """One value; `type` is `text`, `number`, `boolean` or `null`. Lines count from 1."""

    text: str
    line: int
    type: str = "text"

    def plain(self) -> object:
        """Return the value as JSON would have it."""
        if self.type == "null":
            return None
        if self.type == "boolean":
            return self.text.strip().lower() == "true"
        if self.type == "number":
            for read in (int, partial(int, base=0), float):
                with suppress(ValueError):
                    return read(self.text)
        return self.text


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list of values."""

    items: "tuple[Node, ...]"
    line: int

    def plain(self) -> object:
        """Return the list with plain items."""
        return [item.plain() for item in self.items]


@dataclass(frozen=True, slots=True)
class BlockNode:
    """A block or object: entries in the order of the file, duplicates among them.

    `label` is that of a block in HCL (`user "name" { … }`), else "".
    """

    entries: "tuple[BlockEntry, ...]"
    line: int
    label: str = ""

    def plain(self) -> object:
        """Return the object with plain values; of several entries of a key the last one counts."""
        return {entry.key: entry.value.plain() for entry in self.entries}


Node: TypeAlias = ValueNode | ListNode | BlockNode


@dataclass(frozen=True, slots=True)
class BlockEntry:
    """One key of a block, with the line of the key and its value."""

    key: str
    line: int
    value: Node


class SyntaxProblem(Exception):
    """A file cannot be read, at a `line` (from 1); `key` is the path of the key, "" if unknown."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.key = ""
