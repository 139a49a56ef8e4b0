"""Variables of one word, `"name=value,name=value"`, as an object of strings.

That is how the Data Plane API writes them: in weak quotes, sorted by name, with a backslash in
front of each quote and comma of a value. Other backslashes, and variables of the environment, stand
in a value as they stand in the word, so that they keep their meaning whatever else is changed.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from dataplane_core.grammar import Prop
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text.tokens import in_weak_quotes

NAME = "^[A-Za-z0-9_]+$"
VALUE = r"""^([^\\]|\\[^",])*$"""
"""A quote or comma needs no backslash; any other backslash stands in front of something."""

_PAIR = lazy_pattern(r"(?:[^\\,]|\\.)+")
_ESCAPED = lazy_pattern(r"\\.")
_TO_ESCAPE = lazy_pattern(r"""\\.|[",]""")


def variables(prop: Prop) -> Prop:
    """Return the property of a word as one that is an object."""
    value = Prop("", pattern=VALUE, help="The variable's value.")
    return replace(prop, json="object", pattern=None, keys=NAME, items=value)


def variables_of(word: Any) -> Any:
    """Return the variables that a raw token says; one without `=` is empty."""
    return dict(_pairs(in_weak_quotes(word))) if isinstance(word, str) else word


def word_of(values: Any) -> Any:
    """Return the raw token that says variables, "" for none."""
    pairs = (f"{name}={_TO_ESCAPE.sub(_escaped, value)}" for name, value in sorted(values.items()))
    return f'"{",".join(pairs)}"' if values else ""


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for pair in _PAIR.findall(text):
        name, _, value = pair.partition("=")
        yield name.strip(), _ESCAPED.sub(_unescaped, value)


def _escaped(found: re.Match[str]) -> str:
    return found[0] if len(found[0]) > 1 else f"\\{found[0]}"


def _unescaped(found: re.Match[str]) -> str:
    return found[0][1] if found[0][1] in '",' else found[0]
