"""`/runtime/servers`: servers of a backend as the running process has them.

States are those of `show servers state` (management guide, section 9.3). A server that is created
takes the keywords that the configuration's collection `servers` declares for its lines.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import falcon

from dataplane_core.plugin import (
    PORT,
    AlreadyExists,
    ApiRequest,
    BadRequest,
    Body,
    NotFound,
    Operation,
    ParameterTable,
    Problem,
    Prop,
    Registry,
    Response,
    Routes,
    Runtime,
    RuntimeFailed,
    Services,
    array,
    first_words,
    impl,
    operation,
    refused,
    runtime_argument,
    to_json,
    unquote,
)
from dataplane_plugins.runtime.common import (
    DELETED,
    NO_SUCH_OBJECT,
    OBJECT_EXISTS,
    PATH,
    REFUSED,
    name_parameter,
)

ADMIN_STATES = ("ready", "maint", "drain")
OPERATIONAL_STATES = ("up", "down", "stopping")
_MAINTENANCE = 0x01 | 0x02 | 0x20 | 0x40
"""Asked for, inherited from a tracked server; no address or host name resolved.

Not 0x04: that its line says `disabled` stays said of a server that was made ready since.
"""
_DRAIN = 0x08 | 0x10
_OPERATIONAL = {"0": "down", "1": "up", "2": "up", "3": "stopping"}
"""Stopped; starting (it grows to its weight); running; stopping softly."""

_ERRORS = {
    "No such backend": NotFound,
    "No such server": NotFound,
    "Already exists": AlreadyExists,
}
_ADDRESS = Prop("address", pattern=r"^[^\s]+$", help="IP address or path of a socket.")
_PORT = Prop("port", "integer", minimum=PORT[0], maximum=PORT[1], nullable=True, help="Port.")
_NAME = Prop("name", pattern=r"^[^\s/]+$", required=True, help="Name, unique in the backend.")
_ID = Prop("id", read_only=True, help="HAProxy's number.")
SERVER_STATE = (
    replace(_ADDRESS, read_only=True),
    Prop("admin_state", enum=ADMIN_STATES, help="What was decided about it."),
    _ID,
    replace(_NAME, read_only=True, required=False),
    Prop("operational_state", enum=OPERATIONAL_STATES, help="What its checks or agent found."),
    replace(_PORT, read_only=True),
)
_OWN = (_NAME, _ADDRESS, _PORT, _ID)
_ON_ALREADY = ("force_", "ssl_reuse", "tls_tickets")
NO_ADDRESS = "-"
"""What stands for the address of a server that gets one later."""


def parse_server_states(answer: str) -> Iterator[dict[str, Any]]:
    """Yield the servers in an answer to `show servers state`, as clients see them."""
    lines = answer.splitlines()
    if len(lines) < 2 or not lines[1].startswith("# be_id "):
        raise RuntimeFailed("HAProxy's answer to show servers state cannot be read")
    header = lines[1][2:].split(" ")
    for line in lines[2:]:
        given = dict(zip(header, line.split(" "), strict=False))
        if "srv_port" not in given:
            raise RuntimeFailed("HAProxy's answer to show servers state cannot be read")
        yield {
            "address": given["srv_addr"],
            "admin_state": admin_state(int(given["srv_admin_state"])),
            "id": given["srv_id"],
            "name": given["srv_name"],
            "operational_state": _OPERATIONAL.get(given["srv_op_state"], "down"),
            "port": int(given["srv_port"]),
        }


def admin_state(bits: int) -> str:
    """Return `maint`, `drain` or `ready` for a server's bits: maintenance outweighs draining."""
    if bits & _MAINTENANCE:
        return "maint"
    return "drain" if bits & _DRAIN else "ready"


