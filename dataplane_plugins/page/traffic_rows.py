"""What the page shows of HAProxy's counters: few of the columns, read fast for many rows.

Facts from HAProxy's management guide, sections 9.1 ("CSV format") and 9.3 ("show stat").
"""

from collections.abc import Iterator
from typing import Any

from dataplane_core.plugin import RuntimeFailed, is_digits

FRONTENDS, BACKENDS, SERVERS = "frontends", "backends", "servers"
PROXIES_COMMAND, SERVERS_COMMAND = "show stat -1 3 -1", "show stat -1 4 -1"
"""What asks HAProxy for all frontends and backends, and for all servers."""
SINCE = "lastchg"
"""When the status changed: in seconds since 1970 here, and in seconds ago in HAProxy's answer."""
COLUMNS = {
    FRONTENDS: (
        *("status", "rate", "req_rate", "scur", "stot", "req_tot", "bin", "bout"),
        *("hrsp_4xx", "hrsp_5xx", "ereq", "dreq"),
    ),
    BACKENDS: (
        *("status", "rate", "scur", "stot", "bin", "bout", "hrsp_4xx", "hrsp_5xx", "econ"),
        *("eresp", "qcur", "rtime", "act", "bck", SINCE),
    ),
    SERVERS: (
        *("status", "rate", "scur", "stot", "hrsp_4xx", "hrsp_5xx", "econ", "eresp", "qcur"),
        *("rtime", "weight", SINCE, "check_status", "last_chk", "addr"),
    ),
}
"""The columns of each kind of row, in the order in which they are sent."""
_KINDS = {"0": FRONTENDS, "1": BACKENDS, "2": SERVERS}
_TEXTS = frozenset({"status", "check_status", "last_chk", "addr"})
_QUOTED = '"'

_SAME = 2  # seconds by which moments differ that are the same, as HAProxy rounds

Values = list[Any]
Row = tuple[str, str, str, str, Values]
"""Kind, name of the proxy, name of the server, number of the proxy, and its values."""


def rows_of(answer: str) -> Iterator[Row]:
    """Yield the rows of an answer to `show stat`; raises `RuntimeFailed` for anything else."""
    head, _, rest = answer.partition("\n")
    header = head.removeprefix("# ").split(",")
    if header[:2] != ["pxname", "svname"] or "type" not in header:
        raise RuntimeFailed("HAProxy's answer to show stat cannot be read")
    places = {
        kind: [(header.index(name) if name in header else -1, name in _TEXTS) for name in names]
        for kind, names in COLUMNS.items()
    }
    of_kind, of_number = header.index("type"), header.index("iid")
    least = len(header) - 1  # a comma stands behind the last column
    for line in _lines(rest):
        words = _cut(line) if _QUOTED in line else line.split(",")
        kind = _KINDS.get(words[of_kind]) if len(words) >= least else None
        if kind is not None:
            values = [
                _value(words[at], is_text) if at >= 0 else None for at, is_text in places[kind]
            ]
            yield kind, words[0], words[1], words[of_number], values


def statuses_of(answer: str) -> Iterator[tuple[str, str]]:
    """Yield the proxy and the status of each row: a fifth of the cost of `rows_of`."""
    head, _, rest = answer.partition("\n")
    header = head.removeprefix("# ").split(",")
    if header[:2] != ["pxname", "svname"] or "status" not in header:
        raise RuntimeFailed("HAProxy's answer to show stat cannot be read")
    at = header.index("status")
    for line in _lines(rest):
        words = line.split(",", at + 1)  # what HAProxy quotes stands further behind
        if len(words) > at:
            yield words[0], words[at]


def _lines(text: str) -> Iterator[str]:
    """Yield the lines; one whose quoted value has line ends in it is one.

    What a server says to a check stands in such a value. No other sign ends a line, as in
    `str.splitlines`: a server could make rows of its own with them.
    """
    lines = iter(text.split("\n"))
    for line in lines:
        while _QUOTED in line and line.count(_QUOTED) % 2:
            more = next(lines, None)
            if more is None:
                return
            line = f"{line}\n{more}"
        yield line


def _value(word: str, is_text: bool) -> Any:
    if not word:
        return None
    if is_text:
        return word
    return int(word) if is_digits(word.removeprefix("-")) else None


def _cut(line: str) -> list[str]:
    """Cut a line in which a value is quoted; such lines are few, and csv is slow."""
    import csv

    return next(csv.reader([line]))


def keep_moments(kind: str, rows: dict[str, Values], before: dict[str, Values], now: float) -> None:
    """Make moments of the seconds since statuses changed, the same ones as in rows of before."""
    if SINCE not in COLUMNS[kind]:
        return
    at = COLUMNS[kind].index(SINCE)
    for name, values in rows.items():
        if values[at] is None:
            continue
        moment, former = round(now - values[at]), before.get(name)
        is_same = (
            former is not None and former[at] is not None and abs(former[at] - moment) <= _SAME
        )
        values[at] = former[at] if former is not None and is_same else moment
