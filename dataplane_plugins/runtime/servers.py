"""`/runtime/servers`, in v3 `/runtime/backends/{name}/servers`: servers of the running process."""

from contextlib import suppress
from dataclasses import replace

import falcon

from dataplane_core.plugin import (
    AlreadyExists,
    ApiRequest,
    BadRequest,
    DataplaneError,
    NotFound,
    Routes,
    Runtime,
    Services,
    array,
    below,
    impl,
    is_success,
    refused,
    runtime_argument,
    to_json,
)
from dataplane_plugins.runtime import server_operations as operations
from dataplane_plugins.runtime.common import (
    PATH,
    V2,
    V3,
    rehearsed,
)
from dataplane_plugins.runtime.dynamic_servers import (
    DynamicServers,
)
from dataplane_plugins.server_states import (
    ServerState,
    Shown,
    parse_server_states,
    short_state,
    whole_state,
)

_ERRORS = {
    "No such backend": NotFound,
    "No such server": NotFound,
    "Already exists": AlreadyExists,
}


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
    """One server, of which a PUT sets address and weight, too; a DELETE puts it in maintenance."""

    def on_put(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        backend, values = req.query["backend"], req.body.values
        if not {"address", "port"}.isdisjoint(values):
            address = values.get("address") or self.servers.one(backend, name)["address"]
            port = f" port {values['port']}" if "port" in values else ""
            words = f"addr {runtime_argument(address.strip('[]'))}{port}"
            self.servers.send("set server", backend, name, words)
        if "weight" in values:
            self.servers.send("set server", backend, name, f"weight {values['weight']}")
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


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the servers."""
    dynamic = DynamicServers.of(services.registry)
    routes.schema("runtime_servers", array("runtime_server"))
    servers = RuntimeServers(services.runtime, short_state)
    several = {"GET": operations.LISTING, "POST": operations.creation(dynamic.props)}
    routes.add(f"{PATH}/servers", RuntimeServerList(servers, dynamic), rehearsed(several), V2)
    item = rehearsed(operations.ITEM)
    routes.add(f"{PATH}/servers/{{name}}", RuntimeServerItem(servers), item, V2)
    whole, parents = RuntimeServers(services.runtime, whole_state), {"parent_name": "backend"}
    optional = (replace(one, required=False) for one in dynamic.props)
    several = {"GET": operations.LISTING_IN_V3, "POST": operations.creation(optional)}
    path, item = f"{PATH}/backends/{{parent_name}}/servers", rehearsed(operations.ITEM_IN_V3)
    routes.add(path, *below(ServersOfBackend(whole, dynamic), rehearsed(several), parents), V3)
    routes.add(f"{path}/{{name}}", *below(ServerOfBackend(whole), item, parents), V3)
