"""Generate marshmallow schemas from the declarations: what is right, and in which words.

Every message is a `BrokenRule`: a sentence and its code, so that one pass over a body gives all
violations and the answer can lead with the one that counts most.
"""

from collections.abc import Iterable
from functools import cache
from threading import RLock
from typing import Any

from marshmallow import Schema, ValidationError, fields

from dataplane_core.codec.acceptance import LARGEST, UNWRITABLE
from dataplane_core.codec.shape import JsonNode
from dataplane_core.codec.value_checks import checks_of, pattern_check
from dataplane_core.codec.violations import TYPE_ERROR, BrokenRule
from dataplane_core.errors import Code
from dataplane_core.grammar import Prop

_HIDDEN = " It may be hidden behind a word that stands for it."
"""What is said of a secret besides (the setting `hide_secrets`)."""


@cache
def _messages(kind: str) -> dict[str, Any]:
    """Return the rules of fields of one kind; each field has a copy, of the same rules."""
    wrong = BrokenRule(TYPE_ERROR, f"in body must be {kind}")
    return {
        "invalid": wrong,
        "type": wrong,
        "null": wrong,
        "too_large": wrong,
        "invalid_utf8": wrong,
        "required": BrokenRule(Code.REQUIRED, "in body is required"),
    }


class JsonObject(Schema):
    """The base of all generated schemas."""

    error_messages = _messages("an object")


class Text(fields.String):
    """A string without characters that no line of configuration can hold."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        found = UNWRITABLE.search(text)
        if found:
            what = "halves of characters" if found[0] >= "\ud800" else "control characters"
            raise ValidationError(BrokenRule(Code.PATTERN, f"in body must not hold {what}"))
        return text


class WholeNumber(fields.Integer):
    """A JSON integer of at most 64 bits; 3.0 is not an integer."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if type(value) is not int or not -LARGEST - 1 <= value <= LARGEST:
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class Truth(fields.Boolean):
    """A JSON boolean and nothing that could stand for one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Members(fields.Dict):
    """An object whose members may have any name, and are alike: objects of one model, or strings.

    `keys` and `values` are the fields of their names and of themselves.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            members: dict[str, Any] = super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        except ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            # marshmallow tells what is wrong with the name of a member from what is with its value
            inside = {
                name: [*map(_of_name, rules["key"])] if "key" in rules else rules["value"]
                for name, rules in error.messages.items()
            }
            raise ValidationError(inside) from None
        return members


def _of_name(rule: BrokenRule) -> BrokenRule:
    return BrokenRule(rule.code, f"in body has a name that {rule.removeprefix('in body ')}")


_FACTS = {
    **{name: name for name in ("default", "pattern", "minimum", "maximum")},
    "min_items": "minItems",
    "max_items": "maxItems",
}


def _facts(prop: Prop) -> dict[str, Any]:
    """Return what the specification says of a property beyond what the field itself does."""
    facts: dict[str, Any] = {}
    if prop.title:
        facts["title"] = prop.title
    if prop.help:
        facts["description"] = prop.help + (_HIDDEN if prop.secret else "")
    if prop.enum:
        facts["enum"] = list(prop.enum)
    for name, fact in _FACTS.items():
        value = getattr(prop, name)
        if value is not None:
            facts[fact] = value
    if prop.unique:
        facts["uniqueItems"] = True
    if prop.read_only:
        facts["readOnly"] = True
    if prop.nullable:
        facts["x-nullable"] = True
    if prop.deprecated:
        facts["x-deprecated"] = True
    return facts


_SCALARS: dict[str, tuple[type[fields.Field[Any]], str]] = {
    "string": (Text, "a string"),
    "integer": (WholeNumber, "a whole number of at most 64 bits"),
    "boolean": (Truth, "true or false"),
}


class SchemaClasses:
    """The classes that a factory has made; nested objects that are alike share one class.

    `reserved` are names that nested objects do not take. A model has one class, wherever its
    objects stand.
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._known: dict[str, type[Schema]] = {}
        self._models: dict[JsonNode, type[Schema]] = {}
        self._names = set(reserved)
        self._lock = RLock()

    def schema(self, node: JsonNode, name: str) -> type[Schema]:
        """Return the class for the objects of a node, whose name in the specification is `name`."""
        with self._lock:
            if not node.path:
                found = self._models.get(node)
                if found is None:
                    found = self._models[node] = self._made(node, name, name)
                    self._known.setdefault(repr(_content(node)), found)
                return found
            content = repr(_content(node))
            found = self._known.get(content)
            if found is None:
                found = self._known[content] = self._made(node, self._free(name), name)
            return found

    def _made(self, node: JsonNode, name: str, owner: str) -> type[Schema]:
        members = {child.name: self.field(child, owner) for child in node.children.values()}
        return JsonObject.from_dict(members, name=name)

    def field(self, node: JsonNode, owner: str) -> fields.Field[Any]:
        """Return the field for one property."""
        prop = node.prop or Prop(node.canonical, "object")
        more: dict[str, Any] = {"required": prop.required, "metadata": _facts(prop)}
        if node.children:
            nested = self.schema(node, self._label(node.name, owner))
            return fields.Nested(nested, error_messages=_messages("an object"), **more)
        if prop.json == "array":
            item = node.item or JsonNode("", node.path + "[]", prop=Prop("", "string"))
            return fields.List(self._item(item, node.name, owner), validate=checks_of(prop),
                               error_messages=_messages("an array"), **more)  # fmt: skip
        if node.item is not None:
            names = Text(validate=pattern_check(prop.keys)) if prop.keys else None
            return Members(keys=names, values=self._item(node.item, node.name, owner),
                           error_messages=_messages("an object"), **more)  # fmt: skip
        kind, words = _SCALARS.get(prop.json, (fields.Dict, "an object"))
        return kind(validate=checks_of(prop), error_messages=_messages(words), **more)

    def _item(self, node: JsonNode, name: str, owner: str) -> fields.Field[Any]:
        if not node.children:
            return self.field(node, owner)
        nested = self.schema(node, self._label(name, owner) if node.path else node.name)
        return fields.Nested(nested, error_messages=_messages("an object"))

    def _label(self, name: str, owner: str) -> str:
        label = name.replace("-", "_").replace(".", "_")
        return label if label not in self._names else f"{owner}_{label}"

    def _free(self, name: str) -> str:
        label, number = name, 2
        while label in self._names:
            label, number = f"{name}_{number}", number + 1
        self._names.add(label)
        return label


def _content(node: JsonNode) -> Any:
    prop = node.prop and (node.prop.json, sorted(_facts(node.prop).items(), key=str), node.required)
    item = node.item and (_content(node.item) if node.item.path else node.item.name)
    return prop, item, [(name, _content(child)) for name, child in node.children.items()]
