"""`/runtime/servers`, in v3 `/runtime/backends/{name}/servers`: servers of the running process."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

import falcon

from dataplane_core.plugin import (
    AlreadyExists,
    ApiRequest,
    BadRequest,
    Body,
    DataplaneError,
    NotFound,
    Operation,
    Prop,
    Response,
    Routes,
    Runtime,
    Services,
    array,
    below,
    impl,
    is_success,
    operation,
    refused,
    runtime_argument,
    to_json,
)
from dataplane_plugins.runtime.common import (
    DELETED,
    NO_SUCH_OBJECT,
    OBJECT_EXISTS,
    PATH,
    REFUSED,
    V2,
    V3,
    name_parameter,
)
from dataplane_plugins.runtime.dynamic_servers import (
    ADDRESS,
    ID,
    NAME,
    PORT_OF_SERVER,
    DynamicServers,
)
from dataplane_plugins.runtime.server_states import (
    NUMBERS,
    TEXTS,
    ServerState,
    Shown,
    parse_server_states,
    short_state,
    whole_state,
)

ADMIN_STATES = ("ready", "maint", "drain")
OPERATIONAL_STATES = ("up", "down", "stopping")
_ERRORS = {
    "No such backend": NotFound,
    "No such server": NotFound,
    "Already exists": AlreadyExists,
}
_ADMIN_STATE = Prop("admin_state", enum=ADMIN_STATES, help="What was decided about it.")
_OPERATIONAL_STATE = Prop(
    "operational_state", enum=OPERATIONAL_STATES, help="What its checks or agent found."
)
_READ_NAME = replace(NAME, read_only=True, required=False)
SERVER_STATE = (
    replace(ADDRESS, read_only=True),
    _ADMIN_STATE,
    ID,
    _READ_NAME,
    _OPERATIONAL_STATE,
    replace(PORT_OF_SERVER, read_only=True),
)
WHOLE_STATE = (
    *(ADDRESS, PORT_OF_SERVER, _ADMIN_STATE, _OPERATIONAL_STATE, ID, _READ_NAME),
    *(Prop(name, "integer", nullable=True, read_only=True) for name in NUMBERS),
    *(Prop(name, read_only=True) for name in TEXTS),
    Prop("use_ssl", "boolean", read_only=True),
)
"""The properties of a server in v3: those of v2, of which more can be set, and HAProxy's others."""


class RuntimeServers:
    """Commands about servers, to every process."""

    def __init__(self, runtime: Runtime, shown: Shown) -> None:
        self.runtime = runtime
        self._shown = shown

    def all(self, backend: str) -> list[ServerState] | None:
        """Return the servers of a backend; None when there is no such backend."""
        answer = self.runtime.execute(f"show servers state {runtime_argument(backend)}")[0]
        if answer.startswith("Can't find backend"):
            return None
        return [self._shown(row) for row in parse_server_states(answer)]

    def one(self, backend: str, name: str) -> ServerState:
        """Return one server; raises `NotFound`."""
        found = next((one for one in self.all(backend) or () if one["name"] == name), None)
        if found is None:
            raise NotFound(f"the running HAProxy has no server {name} in backend {backend}")
        return found

    def send(self, command: str, backend: str, name: str, rest: str = "") -> None:
        """Send one command about a server to every process; raises what HAProxy's words mean."""
        where = f"{runtime_argument(backend)}/{runtime_argument(name)}"
        for answer in self.runtime.execute(f"{command} {where} {rest}".rstrip(" ")):
            if not is_success(words := answer.strip()):
                raise refused(words, _ERRORS)


class RuntimeServerList:
    """The servers of a backend: GET; a new one: POST."""

    def __init__(self, servers: RuntimeServers, dynamic: DynamicServers) -> None:
        self.servers, self.dynamic = servers, dynamic

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json(self.servers.all(req.query["backend"]) or [])

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        values = req.body.values
        if "name" not in values:
            raise BadRequest("name in body is required")
        problem = next(self.dynamic.problems(values), None)
        if problem is not None:
            raise BadRequest(problem.message)
        words = " ".join(self.dynamic.words(values))
        self.servers.send("add server", req.query["backend"], values["name"], words)
        resp.status = 201
        resp.data = to_json(req.body.echo)