class DynamicServers:
    """What a server that is created in the running process can have.

    `keywords` is the table of `server` lines in the configuration.
    """

    def __init__(self, keywords: ParameterTable) -> None:
        self._keywords = keywords
        own = {prop.name for prop in _OWN}
        self.props = (*_OWN, *(prop for prop in keywords.props if prop.name not in own))

    @classmethod
    def of(cls, registry: Registry) -> "DynamicServers":
        """Return those that the collection `servers` describes; without it they have no keyword."""
        rows = registry.declared_rows("servers")
        keywords = None if rows is None else rows.keywords
        return cls(keywords or ParameterTable())

    def problems(self, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield the rules between keywords that the values break."""
        return self._keywords.problems(values)

    def words(self, values: Mapping[str, Any]) -> Iterator[str]:
        """Yield the words of `add server` behind the server's name, escaped."""
        address, port = values.get("address", NO_ADDRESS), values.get("port")
        if port is not None and ":" in address.strip("[]"):
            address = f"[{address.strip('[]')}]"
        yield runtime_argument(address if port is None else f"{address}:{port}")
        names = self._keywords.names - {prop.name for prop in _OWN}
        said = {
            name: value
            for name, value in values.items()
            if name.partition(".")[0] in names and not _says_nothing(name, value)
        }
        for word in self._keywords.write(said, {}):
            yield runtime_argument(unquote(word))


def _says_nothing(name: str, value: Any) -> bool:
    """Return whether a switch is off already: a dynamic server inherits nothing."""
    return bool(value == "disabled" and not name.startswith(_ON_ALREADY))


class RuntimeServers:
    """Commands about servers, to every process."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def all(self, backend: str) -> list[dict[str, Any]] | None:
        """Return the servers of a backend; None when there is no such backend."""
        answer = self.runtime.execute(f"show servers state {runtime_argument(backend)}")[0]
        if answer.startswith("Can't find backend"):
            return None
        return list(parse_server_states(answer))

    def one(self, backend: str, name: str) -> dict[str, Any]:
        """Return one server; raises `NotFound`."""
        found = next((one for one in self.all(backend) or () if one["name"] == name), None)
        if found is None:
            raise NotFound(f"the running HAProxy has no server {name} in backend {backend}")
        return found

    def send(self, command: str, backend: str, name: str, rest: str = "") -> None:
        """Send one command about a server to every process; raises what HAProxy's words mean."""
        where = f"{runtime_argument(backend)}/{runtime_argument(name)}"
        for answer in self.runtime.execute(f"{command} {where} {rest}".rstrip(" ")):
            words = first_words([answer])
            if words and not words.endswith(("New server registered.", "Server deleted.")):
                raise refused(words, _ERRORS)


class RuntimeServerList:
    """The servers of a backend: GET; a new one: POST."""

    def __init__(self, servers: RuntimeServers, dynamic: DynamicServers) -> None:
        self.servers, self.dynamic = servers, dynamic

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        resp.data = to_json(self.servers.all(req.query["backend"]) or [])

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        values = req.body.values
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


_BACKEND = name_parameter("backend", "Name of the backend.")
_BOTH = (name_parameter("name", "Name of the server.", where="path"), _BACKEND)
_STATE, _DYNAMIC = {"$ref": "runtime_server"}, {"$ref": "runtime_add_server"}
ITEM = {
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


LISTING = operation(
    "getRuntimeServers",
    "Server",
    "List the running servers of a backend. Their addresses and states in the running HAProxy.",
    (_BACKEND,),
    _200=Response({"$ref": "runtime_servers"}),
)


def _creation(props: tuple[Prop, ...]) -> Operation:
    return operation(
        "addRuntimeServer",
        "Server",
        "Create a server in the running HAProxy. It starts in maintenance, and is gone after a "
        "reload.",
        (_BACKEND,),
        Body(
            _DYNAMIC,
            props=props,
            example={"address": "127.0.0.1", "name": "web3", "port": 8083},
        ),
        _201=Response(_DYNAMIC),
        _400=REFUSED,
        _404=NO_SUCH_OBJECT,
        _409=OBJECT_EXISTS,
    )


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the servers."""
    servers, dynamic = RuntimeServers(services.runtime), DynamicServers.of(services.registry)
    routes.schema("runtime_servers", array("runtime_server"))
    several = {"GET": LISTING, "POST": _creation(dynamic.props)}
    routes.add(f"{PATH}/servers", RuntimeServerList(servers, dynamic), several)
    routes.add(f"{PATH}/servers/{{name}}", RuntimeServerItem(servers), ITEM)
