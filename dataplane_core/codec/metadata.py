"""Show the comment of an object's line as its metadata, and write metadata there: JSON.

A comment that is no JSON object is somebody's own words: `{"comment": "…"}` shows them, and they
stay as they are until the metadata changes.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson

from dataplane_core.errors import Code, Invalid
from dataplane_core.grammar import Prop
from dataplane_core.text import Line

METADATA = Prop("metadata", "object", help="What clients keep of the object, in its comment.")

_ESCAPED = re.compile(r"[<>&\x7f-\x9f\u2028\u2029]")
"""What JSON may hold as it is, and a comment is not to hold: controls, and line ends of Unicode."""


def metadata_of(line: Line) -> dict[str, Any] | None:
    """Return the metadata of the object on a line, None where the line has no comment."""
    words = line.comment[1:].strip() if line.tokens else ""
    if not words:
        return None
    try:
        found = orjson.loads(words)
    except orjson.JSONDecodeError:
        found = None
    return found if isinstance(found, dict) else {"comment": words}


def with_metadata(line: Line, metadata: Mapping[str, Any] | None) -> Line:
    """Return the line with metadata for its comment: compact, with sorted keys; None: no comment.

    Raises `Invalid` for metadata that is nested too deeply.
    """
    if metadata is None:
        return line.with_comment("")
    if metadata == metadata_of(line):
        return line
    try:
        text = json.dumps(metadata, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    except RecursionError:
        message = f"{METADATA.name} in body is nested too deeply"
        raise Invalid(message, code=Code.TYPE) from None
    return line.with_comment("# " + _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
