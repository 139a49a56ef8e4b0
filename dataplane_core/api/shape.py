"""The shape of one model's JSON in one API version: nested names on the wire, flat paths inside.

A `Node` tree is built once from the declarations. Three walks over it move objects between the
wire and the flat dictionary: `tidy` and `flatten` inwards, `Projector` outwards.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from dataplane_core.grammar import Prop

_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class Node:
    """One name in a JSON object; the root stands for the whole object.

    `canonical` is the flat path of the value (inside its array, for items of arrays). An object
    with a `prop` of its own is told from an absent one while it is empty.
    """

    __slots__ = ("canonical", "children", "folded", "item", "name", "path", "prop")

    def __init__(self, name: str, path: str, canonical: str = "", prop: Prop | None = None) -> None:
        self.name = name
        self.path = path
        self.canonical = canonical
        self.prop = prop
        self.children: dict[str, Node] = {}
        self.folded: dict[str, Node] = {}
        self.item: Node | None = None

    def child(self, name: str) -> "Node":
        """The node below this one called `name`, made when missing."""
        found = self.children.get(name)
        if found is None:
            found = Node(name, f"{self.path}.{name}" if self.path else name)
            self.children[name] = found
            self.folded.setdefault(name.lower(), found)
        return found

    def find(self, name: str) -> "Node | None":
        """The node for a key of a client's object; upper and lower case are the same there."""
        return self.children.get(name) or self.folded.get(name.lower())

    @property
    def kind(self) -> str:
        """The JSON type."""
        if self.children or self.prop is None:
            return "object"
        return self.prop.json

    @property
    def required(self) -> bool:
        """Whether the object that holds it cannot do without it."""
        return self.prop is not None and self.prop.required


def build(props: Iterable[Prop], version: str, root: Node | None = None) -> Node:
    """The tree of the properties that exist in an API version."""
    root = root or Node("", "")
    for prop in props:
        path = prop.path(version)
        if path is None:
            continue
        node = root
        for name in path.split("."):
            node = node.child(name)
        node.prop, node.canonical = prop, prop.name
        if isinstance(prop.items, tuple):
            node.item = build(prop.items, version, Node("", f"{node.path}[]"))
        elif prop.items is not None:
            node.item = Node("", f"{node.path}[]", prop=prop.items)
    return root


def is_zero(node: Node, value: Any) -> bool:
    """Whether a value of the right type says no more than its absence would.

    `false` says something where the property is nullable or required: there, its absence is
    something else. An empty string that is required and nullable breaks the pattern or the choice
    that the property has; where it has none, it is missing.
    """
    if value is None:
        return True
    prop = node.prop
    if prop is None:
        return value is False
    if prop.nullable:
        ruled = prop.pattern is not None or bool(prop.enum)
        return bool(value == "") and prop.required and prop.json == "string" and not ruled
    kind = prop.json
    if kind == "boolean":
        return value is False and not prop.required
    if kind == "string":
        return bool(value == "")
    return kind == "integer" and value == 0 and type(value) is int


def tidy(body: Any, node: Node, unknown: list[str]) -> Any:
    """A client's object under the names of the interface, without what is unset.

    Values of a wrong type stay for the schema to find. `unknown` gathers the paths that the model
    does not have; properties that only the server sets are left out.
    """
    if not isinstance(body, dict):
        return body
    result: dict[str, Any] = {}
    for key, value in body.items():
        child = node.find(key)
        if child is None:
            if value is not None:
                unknown.append(f"{node.path}.{key}" if node.path else key)
            continue
        if child.prop is not None and child.prop.read_only:
            continue
        if is_zero(child, value):
            result.pop(child.name, None)
            continue
        if child.children:
            value = tidy(value, child, unknown)
        elif child.item is not None and child.item.children and isinstance(value, list):
            value = [tidy(item, child.item, unknown) for item in value]
        result[child.name] = value
    return result


def flatten(
    data: Mapping[str, Any], node: Node, into: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A valid object of the interface as a flat one."""
    values = {} if into is None else into
    for key, value in data.items():
        child = node.children[key]
        if child.children:
            if child.prop is not None and not value:
                values[child.canonical] = {}
            flatten(value, child, values)
        elif child.item is not None and child.item.children:
            values[child.canonical] = [flatten(item, child.item) for item in value]
        else:
            values[child.canonical] = value
    return values


def carried(before: Any, sent: Any) -> Any:
    """What a client sent, with bytes of `before` that are not UTF-8 where it could not say them.

    Most clients read U+FFFD for each such byte, and send that back with what they did not change.
    """
    if isinstance(sent, str) and isinstance(before, str) and _REPLACEMENT in sent:
        return before if _NOT_UTF8.sub(_REPLACEMENT, before) == sent else sent
    if isinstance(sent, dict) and isinstance(before, Mapping):
        return {name: carried(before.get(name), value) for name, value in sent.items()}
    if isinstance(sent, list) and isinstance(before, list) and _REPLACEMENT in repr(sent):
        return _carried_items(before, sent)
    return sent


def _carried_items(before: list[Any], sent: list[Any]) -> list[Any]:
    """The items with what is theirs: of one that looks the same, else of one of the same name."""
    alike: dict[str, list[Any]] = {}
    named: dict[object, Any] = {}
    for old in before:
        alike.setdefault(_NOT_UTF8.sub(_REPLACEMENT, _written(old)), []).append(old)
        if isinstance(old, Mapping):
            named.setdefault(old.get("name"), old)
    found: list[Any] = []
    for new in sent:
        same = alike.get(_written(new))
        if same:
            found.append(same.pop(0))
        elif isinstance(new, dict) and new.get("name") is not None:
            found.append(carried(named.get(new["name"]), new))
        else:
            found.append(new)
    return found


def _written(item: Any) -> str:
    return json.dumps(item, ensure_ascii=False, sort_keys=True)


class Projector:
    """Flat objects as those of the interface, by a table made once."""

    __slots__ = ("targets",)

    def __init__(self, root: Node) -> None:
        self.targets: dict[str, tuple[tuple[str, ...], str, Projector | None]] = {}
        self._add(root, ())

    def _add(self, node: Node, parents: tuple[str, ...]) -> None:
        for child in node.children.values():
            if child.children:
                self._add(child, (*parents, child.name))
            if not child.children or child.prop is not None:
                objects = child.item is not None and bool(child.item.children)
                items = Projector(child.item) if objects and child.item is not None else None
                self.targets[child.canonical] = (parents, child.name, items)

    def __call__(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The object of the interface; properties that the version lacks are left out."""
        result: dict[str, Any] = {}
        for path, value in values.items():
            target = self.targets.get(path)
            if target is None:
                continue
            parents, name, items = target
            if items is not None:
                value = [items(item) for item in value]
            place = result
            for parent in parents:
                place = place.setdefault(parent, {})
            place[name] = value
        return result
