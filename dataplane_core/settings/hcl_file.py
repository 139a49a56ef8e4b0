"""Read settings files in HCL 2 into nodes, from the syntax tree, which knows every line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import dedent
from typing import TypeAlias

from lark import Token, Tree
from lark.exceptions import UnexpectedInput

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.settings.hcl_faults import fault_of
from dataplane_core.settings.hcl_grammar import Branch, parse_plain, parse_whole
from dataplane_core.settings.nodes import (
    BlockEntry,
    BlockNode,
    ListNode,
    Node,
    SyntaxProblem,
    ValueNode,
)

_Part: TypeAlias = Branch | Token
_ESCAPE = lazy_pattern(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.S)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_PLAIN_ONLY = "is not a plain value: write text in quotes, numbers, true or false, [lists] or {…}"


def read_hcl(text: str) -> BlockNode:
    """Read a body of attributes and blocks; raises `SyntaxProblem` where it is not HCL."""
    tree = parse_plain(text) or _whole_tree(text)
    return _TreeReader(text).body(_branches(tree)[0], 1, "")


def _whole_tree(text: str) -> Branch:
    """Parse a text whose values are not plain, or that is no HCL; raises `SyntaxProblem`.

    Only the whole language tells the two apart.
    """
    try:
        return parse_whole(text)
    except UnexpectedInput as error:
        raise fault_of(text, error) from None


def _tokens(part: _Part) -> Iterator[Token]:
    if isinstance(part, Token):
        yield part
        return
    for child in part.children:
        yield from _tokens(child)


def _line(part: _Part) -> int:
    return next((token.line or 1 for token in _tokens(part)), 1)


def _branches(tree: Branch) -> list[Branch]:
    """Return the children that are trees: no punctuation, no comments, no line ends."""
    return [
        child
        for child in tree.children
        if isinstance(child, Tree) and child.data != "new_line_or_comment"
    ]


class _TreeReader:
    def __init__(self, source: str) -> None:
        self.source = source

    def body(self, tree: Branch, line: int, label: str) -> BlockNode:
        entries = (self.entry(child) for child in _branches(tree))
        return BlockNode(tuple(entries), line, label)

    def entry(self, tree: Branch) -> BlockEntry:
        parts = _branches(tree)
        name, line = self.word(parts[0]), _line(tree)
        with _inside(name):
            if tree.data == "attribute":
                return BlockEntry(name, line, self.value(parts[-1]))
            labels = [self.word(part) for part in parts[1:-1]]
            if len(labels) > 1:
                raise SyntaxProblem(line, "is a block with more than one label")
            return BlockEntry(name, line, self.body(parts[-1], line, "".join(labels)))

    def word(self, tree: Branch) -> str:
        """Return the name of an attribute, block, label or object's key."""
        while tree.data in ("object_elem_key", "expr_term") and _branches(tree):
            tree = _branches(tree)[0]
        if tree.data == "string":
            return self.string(tree)
        return "".join(str(token) for token in _tokens(tree))

    def value(self, tree: Branch) -> Node:
        line = _line(tree)
        if tree.data != "expr_term" or len(_branches(tree)) != 1:
            raise SyntaxProblem(line, _PLAIN_ONLY)
        inner = _branches(tree)[0]
        match inner.data:
            case "string":
                return ValueNode(self.string(inner), line)
            case "int_lit" | "float_lit":
                return ValueNode(self.word(inner), line, "number")
            case "literal_value":
                word = self.word(inner)
                return ValueNode(word, line, "null" if word == "null" else "boolean")
            case "heredoc_template" | "heredoc_template_trim":
                return ValueNode(_heredoc(self.word(inner), "trim" in inner.data), line)
            case "tuple":
                items = enumerate(_branches(inner))
                return ListNode(tuple(self.item(*item) for item in items), line)
            case "object":
                return BlockNode(tuple(self.pair(item) for item in _branches(inner)), line)
        raise SyntaxProblem(line, _PLAIN_ONLY)

    def item(self, number: int, tree: Branch) -> Node:
        with _inside(f"[{number}]"):
            return self.value(tree)

    def pair(self, tree: Branch) -> BlockEntry:
        key, value = _branches(tree)
        name = self.word(key)
        with _inside(name):
            return BlockEntry(name, _line(tree), self.value(value))

    def string(self, tree: Branch) -> str:
        """Return the characters between the quotes; `${…}` is text, `$${` stands for `${`."""
        tokens = list(_tokens(tree))
        raw = self.source[tokens[0].end_pos : tokens[-1].start_pos]
        raw = raw.replace("$${", "${").replace("%%{", "%{")
        return _ESCAPE.sub(lambda match: _unescape(match[1], _line(tree)), raw)


@contextmanager
def _inside(name: str) -> Iterator[None]:
    """Put a name in front of the key of a `SyntaxProblem` that the body raises."""
    try:
        yield
    except SyntaxProblem as problem:
        dot = "." if problem.key and not problem.key.startswith("[") else ""
        problem.key = f"{name.replace('-', '_')}{dot}{problem.key}"
        raise


def _unescape(escape: str, line: int) -> str:
    try:
        return chr(int(escape[1:], 16)) if len(escape) > 1 else _ESCAPES[escape]
    except (KeyError, ValueError, OverflowError):
        raise SyntaxProblem(line, f"is not HCL: \\{escape} is no escape in a string") from None


def _heredoc(token: str, trim: bool) -> str:
    body = token.split("\n", 1)[1].rstrip("\r\n").rpartition("\n")[0]
    return dedent(body) if trim else body
