"""`/stats/native`: counters (management guide, section 9.1 "CSV format", and "show stat")."""

import csv
from collections.abc import Callable, Iterator
from typing import Any

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    BadRequest,
    Parameter,
    Response,
    Routes,
    Runtime,
    RuntimeClient,
    RuntimeFailed,
    Services,
    array,
    impl,
    operation,
    parse_integer,
    to_json,
)
from dataplane_plugins.runtime.common import NUMBER, TEXT, V1, V2, V3, answers_of_all

NUMBERS = (
    *("act", "agent_code", "agent_duration", "agent_fall", "agent_health", "agent_rise", "bck"),
    *("bin", "bout", "check_code", "check_duration", "check_fall", "check_health", "check_rise"),
    *("chkdown", "chkfail", "cli_abrt", "comp_byp", "comp_in", "comp_out", "comp_rsp", "conn_rate"),
    *("conn_rate_max", "conn_tot", "ctime", "dcon", "downtime", "dreq", "dresp", "dses", "econ"),
    *("ereq", "eresp", "hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other"),
    *("iid", "intercepted", "lastchg", "lastsess", "lbtot", "pid", "qcur", "qlimit", "qmax"),
    *("qtime", "rate", "rate_lim", "rate_max", "req_rate", "req_rate_max", "req_tot", "rtime"),
    *("scur", "sid", "slim", "smax", "srv_abrt", "stot", "throttle", "ttime", "weight", "wredis"),
    "wretr",
)
TEXTS = (
    *("addr", "agent_desc", "agent_status", "algo", "check_desc", "check_status", "cookie"),
    *("hanafail", "last_agt", "last_chk", "mode", "status", "tracked"),
)
_CHECKS = ("UNK", "INI", "SOCKERR", "L4OK", "L4TOUT", "L4CON")
ENUMS = {
    "agent_status": (*_CHECKS, "L7OK", "L7STS"),
    "check_status": (
        *(*_CHECKS, "L6OK", "L6TOUT", "L6RSP"),
        *("L7OK", "L7OKC", "L7TOUT", "L7RSP", "L7STS"),
    ),
    "mode": ("tcp", "http", "health", "unknown"),
    "status": ("UP", "DOWN", "NOLB", "MAINT", "no check", "DRAIN", "OPEN"),
}
CHECKED = ("agent_status", "check_status")
OLD_WORD = "L40K"
"""How version 1 spells `L4OK` in its document; HAProxy never said so, nor do answers."""
TYPES = {"frontend": 1, "backend": 2, "server": 4}
"""The objects that are counted, and what `show stat` calls them."""
_UNREADABLE = "HAProxy's answer to show stat cannot be read"
_LABELS = {"0": "frontend", "1": "backend", "2": "server"}

Wanted = Callable[[dict[str, Any]], bool]


def parse_stats(answer: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of an answer to `show stat` as objects of the interface."""
    rows = _rows(answer.removeprefix("# ").splitlines())
    header = next(rows, [])
    if header[:2] != ["pxname", "svname"]:
        raise RuntimeFailed(_UNREADABLE)
    for row in rows:
        given = dict(zip(header, row, strict=False))
        kind = _LABELS.get(given.get("type", ""))
        if kind is None:
            continue
        one: dict[str, Any] = {"name": given["pxname"], "stats": _values(given), "type": kind}
        if kind == "server":
            one = {"backend_name": given["pxname"], **one, "name": given["svname"]}
        yield one


def _rows(lines: list[str]) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines)
    except csv.Error:  # no HAProxy writes such a line
        raise RuntimeFailed(_UNREADABLE) from None


def _values(given: dict[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in NUMBERS:
        number = parse_integer(given.get(name, ""))
        if number is not None:
            values[name] = number
    for name in TEXTS:
        if text := given.get(name, ""):
            # a check that is under way shows the last result behind a star
            values[name] = text.removeprefix("* ") if name in ENUMS else text
    return values


def stats_filter(kind: str | None, name: str | None, parent: str | None) -> Wanted:
    """Return the filter of rows that a query asks for; raises `BadRequest`."""
    if kind is None and (name or parent):
        raise BadRequest("name and parent in query need a type")
    if parent and kind != "server":
        raise BadRequest("parent in query belongs to the type server")

    def wanted(one: dict[str, Any]) -> bool:
        return name in (None, one["name"]) and parent in (None, one.get("backend_name"))

    return wanted


class NativeStats:
    """The counters of every process."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json(self._asked(req))

    def _asked(self, req: ApiRequest) -> list[dict[str, Any]]:
        """Return the counters that a request asks for, of each process."""
        kind = req.query["type"]
        wanted = stats_filter(kind, req.query["name"], req.query["parent"])
        command = f"show stat -1 {TYPES[kind] if kind else 7} -1"

        def ask(client: RuntimeClient, seconds: float) -> list[dict[str, Any]]:
            answer = client.dump(command, seconds)
            return [one for one in parse_stats(answer.decode("utf-8", "replace")) if wanted(one)]

        return answers_of_all(self.runtime, "stats", ask)


class FirstNativeStats(NativeStats):
    """The counters of the process, of several the first."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json(self._asked(req)[0])


class OldNativeStats(NativeStats):
    """The counters of every process as version 1 has them: `tracked` is a number, or not there."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        processes = self._asked(req)
        for one in (one for each in processes for one in each.get("stats", ())):
            tracked = one["stats"].pop("tracked", "")
            number = parse_integer(tracked)
            if number is not None:
                one["stats"]["tracked"] = number
        resp.data = to_json(processes)


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the counters."""
    routes.tag("Stats", "Counters of frontends, backends and servers.", 30)
    texts = {name: {**TEXT, **({"enum": list(ENUMS[name])} if name in ENUMS else {})}
             for name in TEXTS}  # fmt: skip
    members = {**dict.fromkeys(NUMBERS, NUMBER), **texts}
    routes.schema("native_stat_stats", {"type": "object", "properties": members}, V2 + V3)
    checked = {name: {**TEXT, "enum": [*ENUMS[name], OLD_WORD]} for name in CHECKED}
    old = {**members, **checked, "tracked": NUMBER}
    routes.schema("native_stat_stats", {"type": "object", "properties": old}, V1)
    kind = {"type": "string", "enum": ["backend", "server", "frontend"]}
    one = {"backend_name": TEXT, "name": TEXT, "stats": {"$ref": "native_stat_stats"}, "type": kind}
    routes.schema("native_stat", {"type": "object", "properties": one})
    each = {"error": TEXT, "runtimeAPI": TEXT, "stats": array("native_stat")}
    process = {"type": "object", "properties": each}
    routes.schema("native_stats_collection", process, V1 + V2)
    routes.schema("native_stats", array("native_stats_collection"), V1 + V2)
    routes.schema("native_stats", process, V3)
    get = operation(
        "getStats",
        "Stats",
        "Read statistics. The counters of frontends, backends and servers, as each running "
        "process has them.",
        (
            Parameter("type", enum=tuple(TYPES), help="Show only these."),
            Parameter("name", help="Show only the object of this name; with a type."),
            Parameter("parent", help="Show only servers of this backend; with the type server."),
        ),
        _200=Response({"$ref": "native_stats"}),
        _500=Response({"$ref": "native_stats"}, (), "The request failed."),
    )
    path = "/services/haproxy/stats/native"
    routes.add(path, OldNativeStats(services.runtime), {"GET": get}, V1)
    routes.add(path, NativeStats(services.runtime), {"GET": get}, V2)
    routes.add(path, FirstNativeStats(services.runtime), {"GET": get}, V3)
