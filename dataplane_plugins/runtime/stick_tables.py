"""Stick tables as HAProxy writes them (management guide, section 9.3, "show table")."""

from collections.abc import Generator, Iterable, Iterator
from typing import Any

from dataplane_core.plugin import (
    BadRequest,
    Document,
    NotFound,
    RuntimeClient,
    RuntimeFailed,
    dataclass,
    is_digits,
    lazy_pattern,
    runtime_argument,
    unquote,
)

DATA_TYPES = (
    *("bytes_in_cnt", "bytes_in_rate", "bytes_out_cnt", "bytes_out_rate", "conn_cnt", "conn_cur"),
    *("conn_rate", "glitch_cnt", "glitch_rate", "gpc", "gpc_rate", "gpc0", "gpc0_rate", "gpc1"),
    *("gpc1_rate", "gpt0", "gpt", "http_req_cnt", "http_req_rate", "http_err_cnt"),
    *("http_err_rate", "http_fail_cnt", "http_fail_rate", "server_id", "sess_cnt", "sess_rate"),
)
"""What a table can count (configuration manual, "stick-table")."""
ARRAYS = ("gpc", "gpc_rate", "gpt")
"""Of these a table may have several, which HAProxy writes as `gpc2`, `gpc_rate0`."""

_HEADER = lazy_pattern(
    r"# table: (?P<name>.*?), type: (?P<type>\w+).*?, "
    r"size:(?P<size>[0-9]{1,19}), used:(?P<used>[0-9]{1,19})"
)
_ROW = lazy_pattern(r"(?P<id>0x[0-9a-f]+): key=(?P<key>(?:[^\\ ]|\\.)*) (?P<data>.*)")
_DATA = lazy_pattern(r"(\w+)(?:\(([0-9]+)\))?=(-?[0-9]{1,20})(?![0-9])")
_MEMBER = lazy_pattern(r"(gpc|gpc_rate|gpt)([0-9]{1,9})")
_STORED = lazy_pattern(r"(\w+)(?:\(([\w,]*)\))?")
_TIME = lazy_pattern(r"(\d+)(us|ms|s|m|h|d)?")
_MILLISECONDS = {None: 1, "us": 0.001, "ms": 1, "s": 1000, "m": 60000, "h": 3600000, "d": 86400000}
_ESCAPE = lazy_pattern(r"\\(?:x[0-9A-Fa-f]{2}|(.))")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "e": "\x1b"}


@dataclass(frozen=True, slots=True)
class StickTable:
    """What a table's first line says; `size` and `used` count entries."""

    name: str
    type: str
    size: int
    used: int


def parse_header(line: str) -> StickTable | None:
    """Return the table that the first line of HAProxy's answer describes; None for another line."""
    match = _HEADER.match(line)
    if match is None:
        return None
    return StickTable(match["name"], match["type"], int(match["size"]), int(match["used"]))


def stick_tables(client: RuntimeClient, seconds: float) -> list[StickTable]:
    """Return the tables of a process; raises `RuntimeFailed` for an odd answer."""
    answer = client.command("show table", seconds)
    found = [parse_header(line) for line in answer.splitlines() if line]
    if None in found:
        raise RuntimeFailed("HAProxy's list of stick tables cannot be read")
    return [one for one in found if one is not None]


def entry_lines(
    client: RuntimeClient, name: str, rest: str, seconds: float
) -> Generator[str, None, None]:
    """Yield the lines of a table's entries; `rest` narrows them, as `show table` reads it.

    Raises `NotFound` without the table, and `BadRequest` with HAProxy's words.
    """
    answer = _lines(client.stream(f"show table {runtime_argument(name)}{rest}", seconds))
    first = next(answer, "")
    if first.startswith("No such table"):
        raise NotFound(f"the running HAProxy has no stick table {name}")
    if first and parse_header(first) is None:
        raise BadRequest(f"HAProxy says: {first}")
    yield from filter(None, answer)


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")


