"""Read settings files in YAML 1.2 into nodes."""

import re
from typing import Any

from yaml import MappingNode, MarkedYAMLError, ScalarNode, SequenceNode, YAMLError

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.settings.nodes import (
    BlockEntry,
    BlockNode,
    ListNode,
    Node,
    SyntaxProblem,
    ValueNode,
)
from dataplane_core.settings.yaml_nodes import compose_yaml, scalar_kind

_TYPES = {"integer": "number", "float": "number"}
_DEPTH = 16
_MOST = 100_000
# A password without its quotes may be taken for such a name, and belongs in no message.
_NAME = lazy_pattern(r"(?:alias|nchor|andle)(?P<name> ['\"].*|$)", re.S)
_SIGNS = "here: text that begins with *, & or ! needs quotes"
_TOO_DEEP = "exceeded maximum nesting depth"


def read_yaml(text: str) -> BlockNode:
    """Read a document whose root is a mapping; raises `SyntaxProblem` where it is not YAML."""
    try:
        root = compose_yaml(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = _said(str(error.problem))
        raise SyntaxProblem(mark.line + 1 if mark else 1, f"is not YAML: {problem}") from None
    except (YAMLError, ValueError, OverflowError) as error:  # impossible escapes raise the others
        raise SyntaxProblem(1, f"is not YAML: {error}") from None
    if root is None:
        return BlockNode((), 1)
    node = _Nodes().of(root, 0)
    if isinstance(node, ValueNode) and node.type == "null":
        return BlockNode((), 1)
    if not isinstance(node, BlockNode):
        raise SyntaxProblem(node.line, "does not hold a mapping of settings")
    return node


def _said(problem: str) -> str:
    """Return the library's words without names, with what is meant most often."""
    if problem == _TOO_DEEP:
        return "it is nested too deeply"
    named = _NAME.search(problem)
    return problem if named is None else f"{problem[: named.start('name')]} {_SIGNS}"


class _Nodes:
    """Makes nodes of those of the library: an alias is the node that it stands for, once more.

    A few lines of aliases of aliases stand for more nodes than any memory holds: they are counted.
    """

    def __init__(self) -> None:
        self._made = 0

    def of(self, node: Any, depth: int) -> Node:
        """Return the node for one of the library."""
        line = node.start_mark.line + 1
        self._made += 1
        if self._made > _MOST:
            raise SyntaxProblem(line, f"holds more than {_MOST} values, its aliases written out")
        if depth > _DEPTH:
            raise SyntaxProblem(line, f"is nested more than {_DEPTH} levels deep")
        if isinstance(node, ScalarNode):
            kind = scalar_kind(node)
            return ValueNode(str(node.value), line, _TYPES.get(kind, kind))
        if isinstance(node, SequenceNode):
            return ListNode(tuple(self.of(item, depth + 1) for item in node.value), line)
        assert isinstance(node, MappingNode)
        entries = (self._entry(key, value, depth) for key, value in node.value)
        return BlockNode(tuple(entries), line)

    def _entry(self, key: Any, value: Any, depth: int) -> BlockEntry:
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode):
            raise SyntaxProblem(line, "has a key that is not a word")
        return BlockEntry(str(key.value), line, self.of(value, depth + 1))
