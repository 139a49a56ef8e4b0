"""What Lua scripts register, as far as their text shows it (HAProxy's `doc/lua-api`, "core")."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dataplane_core.plugin import GivenNames

_TOKEN = re.compile(
    r"""(?P<comment>--\[(?P<level>=*)\[.*?(?:\](?P=level)\]|\Z)|--[^\n]*)"""
    r"""|(?P<long>\[(?P<deep>=*)\[.*?(?:\](?P=deep)\]|\Z))"""
    r"""|(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
    r"""|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>\.\.|[^\s\w])""",
    re.DOTALL,
)
_REGISTERS = frozenset(
    {"register_action", "register_fetches", "register_converters", "register_service"}
)
_OPAQUE = frozenset({
    *("require", "dofile", "load", "loadfile", "loadstring", "package", "_G", "_ENV"),
    *("debug", "rawget", "getmetatable", "setmetatable"),
})  # fmt: skip
"""Words by which a script may run what is not in its text, or reach a function under no name."""


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


_LONGEST = 2**18
"""Characters of a script up to which it is read."""


class LuaLanguage:
    """The names that Lua scripts give to actions, fetches, converters and services."""

    def read(self, text: str) -> GivenNames:
        """Return the names that a script registers as words in quotes, and whether these are all.

        Nothing is known of a script that is compiled, or very long.
        """
        if len(text) > _LONGEST or "\0" in text or text.startswith("\x1bLua"):
            return GivenNames((), False)
        tokens = [*_tokens(text)]
        lines, is_complete = list[tuple[int, str]](), True
        for at, one in enumerate(tokens):
            if one.kind != "word":
                continue
            if one.text in _REGISTERS:
                found = _registered(tokens[at + 1 : at + 4])
                lines += [] if found is None else [found]
                is_complete &= found is not None
            elif one.text in _OPAQUE:
                is_complete = False
            elif one.text == "core":  # under another name, it could register something unseen
                is_complete &= at + 1 < len(tokens) and tokens[at + 1].text == "."
        return GivenNames(lines, is_complete)


def _tokens(text: str) -> Iterator[_Token]:
    line, last = 1, 0
    for match in _TOKEN.finditer(text):
        start = match.start()
        line, last = line + text.count("\n", last, start), start
        if match.lastgroup and match.lastgroup != "comment":
            yield _Token(match.lastgroup, match[0], line)


def _registered(tokens: Sequence[_Token]) -> tuple[int, str] | None:
    """Return the name in the words behind such a function, `("name",`; None for anything else."""
    if [one.text for one in tokens[::2]] != ["(", ","] or tokens[1].kind != "string":
        return None
    name = tokens[1].text[1:-1]
    return None if "\\" in name else (tokens[1].line, name)
