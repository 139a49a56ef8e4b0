"""Read the YAML that settings are written in most often, at once: no library is loaded for it.

These are block mappings and lists of words, values of one line, and lists and mappings in brackets,
as in JSON. What this module reads, it reads as the library does; for all else, faults above all,
it says that it cannot, and the file is read by the library (`settings.yaml_file`).
"""

import re
from typing import NoReturn

from dataplane_core.settings.nodes import BlockEntry, BlockNode, ListNode, Node, ValueNode

_DEPTH = 16
_KEY = re.compile(r"""([A-Za-z_][\w.-]{0,99}|"[^"\\]{0,99}"|'[^']{0,99}') *:(?= |$)""", re.A)
_PLAIN = re.compile(r"(?:[\w/.+$(~]|-(?![ -]|$))(?:[^:]|:(?! |$))*", re.A)
_QUOTED = re.compile(r"""("[^"\\\n]*"|'(?:[^'\n]|'')*')(?: +#.*| *$)""")
_REST = re.compile(r" *(?:$| #.*)", re.M)
_SPACE = re.compile(r"(?:[ \n]|(?<=[ \n])#[^\n]*)*")
_FLOW_KEY = re.compile(
    r"""("[^"\\\n]{0,99}":|'[^'\n]{0,99}':|[A-Za-z_][\w.-]{0,99}:(?=[ \n]))""", re.A
)
_FLOW_VALUE = re.compile(
    r"""("[^"\\\n]*"|'(?:[^'\n]|'')*'|(?:[\w/.+$]|-(?=\w))(?:[\w/.+$%@*-]|:(?=\w))*)"""
    r"(?=[\],} \n])",
    re.A,
)
_NUMBER = re.compile(
    r"(?=[-+.0-9])[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|\.[0-9_]+(?:[eE][-+][0-9]+)?|\.(?:inf|Inf|INF)|0b[01_]+|0o?[0-7_]+|[0-9_]+|0x[0-9a-fA-F_]+)"
    r"|\.(?:nan|NaN|NAN)"
)
_TYPES = {
    **dict.fromkeys(("true", "True", "TRUE", "false", "False", "FALSE"), "boolean"),
    **dict.fromkeys(("null", "Null", "NULL", "~"), "null"),
}


class _OtherYaml(Exception):
    """Something that is left to the library."""


def read_plain(text: str) -> BlockNode | None:
    """Read a document whose root is a mapping; None where it holds more than is read here."""
    if not text.replace("\n", "").isprintable():  # tabs, marks of the byte order, other line ends
        return None
    try:
        return _Reader(text).document()
    except _OtherYaml:
        return None


class _Line:
    """A line with something on it: its number, where its content begins, and the content."""

    __slots__ = ("at", "content", "indent", "number")

    def __init__(self, number: int, at: int, indent: int, content: str) -> None:
        self.number, self.at, self.indent, self.content = number, at, indent, content

    @property
    def is_item(self) -> bool:
        return self.content.startswith("- ") or self.content == "-"

    def cut(self, length: int) -> None:
        """Let the content begin later, after what was read, and after spaces."""
        rest = self.content[length:].lstrip(" ")
        cut = len(self.content) - len(rest)
        self.at, self.indent, self.content = self.at + cut, self.indent + cut, rest


