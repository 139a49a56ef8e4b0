"""What the server says of itself: `/info`, and its plugins below its own interface.

`/info` has its version and, if `show_system_info` says so, facts of the machine.
"""

import os
import platform
import resource
import socket
import time
from copy import deepcopy
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import falcon

from dataplane_core.plugin import (
    DEFAULT_RESPONSE,
    OWN,
    ApiRequest,
    Operation,
    Response,
    Routes,
    Services,
    __version__,
    array,
    impl,
    listed_plugins,
    operation,
    to_json,
)


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
INFO = _object(
    api=_object(
        build_date={"type": "string", "format": "date-time"},
        version={**TEXT, "description": "The release of the Data Plane API that is followed."},
        x_server={**TEXT, "description": "Name and version of this server."},
    ),
    system=_object(
        cpu_info=_object(model=TEXT, num_cpus=NUMBER),
        mem_info=_object(dataplaneapi_memory=NUMBER, free_memory=NUMBER, total_memory=NUMBER),
        hostname=TEXT,
        os_string=TEXT,
        time=NUMBER,
        uptime={"type": "integer", "x-nullable": True},
    ),
)

NAMES = {
    "type": "array", "items": TEXT,
    "description": "The plugins that do not come with this server.",
}  # fmt: skip
WITH_PLUGINS = deepcopy(INFO)
"""The same where there are such plugins: what the published interface has stays as it is."""
WITH_PLUGINS["properties"]["api"]["properties"]["x_plugins"] = NAMES


_NAMES = {"type": "array", "items": TEXT}
PLUGIN = _object(
    name=TEXT,
    origin={**TEXT, "description": "The distribution and its version; `built in` for the server."},
    distribution=TEXT,
    version=TEXT,
    contract={**TEXT, "description": "The version of the plugins' surface that it is written for."},
    state={**TEXT, "enum": ["loaded", "blocked", "not chosen", "left out"]},
    fault={**TEXT, "description": "Why it is left out."},
    collections=_NAMES,
    routes=_NAMES,
    hooks=_NAMES,
)


@lru_cache(maxsize=1)
def build_date() -> str:
    """Return the time of the installation (RFC 3339)."""
    places = (Path(__file__), *Path(__file__).parents)  # the file may be within an archive
    moment = next(place for place in places if place.exists()).stat().st_mtime
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def system() -> dict[str, Any]:
    """Return processors, memory in bytes, the host's name, and times in seconds."""
    page = os.sysconf("SC_PAGE_SIZE")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "cpu_info": {"model": _processor(), "num_cpus": os.cpu_count() or 1},
        "mem_info": {
            "dataplaneapi_memory": used,
            "free_memory": page * os.sysconf("SC_AVPHYS_PAGES"),
            "total_memory": page * os.sysconf("SC_PHYS_PAGES"),
        },
        "hostname": socket.gethostname(),
        "os_string": platform.platform(),
        "time": int(time.time()),
        "uptime": int(time.clock_gettime(time.CLOCK_BOOTTIME)),
    }


@lru_cache(maxsize=1)
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


class ServerInfo:
    """Versions of the server and, if `shown`, facts of its machine.

    `foreign` are the names of plugins that do not come with the server.
    """

    def __init__(self, shown: bool, foreign: list[str]) -> None:
        self.shown = shown
        self.foreign = foreign

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        api: dict[str, Any] = {
            "build_date": build_date(),
            "version": req.served.version.release,
            "x_server": f"dataplane {__version__}",
        }
        if self.foreign:
            api["x_plugins"] = self.foreign
        resp.data = to_json({"api": api, "system": system() if self.shown else {}})


class Plugins:
    """The plugins of this server, those that are not loaded too."""

    def __init__(self, services: Services, routes: Routes) -> None:
        self._services = services
        self._routes = routes

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        services = self._services
        found = listed_plugins(services.plugins, services.registry, self._routes)
        resp.data = to_json([asdict(one) for one in found])


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve what this server says of itself."""
    routes.tag("Information", "What this server and the running HAProxy say of themselves.", 80)
    foreign = services.plugins.foreign
    routes.schema("info", WITH_PLUGINS if foreign else INFO)
    responses = {"200": Response({"$ref": "info"}), "default": DEFAULT_RESPONSE}
    summary = "Read information about this server. Its version, and the machine that it runs on."
    shown = services.settings.dataplaneapi.show_system_info
    read = Operation(
        "getInfo", "Information", summary, responses=responses, repeatable=not shown
    )
    told = operation(
        "getPlugins",
        "Information",
        "List the plugins. Where each comes from, what it adds, and why it is not loaded.",
        _200=Response(array("plugin")),
    )
    routes.schema("plugin", PLUGIN, OWN)
    routes.add("/plugins", Plugins(services, routes), {"GET": told}, OWN)
    routes.add("/info", ServerInfo(shown, foreign), {"GET": read})
