"""Chain the lines of a file by hashes, so that nobody changes or removes one unseen.

Each line is a JSON object that ends with its own hash, and names the hash of the line before:

    {"seq": 2, …, "previous": "<hash of line 1>", "hash": "<SHA-256 of this line without its hash>"}

A line that a killed process left half written is ended, not removed: a file to which lines can only
be appended stays one. The line behind it says so (`repaired`), with the hash of the half.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from dataplane_core.dataclass import dataclass
from dataplane_core.digests import sha256
from dataplane_core.lazy_pattern import lazy_pattern

_HASH = lazy_pattern(rb'(\{.*), "hash": "([0-9a-f]{64})"\}')
START = "0" * 64
"""What the first line of a chain names as the hash before it."""
REPAIRED = "repaired"


@dataclass(frozen=True, slots=True)
class Link:
    """A line of a chain: its number, its hash, that of the line before, and what it says."""

    seq: int
    hash: str
    previous: str
    values: Mapping[str, Any]


def digest_of_bytes(data: bytes) -> str:
    """Return the hash of some bytes, as the lines have it."""
    return sha256(data)


def chained(seq: int, previous: str, values: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return a line, with its end, that follows on another one, and its hash."""
    body = json.dumps({"seq": seq, **values, "previous": previous}).encode()
    found = digest_of_bytes(body)
    return b'%s, "hash": "%s"}\n' % (body[:-1], found.encode()), found


def link_of(line: bytes) -> Link | None:
    """Return a line without its end as a link; None for what is no line of a chain, or changed."""
    match = _HASH.fullmatch(line)
    if match is None or digest_of_bytes(match[1] + b"}") != match[2].decode():
        return None
    try:
        values = json.loads(line)
        return Link(int(values["seq"]), values["hash"], str(values["previous"]), values)
    except (ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of the verification of files.

    `links` are the lines that hold; `fault` names the first that does not, with its file and
    number; it is empty where all hold. `first` and `last` are the ends of the chain.
    """

    links: int
    first: Link | None
    last: Link | None
    fault: str = ""


def verify(files: Iterable[tuple[str, Iterable[bytes]]]) -> Verified:
    """Follow the chain through files, the oldest first; each is its name and its lines."""
    count, first, last, half = 0, None, None, ""
    for name, lines in files:
        for number, raw in enumerate(lines, 1):
            place, line = f"{name}, line {number}", raw.rstrip(b"\n")
            link = link_of(line)
            if link is None:
                if half:
                    return Verified(count, first, last, _changed(half))
                half, torn = place, digest_of_bytes(line)
                continue
            if half and (link.values.get("event"), link.values.get("torn")) != (REPAIRED, torn):
                return Verified(count, first, last, _changed(half))
            half = ""
            if last is not None and (fault := _broken(last, link)):
                return Verified(count, first, last, f"{place}: {fault}")
            count, first, last = count + 1, first or link, link
    return Verified(count, first, last, _changed(half) if half else "")


def _changed(place: str) -> str:
    return f"{place}: the line was changed, or is no line of a chain"


def _broken(before: Link, after: Link) -> str:
    """Return why a line does not follow on another one; empty where it does."""
    if after.previous == before.hash and after.seq == before.seq + 1:
        return ""
    missing = after.seq - before.seq - 1
    if missing > 0:
        return f"{missing} lines before it are missing: {before.seq} is followed by {after.seq}"
    return f"it does not follow on the line before: {before.seq} is followed by {after.seq}"
