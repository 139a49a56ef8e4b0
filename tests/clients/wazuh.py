"""Wazuh's helper for HAProxy, which spreads agents over the nodes of a cluster.

Its paths have a slash too many, every request names a version, GET too, and every change asks for a
reload at once. It takes the version from the answers, and where they have none asks for it.
"""

from tests.clients.replay import GONE, THERE, Call, Kept, Story

SERVICES = "/v2//services/haproxy"
CONFIGURATION = f"{SERVICES}/configuration"
BACKEND = "wazuh_reporting"
FRONTEND = f"{BACKEND}_front"
VERSION = {"version": "_version"}
ASK = Call("GET", f"{CONFIGURATION}/version?version={{version}}", keep={"version": ""})


def changed(method: str, path: str, body: object = None, query: str = "") -> tuple[Call, Call]:
    """Change something with a reload at once, and learn the version that this made."""
    status = {"POST": 201, "DELETE": 204}[method]
    told = {"name": body["name"], "_version": GONE} if isinstance(body, dict) else {}
    path = f"{CONFIGURATION}/{path}?{query}force_reload=true&version={{version}}"
    return Call(method, path, body, status, told), ASK


def state(server: str, wanted: str) -> tuple[Call, ...]:
    """Set a server's state and look whether it has it."""
    path = f"{SERVICES}/runtime/servers/{server}?backend={BACKEND}"
    told = {"admin_state": wanted}
    return (
        Call("PUT", f"{path}&version={{version}}", {"admin_state": wanted}, told=told),
        Call("GET", f"{path}&name={server}&version={{version}}", told=told),
    )


def statistics(server: str) -> Call:
    path = f"{SERVICES}/stats/native?type=server&parent={BACKEND}&name={server}&version={{version}}"
    stats = "0.stats.0.stats"
    told = {f"{stats}.status": THERE, f"{stats}.lastchg": THERE, f"{stats}.scur": 0}
    return Call("GET", path, told=told)


def read(path: str, **told: object) -> Call:
    told = {f"data.{where}" if where else "data": value for where, value in told.items()}
    return Call("GET", f"{CONFIGURATION}/{path}version={{version}}", told=told, keep=VERSION)


NODES = Story(
    "wazuh",
    (
        Call("GET", "//v2/health", told={"haproxy": "up"}),
        Call("GET", f"{SERVICES}/runtime/info?version=0", told={"0.info.version": THERE, "0.info.pid": THERE}),
        Call(
            "GET",
            f"{CONFIGURATION}/global?version=0",
            told={"data": THERE},
            keep={"version": "_version", "global": "data"},
        ),
        Call(
            "PUT",
            f"{CONFIGURATION}/global?version={{version}}",
            Kept("global", {"hard_stop_after": 70000}),
            202,
            {"hard_stop_after": 70000, "_version": GONE},
        ),
        ASK,
        read("backends?"),
        *changed("POST", "backends", {"name": BACKEND, "mode": "tcp", "balance": {"algorithm": "leastconn"}}),
        read("frontends?"),
        *changed("POST", "frontends", {"name": FRONTEND, "mode": "tcp", "default_backend": BACKEND}),
        *changed("POST", "binds", {"port": "#{port}", "name": f"{FRONTEND}_bind"}, f"frontend={FRONTEND}&"),
        read(f"servers?backend={BACKEND}&", **{"": []}),
        *changed(
            "POST",
            "servers",
            {"check": "enabled", "name": "master-node", "address": "127.0.0.1", "port": 1514},
            f"backend={BACKEND}&",
        ),
        *changed(
            "POST",
            "servers",
            {"check": "enabled", "name": "worker-1", "address": "localhost", "port": 1514,
             "resolvers": "docker", "init-addr": "last,libc,none"},
            f"backend={BACKEND}&",
        ),
        read(f"servers?backend={BACKEND}&", **{"0.name": "master-node", "1.address": "localhost"}),
        *state("master-node", "drain"),
        *state("master-node", "ready"),
        statistics("master-node"),
        statistics("worker-1"),
        *changed("DELETE", "servers/worker-1", query=f"backend={BACKEND}&"),
        read(f"servers?backend={BACKEND}&", **{"0.name": "master-node"}),
    ),
    {
        "global": ("hard-stop-after 70000",),
        f"backend {BACKEND}": (
            "mode tcp",
            "balance leastconn",
            "server master-node 127.0.0.1:1514 check",
        ),
        f"frontend {FRONTEND}": (
            "mode tcp",
            f"bind :{{port}} name {FRONTEND}_bind",
            f"default_backend {BACKEND}",
        ),
    },
)
STORIES = (NODES,)