class RuntimeServerItem:
    """One server: GET; its states: PUT; take it away: DELETE."""

    def __init__(self, servers: RuntimeServers) -> None:
        self.servers = servers

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        resp.data = to_json(self.servers.one(req.query["backend"], name))

    def on_put(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        backend, values = req.query["backend"], req.body.values
        self.servers.one(backend, name)
        for prop, word in (("admin_state", "state"), ("operational_state", "health")):
            if prop in values:
                self.servers.send("set server", backend, name, f"{word} {values[prop]}")
        resp.data = to_json(self.servers.one(backend, name))

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        self.servers.send("del server", req.query["backend"], name)
        resp.status = 204


class ServersOfBackend(RuntimeServerList):
    """The servers of a backend, which must be there."""

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        found = self.servers.all(req.query["backend"])
        if found is None:
            raise NotFound(f"the running HAProxy has no backend {req.query['backend']}")
        resp.data = to_json(found)


class ServerOfBackend(RuntimeServerItem):
    """One server, of which a PUT sets the address, too, and which a DELETE takes out of service."""

    def on_put(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        backend, values = req.query["backend"], req.body.values
        if not {"address", "port"}.isdisjoint(values):
            address = values.get("address") or self.servers.one(backend, name)["address"]
            port = f" port {values['port']}" if "port" in values else ""
            words = f"addr {runtime_argument(address.strip('[]'))}{port}"
            self.servers.send("set server", backend, name, words)
        super().on_put(req, resp, name)

    def on_delete(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        backend = req.query["backend"]
        before = self.servers.one(backend, name)["admin_state"]
        self.servers.send("set server", backend, name, "state maint")
        try:
            super().on_delete(req, resp, name)
        except DataplaneError:
            with suppress(DataplaneError):
                self.servers.send("set server", backend, name, f"state {before}")
            raise


_BACKEND = name_parameter("backend", "Name of the backend.")
_BOTH = (name_parameter("name", "Name of the server.", where="path"), _BACKEND)
_STATE, _DYNAMIC = {"$ref": "runtime_server"}, {"$ref": "runtime_add_server"}
_ITEM = {
    "GET": operation(
        "getRuntimeServer",
        "Server",
        "Read a running server. Its address and states in the running HAProxy.",
        _BOTH,
        _200=Response(_STATE),
        _404=NO_SUCH_OBJECT,
    ),
    "PUT": operation(
        "replaceRuntimeServer",
        "Server",
        "Replace the states of a running server. Whether it is ready, drains or is in "
        "maintenance, and what its checks say; forgotten at a reload.",
        _BOTH,
        Body(_STATE, props=SERVER_STATE, example={"admin_state": "drain"}),
        _200=Response(_STATE),
        _400=REFUSED,
        _404=NO_SUCH_OBJECT,
    ),
    "DELETE": operation(
        "deleteRuntimeServer",
        "Server",
        "Delete a server from the running HAProxy. It must be in maintenance; a reload brings "
        "back one that the file has.",
        _BOTH,
        _204=DELETED,
        _400=REFUSED,
        _404=NO_SUCH_OBJECT,
    ),
}


_LISTING = operation(
    "getRuntimeServers",
    "Server",
    "List the running servers of a backend. Their addresses and states in the running HAProxy.",
    (_BACKEND,),
    _200=Response({"$ref": "runtime_servers"}),
)


def _creation(props: Iterable[Prop]) -> Operation:
    return operation(
        "addRuntimeServer",
        "Server",
        "Create a server in the running HAProxy. It starts in maintenance, and is gone after a "
        "reload.",
        (_BACKEND,),
        Body(
            _DYNAMIC,
            props=tuple(props),
            example={"address": "127.0.0.1", "name": "web3", "port": 8083},
        ),
        _201=Response(_DYNAMIC),
        _400=REFUSED,
        _404=NO_SUCH_OBJECT,
        _409=OBJECT_EXISTS,
    )


_IN_V3 = {
    "PUT": operation(
        "replaceRuntimeServer",
        "Server",
        "Replace the states and the address of a running server. Forgotten at a reload.",
        _BOTH,
        Body(_STATE, props=WHOLE_STATE, example={"admin_state": "drain"}),
        _200=Response(_STATE),
        _400=REFUSED,
        _404=NO_SUCH_OBJECT,
    ),
    "DELETE": operation(
        "deleteRuntimeServer",
        "Server",
        "Delete a server from the running HAProxy. It is taken out of service first; a reload "
        "brings back one that the file has.",
        _BOTH,
        _204=DELETED,
        _400=REFUSED,
        _404=NO_SUCH_OBJECT,
    ),
}


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the servers."""
    dynamic = DynamicServers.of(services.registry)
    routes.schema("runtime_servers", array("runtime_server"))
    servers = RuntimeServers(services.runtime, short_state)
    several = {"GET": _LISTING, "POST": _creation(dynamic.props)}
    routes.add(f"{PATH}/servers", RuntimeServerList(servers, dynamic), several, V2)
    routes.add(f"{PATH}/servers/{{name}}", RuntimeServerItem(servers), _ITEM, V2)
    whole, parents = RuntimeServers(services.runtime, whole_state), {"parent_name": "backend"}
    optional = (replace(one, required=False) for one in dynamic.props)
    several = {
        "GET": replace(_LISTING, responses={**_LISTING.responses, "404": NO_SUCH_OBJECT}),
        "POST": _creation(optional),
    }
    path, item = f"{PATH}/backends/{{parent_name}}/servers", {**_ITEM, **_IN_V3}
    routes.add(path, *below(ServersOfBackend(whole, dynamic), several, parents), V3)
    routes.add(f"{path}/{{name}}", *below(ServerOfBackend(whole), item, parents), V3)
