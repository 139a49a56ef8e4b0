"""Values of several properties in the text of one: `0.0.0.0 usesrc clientip interface eth0`."""

from collections.abc import Iterable, Mapping
from typing import Any

from dataplane_core.grammar import Prop
from dataplane_core.text.tokens import is_words, split_words

Parts = Mapping[str, str]
"""The word in front of each further value, and the flat path of that."""


def held_in(props: Iterable[Prop], version: str) -> frozenset[str]:
    """Return the names of the properties that a version shows in the text of others."""
    return frozenset(name for prop in props for name in prop.holds.get(version, {}).values())


def phrase(path: str, parts: Parts, values: Mapping[str, Any]) -> Any:
    """Return the value at a flat path with its parts behind it, as far as there are any."""
    said = (f"{word} {values[part]}" for word, part in parts.items() if part in values)
    return " ".join((str(values[path]), *said))


def cut(text: Any, path: str, parts: Parts) -> dict[str, Any]:
    """Return the values that a text says, by their flat paths.

    A text of another form is the whole value of `path`, so that what writes it says what is wrong.
    """
    if not isinstance(text, str) or not is_words(text):
        return {path: text}
    first, *rest = split_words(text)
    words = rest[::2]
    if len(rest) % 2 or len(set(words)) < len(words) or not parts.keys() >= set(words):
        return {path: text}
    behind = zip(words, rest[1::2], strict=True)
    return {path: first, **{parts[word]: value for word, value in behind}}
