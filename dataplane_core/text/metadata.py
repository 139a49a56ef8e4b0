"""Show the comment of an object's line as its metadata, and write metadata there: JSON.

A comment that is no JSON object is somebody's own words: `{"comment": "…"}` shows them, and they
stay as they are until the metadata changes.
"""

import json
from collections.abc import Mapping
from typing import Any

import orjson

from dataplane_core.errors import Code, Invalid
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text.depth import is_too_deep
from dataplane_core.text.lines import Line

_ESCAPED = lazy_pattern(r"[<>&\x7f-\x9f\u2028\u2029]")
"""What JSON may hold as it is, and a comment is not to hold: controls, and line ends of Unicode."""

_SURROGATE = lazy_pattern("[\ud800-\udfff]")


def metadata_of(line: Line) -> dict[str, Any] | None:
    """Return the metadata of the object on a line, None where the line has no comment."""
    words = line.comment[1:].strip() if line.tokens else ""
    if not words:
        return None
    found = _object(words)
    return {"comment": words} if found is None else found


def is_metadata(line: Line) -> bool:
    """Return whether the comment of a line is metadata, and not somebody's own words."""
    return _object(line.comment[1:].strip()) is not None


def with_metadata(line: Line, metadata: Mapping[str, Any] | None) -> Line:
    """Return the line with metadata for its comment: compact, with sorted keys.

    None removes a comment that is metadata; somebody's own words stay. A line that has the same
    metadata stays as it is. Raises `Invalid` for text that is not UTF-8.
    """
    if metadata is None:
        return line.with_comment("") if is_metadata(line) else line
    text = _json(metadata)
    if text == _json(metadata_of(line)):
        return line
    if _SURROGATE.search(text):
        raise Invalid("metadata in body must be text in UTF-8", code=Code.PATTERN)
    return line.with_comment("# " + _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def _object(words: str) -> dict[str, Any] | None:
    """Return the object that a comment is as JSON, None for other words."""
    try:
        found = orjson.loads(words)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and not is_too_deep(found) else None


def _json(metadata: Mapping[str, Any] | None) -> str:
    """Return what tells metadata apart: as JSON, in which `true` is not 1."""
    return json.dumps(metadata, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
