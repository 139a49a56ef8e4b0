"""The entries of a map as JSON, without a Python object for each where that can be done.

HAProxy writes a line for each: `0x55d0c0de /path backend`. Where no character means anything in
JSON, the text becomes JSON by being cut and joined as a whole.
"""

import re

from dataplane_core.plugin import to_json

_SPECIAL = bytes([*range(10), *range(11, 32), ord('"'), ord("\\")])
_BLANK = b"\x1f"
_BLANKS = re.compile(rb"^(\S++ \S++ )(\S*+ .*)$", re.MULTILINE)
_START, _KEY, _VALUE, _NEXT, _END = b'[{"id":"', b'","key":"', b'","value":"', b'"},{"id":"', b'"}]'


def entries_json(dump: bytes) -> bytes:
    """A JSON array of objects with `id`, `key` and `value`; `dump` has no newline at its end."""
    if not dump:
        return b"[]"
    lines = dump.count(b"\n") + 1
    if _is_plain(dump):
        words = _hidden(dump, lines).split(b" ")
        # With a line that has no value the words are not what they seem.
        if len(words) == 2 * lines + 1 and b"\n" not in b"".join(words[1::2]):
            return _joined(words, lines).replace(_BLANK, b" ")
    return _one_by_one(dump.decode("utf-8", "surrogateescape"))


def _hidden(dump: bytes, lines: int) -> bytes:
    """The lines with another character for the blanks of values."""
    if dump.count(b" ") == 2 * lines:
        return dump
    return _BLANKS.sub(lambda line: line[1] + line[2].replace(b" ", _BLANK), dump)


def _is_plain(dump: bytes) -> bool:
    """Whether it is UTF-8 that JSON takes as it is."""
    try:
        dump.decode()
    except UnicodeDecodeError:
        return False
    return len(dump.translate(None, _SPECIAL)) == len(dump)


def _joined(words: list[bytes], lines: int) -> bytes:
    """JSON of words that are in turn a key, and a value with the next line's mark behind it."""
    parts = [b""] * (4 * lines)
    parts[0::4] = [_KEY] * lines
    parts[1::4] = words[1::2]
    parts[2::4] = [_VALUE] * lines
    parts[3::4] = words[2::2]
    return b"".join([_START, words[0], *parts, _END]).replace(b"\n", _NEXT)


def _one_by_one(text: str) -> bytes:
    rows = [line.split(" ", 2) for line in text.split("\n")]
    try:
        return to_json([{"id": mark, "key": key, "value": value} for mark, key, value in rows])
    except ValueError:  # an entry without a value
        whole = (row + [""] * (3 - len(row)) for row in rows)
        return to_json([{"id": mark, "key": key, "value": value} for mark, key, value in whole])
