"""A controller of a mesh or a cluster, as haproxy-consul-connect is one.

It reads all there is, makes a service whole in one transaction, with more servers than there are
instances, and from then on only gives the servers other addresses, without a reload.
"""

from typing import Any

from tests.clients.flows import commit
from tests.clients.replay import Call, Story
from tests.harness.server import CONFIGURATION, TRANSACTIONS

ASK = Call("GET", f"{CONFIGURATION}/frontends", keep={"version": "_version"})
FRONTEND: dict[str, Any] = {
    "name": "front_shop",
    "default_backend": "back_shop",
    "client_timeout": 30000,
    "mode": "http",
    "httplog": True,
}
LOG = {"index": 0, "address": "{folder}/log.sock", "facility": "local0", "format": "rfc5424"}
FILTER = {"index": 0, "type": "spoe", "spoe_engine": "intentions", "spoe_config": "{folder}/intentions.cfg"}
REJECT = {
    "index": 0,
    "type": "content",
    "action": "reject",
    "cond": "unless",
    "cond_test": "{ var(sess.connect.auth) -m int eq 1 }",
}
BACKEND: dict[str, Any] = {
    "name": "back_shop",
    "server_timeout": 30000,
    "connect_timeout": 5000,
    "balance": {"algorithm": "leastconn"},
    "mode": "http",
}
TRANSACTION = "transaction_id={id}"
FRONT = "parent_type=frontend&parent_name=front_shop"
BACK = "parent_type=backend&parent_name=back_shop"


def slot(number: int, address: str = "127.0.0.1", port: int = 1, maintenance: str = "enabled") -> dict[str, Any]:
    return {"name": f"srv_{number}", "address": address, "port": port, "weight": 1, "maintenance": maintenance}


def made(path: str, body: Any, query: str = "") -> Call:
    tail = f"&{query}" if query else ""
    return Call("POST", f"{CONFIGURATION}/{path}?{TRANSACTION}{tail}", body, 202)


def begin() -> tuple[Call, Call]:
    path = f"{TRANSACTIONS}?version={{version}}"
    return ASK, Call("POST", path, status=201, keep={"id": "id"})


def service() -> tuple[Call, ...]:
    """A service as a whole."""
    return (
        made("frontends", FRONTEND),
        made("binds", {"name": "front_shop_bind", "address": "127.0.0.1", "port": "#{port}"}, "frontend=front_shop"),
        made("log_targets", LOG, FRONT),
        made("filters", FILTER, FRONT),
        made("tcp_request_rules", REJECT, FRONT),
        made("backends", BACKEND),
        made("log_targets", LOG, BACK),
        *(made("servers", slot(number), "backend=back_shop") for number in range(4)),
    )


def moved(number: int, port: int, maintenance: str) -> tuple[Call, Call]:
    """Give a server another address, or take it out."""
    path = f"{CONFIGURATION}/servers/srv_{number}?backend=back_shop&version={{version}}"
    return ASK, Call("PUT", path, slot(number, "127.0.0.1", port, maintenance), status=200)


def everything() -> tuple[Call, ...]:
    """All that the controller compares with what it wants."""
    read = f"{CONFIGURATION}/"
    return (
        Call("GET", f"{read}binds?frontend=front_shop", told={"data.0.name": "front_shop_bind"}),
        Call("GET", f"{read}log_targets?{FRONT}", told={"data.0.facility": "local0"}),
        Call("GET", f"{read}filters?{FRONT}", told={"data.0.spoe_engine": "intentions"}),
        Call("GET", f"{read}tcp_request_rules?{FRONT}", told={"data": [REJECT]}),
        Call("GET", f"{read}servers?backend=back_shop", told={"data.0": slot(0, port=8080, maintenance="disabled")}),
        Call("GET", f"{read}http_request_rules?{BACK}", told={"data": []}),
        Call("GET", "/v2/services/haproxy/stats/native", told={"0.stats.0.type": "frontend"}),
    )


SERVICE = Story(
    "mesh",
    (
        Call("GET", "/v2/specification"),
        *begin(),
        *service(),
        commit("?force_reload=true"),
        *moved(0, 8080, "disabled"),
        *moved(1, 8081, "disabled"),
        *moved(1, 1, "enabled"),
        *everything(),
        # What changed in the frontend is made anew, in one transaction.
        *begin(),
        Call("DELETE", f"{CONFIGURATION}/frontends/front_shop?{TRANSACTION}", status=202),
        *service()[:5],
        commit(),
    ),
    {
        "frontend front_shop": (
            "bind 127.0.0.1:{port} name front_shop_bind",
            "filter spoe engine intentions config {folder}/intentions.cfg",
            "tcp-request content reject unless { var(sess.connect.auth) -m int eq 1 }",
        ),
        "backend back_shop": ("balance leastconn", "server srv_2 127.0.0.1:1 disabled weight 1"),
    },
    (
        *begin(),
        Call("DELETE", f"{CONFIGURATION}/frontends/front_shop?{TRANSACTION}", status=202),
        *(
            Call("DELETE", f"{CONFIGURATION}/servers/srv_{number}?backend=back_shop&{TRANSACTION}", status=202)
            for number in range(4)
        ),
        Call("DELETE", f"{CONFIGURATION}/backends/back_shop?{TRANSACTION}", status=202),
        # A server of a backend that is gone is gone as well.
        Call("DELETE", f"{CONFIGURATION}/servers/srv_0?backend=back_shop&{TRANSACTION}", status=404),
        commit(),
    ),
    {"Content-Type": "application/json"},
)
STORIES = (SERVICE,)
