"""The rules that a body breaks, each at the path of a property."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dataplane_core.errors import Code

TYPE_ERROR = 400
"""The code of a value of another JSON type than declared: the body cannot be decoded."""

_ORDER = (TYPE_ERROR, Code.REQUIRED, Code.PATTERN, Code.ENUM, Code.MAXIMUM, Code.MINIMUM)


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
