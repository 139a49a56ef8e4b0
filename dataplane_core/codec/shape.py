"""The shape of one model's JSON in one API version: nested names on the wire, flat paths inside.

A `JsonNode` tree is built once from the declarations. Three walks over it move objects between the
wire and the flat dictionary: `tidy` and `flatten` inwards, a `Projector` outwards.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import repeat
from typing import Any

from dataplane_core.codec.aliases import echoes, resolved
from dataplane_core.codec.conversions import CONVERSIONS, IN_UNITS, Conversion
from dataplane_core.codec.flat_values import unspelled
from dataplane_core.codec.masks import NO_MASK, ModelMask
from dataplane_core.codec.phrases import Parts, cut, held_in
from dataplane_core.codec.untouched import is_same, partners
from dataplane_core.grammar import Prop

_NOTHING: Mapping[str, Any] = {}


class JsonNode:
    """A member of a JSON object, with the tree below it; the root stands for the whole object.

    `canonical` is the flat path of the value (inside its array, for items of arrays). An object
    with a `prop` of its own is told from an absent one while it is empty. A `shared` one belongs to
    a part of the object that several models have. `conversion` is that of a value of another type.
    `defaults` are what new objects get of the members that they lack. `others` are flat paths of
    properties that are shown under the same name, and that a body says in the canonical one.
    `parts` are those that are shown in its text, behind words of their own.
    `aliases` are the properties of the whole object some of whose values are another property's,
    and `echoes` the values that answers show of one of these, by the other's path and value.

    `spelled` are the properties of the whole object that spell others (`Prop.spells`).

    `item` is the tree of one item of an array; that of another model's objects is the root of that
    model, which has the model's name and no path. With a `key`, the items stand in an object, each
    under the value of that flat path of it, instead of in an array.
    """

    __slots__ = (
        "aliases", "canonical", "children", "conversion", "defaults", "echoes", "folded", "item",
        "key", "name", "others", "parts", "path", "prop", "shared", "spelled",
    )  # fmt: skip

    def __init__(self, name: str, path: str, canonical: str = "", prop: Prop | None = None) -> None:
        self.name = name
        self.path = path
        self.canonical = canonical
        self.others: list[str] = []
        self.parts: Parts = _NOTHING
        self.prop = prop
        self.conversion: Conversion | None = None
        self.shared = False
        self.defaults: dict[str, Any] = {}
        self.children: dict[str, JsonNode] = {}
        self.folded: dict[str, JsonNode] = {}
        self.item: JsonNode | None = None
        self.key: str | None = None
        self.aliases: list[Prop] = []
        self.spelled: list[Prop] = []
        self.echoes: Mapping[str, Mapping[Any, Any]] = {}

    def child(self, name: str) -> "JsonNode":
        """Return the node below this one called `name`, made when missing."""
        found = self.children.get(name)
        if found is None:
            found = JsonNode(name, f"{self.path}.{name}" if self.path else name)
            self.children[name] = found
            self.folded.setdefault(name.lower(), found)
        return found

    def find(self, name: str) -> "JsonNode | None":
        """Return the node for a key of a client's object, in whatever case it is written."""
        return self.children.get(name) or self.folded.get(name.lower())

    @property
    def kind(self) -> str:
        """The JSON type."""
        if self.children or self.prop is None:
            return "object"
        return self.prop.json

    @property
    def order(self) -> tuple[bool, str]:
        """What the members of an object are sorted by in answers."""
        return not self.shared, (self.prop and self.prop.sort_as) or self.name

    @property
    def required(self) -> bool:
        """Whether the object that holds it cannot do without it."""
        return self.prop is not None and self.prop.required


def build(
    props: Iterable[Prop],
    version: str,
    mask: ModelMask = NO_MASK,
    root: JsonNode | None = None,
    *,
    name: str = "",
    writes_units: bool = False,
) -> JsonNode:
    """Return the tree of the properties that exist in an API version; `name` is the model's.

    `writes_units` is whether numbers with a unit are written with the largest one that fits.
    """
    root = root or JsonNode(name, "")
    props = tuple(props)
    held = held_in(props, version)
    for prop in props:
        path = prop.path(version)
        full = f"{root.path}.{path}" if root.path else path
        if mask.hides(full) or prop.name in held:
            continue
        prop = mask.shown(prop.in_version(version), full)
        node = owner = root
        depth = None if prop.shared_in is None else len(prop.shared_in.split(".")) - 1
        for at, name in enumerate(path.split(".")):
            owner, node = node, node.child(name)
            node.shared |= at == depth
        conversion = CONVERSIONS.get(prop.types.get(version, ""))
        if conversion is None and writes_units:
            conversion = IN_UNITS.get(prop.unit)
        if node.prop is not None:
            node.others.append(prop.name)
            continue
        _note(root, node, prop, version)
        node.canonical, node.conversion = prop.name, conversion
        node.parts = prop.holds.get(version, _NOTHING)
        node.prop = prop = prop if conversion is None else conversion.prop(prop)
        if prop.default is not None:
            owner.defaults[node.name] = prop.default
        if isinstance(prop.items, tuple):
            item = JsonNode("", f"{node.path}[]")
            node.item = build(prop.items, version, mask, item, writes_units=writes_units)
        elif prop.items is not None:
            one = mask.shown(prop.items.in_version(version), f"{full}[]")
            node.item = JsonNode("", f"{node.path}[]", prop=one)
    return root


def _note(root: JsonNode, node: JsonNode, prop: Prop, version: str) -> None:
    """Note in the tree of a whole object a property that says what others do."""
    if prop.spells:
        root.spelled.append(prop)
    if prop.same_as:
        root.aliases.append(prop)
        node.echoes = echoes(prop) if version in prop.same_in else {}


