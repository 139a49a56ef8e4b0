"""Generate marshmallow schemas from the declarations: what is right, and in which words.

Every message is a `BrokenRule`: a sentence and its code, so that one pass over a body gives all
violations and the answer can lead with the one that counts most.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import RLock
from typing import Any

from marshmallow import Schema, ValidationError, fields

from dataplane_core.codec.shape import JsonNode
from dataplane_core.errors import Code
from dataplane_core.grammar import Prop

TYPE_ERROR = 400
"""The code of a value of another JSON type than declared: the body cannot be decoded."""

_ORDER = (TYPE_ERROR, Code.REQUIRED, Code.PATTERN, Code.ENUM, Code.MAXIMUM, Code.MINIMUM)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LARGEST = 2**63 - 1


class BrokenRule(str):
    """The end of a sentence about a property, with the code of the rule that is broken."""

    code: int

    def __new__(cls, code: int, text: str) -> "BrokenRule":
        rule = super().__new__(cls, text)
        rule.code = int(code)
        return rule

    def format(self, *_args: object, **_names: object) -> "BrokenRule":
        """Return the rule itself, whose text is complete: marshmallow formats its messages."""
        return self


class BrokenRelation(BrokenRule):
    """A broken rule between properties, each of which is right by itself."""


Violation = tuple[str, BrokenRule]
"""The path of a property, and the rule it breaks."""


def _messages(kind: str) -> dict[str, Any]:
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
    """A string without control characters, none of which can stand in a line of configuration."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if _CONTROL.search(text):
            raise ValidationError(
                BrokenRule(Code.PATTERN, "in body must not hold control characters")
            )
        return text


class WholeNumber(fields.Integer):
    """A JSON integer of at most 64 bits; 3.0 is not an integer."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if type(value) is not int or not -_LARGEST - 1 <= value <= _LARGEST:
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class Truth(fields.Boolean):
    """A JSON boolean and nothing that could stand for one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Objects(fields.Dict):
    """An object whose members, of any name, are objects of one model."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            members: dict[str, Any] = super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        except ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            # marshmallow tells what is wrong with the name of a member from what is with its value
            inside = {name: rules["value"] for name, rules in error.messages.items()}
            raise ValidationError(inside) from None
        return members


def pattern_check(pattern: str) -> Callable[[str], None]:
    """Return a validator: a pattern is found in the text; its `\\d` and `\\s` are ASCII's."""
    found = re.compile(pattern, re.ASCII).search
    rule = BrokenRule(Code.PATTERN, f"in body should match '{pattern}'")

    def check(value: str) -> None:
        if found(value) is None:
            raise ValidationError(rule)

    return check


def choice_check(choices: tuple[Any, ...]) -> Callable[[Any], None]:
    """Return a validator: the value is one of some."""
    rule = BrokenRule(Code.ENUM, f"in body should be one of [{' '.join(map(str, choices))}]")

    def check(value: Any) -> None:
        if value not in choices:
            raise ValidationError(rule)

    return check


def limit_check(minimum: int | None, maximum: int | None) -> Callable[[int], None]:
    """Return a validator: the number lies within limits."""

    def check(value: int) -> None:
        if minimum is not None and value < minimum:
            text = f"in body should be greater than or equal to {minimum}"
            raise ValidationError(BrokenRule(Code.MINIMUM, text))
        if maximum is not None and value > maximum:
            text = f"in body should be less than or equal to {maximum}"
            raise ValidationError(BrokenRule(Code.MAXIMUM, text))

    return check


def _checks(prop: Prop) -> list[Callable[[Any], None]]:
    checks: list[Callable[[Any], None]] = []
    if prop.pattern is not None:
        checks.append(pattern_check(prop.pattern))
    if prop.enum:
        checks.append(choice_check(prop.enum))
    if prop.minimum is not None or prop.maximum is not None:
        checks.append(limit_check(prop.minimum, prop.maximum))
    return checks


def _facts(prop: Prop) -> dict[str, Any]:
    """Return what the specification says of a property beyond what the field itself does."""
    facts: dict[str, Any] = {}
    if prop.title:
        facts["title"] = prop.title
    if prop.help:
        facts["description"] = prop.help
    if prop.enum:
        facts["enum"] = list(prop.enum)
    for name in ("default", "pattern", "minimum", "maximum"):
        value = getattr(prop, name)
        if value is not None:
            facts[name] = value
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


class SchemaFactory:
    """Schema classes of one API version; nested objects that are alike share one class.

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
            return fields.List(self._item(item, node.name, owner),
                               error_messages=_messages("an array"), **more)  # fmt: skip
        if node.key is not None and node.item is not None:
            return Objects(values=self._item(node.item, node.name, owner),
                           error_messages=_messages("an object"), **more)  # fmt: skip
        kind, words = _SCALARS.get(prop.json, (fields.Dict, "an object"))
        return kind(validate=_checks(prop), error_messages=_messages(words), **more)

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


class JsonPath(str):
    """The path of a value in a body, with dots; `names` are its parts, which may hold dots, too."""

    names: tuple[str, ...] = ()

    def below(self, name: str) -> "JsonPath":
        """Return the path of what is called `name` in the value, or has that place in it."""
        path = JsonPath(f"{self}.{name}" if self else name)
        path.names = (*self.names, name)
        return path


_WHOLE = JsonPath()


def violations(
    messages: Mapping[Any, Any] | list[Any], path: JsonPath = _WHOLE
) -> Iterator[tuple[JsonPath, BrokenRule]]:
    """Yield the rules that marshmallow found broken, with the paths of the properties."""
    if isinstance(messages, list):
        for rule in messages:
            yield path, rule
        return
    for name, inner in messages.items():
        if name == "_schema" and isinstance(inner, list):
            yield from violations(inner, path)
        else:
            yield from violations(inner, path.below(str(name)))


def ordered(found: Iterable[Violation]) -> list[Violation]:
    """Return violations in the order of an answer: other types first, then by their codes."""
    ranks = {code: rank for rank, code in enumerate(_ORDER)}
    return sorted(found, key=lambda one: ranks.get(getattr(one[1], "code", TYPE_ERROR), len(ranks)))
