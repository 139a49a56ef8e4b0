"""What Lua scripts register, as far as their text shows it (HAProxy's `doc/lua-api`, "core")."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

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


class LuaLanguage:
    """The names that Lua scripts give to actions, fetches, converters and services."""

    def given(self, text: str) -> Sequence[tuple[int, str]]:
        """Return the names that a script registers as words in quotes, with their lines."""
        found = (_registered(tokens) for tokens in _calls(text))
        return [one for one in found if one is not None]

    def is_complete(self, text: str) -> bool:
        """Return whether the text shows all names that a script registers."""
        if "\0" in text or text.startswith("\x1bLua"):
            return False
        tokens = [*_tokens(text)]
        for one, after in pairwise([*tokens, _Token("sign", "", 0)]):
            if one.kind == "word" and (
                one.text in _OPAQUE or (one.text == "core" and after.text != ".")
            ):
                return False
        return all(_registered(found) is not None for found in _calls(text))


def _tokens(text: str) -> Iterator[_Token]:
    line, last = 1, 0
    for match in _TOKEN.finditer(text):
        line, last = line + text.count("\n", last, match.start()), match.start()
        kind = match.lastgroup or ""
        for name in ("comment", "long", "string", "word", "sign"):
            if match[name] is not None:
                kind = name
        if kind != "comment":
            yield _Token(kind, match[0], line)


def _calls(text: str) -> Iterator[Sequence[_Token]]:
    """Yield what stands behind each name of a function that registers something."""
    tokens = [*_tokens(text)]
    for at, one in enumerate(tokens):
        if one.kind == "word" and one.text in _REGISTERS:
            yield tokens[at + 1 : at + 4]


def _registered(tokens: Sequence[_Token]) -> tuple[int, str] | None:
    """Return the name in the words behind such a function, `("name",`; None for anything else."""
    if [one.text for one in tokens[::2]] != ["(", ","] or tokens[1].kind != "string":
        return None
    name = tokens[1].text[1:-1]
    return None if "\\" in name else (tokens[1].line, name)