def parse_table_entry(line: str) -> dict[str, Any]:
    """Return an entry as clients see it; of an array, the first member without its own name."""
    match = _ROW.match(line)
    if match is None:
        raise RuntimeFailed("an entry of HAProxy's stick table cannot be read")
    values: dict[str, Any] = {"id": match["id"], "key": unescaped(match["key"])}
    for name, _, number in _DATA.findall(match["data"]):
        if name == "use":
            values |= {"use": True} if int(number) else {}
        elif name == "exp" or name in DATA_TYPES:
            values[name] = int(number)
        elif member := _MEMBER.fullmatch(name):
            values.setdefault(member[1], {"idx": int(member[2]), "value": int(number)})
    return values


def table_fields(line: str) -> list[dict[str, Any]]:
    """Return the fields that a table stores, read from the line of one of its entries."""
    match = _ROW.match(line)
    found = _DATA.findall(match["data"]) if match else ()
    return [one for name, period, _ in found if (one := table_field(name, int(period or 0)))]


def table_field(name: str, period: int) -> dict[str, Any]:
    """Return a field that a table stores, `period` in milliseconds; empty for an unknown name."""
    shown: dict[str, Any] = {"field": name}
    if name not in DATA_TYPES:
        member = _MEMBER.fullmatch(name)
        if member is None:
            return {}
        shown = {"field": member[1], "idx": int(member[2])}
    if period:
        shown["period"] = period
    return {**shown, "type": "rate" if "_rate" in name else "counter"}


def declared_fields(document: Document, name: str) -> list[dict[str, Any]]:
    """Return the fields of a table without entries, as the configuration declares them.

    The table is a proxy's, or `peers/table`, a line `table` of a section `peers`.
    """
    found: list[dict[str, Any]] = []
    for words in _declarations(document, name):
        for word, value in zip(words, words[1:], strict=False):
            if word == "store":
                for match in _STORED.finditer(value):
                    found += _stored(match[1], match[2])
    return found


def in_order(fields: list[dict[str, Any]], declared: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the fields of a table's entries in the order of their declaration, other ones last.

    Without an entry what is declared is all that is known.
    """
    places = {(one["field"], one.get("idx")): at for at, one in enumerate(declared)}
    last = len(places)
    ordered = sorted(fields, key=lambda one: places.get((one["field"], one.get("idx")), last))
    return ordered or declared


def _declarations(document: Document, name: str) -> Iterator[list[str]]:
    owner, _, own = name.rpartition("/")
    for section in document.sections:
        for line in section.lines:
            words = line.tokens
            proxy = words[:1] == ("stick-table",) and section.name == name
            peer = words[:1] == ("table",) and section.kind == "peers" and section.name == owner
            if proxy or (peer and unquote(words[1]) == own):
                yield [unquote(word) for word in words]


def _stored(name: str, given: str | None) -> Iterator[dict[str, Any]]:
    """Yield the fields of one word of `store`: `gpc0`, `http_req_rate(10s)`, `gpc_rate(3,10s)`."""
    parts = (given or "").split(",")
    period = _TIME.fullmatch(parts[-1]) if "_rate" in name else None
    milliseconds = int(int(period[1]) * _MILLISECONDS[period[2]]) if period else 0
    if name not in ARRAYS:
        yield table_field(name, milliseconds)
    elif is_digits(parts[0]):
        for index in range(min(int(parts[0]), 100)):
            yield table_field(f"{name}{index}", milliseconds)


def unescaped(text: str) -> str:
    r"""Return a key without HAProxy's escapes; bytes that are not ASCII stay as `\xC3`.

    >>> unescaped(r"a\ b\=c")
    'a b=c'
    """
    return _ESCAPE.sub(
        lambda found: _LETTERS.get(found[1], found[1]) if found[1] else found[0], text
    )