def attach(root: JsonNode, prop: Prop, item: JsonNode, key: str | None) -> None:
    """Add a property that holds the objects of another model, whose root is `item`.

    It is an array; with a `key`, an object in which each stands under that property of it.
    """
    node = root.child(prop.name)
    node.prop = replace(prop, json="array" if key is None else "object")
    node.canonical, node.item, node.key = prop.name, item, key


def is_zero(node: JsonNode, value: Any) -> bool:
    """Return whether a value of the right type says no more than its absence would.

    `false` is a value where the property is nullable or required, and as good as absent elsewhere.
    `""` of a required, nullable string counts as absent, unless the property has a pattern or an
    enum: then it stays, and breaks that. An empty list counts as absent, unless it is
    required or must have items.
    """
    if value is None:
        return True
    prop = node.prop
    if prop is None:
        return value is False
    if prop.json == "array":
        return value == [] and not prop.required and not prop.min_items
    if prop.json == "object" and node.item is not None:
        return bool(value == {})
    if prop.nullable:
        ruled = prop.pattern is not None or bool(prop.enum)
        return bool(value == "") and prop.required and prop.json == "string" and not ruled
    kind = prop.json
    if kind == "boolean":
        return value is False and not prop.required
    if kind == "string":
        return bool(value == "")
    return kind == "integer" and value == 0 and type(value) is int


_MOST_UNKNOWN = 2000  # properties whose paths are kept


class Unused:
    """The parts of a body that have no effect.

    `unknown` properties are their paths, each with the object that lacks it, but not all of very
    many; `unmanaged` are lists
    that only the server sets and that are another object's, with their words.
    """

    __slots__ = ("unknown", "unmanaged")

    def __init__(self) -> None:
        self.unknown: list[tuple[str, JsonNode]] = []
        self.unmanaged: list[str] = []

    def add(self, key: str, node: "JsonNode", around: str) -> None:
        """Take note of a property that an object lacks, but of so many of them only."""
        is_private = key.rpartition(".")[2].lower().startswith("x_")
        if len(self.unknown) < _MOST_UNKNOWN and not is_private:
            path = f"{node.path}.{key}" if node.path else key
            self.unknown.append((around + path, node))


def tidy(body: Any, node: JsonNode, unused: Unused, shown: Any = None, around: str = "") -> Any:
    """Return a client's object under the names of the interface, without what is unset.

    Values of a wrong type stay for the schema to find. Properties that only the server sets are
    left out. `shown` is what a GET of the same object shows: a zero that stands there is a value,
    and what lacks a property with a default is not changed by it.
    `around` is the path of the list, with a dot behind it, that the object of another model is in.
    """
    if not isinstance(body, dict):
        return body
    known: Mapping[str, Any] = shown if isinstance(shown, Mapping) else _NOTHING
    result: dict[str, Any] = {}
    for key, value in body.items():
        child = node.children.get(key) or node.find(key)
        if child is None:
            if value is not None:
                unused.add(key, node, around)
            continue
        before = known.get(child.name) if known else None
        if child.prop is not None and child.prop.read_only:
            if isinstance(value, list) and value and value != before:
                unused.unmanaged.append(f"{around}{child.path} ({' '.join(map(str, value))})")
            continue
        if not value and is_zero(child, value) and (before is None or not is_same(before, value)):
            result.pop(child.name, None)
            continue
        if child.children:
            value = tidy(value, child, unused, before, around)
        elif child.item is not None and child.item.children:
            inside = around if child.item.path else f"{around}{child.path}[]."
            value = _tidy_items(value, child, unused, before, inside)
        result[child.name] = value
    return _with_defaults(result, node.defaults, shown) if node.defaults else result


def _with_defaults(
    result: dict[str, Any], defaults: Mapping[str, Any], shown: Any
) -> dict[str, Any]:
    known = shown if isinstance(shown, Mapping) else _NOTHING
    absent = defaults.keys() - result.keys()
    return result | {name: defaults[name] for name in absent if shown is None or name in known}


def _tidy_items(value: Any, node: JsonNode, unused: Unused, before: Any, around: str) -> Any:
    """Return the objects of a list, or of an object that holds them by name, each as by `tidy`."""
    item = node.item
    assert item is not None
    if node.key is not None and isinstance(value, dict):
        olds = before if isinstance(before, Mapping) else _NOTHING
        return {
            name: tidy(one, item, unused, olds.get(name), around) for name, one in value.items()
        }
    if node.key is None and isinstance(value, list):
        pairs = zip(
            value, partners(before, value) if isinstance(before, list) else repeat(None),
            strict=False,
        )  # fmt: skip
        return [tidy(one, item, unused, old, around) for one, old in pairs]
    return value


def flatten(
    data: Mapping[str, Any], node: JsonNode, into: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the flat values of a valid object of the interface."""
    values = {} if into is None else into
    for key, value in data.items():
        child = node.children[key]
        if child.children:
            if child.prop is not None and not value:
                values[child.canonical] = {}
            flatten(value, child, values)
        elif child.item is not None and child.item.children:
            items = value if child.key is None else value.values()
            flat = (flatten(item, child.item) for item in items)
            values[child.canonical] = [resolved(item, child.item.aliases) for item in flat]
        elif child.conversion is not None:
            values[child.canonical] = child.conversion.read(value)
        elif child.parts:
            values.update(cut(value, child.canonical, child.parts))
        else:
            values[child.canonical] = value
    return unspelled(values, node.spelled) if node.spelled else values
