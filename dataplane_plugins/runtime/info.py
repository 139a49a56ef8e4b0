"""`/runtime/info`: facts and counters of each process (management guide, "show info")."""

from collections.abc import Mapping
from typing import Any

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    Operation,
    Response,
    Routes,
    Runtime,
    RuntimeClient,
    Services,
    array,
    impl,
    is_digits,
    operation,
    to_json,
)
from dataplane_plugins.runtime.common import NUMBER, PATH, TEXT, V1, V2, V3, answers_of_all

FIELDS = {
    "ActivePeers": "active_peers",
    "BusyPolling": "busy_polling",
    "BytesOutRate": "bytes_out_rate",
    "CompressBpsIn": "compress_bps_in",
    "CompressBpsOut": "compress_bps_out",
    "CompressBpsRateLim": "compress_bps_rate_lim",
    "ConnRate": "conn_rate",
    "ConnRateLimit": "conn_rate_limit",
    "ConnectedPeers": "connected_peers",
    "CumConns": "cum_conns",
    "CumReq": "cum_req",
    "CumSslConns": "cum_ssl_conns",
    "CurrConns": "curr_conns",
    "CurrSslConns": "curr_ssl_conns",
    "DroppedLogs": "dropped_logs",
    "FailedResolutions": "failed_resolutions",
    "Hard_maxconn": "hard_max_conn",
    "Idle_pct": "idle_pct",
    "Jobs": "jobs",
    "Listeners": "listeners",
    "Maxconn": "max_conn",
    "MaxConnRate": "max_conn_rate",
    "Maxpipes": "max_pipes",
    "MaxSessRate": "max_sess_rate",
    "Maxsock": "max_sock",
    "MaxSslConns": "max_ssl_conns",
    "MaxSslRate": "max_ssl_rate",
    "MaxZlibMemUsage": "max_zlib_mem_usage",
    "Memmax_MB": "mem_max_mb",
    "Nbthread": "nbthread",
    "Pid": "pid",
    "PipesFree": "pipes_free",
    "PipesUsed": "pipes_used",
    "PoolAlloc_MB": "pool_alloc_mb",
    "PoolFailed": "pool_failed",
    "PoolUsed_MB": "pool_used_mb",
    "Process_num": "process_num",
    "Nbproc": "processes",
    "Run_queue": "run_queue",
    "SessRate": "sess_rate",
    "SessRateLimit": "sess_rate_limit",
    "SslBackendKeyRate": "ssl_backend_key_rate",
    "SslBackendMaxKeyRate": "ssl_backend_max_key_rate",
    "SslCacheLookups": "ssl_cache_lookups",
    "SslCacheMisses": "ssl_cache_misses",
    "SslFrontendKeyRate": "ssl_frontend_key_rate",
    "SslFrontendMaxKeyRate": "ssl_frontend_max_key_rate",
    "SslFrontendSessionReuse_pct": "ssl_frontend_session_reuse",
    "SslRate": "ssl_rate",
    "SslRateLimit": "ssl_rate_limit",
    "Stopping": "stopping",
    "Tasks": "tasks",
    "TotalBytesOut": "total_bytes_out",
    "Ulimit-n": "ulimit_n",
    "Unstoppable Jobs": "unstoppable",
    "Uptime_sec": "uptime",
    "ZlibMemUsage": "zlib_mem_usage",
}
"""HAProxy's names of numbers, and those of the interface."""


OLD_FIELDS = ("pid", "processes", "release_date", "uptime", "version")
"""What version 1 shows."""


def parse_info(answer: str) -> dict[str, Any]:
    """Return an answer to `show info` as an object with the interface's names."""
    given: Mapping[str, str] = {
        name.strip(): value.strip()
        for name, colon, value in (line.partition(":") for line in answer.splitlines())
        if colon
    }
    info: dict[str, Any] = {
        ours: int(given[theirs])
        for theirs, ours in FIELDS.items()
        if is_digits(given.get(theirs, "").removeprefix("-"))
    }
    for name, value in (("node", given.get("node")), ("version", given.get("Version"))):
        if value:
            info[name] = value
    if "Release_date" in given:
        info["release_date"] = given["Release_date"].replace("/", "-")
    return info


class ProcessInfo:
    """The processes."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json(self._asked())

    def _asked(self) -> list[dict[str, Any]]:
        def ask(client: RuntimeClient, seconds: float) -> dict[str, Any]:
            return parse_info(client.command("show info", seconds))

        return answers_of_all(self.runtime, "info", ask)


class FirstProcessInfo(ProcessInfo):
    """The process, of several the first."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json(self._asked()[0])


class OldProcessInfo(ProcessInfo):
    """The process as version 1 has it, of several the first: some of its facts, in `haproxy`."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        info = self._asked()[0].get("info", {})
        resp.data = to_json({"haproxy": {name: info[name] for name in OLD_FIELDS if name in info}})


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the information."""
    numbers = dict.fromkeys(FIELDS.values(), NUMBER)
    date = {"type": "string", "format": "date"}
    members = {**numbers, "node": TEXT, "release_date": date, "version": TEXT}
    routes.schema("process_info_item", {"type": "object", "properties": members})
    one = {"error": TEXT, "info": {"$ref": "process_info_item"}, "runtimeAPI": TEXT}
    routes.schema("process_info", {"type": "object", "properties": one}, V2 + V3)
    routes.schema("process_infos", array("process_info"))
    old = {"type": "object", "properties": {name: members[name] for name in OLD_FIELDS}}
    routes.schema("process_info", {"type": "object", "properties": {"haproxy": old}}, V1)
    for versions, resource, schema in (
        (V2, ProcessInfo(services.runtime), "process_infos"),
        (V3, FirstProcessInfo(services.runtime), "process_info"),
    ):
        routes.add(f"{PATH}/info", resource, {"GET": _reading(schema)}, versions)
    resource = OldProcessInfo(services.runtime)
    routes.add("/services/haproxy/info", resource, {"GET": _reading("process_info")}, V1)


def _reading(schema: str) -> Operation:
    return operation(
        "getHaproxyProcessInfo",
        "Information",
        "Read information about HAProxy. What each running process says of itself: version, "
        "limits, load.",
        _200=Response({"$ref": schema}),
    )
