"""Sum HAProxy's statistics over members, field by field as HAProxy says that they can be.

`show stat typed` has with each field what it is: a counter, a rate, a maximum, an average, an age
(management guide, section 9.1, "Typed output format"). What is shown is what `/stats/native` has.
"""

import base64
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dataplane_core.plugin import BadRequest, Runtime, parse_integer, runtime_argument
from dataplane_plugins.runtime.stats import NUMBERS, TEXTS, TYPES

_KINDS = {"0": "frontend", "1": "backend", "2": "server"}
_SHOWN = frozenset((*NUMBERS, *TEXTS))
_KEY, _SETTING = "K", "C"
_SUMS = frozenset("CGRL")
"""The natures of what is added up: counters, gauges, rates and limits."""

Field = tuple[str, int | str]
Row = tuple[str, str, str, dict[str, Field]]
"""A kind, the names of the proxy and of the server, and the fields with their tags."""


def check_filter(kind: str | None, name: str | None, parent: str | None) -> None:
    """Raise `BadRequest` for a filter that is none."""
    if kind is None and (name or parent):
        raise BadRequest("name and parent in query need a type")
    if parent and kind != "server":
        raise BadRequest("parent in query belongs to the type server")


def read_statistics(
    runtime: Runtime, kind: str | None, name: str | None, parent: str | None
) -> str:
    """Return what HAProxy's processes have counted here, packed for the store."""
    proxy = name if kind != "server" else parent
    where = runtime_argument(proxy) if proxy else "-1"
    answers = runtime.execute(f"show stat {where} {TYPES[kind] if kind else 7} -1 typed")
    rows = [
        row for one in answers for row in typed_rows(one)
        if kind != "server" or name in (None, row[2])
    ]  # fmt: skip
    return base64.b64encode(zlib.compress(json.dumps(rows).encode(), 6)).decode()


def unpacked(packed: str) -> list[Row]:
    """Return the rows of what was packed."""
    return [
        (kind, proxy, server, {key: (tags, value) for key, (tags, value) in fields.items()})
        for kind, proxy, server, fields in json.loads(zlib.decompress(base64.b64decode(packed)))
    ]


def typed_rows(answer: str) -> Iterable[Row]:
    """Return the rows of an answer to `show stat … typed`."""
    found: dict[str, dict[str, Field]] = {}
    for line in answer.splitlines():
        place, _, rest = line.partition(":")
        tags, _, rest = rest.partition(":")
        form, _, text = rest.partition(":")
        _, proxy, server, _, name, *_ = [*place.split("."), "", "", "", "", ""]
        if not rest:
            continue
        number = parse_integer(text) if form != "str" else None
        found.setdefault(f"{proxy}.{server}", {})[name] = tags, text if number is None else number
    for fields in found.values():
        is_of = _KINDS.get(str(fields.get("type", ("", 0))[1]))
        if is_of is not None:
            proxy, server = (str(fields[one][1]) for one in ("pxname", "svname"))
            shown = {name: one for name, one in fields.items() if name in _SHOWN}
            yield is_of, proxy, server if is_of == "server" else "", shown


def merged_rows(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the sums in the form of `/stats/native`, in the order in which objects were met."""
    found: dict[tuple[str, str, str], list[dict[str, Field]]] = {}
    for kind, proxy, server, fields in rows:
        found.setdefault((kind, proxy, server), []).append(fields)
    return [
        {
            **({"backend_name": proxy} if server else {}),
            "name": server or proxy, "type": kind, "stats": _merged(each),
        }
        for (kind, proxy, server), each in found.items()
    ]  # fmt: skip


def _merged(each: Sequence[Mapping[str, Field]]) -> dict[str, int | str]:
    """Return the fields of one object of all processes as those of one."""
    names = dict.fromkeys(name for fields in each for name in fields)
    found = {}
    for name in names:
        tags = next(fields[name][0] for fields in each if name in fields)
        value = _together(tags, [fields[name][1] for fields in each if name in fields])
        if value is not None:
            found[name] = value
    return found


def _together(tags: str, values: Sequence[int | str]) -> int | str | None:
    """Return what values are together; None where they have nothing in common."""
    numbers = [one for one in values if isinstance(one, int)]
    if len(numbers) < len(values):
        return _words([str(one) for one in values])
    origin, nature = tags[:1], tags[1:2]
    if nature in _SUMS and origin != _KEY and (origin, nature) != (_SETTING, "G"):
        return sum(numbers)
    merge = _MERGES.get(nature)
    if merge is not None:
        return merge(numbers)
    return numbers[0] if len(set(numbers)) == 1 else None


def _least_age(numbers: Sequence[int]) -> int:
    return min((one for one in numbers if one >= 0), default=-1)


_MERGES: Mapping[str, Callable[[Sequence[int]], int]] = {
    "M": max, "m": min, "a": lambda numbers: round(sum(numbers) / len(numbers)), "D": max,
    "A": _least_age,
}  # fmt: skip


def _words(values: Sequence[str]) -> str:
    """Return a word that all have, or how many have which."""
    different = dict.fromkeys(values)
    if len(different) == 1:
        return values[0]
    return ", ".join(f"{one} ({values.count(one)})" for one in different)
