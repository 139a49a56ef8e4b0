"""What a settings file says, whatever its form: values with the line that each stands on.

Scalars keep their text as it was written (`0123` stays `0123`); a key's kind decides what it
means. `ValueNode.type` is what the file's own syntax made of it, and serves only free-form objects.
"""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class ValueNode:
    """One value; `type` is text, number, boolean or null. Lines count from 1."""

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
    """A block or object: entries in file order, duplicates kept; `label` is an HCL block's."""

    entries: "tuple[BlockEntry, ...]"
    line: int
    label: str = ""

    def plain(self) -> object:
        """Return the object with plain values; of duplicates the last one counts."""
        return {entry.key: entry.value.plain() for entry in self.entries}


Node: TypeAlias = ValueNode | ListNode | BlockNode


@dataclass(frozen=True, slots=True)
class BlockEntry:
    """One key with its value; `line` is the key's."""

    key: str
    line: int
    value: Node


class SyntaxProblem(Exception):
    """The file cannot be read: the line, counted from 1, what is wrong there, and its key."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.key = ""
