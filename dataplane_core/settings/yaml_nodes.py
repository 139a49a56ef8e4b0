"""Compose the nodes of a document in YAML, and say what its plain words are in YAML 1.2.

The library reads the form, and its own rules for words are those of YAML 1.1, in which `on` is a
boolean and `0o17` a text. So it is asked for the form alone (its base loader), and words are told
apart here, by the core schema of YAML 1.2 (section 10.3.2) with the numbers that were read before.
"""

from typing import Any, Literal

from dataplane_core.lazy_pattern import lazy_pattern

ScalarKind = Literal["text", "boolean", "null", "integer", "float"]

_INTEGER = lazy_pattern(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|[0-9][0-9_]*|0x[0-9a-fA-F_]+)")
_FLOAT = lazy_pattern(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|\.[0-9_]+(?:[eE][-+][0-9]+)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)"
)
_WORDS: dict[str, ScalarKind] = {
    **dict.fromkeys(("true", "True", "TRUE", "false", "False", "FALSE"), "boolean"),
    **dict.fromkeys(("", "null", "Null", "NULL", "~"), "null"),
}
_TAGS: dict[str, ScalarKind] = {
    "bool": "boolean", "null": "null", "int": "integer", "float": "float",
}  # fmt: skip


def compose_yaml(text: str) -> Any:
    """Return the root of a document, a node of the library; None for a document without any.

    Raises the library's `YAMLError`, and `ValueError` for escapes of what is no character.
    """
    import yaml

    return yaml.compose(text, getattr(yaml, "CBaseLoader", yaml.BaseLoader))


def scalar_kind(node: Any) -> ScalarKind:
    """Return what a scalar node of `compose_yaml` is: by its tag, or by its word if it is plain."""
    kind = _TAGS.get(str(node.tag).removeprefix("tag:yaml.org,2002:"))
    if kind is not None or node.style:  # quoted, or a block
        return kind or "text"
    word = str(node.value)
    if word in _WORDS:
        return _WORDS[word]
    if _INTEGER.fullmatch(word):
        return "integer"
    return "float" if _FLOAT.fullmatch(word) else "text"
