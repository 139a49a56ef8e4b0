"""Say how a file differs from what it was, without what is secret in it."""

import re

from dataplane_core.plugin import decode_text
from dataplane_plugins.changes.unified import unified_diff

_KEYS = re.compile(r"-----BEGIN [^-\n]*PRIVATE KEY-----.*?(?:-----END [^-\n]*-----|\Z)", re.DOTALL)
_KEY = "PRIVATE KEY"
_LONGEST = 1_000_000
"""Characters of the longest files of which the difference is shown."""


def file_difference(
    before: bytes | None, after: bytes | None, names: tuple[str, str] = ("before", "after")
) -> str | None:
    """Return the difference of two contents, as `diff -u` has it; None where it cannot be shown.

    That is a file that is no text, a long one, and one that may hold a key in some other form than
    PEM. A private key in PEM is shown as a line with a number, another one for another key.
    """
    texts = [decode_text(data or b"") for data in (before, after)]
    if any("\x00" in text or len(text) > _LONGEST for text in texts):
        return None
    numbers: dict[str, int] = {}

    def hidden(found: re.Match[str]) -> str:
        key = "".join(found[0].split())
        return f"<private key {numbers.setdefault(key, len(numbers) + 1)}>"

    old, new = (_KEYS.sub(hidden, text) for text in texts)
    return None if _KEY in old or _KEY in new else unified_diff(old, new, names)


def change_of(before: bytes | None, after: bytes | None) -> str:
    """Return what happens to a file, in a word."""
    if before == after:
        return "unchanged"
    return "created" if before is None else "deleted" if after is None else "changed"
