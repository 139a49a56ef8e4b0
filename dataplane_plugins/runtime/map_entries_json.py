"""The entries of a map as JSON, made of HAProxy's answer to `show map` as a whole.

A map may have a million entries. HAProxy writes one a line: a mark, the key, and the value, which
may hold blanks (`0x55d0c0de /path back end`). Objects for all lines take two to three times as
long as to cut the whole answer at its blanks and to join the pieces with the punctuation of JSON
(200 000 entries: 1.0 s and 0.3 s). The latter gives JSON only where no character of the answer
means anything in JSON; any other answer goes the slow way, line by line.
"""

import re

from dataplane_core.plugin import lazy_pattern, to_json

# Characters that a JSON string cannot hold as they are; a newline ends an entry.
_SPECIAL = bytes([*range(10), *range(11, 32), ord('"'), ord("\\")])
# Stands for the blanks of values while the answer is cut; no plain answer has it.
_BLANK = b"\x1f"
_BLANKS = lazy_pattern(rb"^(\S++ \S++ )(\S*+ .*)$", re.MULTILINE)
_START, _KEY, _VALUE, _NEXT, _END = b'[{"id":"', b'","key":"', b'","value":"', b'"},{"id":"', b'"}]'


def map_entries_json(dump: bytes) -> bytes:
    """Return a JSON array of objects with `id`, `key` and `value`.

    `dump` is HAProxy's answer without the newline at its end; bytes that are not UTF-8 become
    surrogates (`\\udc80`).
    """
    if not dump:
        return b"[]"
    lines = dump.count(b"\n") + 1
    if _is_plain(dump):
        words = _with_hidden_blanks(dump, lines).split(b" ")
        # An entry without a value shifts the words behind it: then keys hold line breaks.
        if len(words) == 2 * lines + 1 and b"\n" not in b"".join(words[1::2]):
            return _joined(words, lines).replace(_BLANK, b" ")
    return _one_by_one(dump.decode("utf-8", "surrogateescape"))


def _with_hidden_blanks(dump: bytes, lines: int) -> bytes:
    """Return the answer with `_BLANK` for the blanks of values."""
    if dump.count(b" ") == 2 * lines:
        return dump
    return _BLANKS.sub(lambda line: line[1] + line[2].replace(b" ", _BLANK), dump)


def _is_plain(dump: bytes) -> bool:
    """Return whether the answer is UTF-8 without a character that JSON would have to escape."""
    try:
        dump.decode()
    except UnicodeDecodeError:
        return False
    return len(dump.translate(None, _SPECIAL)) == len(dump)


def _joined(words: list[bytes], lines: int) -> bytes:
    """Return the JSON of the answer cut at its blanks.

    The first word is the first mark; then come in turn a key, and a value with the next line's mark
    behind a newline.
    """
    parts = [b""] * (4 * lines)
    parts[0::4] = [_KEY] * lines
    parts[1::4] = words[1::2]
    parts[2::4] = [_VALUE] * lines
    parts[3::4] = words[2::2]
    return b"".join([_START, words[0], *parts, _END]).replace(b"\n", _NEXT)


def _one_by_one(text: str) -> bytes:
    """Return the JSON of any answer, entry by entry."""
    rows = [line.split(" ", 2) for line in text.split("\n")]
    try:
        return to_json([{"id": mark, "key": key, "value": value} for mark, key, value in rows])
    except ValueError:  # an entry without a value
        whole = (row + [""] * (3 - len(row)) for row in rows)
        return to_json([{"id": mark, "key": key, "value": value} for mark, key, value in whole])