class _Reader:
    """Reads one text, line by line, and character by character within brackets."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = list(_lines(text))
        self._next = 0  # the line that is read next

    def document(self) -> BlockNode:
        if not self._lines:
            _give_up()
        first = self._lines[0]
        if first.content.startswith("{"):
            root: Node = self._flow(first, 0)
        else:
            root = self._mapping(first.indent, 0)
        if self._next < len(self._lines) or not isinstance(root, BlockNode):
            _give_up()
        return root

    def _line(self, least: int) -> _Line | None:
        """Return the next line, if it is indented by as much as `least`."""
        line = self._lines[self._next] if self._next < len(self._lines) else None
        return line if line is not None and line.indent >= least else None

    def _mapping(self, indent: int, depth: int) -> BlockNode:
        entries: list[BlockEntry] = []
        number = self._lines[self._next].number
        while line := self._line(indent):
            if line.indent == indent and line.is_item and entries:
                break
            key = _KEY.match(line.content)
            if line.indent != indent or key is None:
                _give_up()
            at = line.number
            line.cut(key.end())
            entries.append(BlockEntry(_unquoted(key[1]), at, self._value(line, indent, depth + 1)))
        return BlockNode(tuple(entries), number)

    def _list(self, indent: int, depth: int) -> ListNode:
        items: list[Node] = []
        number = self._lines[self._next].number
        while line := self._line(indent):
            if line.indent != indent:
                _give_up()
            if not line.is_item:
                break
            line.cut(1)
            if not line.content or line.content.startswith("#") or line.is_item:
                _give_up()
            if _KEY.match(line.content):
                items.append(self._mapping(line.indent, _within(depth + 1)))
            else:
                items.append(self._value(line, indent, depth + 1))
        return ListNode(tuple(items), number)

    def _value(self, line: _Line, indent: int, depth: int) -> Node:
        """Read what stands after a key or a dash; `indent` is that of the key or the dash."""
        _within(depth)
        if line.content[:1] in ("[", "{"):
            return self._flow(line, depth)
        self._next += 1
        if line.content and not line.content.startswith("#"):
            return _scalar(line)
        below = self._line(indent)
        if below is not None and below.is_item:
            return self._list(below.indent, depth)
        if below is not None and below.indent > indent:
            return self._mapping(below.indent, depth)
        return _nothing(line, self._line(0))

    def _flow(self, line: _Line, depth: int) -> Node:
        """Read what stands in brackets, and go on at the line after it."""
        brackets = _Brackets(self._text, line.at, line.number)
        node = brackets.read(depth)
        if not _REST.match(self._text, brackets.at):
            _give_up()
        while self._line(0) and self._lines[self._next].at < brackets.at:
            self._next += 1
        return node


class _Brackets:
    """Reads lists and mappings in brackets, from one place of a text on."""

    def __init__(self, text: str, at: int, number: int) -> None:
        self._text, self.at, self._number = text, at, number

    def read(self, depth: int) -> Node:
        _within(depth)
        opening, number = self._text[self.at], self._number
        if opening == "{":
            return BlockNode(tuple(self._entries(depth + 1)), number)
        if opening == "[":
            return ListNode(tuple(self._items(depth + 1)), number)
        value = self._match(_FLOW_VALUE)
        return _value_node(value, number)

    def _entries(self, depth: int) -> list[BlockEntry]:
        entries: list[BlockEntry] = []
        while not self._ends("}", first=not entries):
            number = self._number
            key = self._match(_FLOW_KEY)[:-1]
            self._skip()
            entries.append(BlockEntry(_unquoted(key), number, self.read(depth)))
        return entries

    def _items(self, depth: int) -> list[Node]:
        items: list[Node] = []
        while not self._ends("]", first=not items):
            items.append(self.read(depth))
        return items

    def _ends(self, closing: str, *, first: bool) -> bool:
        """Step over the opening bracket or a comma, or over the closing one; return if it was that.

        A comma in front of a closing bracket is left to the library.
        """
        if first:
            self.at += 1
        self._skip()
        if self._text[self.at] == closing:
            self.at += 1
            return True
        if not first:
            if self._text[self.at] != ",":
                _give_up()
            self.at += 1
            self._skip()
        return False

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self.at)
        if found is None:
            _give_up()
        self.at = found.end()
        return found[1]

    def _skip(self) -> None:
        """Step over spaces, ends of lines and comments."""
        found = _SPACE.match(self._text, self.at)
        assert found is not None
        self._number += found[0].count("\n")
        self.at = found.end()
        if self.at == len(self._text):
            _give_up()


def _lines(text: str) -> list[_Line]:
    """Return the lines that are not empty, and no comments."""
    found, at = [], 0
    for number, line in enumerate(text.split("\n"), 1):
        content = line.lstrip(" ")
        indent = len(line) - len(content)
        if content and not content.startswith("#"):
            found.append(_Line(number, at + indent, indent, content.rstrip(" ")))
        at += len(line) + 1
    return found


def _scalar(line: _Line) -> ValueNode:
    """Read a value that takes the rest of a line."""
    text = line.content
    if text[0] in "\"'":
        quoted = _QUOTED.fullmatch(text)
        if quoted is None:
            _give_up()
        return _value_node(quoted[1], line.number)
    text = text.partition(" #")[0].rstrip(" ")
    if not _PLAIN.fullmatch(text):
        _give_up()
    return _value_node(text, line.number)


def _nothing(line: _Line, following: _Line | None) -> ValueNode:
    """Return a value that is not there: for the library, on the line that follows, as a rule."""
    if line.content or following is None or following.number != line.number + 1:
        _give_up()
    return ValueNode("", following.number, "null")


def _value_node(written: str, number: int) -> ValueNode:
    if written[0] in "\"'":
        return ValueNode(_unquoted(written), number)
    number_like = _NUMBER.fullmatch(written) is not None
    return ValueNode(written, number, "number" if number_like else _TYPES.get(written, "text"))


def _unquoted(written: str) -> str:
    if written[0] == '"':
        return written[1:-1]
    return written[1:-1].replace("''", "'") if written[0] == "'" else written


def _within(depth: int) -> int:
    """Return a depth that is not too large; how that is told is the library's affair."""
    if depth > _DEPTH:
        _give_up()
    return depth


def _give_up() -> NoReturn:
    raise _OtherYaml
