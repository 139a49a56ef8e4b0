"""The hostile strings, and where strings stand in objects."""

from collections.abc import Iterator, Mapping
from typing import Any

from dataplane_core.codec.shape import JsonNode
from dataplane_core.grammar import Prop

HOSTILE = (
    "a\nserver evil 10.0.0.1:80", "a\r\nbackend evil", "a\rserver evil", "\n", "a\tb", "a b", "a\x00b", "a\x0bb",
    "a#b", "a # b", "#a", '"', "'", 'a"b', "a'b", '"a" b', "\\", "a\\", "a\\\nb", "a;b", "a; server evil", "a if TRUE",
    "a unless FALSE", "if", "{ src 1 }", "a\u2028b", "a\x85b", "\udc80", "\ud800", "a\udc0ab", "\u00fc", "\ufeffa",
    "${HOME}", '"$HOME"', "$(id)", "%[src]", "%s%n", "../../etc/passwd", "<!--", "-->", "a" * 5000, " ", "  a", "a ", "",
    ".if TRUE", "backend", "a,b", "a:b", "a=b", "[a]", "(a", "a)", "\x7f", "\x1b[0m",
)  # fmt: skip
PLAIN = ("a", "enabled", "1", "/a", "10.0.0.1", "10.0.0.1:80", "1s", "a:b", "a=b", "%[src]", "http", "GET", "str(a)",
         "127.0.0.1:1@a", "h2", "all", "0", "on", "disabled", "sha1", "a@b", "1-2", "true", "a:sub a", "base")  # fmt: skip
"""What is tried where no example and no term gives a property a value."""

Place = tuple[str | int, ...]
Json = dict[str, Any]


def string_paths(node: JsonNode, path: str = "") -> Iterator[tuple[str, Prop | None]]:
    """The paths of all strings below a node, `[]` for the items of arrays and `{}` for those of maps."""
    for name, child in node.children.items():
        if child.prop is None or not child.prop.read_only:
            yield from _strings(child, f"{path}.{name}" if path else name)


def _strings(node: JsonNode, path: str) -> Iterator[tuple[str, Prop | None]]:
    if node.children:
        yield from string_paths(node, path)
    elif node.item is not None:
        is_map = node.key is not None or (node.prop is not None and node.prop.keys is not None)
        inner = f"{path}{'{}' if is_map else '[]'}"
        if node.item.children:
            yield from string_paths(node.item, inner)
        elif node.item.prop is None or node.item.prop.json == "string":
            yield inner, node.item.prop
    elif node.prop is not None and node.prop.json == "string":
        yield path, node.prop


def leaves(body: Any, node: JsonNode | None = None, path: str = "", place: Place = ()) -> Iterator[tuple[str, Place]]:
    """The path and the place of every string in an object; its shape tells which objects are maps."""
    if isinstance(body, dict):
        if node is not None and node.item is not None:
            for name, item in body.items():
                yield from leaves(item, node.item, f"{path}{{}}", (*place, name))
            return
        children: Mapping[str, JsonNode] = {} if node is None else node.children
        for name, item in body.items():
            yield from leaves(item, children.get(name), f"{path}.{name}" if path else name, (*place, name))
    elif isinstance(body, list):
        for at, item in enumerate(body):
            yield from leaves(item, None if node is None else node.item, f"{path}[]", (*place, at))
    elif isinstance(body, str):
        yield path, place


def flat(body: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value that holds no other, with its place."""
    if isinstance(body, dict):
        for name, item in body.items():
            yield from flat(item, (*place, name))
    elif isinstance(body, list):
        for at, item in enumerate(body):
            yield from flat(item, (*place, at))
    else:
        yield place, body


def value_at(body: Any, place: Place) -> Any:
    """What stands at a place of an object."""
    for step in place:
        body = body[step]
    return body


def put_at(body: Any, place: Place, value: Any) -> None:
    """Have another value stand at a place of an object."""
    value_at(body, place[:-1])[place[-1]] = value
