"""What the specification says of servers of the running process."""

from collections.abc import Iterable
from dataclasses import replace

from dataplane_core.plugin import Body, Operation, Prop, Response, operation
from dataplane_plugins.runtime.common import (
    DELETED,
    NO_SUCH_OBJECT,
    OBJECT_EXISTS,
    REFUSED,
    name_parameter,
)
from dataplane_plugins.runtime.dynamic_servers import ADDRESS, ID, NAME, PORT_OF_SERVER
from dataplane_plugins.server_states import NUMBERS, TEXTS

ADMIN_STATES = ("ready", "maint", "drain")
OPERATIONAL_STATES = ("up", "down", "stopping")
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
    Prop("weight", "integer", nullable=True, help="Share of the traffic, from 0 to 256."),
)
"""The properties of a server in v3: those of v2, of which more can be set, and HAProxy's others."""

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


def creation(props: Iterable[Prop]) -> Operation:
    """Return the operation that creates a server with some of `props`."""
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


ITEM_IN_V3 = {
    "GET": ITEM["GET"],
    "PUT": replace(
        ITEM["PUT"],
        summary="Replace the states, weight and address of a running server. Forgotten at a "
        "reload.",
        body=Body(_STATE, props=WHOLE_STATE, example={"admin_state": "drain"}),
    ),
    "DELETE": replace(
        ITEM["DELETE"],
        summary="Delete a server from the running HAProxy. It is taken out of service first; a "
        "reload brings back one that the file has.",
    ),
}
LISTING_IN_V3 = replace(LISTING, responses={**LISTING.responses, "404": NO_SUCH_OBJECT})
